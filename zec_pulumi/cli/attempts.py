"""``zec-pulumi attempts``: lists the rebuilds in this machine's journal, and closes one by a person's word."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zec_pulumi.cli.output import write, write_error, write_lines
from zec_pulumi.cli.parser import add_command
from zec_pulumi.journal.journal import ENDED, Entry, Journal, home
from zec_pulumi.journal.lines import JournalError
from zec_pulumi.messages.causes import sentence, sentences
from zec_pulumi.time.clock import SystemClock
from zec_pulumi.time.timestamp import timestamp

if TYPE_CHECKING:
    import argparse

    from zec_pulumi.cli.parser import Commands

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
    "forgotten": "the stack began anew with the resource",
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
    closing = actions.add_parser("close", help="say what became of an attempt")
    closing.add_argument("attempt", metavar="ATTEMPT", help="its id, or the beginning of it")
    verdict = closing.add_mutually_exclusive_group(required=True)
    verdict.add_argument("--rebuilt", action="store_true", help="the machine was rebuilt")
    verdict.add_argument("--not-rebuilt", action="store_true", help="the machine was not rebuilt")
    closing.set_defaults(run=_close)


def _journal() -> Journal:
    return Journal(home(os.environ, Path.home()), SystemClock())


def _list(arguments: argparse.Namespace) -> int:
    try:
        entries = [entry for entry in _journal().all_entries() if arguments.all or entry.event not in ENDED]
    except JournalError as error:
        return _failed(str(error))
    if arguments.json:
        write(json.dumps([_fields(entry) for entry in entries], indent=2) + "\n")
    else:
        write_lines([line for entry in entries for line in _lines(entry)] or ["no attempts"])
    return 0


def _close(arguments: argparse.Namespace) -> int:
    journal = _journal()
    try:
        found = [entry for entry in journal.all_entries() if entry.attempt_id.startswith(arguments.attempt)]
        if len(found) != 1:
            return _failed(f"{len(found)} attempts begin with {arguments.attempt}; see zec-pulumi attempts list --all")
        journal.note(
            found[0].instance_id, found[0].attempt_id, "closed-rebuilt" if arguments.rebuilt else "closed-not-rebuilt"
        )
    except JournalError as error:
        return _failed(str(error))
    # An attempt that also stands in the stack's state is taken back by the program only.
    again = "rebuilds the instance; if its row still says join, change rebuild_token as well"
    following = "verifies and records it" if arguments.rebuilt else again
    write_lines([f"closed {found[0].attempt_id}; the next pulumi up {following}"])
    return 0


def _fields(entry: Entry) -> dict[str, Any]:
    return {**asdict(entry), "causes": [sentence(cause) for cause in entry.causes]}


def _lines(entry: Entry) -> list[str]:
    return [
        entry.attempt_id,
        f"    instance  {entry.instance_id} (resource {entry.urn.rpartition('::')[2]})",
        f"    causes    {sentences(entry.causes)}",
        f"    started   {timestamp(entry.started_at)}",
        *([f"    request   {entry.request_id}"] if entry.request_id else []),
        f"    last      {_MEANING[entry.event]}, {timestamp(entry.at)}",
    ]


def _failed(sentence: str) -> int:
    write_error(f"zec-pulumi attempts: {sentence}")
    return 1
