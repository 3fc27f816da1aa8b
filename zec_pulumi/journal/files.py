"""Files and folders of this room: private, regular, named safely, and through to the disk."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
import string
from typing import TYPE_CHECKING

from zec_pulumi.errors import ZecError

if TYPE_CHECKING:
    from pathlib import Path

_PLAIN = frozenset((string.ascii_lowercase + string.digits + "-_.").encode())
_LONGEST = 120

_PRIVATE = 0o600
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NO_LOCKS = {errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS}
_REASONS = {
    errno.ELOOP: "it is a symbolic link",
    errno.EISDIR: "it is a folder",
    errno.EEXIST: "a file is in the place of the folder",
    errno.ENOTDIR: "a file is in the place of a folder",
    **dict.fromkeys(_NO_LOCKS, "its file system has no locks"),
}
_OTHER_HOME = "or set PULUMI_HOME to another folder"


class JournalError(ZecError):
    """Journal, locks or used approvals cannot be read or written; nothing is sent without them."""


def safe_name(text: str) -> str:
    """Return a file name for any text, another one for each text.

    It has no capitals, because some file systems take them for small letters, and 160 characters at most.
    """
    encoded = text.encode("utf-8", "surrogatepass")
    name = "".join(chr(byte) if byte in _PLAIN else f"%{byte:02x}" for byte in encoded)
    if name.startswith("."):
        name = f"%2e{name[1:]}"
    if len(name) > _LONGEST:
        # No other name has a `%` without two digits behind it.
        name = f"{name[: _LONGEST - 40]}%-{hashlib.sha256(encoded).hexdigest()}"
    return name or "%"


def open_regular(file: Path, flags: int) -> int:
    """Return a descriptor of a file that its user alone can read, made where ``flags`` say so. Never blocks.

    Raises:
        OSError: it cannot be opened, or is a link, a pipe, a device or a folder.
    """
    descriptor = os.open(file, flags | os.O_NOFOLLOW | os.O_NONBLOCK, _PRIVATE)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file")  # noqa: TRY301 closed below as after any other
        if flags & os.O_CREAT and stat.S_IMODE(status.st_mode) != _PRIVATE:
            # The umask may have taken bits away, and an older release or a copy may have left too many.
            with contextlib.suppress(PermissionError):  # somebody else's, who gave it to this user
                os.fchmod(descriptor, _PRIVATE)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def make_folder(folder: Path) -> None:
    """Make a folder, with those above it that are not there; its user alone can read it, whatever the umask.

    Raises:
        OSError: it cannot be made, or is no folder.
    """
    if not folder.is_dir():
        if folder != folder.parent:
            make_folder(folder.parent)
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            if not folder.is_dir():  # else another process has made it meanwhile
                raise
        else:
            folder.chmod(0o700)
            sync_folder(folder.parent)
    elif folder.stat().st_mode & 0o077:
        with contextlib.suppress(PermissionError):  # somebody else's, who gave it to this user
            folder.chmod(0o700)


def sync_folder(folder: Path) -> None:
    """Write the names in a folder through to the disk, where its file system can.

    Raises:
        OSError: the disk says no.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
    finally:
        os.close(descriptor)


def refused(path: Path, error: OSError) -> JournalError:
    """Return the error for a file or folder that cannot be used: which, why, and the way out."""
    number = error.errno or 0
    at = path if error.filename is None else error.filename
    reason = _REASONS.get(number) or error.strerror or type(error).__name__
    if number in _FULL:
        way_out = f"Free some space, {_OTHER_HOME}"
    elif number in _NO_LOCKS:
        way_out = "Set PULUMI_HOME to a folder on a local disk"
    elif number in _REASONS or number == errno.EINVAL:
        way_out = f"Move it away, {_OTHER_HOME}"
    else:
        way_out = f"Make it readable and writable for this user, {_OTHER_HOME}"
    return JournalError(
        f"the journal of rebuilds cannot be used at {at} ({reason}); without it nothing is rebuilt. {way_out}"
    )
