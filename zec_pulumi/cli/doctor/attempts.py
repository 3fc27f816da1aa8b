"""Checks that the journal on this machine can be written, and lists attempts whose outcome is unknown."""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING

from zec_pulumi.cli.doctor.finding import Finding, ok, problem, warning
from zec_pulumi.journal.clouds import journals
from zec_pulumi.journal.files import JournalError
from zec_pulumi.journal.journal import UNKNOWN
from zec_pulumi.messages.causes import sentences
from zec_pulumi.time.clock import SystemClock

if TYPE_CHECKING:
    from pathlib import Path

    from zec_pulumi.journal.journal import Entry
    from zec_pulumi.journal.lines import Line

JOURNAL = "journal"
ATTEMPTS = "attempts"

_MAKE_WRITABLE = "make it writable for this user, or set PULUMI_HOME to a folder that is"


def check(folder: Path) -> list[Finding]:
    """Try to write into the folder of journal and locks, which leaves nothing there, and read the attempts."""
    return [_writable(folder), *_open(folder)]


def _writable(folder: Path) -> Finding:
    """Write into the folder, or into the nearest one above it that exists."""
    for place in (folder / "clouds", folder, *folder.parents):
        try:
            if not place.exists():
                continue
            with tempfile.TemporaryFile(dir=place):
                break
        except OSError as error:
            reason = error.strerror or type(error).__name__
            return problem(
                JOURNAL, f"{place} cannot be written ({reason}); nothing is rebuilt without it", _MAKE_WRITABLE
            )
    return ok(JOURNAL, f"{folder} can be written")


def _open(folder: Path) -> list[Finding]:
    try:
        known = {endpoint: journal.everything() for endpoint, journal in journals(folder, SystemClock()).items()}
    except JournalError as error:
        return [problem(ATTEMPTS, f"the journal of rebuilds cannot be read ({error.__cause__})", _MAKE_WRITABLE)]
    return [
        *[problem(ATTEMPTS, str(error), _MAKE_WRITABLE) for history in known.values() for error in history.unusable],
        *[_unreadable(line) for history in known.values() for line in history.unreadable],
        *[
            _unknown(entry, endpoint)
            for endpoint, history in known.items()
            for entry in history.entries
            if entry.event in UNKNOWN
        ],
    ] or [ok(ATTEMPTS, "none whose outcome is unknown")]


def _unreadable(line: Line) -> Finding:
    return warning(
        ATTEMPTS,
        f"line {line.number} of {line.file} cannot be read: up does not rebuild its instance",
        "if a newer release of zec_pulumi wrote it, use that one; else run `pulumi preview`, which says what to do",
    )


def _unknown(entry: Entry, endpoint: str | None) -> Finding:
    where = f" at {endpoint}" if endpoint else ""
    return warning(
        ATTEMPTS,
        f"nobody knows what became of {entry.attempt_id} on instance {entry.instance_id}{where}"
        f" ({sentences(entry.causes)})",
        "if no run is at work on it, run `pulumi preview`: it says whether a person must close it with"
        f" `zec-pulumi attempts close {entry.attempt_id}`",
    )
