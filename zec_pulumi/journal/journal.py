"""Attempts in flight, on this machine's disk, for the one case the stack's state cannot hold.

A plugin that is killed between the API's acceptance and the engine's record leaves nothing in the state. One file per
instance beside the user's Pulumi home has one line per event, written through to the disk before and after the reset
is sent. It holds ids, times and causes, never a value that could be secret.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from zec_pulumi.journal import lines
from zec_pulumi.journal.approvals import UsedApprovals
from zec_pulumi.planning.causes import dump_causes, hide_values, load_causes

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

NOT_REBUILT: frozenset[Event] = frozenset({"refused", "closed-not-rebuilt"})
"""After these it is certain that the attempt wiped nothing."""

ENDED: frozenset[Event] = NOT_REBUILT | {"forgotten"}
"""After these the attempt left nothing on the machine that a later run would have to know."""


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

    Every method raises :class:`lines.JournalError` when the disk says no.
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder / "journal"
        self._clock = clock
        self.approvals = UsedApprovals(folder, clock)

    def intend(
        self,
        attempt_id: str,
        instance_id: str,
        urn: str,
        causes: tuple[Cause, ...],
        previous: str | None,
        approval: str | None = None,
    ) -> None:
        """Write that a reset is about to be sent, and that it uses up the approval with the digest ``approval``."""
        if approval is not None:
            self.approvals.use(instance_id, approval, attempt_id)
        facts = {"urn": urn, "causes": dump_causes(causes), "previous": previous}
        self._append(instance_id, {"attempt": attempt_id, "event": "intent", **facts})

    def note(self, instance_id: str, attempt_id: str, event: Event, request_id: str | None = None) -> None:
        """Write what became of an attempt; one that wiped nothing has used up no approval."""
        extra = {"requestId": request_id} if request_id else {}
        self._append(instance_id, {"attempt": attempt_id, "event": event, **extra})
        if event in NOT_REBUILT:
            self.approvals.release(instance_id, attempt_id)

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
            raise lines.refused(self._folder, error) from error

    def _file(self, instance_id: str) -> Path:
        return lines.file_of(self._folder, instance_id)

    def _append(self, instance_id: str, line: dict[str, Any]) -> None:
        lines.append(self._file(instance_id), {"at": self._clock.now(), "instance": instance_id, **line})

    def _read(self, file: Path) -> Iterator[Entry]:
        found: dict[str, Entry] = {}
        for text in lines.read(file):
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

    ``previous`` is the attempt id of the rebuild that the stack has recorded. ``secret`` are the property keys of the
    inputs that the program marks as secret, None where that is not known; the journal keeps none of their values.
    """

    journal: Journal
    instance_id: str
    urn: str
    previous: str | None
    secret: frozenset[str] | None = None

    def intend(self, attempt_id: str, causes: tuple[Cause, ...], approval: str | None = None) -> None:
        """Write that a reset is about to be sent, and the digest of the approval that it uses up.

        Raises:
            JournalError: then it must not be sent.
        """
        kept = hide_values(causes, self.secret)
        self.journal.intend(attempt_id, self.instance_id, self.urn, kept, self.previous, approval)

    def note(self, attempt_id: str, event: Event, request_id: str | None = None) -> None:
        """Write what became of an attempt; should the disk say no, the intent stands and makes the next run ask."""
        with contextlib.suppress(lines.JournalError):
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
