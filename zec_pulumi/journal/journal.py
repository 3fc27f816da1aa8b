"""Attempts in flight, on this computer's disk, for the one case the stack's state cannot hold.

A plugin that is killed between the API's acceptance and the engine's record leaves nothing in the state. One file per
instance of a cloud has one line per event, written through to the disk before and after the reset is sent. It holds
ids, times and causes, never a value that could be secret.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from zec_pulumi.journal import lines
from zec_pulumi.journal.approvals import UsedApprovals
from zec_pulumi.planning.causes import dump_causes, hide_values, load_causes

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

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
    "unrecognised",
]
"""What happened to an attempt last.

``begun``: accepted, and a status read since then shows it. The two ``closed`` ones are a person's word, ``forgotten``
is the stack's or a person's. ``unrecognised``: a newer release wrote it; it is never written here.
"""

NOT_REBUILT: frozenset[Event] = frozenset({"refused", "closed-not-rebuilt"})
"""After these it is certain that the attempt wiped nothing."""

ENDED: frozenset[Event] = NOT_REBUILT | {"forgotten"}
"""After these the attempt left nothing on the machine that a later run would have to know."""

VERIFIED: frozenset[Event] = frozenset({"finished"})
"""After these the machine was read as rebuilt: no word of a person can say that it was not."""

OPEN: frozenset[Event] = frozenset(get_args(Event)) - ENDED - VERIFIED - {"closed-rebuilt"}
"""After these a person, or the next run, still has something to find out."""

CLOSED: frozenset[Event] = frozenset({"closed-rebuilt", "closed-not-rebuilt"})
"""A person's word, which stands: a run that has lost its engine and watches on does not take it back."""

UNKNOWN: frozenset[Event] = frozenset({"intent", "unknown", "unrecognised"})
"""After these nobody knows what became of the attempt."""

_MARKED = "marked"
"""The event of a line before an intent: the attempt gets a marker. It is no event of an attempt."""

_EVENTS: Collection[str] = get_args(Event)

_BEGINNING = '{"at": '
"""How every line begins that is written here."""

_LAST_SECOND = 253_402_300_799.0
"""The end of the year 9999: no time is later."""


class Origin(Enum):
    """Where an attempt was made, as this run sees it."""

    HERE = "here"
    OTHER_CREDENTIALS = "with other credentials"
    OLDER_RELEASE = "of an older release (it did not note the cloud)"


@dataclass(frozen=True)
class Entry:
    """What the journal knows of one attempt: the facts of its intent, and the last thing that happened to it.

    ``previous`` is the attempt id of the rebuild that the stack had recorded before; ``at`` and ``started_at`` are
    seconds since the Unix epoch. ``backup_image_id`` is the image that was made before it, ``rolls_back`` the attempt
    that it takes back. ``account`` is a digest of the credentials that it was made with, None where an older release
    noted none.
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
    account: str | None = None
    backup_image_id: str | None = None
    rolls_back: str | None = None
    origin: Origin = Origin.HERE


@dataclass(frozen=True)
class History:
    """What a journal knows: the attempts, oldest first, and the lines and files that cannot be read.

    ``marked`` are the ids of attempts that got a marker and no intent: nothing was sent for them.
    """

    entries: tuple[Entry, ...]
    unreadable: tuple[lines.Line, ...] = ()
    unusable: tuple[lines.JournalError, ...] = ()
    marked: frozenset[str] = frozenset()


def home(environ: Mapping[str, str], user_home: Path) -> Path:
    """Return where journals and locks of all clouds are kept: beside the user's Pulumi home."""
    return Path(environ.get("PULUMI_HOME") or user_home / ".pulumi") / "zec_pulumi"


