"""``zec-pulumi attempts``: lists the rebuilds that a stack may not know of, and closes one by a person's word.

The journal of this machine and the markers on the account's instances tell of them.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zec_pulumi.cli import markers
from zec_pulumi.cli.output import write_error, write_json, write_lines
from zec_pulumi.cli.parser import add_command
from zec_pulumi.errors import ZecError
from zec_pulumi.journal.clouds import journals
from zec_pulumi.journal.files import JournalError
from zec_pulumi.journal.journal import OPEN, VERIFIED, Entry, Event, home
from zec_pulumi.journal.locks import lock_of
from zec_pulumi.journal.marker import KEY, Phase
from zec_pulumi.messages.causes import sentence, sentences
from zec_pulumi.planning.status import shown
from zec_pulumi.time.clock import SystemClock
from zec_pulumi.time.timestamp import timestamp

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

    from zec_pulumi.cli.markers import Marked
    from zec_pulumi.cli.parser import Commands
    from zec_pulumi.journal.journal import Journal
    from zec_pulumi.journal.lines import Line

_DESCRIPTION = """\
Rebuilds that a stack's state may not hold, because the run that began them was killed.

Two places tell of them. The journal is on the machine that ran pulumi up, beside the user's Pulumi
home (PULUMI_HOME, else ~/.pulumi). The tag zec-pulumi-attempt is on the instance, and so known on
every machine; a rebuild for what the API shows anyway (image, key) writes none, unless the stack has
zec:requireApproval.

Usually the next `pulumi up` needs no help: it reads the machine and goes on. Only where the API cannot
show what a rebuild changed (user data, a rebuild token) and nobody saw what became of the request does
up stop and ask. Then look at the machine and close the attempt here, once no job is at work on it.

The tags are those of the account whose credentials are in the environment (ZENLAYERCLOUD_*, ZENLAYER_*)
or in ~/.zenlayer/credentials.json. Without them, or offline, only the journal is read, and that is said.
"""

_EPILOG = """\
Examples:

  zec-pulumi attempts                                  # what is open
  zec-pulumi attempts list --all --json                # everything, for a script
  zec-pulumi attempts close ATTEMPT --rebuilt          # it was: the next up verifies and records it
  zec-pulumi attempts close ATTEMPT --not-rebuilt      # it was not: the next up rebuilds
  zec-pulumi attempts close ATTEMPT --forget           # it is of no matter: nothing comes of it

ATTEMPT is the id, or its first eight characters, as the tag has them. Where nobody has a shell, the
setting zec:closeAttempt of the stack says the same: ATTEMPT=rebuilt or ATTEMPT=not-rebuilt.

Exit status: 0 when it was done, also when nothing is open or the tags were not read. 1 when the attempt was
not closed, or not in both places; when a journal or a line of one cannot be read (what can be is listed all
the same); or when the usage is wrong.
"""

_MEANING = {
    "intent": "about to be sent; what became of it is not known",
    "accepted": "accepted by the API",
    "begun": "accepted by the API, and begun",
    "refused": "refused or not sent; nothing was wiped",
    "unknown": "sent, and its answer was lost; what became of it is not known",
    "finished": "done and verified",
    "failed": "ended in REINSTALL_FAILED",
    "closed-rebuilt": "closed by hand: the machine was rebuilt",
    "closed-not-rebuilt": "closed by hand: the machine was not rebuilt",
    "forgotten": "of no matter to what comes, by the stack or by hand",
    "unrecognised": "a newer release wrote what became of it; this one cannot read that",
}
_CANNOT_CLOSE = {
    "refused": "it was refused: nothing was wiped, and nothing is left to close",
    "forgotten": "it is of no matter any more, so nothing is left to close",
}
_NOTHING_LEFT = "its tag says so already, so nothing is left to close"
_PHASES = {
    Phase.BEGUN: "about to be sent, or sent,",
    Phase.ACCEPTED: "accepted, and seen to begin,",
    Phase.DONE: "accepted, seen to begin, and ended since,",
    Phase.CLOSED: "closed by hand: nothing comes of it,",
}


def add_parser(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add this subcommand to the root parser."""
    parser = add_command(
        commands,
        "attempts",
        summary="list and close rebuilds that a killed run began",
        description=_DESCRIPTION,
        epilog=_EPILOG,
    )
    parser.set_defaults(run=_list, all=False, json=False)
    actions = parser.add_subparsers(metavar="ACTION")
    listing = actions.add_parser("list", help="list attempts; without an action, the open ones")
    listing.add_argument("--all", action="store_true", help="those that left nothing to know, too")
    listing.add_argument("--json", action="store_true", help="as JSON")
    listing.set_defaults(run=_list)
    closing = actions.add_parser(
        "close", help="say what became of an attempt; not of one that a run is at work on, or that was verified"
    )
    closing.add_argument("attempt", metavar="ATTEMPT", help="its id, or the beginning of it")
    verdict = closing.add_mutually_exclusive_group(required=True)
    verdict.add_argument("--rebuilt", action="store_true", help="the machine was rebuilt")
    verdict.add_argument("--not-rebuilt", action="store_true", help="the machine was not rebuilt")
    verdict.add_argument("--forget", action="store_true", help="it is of no matter: another resource's, or all is well")
    closing.set_defaults(run=_close)


