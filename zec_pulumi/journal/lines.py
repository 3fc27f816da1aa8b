"""Files of lines that survive a crash: a line is on the disk, whole and read back, before a function returns."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zec_pulumi.journal.files import JournalError, make_folder, open_regular, refused, safe_name, sync_folder

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["JournalError", "Line", "append", "file_of", "prepare", "read", "refused"]

_CUT = " (cut short)"
"""Ends a line of which a crash left only the beginning, when the next one is written behind it."""

_SPARE_BYTES = 8192
_LARGEST_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True)
class Line:
    """One line of a file; ``cut`` says that its end was never written, so nothing was sent that it announced."""

    file: Path
    number: int
    text: str
    cut: bool = False


def file_of(folder: Path, instance_id: str) -> Path:
    """Return the file of an instance in ``folder``, whatever characters its id has."""
    return folder / f"{safe_name(instance_id)}.jsonl"


def prepare(file: Path) -> None:
    """Find out whether lines can be written to a file, which is made; nothing is written into it.

    Raises:
        JournalError: they cannot.
    """
    spare = file.with_name(f".{uuid.uuid4()}")
    try:
        make_folder(file.parent)
        os.close(open_regular(file, os.O_RDWR | os.O_APPEND | os.O_CREAT))
        descriptor = open_regular(spare, os.O_RDWR | os.O_CREAT | os.O_EXCL)
        try:
            _write(descriptor, bytes(_SPARE_BYTES))
        finally:
            os.close(descriptor)
            spare.unlink()
    except OSError as error:
        raise refused(file, error) from error


def append(file: Path, line: dict[str, Any]) -> None:
    """Write a line at the end of a file, through to the disk; file and folders are made, for their user only.

    Raises:
        JournalError: the disk says no. The file is as it was, or ends in a line that is cut short.
    """
    try:
        make_folder(file.parent)
        descriptor = open_regular(file, os.O_RDWR | os.O_APPEND | os.O_CREAT)
        try:
            _append(descriptor, json.dumps(line).encode() + b"\n")
        finally:
            os.close(descriptor)
        # Always: a run that made the file may have been killed before it came here.
        sync_folder(file.parent)
    except OSError as error:
        raise refused(file, error) from error


def read(file: Path) -> list[Line]:
    """Return the lines of a file, none when there is no file.

    Raises:
        JournalError: it cannot be read.
    """
    try:
        descriptor = open_regular(file, os.O_RDONLY)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise refused(file, error) from error
    try:
        with os.fdopen(descriptor, "rb") as opened:
            content = opened.read(_LARGEST_BYTES + 1)
    except OSError as error:
        raise refused(file, error) from error
    if len(content) > _LARGEST_BYTES:
        raise refused(file, OSError(errno.EINVAL, "it is too large"))
    *whole, last = content.decode(errors="replace").split("\n")
    ended = [Line(file, n, text.removesuffix(_CUT), text.endswith(_CUT)) for n, text in enumerate(whole, 1)]
    rest = [Line(file, len(ended) + 1, last, cut=True)] if last else []
    return [line for line in (*ended, *rest) if line.text.strip()]


def _append(descriptor: int, line: bytes) -> None:
    size = os.fstat(descriptor).st_size
    # After a line that a crash cut short, the next one must not become part of it.
    torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
    data = (f"{_CUT}\n".encode() if torn else b"") + line
    try:
        _write(descriptor, data)
    except OSError:
        with contextlib.suppress(OSError):
            # Another process may have written behind it meanwhile: that must stay.
            if os.fstat(descriptor).st_size <= size + len(data):
                os.ftruncate(descriptor, size)
        raise


def _write(descriptor: int, data: bytes) -> None:
    """Write all of ``data`` where the descriptor stands, through to the disk, and read it back."""
    rest = data
    while rest:
        written = os.write(descriptor, rest)  # it may take a part only, and that is no error to the system
        if written <= 0:
            raise OSError(errno.EIO, "nothing was written")
        rest = rest[written:]
    os.fsync(descriptor)
    end = os.lseek(descriptor, 0, os.SEEK_CUR)
    if end < len(data) or os.pread(descriptor, len(data), end - len(data)) != data:
        raise OSError(errno.EIO, "what was written is not there")