class Journal:
    """The journal of one cloud in its folder, which is made when it is first written to, for its user only.

    Every method raises :class:`lines.JournalError` when the disk says no.

    Args:
        folder: Has the journal, the used approvals and the locks of one endpoint.
        clock: Tells the time of each line.
        account: A digest of the credentials that this run has.
        older: The folder of a release that did not tell clouds apart; its attempts are read as well.
    """

    def __init__(self, folder: Path, clock: Clock, account: str = "", older: Path | None = None) -> None:
        self.folder = folder
        self.approvals = UsedApprovals(folder, clock, older)
        self._clock = clock
        self._account = account
        self._older = older

    def prepare(self, instance_id: str, *, approval: bool) -> None:
        """Find out whether an intent could be written, and the use of an approval."""
        lines.prepare(self._file(instance_id))
        if approval:
            self.approvals.prepare(instance_id)

    def intend(
        self,
        attempt_id: str,
        instance_id: str,
        urn: str,
        causes: tuple[Cause, ...],
        previous: str | None,
        approval: str | None = None,
        backup: str | None = None,
        rolls_back: str | None = None,
    ) -> None:
        """Write that a reset is about to be sent, and that it uses up the approval with the digest ``approval``.

        ``backup`` is the image that was made before it, ``rolls_back`` the attempt that it takes back.
        """
        if approval is not None:
            self.approvals.use(instance_id, approval, attempt_id)
        facts = {"urn": urn, "causes": dump_causes(causes), "previous": previous}
        extra = {key: text for key, text in (("backup", backup), ("rollsBack", rolls_back)) if text}
        self._append(instance_id, {"attempt": attempt_id, "event": "intent", **facts, **extra})

    def note(self, instance_id: str, attempt_id: str, event: Event, request_id: str | None = None) -> None:
        """Write what became of an attempt; one that wiped nothing has used up no approval."""
        extra = {"requestId": request_id} if request_id else {}
        self._append(instance_id, {"attempt": attempt_id, "event": event, **extra})
        if event in NOT_REBUILT:
            self.approvals.release(instance_id, attempt_id)

    def mark(self, instance_id: str, attempt_id: str) -> None:
        """Write that an attempt gets a marker before its intent; other releases take no notice of the line."""
        self._append(instance_id, {"attempt": attempt_id, "event": _MARKED})

    def history(self, instance_id: str) -> History:
        """Return what is known of an instance, as far as it counts for this run.

        What other credentials or an older release have written counts as unknown, unless the attempt ended or a person
        has spoken since: it can make this run ask, and is never taken for done.
        """
        folders = [folder for folder in (self._older, self.folder) if folder is not None]
        found = [_parsed(_file(folder, instance_id)) for folder in folders]
        entries = (self._seen_from_here(entry, last) for one in found for entry, last in one.attempts)
        unreadable = tuple(line for one in found for line in one.unreadable)
        return History(tuple(entries), unreadable, marked=frozenset().union(*(one.marked for one in found)))

    def entries(self, instance_id: str) -> list[Entry]:
        """Return the attempts on an instance as :meth:`history` has them."""
        return list(self.history(instance_id).entries)

    def everything(self) -> History:
        """Return the attempts on all instances as they are written, and what cannot be read; raises for the folder."""
        folder = self.folder / "journal"
        try:
            files = sorted(file for file in folder.iterdir() if file.suffix == ".jsonl")
        except FileNotFoundError:
            return History(())
        except OSError as error:
            raise lines.refused(folder, error) from error
        entries: list[Entry] = []
        unreadable: list[lines.Line] = []
        unusable: list[lines.JournalError] = []
        for file in files:
            try:
                parsed = _parsed(file)
            except lines.JournalError as error:  # noqa: PERF203 one bad file must not hide the others
                unusable.append(error)
            else:
                entries += [entry for entry, _ in parsed.attempts]
                unreadable += parsed.unreadable
        return History(tuple(sorted(entries, key=lambda entry: entry.started_at)), tuple(unreadable), tuple(unusable))

    def forget(self, instance_id: str, known: Collection[str | None] = ()) -> None:
        """Remove all that is known of an instance: the stack's state has it now.

        What an older release wrote may be of another cloud: of that only the attempts ``known`` to the stack go.
        """
        if self._older is not None:
            file = _file(self._older, instance_id)
            for entry, _ in _parsed(file).attempts:
                if entry.attempt_id in known and entry.event not in ENDED:
                    self._append(instance_id, {"attempt": entry.attempt_id, "event": "forgotten"}, file)
        try:
            self._file(instance_id).unlink(missing_ok=True)
        except OSError as error:
            raise lines.refused(self._file(instance_id), error) from error

    def _file(self, instance_id: str) -> Path:
        return _file(self.folder, instance_id)

    def _append(self, instance_id: str, line: dict[str, Any], file: Path | None = None) -> None:
        facts = {"at": self._clock.now(), "instance": instance_id, "account": self._account}
        lines.append(file or self._file(instance_id), {**facts, **line})

    def _seen_from_here(self, entry: Entry, last: _Line) -> Entry:
        if entry.account == self._account:
            return entry
        origin = Origin.OLDER_RELEASE if entry.account is None else Origin.OTHER_CREDENTIALS
        # A person who spoke before clouds were told apart may have meant a machine of another one.
        spoken = entry.event in CLOSED and last.account is not None
        event: Event = entry.event if spoken or entry.event in ENDED else "unknown"
        return replace(entry, origin=origin, event=event)


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

    def prepare(self, *, approval: bool) -> None:
        """Find out whether an intent could be written, before anything is done to the machine.

        Raises:
            JournalError: it could not.
        """
        self.journal.prepare(self.instance_id, approval=approval)

    def intend(
        self,
        attempt_id: str,
        causes: tuple[Cause, ...],
        approval: str | None = None,
        backup: str | None = None,
        rolls_back: str | None = None,
    ) -> None:
        """Write that a reset is about to be sent; as :meth:`Journal.intend`.

        Raises:
            JournalError: then it must not be sent.
        """
        kept = hide_values(causes, self.secret)
        self.journal.intend(attempt_id, self.instance_id, self.urn, kept, self.previous, approval, backup, rolls_back)

    def mark(self, attempt_id: str) -> None:
        """Write that the attempt's marker is about to be written, and that nothing was sent for it; never fails."""
        with contextlib.suppress(lines.JournalError):
            self.journal.mark(self.instance_id, attempt_id)

    def note(self, attempt_id: str, event: Event, request_id: str | None = None) -> bool:
        """Write what became of an attempt; return whether that was written.

        Should the disk say no, the intent stands and makes the next run ask.
        """
        try:
            self.journal.note(self.instance_id, attempt_id, event, request_id)
        except lines.JournalError:
            return False
        return True