@dataclass(frozen=True)
class _Attempt:
    """An attempt as the journal of this machine has it, as its marker does, or both."""

    entry: Entry | None = None
    marked: Marked | None = None
    journal: Journal | None = None
    endpoint: str | None = None

    @property
    def id(self) -> str:
        """The whole id; of one that only a marker names, its beginning."""
        return self.entry.attempt_id if self.entry else self.marked.marker.attempt if self.marked else ""

    @property
    def instance_id(self) -> str:
        """The instance that it is of."""
        return self.entry.instance_id if self.entry else self.marked.instance_id if self.marked else ""

    @property
    def began(self) -> float:
        """When it began, as far as is known, in seconds since the Unix epoch."""
        return self.entry.started_at if self.entry else self.marked.marker.at if self.marked else 0.0

    @property
    def is_open(self) -> bool:
        """Whether one of the two says so."""
        return bool(self.entry and self.entry.event in OPEN) or bool(self.marked and self.marked.is_open)

    def is_named(self, text: str) -> bool:
        """Whether ``text`` is the id or begins it; a marker has its beginning only."""
        return self.id.startswith(text) or (self.entry is None and text.startswith(self.id))


@dataclass(frozen=True)
class _Known:
    """All attempts, oldest first; what cannot be read; and why the markers were not read, None where they were."""

    attempts: Sequence[_Attempt]
    unreadable: Sequence[str]
    not_read: str | None


def _list(arguments: argparse.Namespace) -> int:
    known = _everything()
    listed = [one for one in known.attempts if arguments.all or one.is_open]
    if arguments.json:
        write_json({"attempts": [_fields(one) for one in listed], "markersNotRead": known.not_read})
    else:
        none = [] if known.unreadable else ["no attempts"]
        write_lines([*([line for one in listed for line in _lines(one)] or none), *_not_read(known)])
    for text in known.unreadable:
        _failed(text)
    return 1 if known.unreadable else 0


def _close(arguments: argparse.Namespace) -> int:
    known = _everything()
    those = [one for one in known.attempts if one.is_named(arguments.attempt)]
    write_lines(_not_read(known))
    if len(those) != 1:
        for text in known.unreadable:
            _failed(text)
        return _failed(f"{len(those)} attempts begin with {arguments.attempt}; see zec-pulumi attempts list --all")
    (one,) = those
    event: Event = (
        "closed-rebuilt" if arguments.rebuilt else "closed-not-rebuilt" if arguments.not_rebuilt else "forgotten"
    )
    try:
        with _locked(one):
            return _close_now(one, event)
    except ZecError as error:
        return _failed(str(error))


@contextlib.contextmanager
def _locked(one: _Attempt) -> Iterator[None]:
    """Hold the instance's lock: a run holds it as long as it follows an attempt, and would not hear of a word."""
    if one.journal is None:
        yield
        return
    lock = lock_of(one.journal.folder, one.instance_id)
    if not lock.take(one.entry.urn if one.entry else ""):
        raise ZecError(
            f"instance {one.instance_id} is worked on by {lock.holder()}; nothing was closed. Wait until that has ended"
        )
    try:
        yield
    finally:
        lock.free()


def _close_now(one: _Attempt, event: Event) -> int:
    """Close an attempt whose lock is held, in both places, as they are now."""
    marked = one.marked
    written = _event_now(one)
    verified = "it was verified: the machine was rebuilt. Change rebuild_token to ask for another rebuild"
    forbidden = verified if written in VERIFIED and event == "closed-not-rebuilt" else None
    forbidden = forbidden or (markers.refusal(marked, event) if marked else None)
    in_journal = written is not None and written not in _CANNOT_CLOSE
    in_marker = marked is not None and markers.is_changed(marked.marker, event)
    if forbidden or not (in_journal or in_marker):
        return _failed(f"{one.id} was not closed: {forbidden or _CANNOT_CLOSE.get(written or '', _NOTHING_LEFT)}")
    not_written = _close_marker(marked, event) if marked and in_marker else None
    if in_journal and one.journal:
        one.journal.note(one.instance_id, one.id, event)
    if not_written:
        where = "in the journal of this machine only" if in_journal else "nowhere"
        return _failed(f"{one.id} was closed {where}: {not_written}. The setting zec:closeAttempt says it as well")
    # An attempt that also stands in the stack's state is taken back by the program only.
    following = {
        "closed-rebuilt": "verifies and records it",
        "closed-not-rebuilt": "rebuilds the instance; if its row still says join, change rebuild_token as well",
        "forgotten": "goes on as if it had not been made",
    }
    write_lines([f"closed {one.id}; the next pulumi up {following[event]}"])
    return 0


