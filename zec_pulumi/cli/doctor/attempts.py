"""Checks that the journal on this machine can be written, and lists attempts whose outcome is unknown."""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING

from zec_pulumi.cli.doctor.finding import Finding, ok, problem, warning
from zec_pulumi.journal.journal import Entry, Journal
from zec_pulumi.journal.lines import JournalError
from zec_pulumi.messages.causes import sentences
from zec_pulumi.time.clock import SystemClock

if TYPE_CHECKING:
    from pathlib import Path

JOURNAL = "journal"
ATTEMPTS = "attempts"

_MAKE_WRITABLE = "make it writable for this user, or set PULUMI_HOME to a folder that is"


def check(folder: Path) -> list[Finding]:
    """Try to write into the folder of journal and locks, which leaves nothing there, and read the attempts."""
    return [_writable(folder), *_open(folder)]


def _writable(folder: Path) -> Finding:
    """Write into the folder, or into the nearest one above it that exists."""
    for place in (folder / "journal", folder, *folder.parents):
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
        entries = Journal(folder, SystemClock()).all_entries()
    except JournalError as error:
        return [problem(ATTEMPTS, f"the journal of rebuilds cannot be read ({error.__cause__})", _MAKE_WRITABLE)]
    unknown = [entry for entry in entries if entry.event in {"intent", "unknown"}]
    return [_unknown(entry) for entry in unknown] or [ok(ATTEMPTS, "none whose outcome is unknown")]


def _unknown(entry: Entry) -> Finding:
    return warning(
        ATTEMPTS,
        f"nobody knows what became of {entry.attempt_id} on instance {entry.instance_id} ({sentences(entry.causes)})",
        "if no run is at work on it, run `pulumi preview`: it says whether a person must close it with"
        f" `zec-pulumi attempts close {entry.attempt_id}`",
    )
