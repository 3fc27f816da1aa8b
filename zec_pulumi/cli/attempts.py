"""``zec-pulumi attempts``: lists the rebuilds in this machine's journal, and closes one by a person's word."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zec_pulumi.cli.output import write_error, write_json, write_lines
from zec_pulumi.cli.parser import add_command
from zec_pulumi.journal.clouds import journals
from zec_pulumi.journal.files import JournalError
from zec_pulumi.journal.journal import OPEN, VERIFIED, Entry, Event, home
from zec_pulumi.journal.locks import lock_of
from zec_pulumi.messages.causes import sentence, sentences
from zec_pulumi.time.clock import SystemClock
from zec_pulumi.time.timestamp import timestamp

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from zec_pulumi.cli.parser import Commands
    from zec_pulumi.journal.journal import Journal
    from zec_pulumi.journal.lines import Line

_DESCRIPTION = """\
Rebuilds that were started from this machine and that the stack's state may not hold.

Before ResetInstance is sent, and after it, a line is written beside the user's Pulumi home
(PULUMI_HOME, else ~/.pulumi), so that a run that was killed in between is not forgotten.
Usually the next `pulumi up` needs no help: it reads the machine and goes on. Only where the
API cannot show what a rebuild changed (user data, a rebuild token) and nobody saw what became
of the request does up stop and ask. Then look at the machine and close the attempt here.
"""

_EPILOG = """\
Examples:

  zec-pulumi attempts                                  # what is open
  zec-pulumi attempts list --all --json                # everything, for a script
  zec-pulumi attempts close ATTEMPT --rebuilt          # it was: the next up verifies and records it
  zec-pulumi attempts close ATTEMPT --not-rebuilt      # it was not: the next up rebuilds
  zec-pulumi attempts close ATTEMPT --forget           # it was another resource's: nothing comes of it

Exit status: 0 when it was done, also when nothing is open. 1 when the attempt was not closed, a journal or a
line of one cannot be read (what can be is listed all the same), or the usage is wrong.
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


def add_parser(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add this subcommand to the root parser."""
    parser = add_command(
        commands,
        "attempts",
        summary="list and close rebuilds that were started from this machine",
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
    verdict.add_argument("--forget", action="store_true", help="it was another resource's, and not this one's")
    closing.set_defaults(run=_close)


def _list(arguments: argparse.Namespace) -> int:
    found, unreadable = _everything()
    shown = [(endpoint, entry) for endpoint, _, entry in found if arguments.all or entry.event in OPEN]
    if arguments.json:
        write_json([_fields(endpoint, entry) for endpoint, entry in shown])
    elif shown or not unreadable:
        write_lines([line for endpoint, entry in shown for line in _lines(endpoint, entry)] or ["no attempts"])
    for text in unreadable:
        _failed(text)
    return 1 if unreadable else 0


def _close(arguments: argparse.Namespace) -> int:
    found, unreadable = _everything()
    those = [(journal, entry) for _, journal, entry in found if entry.attempt_id.startswith(arguments.attempt)]
    if len(those) != 1:
        for text in unreadable:
            _failed(text)
        return _failed(f"{len(those)} attempts begin with {arguments.attempt}; see zec-pulumi attempts list --all")
    journal, entry = those[0]
    event: Event = (
        "closed-rebuilt" if arguments.rebuilt else "closed-not-rebuilt" if arguments.not_rebuilt else "forgotten"
    )
    lock = lock_of(journal.folder, entry.instance_id)
    try:
        # A run holds it as long as it follows an attempt, and would go on as if nobody had spoken.
        if not lock.take(entry.urn):
            return _failed(
                f"instance {entry.instance_id} is worked on by {lock.holder()}; nothing was closed. Wait until that has"
                " ended"
            )
        try:
            return _close_now(journal, entry, event)
        finally:
            lock.free()
    except JournalError as error:
        return _failed(str(error))


def _close_now(journal: Journal, entry: Entry, event: Event) -> int:
    """Close an attempt whose lock is held, as it is now."""
    now = next((one for one in journal.everything().entries if one.attempt_id == entry.attempt_id), None)
    reason = _CANNOT_CLOSE.get(now.event if now else "forgotten")
    if now and now.event in VERIFIED and event == "closed-not-rebuilt":
        reason = "it was verified: the machine was rebuilt. Change rebuild_token to ask for another rebuild"
    if reason:
        return _failed(f"{entry.attempt_id} was not closed: {reason}")
    journal.note(entry.instance_id, entry.attempt_id, event)
    # An attempt that also stands in the stack's state is taken back by the program only.
    following = {
        "closed-rebuilt": "verifies and records it",
        "closed-not-rebuilt": "rebuilds the instance; if its row still says join, change rebuild_token as well",
        "forgotten": "goes on as if it had not been made",
    }
    write_lines([f"closed {entry.attempt_id}; the next pulumi up {following[event]}"])
    return 0


def _everything() -> tuple[Sequence[tuple[str | None, Journal, Entry]], Sequence[str]]:
    """Return all attempts with the endpoint and the journal of each, oldest first, and what cannot be read."""
    found: list[tuple[str | None, Journal, Entry]] = []
    unreadable: list[str] = []
    try:
        every = journals(home(os.environ, Path.home()), SystemClock())
    except JournalError as error:
        return [], [str(error)]
    for endpoint, journal in every.items():
        try:
            history = journal.everything()
        except JournalError as error:
            unreadable.append(str(error))
            continue
        found += [(endpoint, journal, entry) for entry in history.entries]
        unreadable += [*map(str, history.unusable), *map(_unreadable, history.unreadable)]
    return sorted(found, key=lambda one: one[2].started_at), unreadable


def _unreadable(line: Line) -> str:
    return f"line {line.number} of {line.file} cannot be read; a newer release of zec_pulumi may have written it"


def _fields(endpoint: str | None, entry: Entry) -> dict[str, Any]:
    facts = {key: value for key, value in asdict(entry).items() if key != "origin"}
    return {**facts, "endpoint": endpoint, "causes": [sentence(cause) for cause in entry.causes]}


def _lines(endpoint: str | None, entry: Entry) -> list[str]:
    cloud = f"{endpoint}, account {(entry.account or 'unknown')[:8]}" if endpoint else "an older release noted none"
    return [
        entry.attempt_id,
        f"    instance  {entry.instance_id} (resource {entry.urn.rpartition('::')[2]})",
        f"    cloud     {cloud}",
        f"    causes    {sentences(entry.causes)}",
        f"    started   {timestamp(entry.started_at)}",
        *([f"    request   {entry.request_id}"] if entry.request_id else []),
        f"    last      {_MEANING[entry.event]}, {timestamp(entry.at)}",
    ]


def _failed(sentence: str) -> int:
    write_error(f"zec-pulumi attempts: {sentence}")
    return 1