def _event_now(one: _Attempt) -> Event | None:
    """Return what the journal says last of an attempt, None where the journal does not have it."""
    if one.entry is None or one.journal is None:
        return None
    entries = one.journal.everything().entries
    return next((entry.event for entry in entries if entry.attempt_id == one.id), "forgotten")


def _close_marker(marked: Marked, word: Event) -> ZecError | None:
    """Write the person's word into the marker; return why it could not be written.

    Raises:
        MarkerNotClosedError: it must not be.
    """
    try:
        markers.close(marked, word)
    except markers.MarkerNotClosedError:
        raise
    except ZecError as error:
        return error
    return None


def _everything() -> _Known:
    found: list[_Attempt] = []
    unreadable: list[str] = []
    not_read: str | None = None
    try:
        every = journals(home(os.environ, Path.home()), SystemClock())
    except JournalError as error:
        every, unreadable = {}, [str(error)]
    for endpoint, journal in every.items():
        try:
            history = journal.everything()
        except JournalError as error:
            unreadable.append(str(error))
            continue
        found += [_Attempt(entry, None, journal, endpoint) for entry in history.entries]
        unreadable += [*map(str, history.unusable), *map(_unreadable, history.unreadable)]
    try:
        for marked in markers.read_all():
            found = _with_marker(found, marked, every.get(marked.endpoint))
    except ZecError as error:
        not_read = str(error)
    return _Known(sorted(found, key=lambda one: one.began), unreadable, not_read)


def _with_marker(found: list[_Attempt], marked: Marked, journal: Journal | None) -> list[_Attempt]:
    """Return the attempts of journals with a marker at its own, or with the attempt that only the marker names."""
    own = [one for one in found if one.endpoint in (None, marked.endpoint) and one.instance_id == marked.instance_id]
    own = [one for one in own if one.entry and marked.marker.is_attempt(one.entry.attempt_id)]
    if not own:
        return [*found, _Attempt(None, marked, journal, marked.endpoint)]
    return [replace(one, marked=marked) if one in own else one for one in found]


def _not_read(known: _Known) -> list[str]:
    said = f"journal of this machine only; the tags {KEY} were not read: {known.not_read}"
    return [said] if known.not_read else []


def _unreadable(line: Line) -> str:
    return f"line {line.number} of {line.file} cannot be read; a newer release of zec_pulumi may have written it"


def _fields(one: _Attempt) -> dict[str, Any]:
    entry, marked = one.entry, one.marked
    facts: dict[str, Any] = dict.fromkeys(field.name for field in fields(Entry) if field.name != "origin")
    if entry:
        facts |= {key: value for key, value in asdict(entry).items() if key != "origin"}
    causes = [sentence(cause) for cause in entry.causes] if entry else None
    facts |= {"attempt_id": one.id, "instance_id": one.instance_id, "endpoint": one.endpoint, "causes": causes}
    marker = marked and {
        "phase": marked.marker.phase.value,
        "at": marked.marker.at,
        "stack": marked.marker.stack,
        "instance_status": marked.status,
    }
    return {**facts, "marker": marker}


def _lines(one: _Attempt) -> list[str]:
    return [one.id, *(_of_journal(one.entry, one.endpoint) if one.entry else _of_no_journal(one)), *_of_marker(one)]


def _of_journal(entry: Entry, endpoint: str | None) -> list[str]:
    cloud = f"{endpoint}, account {(entry.account or 'unknown')[:8]}" if endpoint else "an older release noted none"
    return [
        f"    instance  {entry.instance_id} (resource {entry.urn.rpartition('::')[2]})",
        f"    cloud     {cloud}",
        f"    causes    {sentences(entry.causes)}",
        f"    started   {timestamp(entry.started_at)}",
        *([f"    request   {entry.request_id}"] if entry.request_id else []),
        f"    last      {_MEANING[entry.event]}, {timestamp(entry.at)}",
    ]


def _of_no_journal(one: _Attempt) -> list[str]:
    return [
        f"    instance  {one.instance_id}",
        f"    cloud     {one.endpoint}",
        "    journal   not on this machine",
    ]


def _of_marker(one: _Attempt) -> list[str]:
    if one.marked is None:
        return []
    marker = one.marked.marker
    stack = f" of stack {marker.stack}" if marker.stack else ""
    phase = marker.read_on(one.marked.status).phase
    said = f"{_PHASES[phase]}{stack}, {timestamp(marker.at)}; the instance is {shown(one.marked.status)}"
    return [f"    tag       {said}"]


def _failed(sentence: str) -> int:
    write_error(f"zec-pulumi attempts: {sentence}")
    return 1
