"""Attempts in flight, on this machine's disk, for the one case the stack's state cannot hold.

A plugin that is killed between the API's acceptance and the engine's record leaves nothing in the state. One file per
instance beside the user's Pulumi home has one line per event, written through to the disk before and after the reset
is sent. It holds ids, times and causes, never a value that could be secret.
"""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from zec_pulumi.api import ZecError
from zec_pulumi.planning.causes import dump_causes, load_causes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zec_pulumi.planning.causes import Cause
    from zec_pulumi.time.clock import Clock

Event = Literal[
    "intent",
    "accepted",
    "begun",
    "refused",
    "unknown",
    "finished",
    "failed",
    "closed-rebuilt",
    "closed-not-rebuilt",
    "forgotten",
]
"""What happened to an attempt last.

``begun``: accepted, and a status read since then shows it. The two ``closed`` ones are a person's word, ``forgotten``
is the stack's.
"""

ENDED: frozenset[Event] = frozenset({"refused", "closed-not-rebuilt", "forgotten"})
"""After these the attempt left nothing on the machine that a later run would have to know."""


class JournalError(ZecError):
    """The journal cannot be read or written; nothing is sent without it."""


@dataclass(frozen=True)
class Entry:
    """What the journal knows of one attempt: the facts of its intent, and the last thing that happened to it.

    ``previous`` is the attempt id of the rebuild that the stack had recorded before; ``at`` and ``started_at`` are
    seconds since the Unix epoch.
    """

    attempt_id: str
    instance_id: str
    urn: str
    causes: tuple[Cause, ...]
    previous: str | None
    started_at: float
    event: Event
    at: float
    request_id: str | None = None


def home(environ: Mapping[str, str], user_home: Path) -> Path:
    """Return where journal and locks are kept: beside the user's Pulumi home."""
    return Path(environ.get("PULUMI_HOME") or user_home / ".pulumi") / "zec_pulumi"


class Journal:
    """The journal in a folder, which is made when it is first written to, readable by its user only.

    Every method raises :class:`JournalError` when the disk says no.
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder / "journal"
        self._clock = clock

    def intend(
        self, attempt_id: str, instance_id: str, urn: str, causes: tuple[Cause, ...], previous: str | None
    ) -> None:
        """Write that a reset is about to be sent."""
        facts = {"urn": urn, "causes": dump_causes(causes), "previous": previous}
        self._append(instance_id, {"attempt": attempt_id, "event": "intent", **facts})

    def note(self, instance_id: str, attempt_id: str, event: Event, request_id: str | None = None) -> None:
        """Write what became of an attempt."""
        extra = {"requestId": request_id} if request_id else {}
        self._append(instance_id, {"attempt": attempt_id, "event": event, **extra})

    def entries(self, instance_id: str) -> list[Entry]:
        """Return the attempts on an instance, oldest first."""
        return list(self._read(self._file(instance_id)))

    def all_entries(self) -> list[Entry]:
        """Return the attempts on all instances, oldest first."""
        files = sorted(self._folder.glob("*.jsonl")) if self._folder.is_dir() else []
        return sorted((entry for file in files for entry in self._read(file)), key=lambda entry: entry.started_at)

    def forget(self, instance_id: str) -> None:
        """Remove all that is known of an instance: the stack's state has it now."""
        try:
            self._file(instance_id).unlink(missing_ok=True)
        except OSError as error:
            raise _refused(self._folder, error) from error

    def _file(self, instance_id: str) -> Path:
        name = "".join(c if c.isalnum() or c in "-_" else f"%{ord(c):x}" for c in instance_id)
        return self._folder / f"{name}.jsonl"

    def _append(self, instance_id: str, line: dict[str, Any]) -> None:
        text = json.dumps({"at": self._clock.now(), "instance": instance_id, **line}) + "\n"
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self._file(instance_id), os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                size = os.fstat(descriptor).st_size
                # After a line that a crash cut short, the next one must not become part of it.
                torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
                os.write(descriptor, (b"\n" if torn else b"") + text.encode())
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise _refused(self._folder, error) from error

    def _read(self, file: Path) -> Iterator[Entry]:
        try:
            lines = file.read_text(errors="replace").splitlines() if file.exists() else []
        except OSError as error:
            raise _refused(self._folder, error) from error
        found: dict[str, Entry] = {}
        for text in lines:
            line = _parsed(text)
            if line is None:
                continue
            known = found.get(line["attempt"])
            if line["event"] == "intent":
                found[line["attempt"]] = _intent(line)
            elif known is not None:
                found[line["attempt"]] = _followed(known, line)
        yield from found.values()


@dataclass(frozen=True)
class InstanceLog:
    """The journal as one operation on one instance writes it.

    ``previous`` is the attempt id of the rebuild that the stack has recorded.
    """

    journal: Journal
    instance_id: str
    urn: str
    previous: str | None

    def intend(self, attempt_id: str, causes: tuple[Cause, ...]) -> None:
        """Write that a reset is about to be sent. Raises :class:`JournalError`: then it must not be sent."""
        self.journal.intend(attempt_id, self.instance_id, self.urn, causes, self.previous)

    def note(self, attempt_id: str, event: Event, request_id: str | None = None) -> None:
        """Write what became of an attempt; should the disk say no, the intent stands and makes the next run ask."""
        with contextlib.suppress(JournalError):
            self.journal.note(self.instance_id, attempt_id, event, request_id)


def _intent(line: dict[str, Any]) -> Entry:
    return Entry(
        attempt_id=line["attempt"],
        instance_id=line["instance"],
        urn=line.get("urn", ""),
        causes=load_causes(line.get("causes", ())),
        previous=line.get("previous"),
        started_at=line["at"],
        event="intent",
        at=line["at"],
    )


def _followed(entry: Entry, line: dict[str, Any]) -> Entry:
    facts = {**entry.__dict__, "event": line["event"], "at": line["at"]}
    return Entry(**{**facts, "request_id": line.get("requestId") or entry.request_id})


def _parsed(text: str) -> dict[str, Any] | None:
    """Return a line; None for one that a crash cut short, which is then as if it had not been written."""
    try:
        line = json.loads(text)
    except ValueError:
        return None
    return line if isinstance(line, dict) and {"attempt", "event", "at", "instance"} <= line.keys() else None


def _refused(folder: Path, error: OSError) -> JournalError:
    return JournalError(
        f"the journal of rebuilds under {folder} cannot be used ({error.strerror or type(error).__name__});"
        " nothing was sent. Make the folder writable, or set PULUMI_HOME to one that is"
    )