class _Line(BaseModel):
    """A line as it is written. ``account`` is None in those of an older release."""

    model_config = ConfigDict(strict=True, frozen=True, hide_input_in_errors=True)

    attempt: str = Field(min_length=1)
    event: str
    at: float = Field(ge=0, le=_LAST_SECOND, allow_inf_nan=False)
    instance: str
    account: str | None = None
    urn: str = ""
    causes: Any = ()
    previous: str | None = None
    request_id: str | None = Field(default=None, alias="requestId")
    backup: str | None = None
    rolls_back: str | None = Field(default=None, alias="rollsBack")


def _file(folder: Path, instance_id: str) -> Path:
    return lines.file_of(folder / "journal", instance_id)


@dataclass(frozen=True)
class _Parsed:
    """What a file holds: the attempts, each with its last line; the lines that cannot be read; marked attempts."""

    attempts: list[tuple[Entry, _Line]]
    unreadable: list[lines.Line]
    marked: set[str]


def _parsed(file: Path) -> _Parsed:
    """Return what a file holds.

    A line that was cut short counts as not written. One without an intent before it belongs to what is forgotten.
    """
    found: dict[str, tuple[Entry, _Line]] = {}
    unreadable: list[lines.Line] = []
    marked: set[str] = set()
    for written in lines.read(file):
        try:
            line = _Line.model_validate_json(written.text)
        except ValidationError:
            unreadable += [] if _is_cut_short(written) else [written]
            continue
        if lines.file_of(file.parent, line.instance) != file:
            unreadable.append(written)
        elif line.event == "intent":
            found[line.attempt] = _intent(line), line
            marked.discard(line.attempt)
        elif line.attempt in found:
            entry, last = found[line.attempt]
            followed = _followed(entry, line)
            found[line.attempt] = followed, last if followed is entry else line
        elif line.event == _MARKED:
            marked.add(line.attempt)
    return _Parsed(list(found.values()), unreadable, marked)


def _is_cut_short(line: lines.Line) -> bool:
    """Whether only the beginning of a line of ours is there: its write did not end, and nothing was sent after it."""
    if not line.cut or not line.text.startswith(_BEGINNING[: len(line.text)]):
        return False
    try:
        json.loads(line.text)
    except json.JSONDecodeError:
        return True
    except (ValueError, RecursionError):
        return False
    return False


def _intent(line: _Line) -> Entry:
    causes = load_causes(line.causes)
    return Entry(
        line.attempt,
        line.instance,
        line.urn,
        causes,
        line.previous,
        line.at,
        "intent",
        line.at,
        account=line.account,
        backup_image_id=line.backup,
        rolls_back=line.rolls_back,
    )


def _followed(entry: Entry, line: _Line) -> Entry:
    event = cast("Event", line.event if line.event in _EVENTS else "unrecognised")
    if entry.event in CLOSED and event not in CLOSED | {"forgotten"}:
        return entry
    return replace(entry, event=event, at=line.at, request_id=line.request_id or entry.request_id)
