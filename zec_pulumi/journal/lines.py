"""Files of lines that survive a crash: a line is on the disk, whole, before a function returns."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from zec_pulumi.api import ZecError

if TYPE_CHECKING:
    from pathlib import Path


class JournalError(ZecError):
    """The journal cannot be read or written; nothing is sent without it."""


def file_of(folder: Path, instance_id: str) -> Path:
    """Return the file of an instance in ``folder``, whatever characters its id has."""
    name = "".join(c if c.isalnum() or c in "-_" else f"%{ord(c):x}" for c in instance_id)
    return folder / f"{name}.jsonl"


def append(file: Path, line: dict[str, Any]) -> None:
    """Write a line at the end of a file, through to the disk; folders are made, readable by their user only.

    Raises:
        JournalError: the disk says no.
    """
    folder = file.parent
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(file, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            size = os.fstat(descriptor).st_size
            # After a line that a crash cut short, the next one must not become part of it.
            torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
            rest = (b"\n" if torn else b"") + json.dumps(line).encode() + b"\n"
            while rest:
                rest = rest[os.write(descriptor, rest) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if not size:
            _sync(folder)
    except OSError as error:
        raise refused(folder, error) from error


def read(file: Path) -> list[str]:
    """Return the lines of a file, none when there is no file.

    Raises:
        JournalError: it cannot be read.
    """
    try:
        return file.read_text(errors="replace").splitlines() if file.exists() else []
    except OSError as error:
        raise refused(file.parent, error) from error


def refused(folder: Path, error: OSError) -> JournalError:
    """Return the error for a folder that cannot be used."""
    return JournalError(
        f"the journal of rebuilds under {folder} cannot be used ({error.strerror or type(error).__name__});"
        " nothing was sent. Make the folder writable, or set PULUMI_HOME to one that is"
    )


def _sync(folder: Path) -> None:
    """Write a new file's name through to the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
