"""``zec-pulumi undo``: says how a machine gets the system back that it had before a rebuild. It changes nothing."""

from __future__ import annotations

import json
import os
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zec_pulumi.api import Client, RetryPolicy, ZecError
from zec_pulumi.cli import layout, stack_machines
from zec_pulumi.cli.doctor import settings, stack
from zec_pulumi.cli.doctor.project import ProjectError, find_project
from zec_pulumi.cli.known_backups import leftovers
from zec_pulumi.cli.layout import CARE, COMMAND, STRONG, Paragraph
from zec_pulumi.cli.output import write_error, write_json
from zec_pulumi.cli.parser import add_command
from zec_pulumi.messages.durations import age
from zec_pulumi.planning import backups
from zec_pulumi.time.clock import SystemClock
from zec_pulumi.time.timestamp import seconds_of, timestamp

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping, Sequence

    from zec_pulumi.api import Image
    from zec_pulumi.cli.parser import Commands
    from zec_pulumi.cli.stack_machines import StackMachine, StackMachines

VERSION = 1
"""Version of the JSON; it rises when a reader of the older one would misread the newer."""

_DESCRIPTION = """\
How a machine gets the system back that it had before a rebuild. Nothing is changed.

With `backup`, a rebuild keeps an image of the boot disk and the stack records it. To restore it is
an ordinary rebuild on that image: this command reads the stack and prints the line for the
program, and the command for a program that reads its image from the stack's configuration.

Run it in the project's folder. Credentials are found as `pulumi up` finds them, but none that are
secret in the stack are read. Without any it still prints what the stack records, and says that the
images were not looked up.
"""

_EPILOG = """\
Examples:

  zec-pulumi undo                              # all machines of the stack that is selected here
  zec-pulumi undo web-1 --stack prod           # one: by its name in the program, or its instance id
  zec-pulumi undo web-1 --json | jq -r '.machines[0].backups[0].command'

Exit status: 0 when it was read, also when there is nothing to undo. 1 when the stack or the images cannot
be read, or the stack has no such machine.
"""

COMES_BACK = (
    "What comes back: the boot disk as it was, with its files and its SSH host keys. No first-boot script runs again;"
    " key, password, time zone and agent are those of the program."
)
STAYS_AWAY = (
    "What does not: memory, and what was written to the boot disk since; with backup that is kept in a new image first."
    " Data disks and addresses stay as they are now."
)
HOW = (
    "Then pulumi preview shows a rebuild that restores the backup, and pulumi up carries it out. Gates and approvals"
    " hold for it."
)
SHARED_KEY = (
    "The command is for a program that reads this machine's image from the key imageId; put the key that yours reads."
    " Every other machine whose image is read from that key would get this disk as well: preview shows it."
)


@dataclass(frozen=True)
class Account:
    """What the account shows: its own images, and the instances by id with the image that each runs.

    ``why_not`` says why it was not asked, None when it was.
    """

    images: Mapping[str, Image] = field(default_factory=dict)
    running: Mapping[str, str | None] = field(default_factory=dict)
    why_not: str | None = None


@dataclass(frozen=True)
class Restorable:
    """A backup of a machine.

    Attributes:
        image_id: Its image.
        attempt_id: The attempt before which it was made.
        made_at: When, in seconds since the Unix epoch; None where that is not known.
        recorded: Whether the stack records it.
        before_last: Whether it was made before the last rebuild that the stack records, or before the open one.
        runs: Whether the machine runs it now.
        image: The image as the account shows it; None where it does not, or was not asked.
        trouble: Why it cannot be restored, or need not be; None when it can.
    """

    image_id: str
    attempt_id: str
    made_at: float | None
    recorded: bool
    before_last: bool
    runs: bool
    image: Image | None
    trouble: str | None


def add_parser(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add this subcommand to the root parser."""
    parser = add_command(
        commands, "undo", summary="say how to take a rebuild back", description=_DESCRIPTION, epilog=_EPILOG
    )
    parser.add_argument("machine", nargs="?", metavar="MACHINE", help="name in the program, or instance id (all)")
    parser.add_argument("--stack", metavar="NAME", help="the stack (the selected one)")
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    folder = Path.cwd()
    try:
        found = stack_machines.read(arguments.stack, os.environ, folder)
    except stack_machines.StackError as error:
        return _failed(f"the stack cannot be read: {error}. Run this in the folder of the project, or name it: --stack")
    machines = _chosen(found, arguments.machine)
    if arguments.machine and not machines:
        known = ", ".join(machine.name for machine in found.machines) or "none"
        return _failed(f"the stack has no machine {arguments.machine}; its machines are: {known}")
    try:
        account, status = _account(arguments.stack, machines, folder), 0
    except ZecError as error:
        account, status = Account(why_not=str(error)), 1
    every = {machine: restorable(machine, account, found) for machine in machines}
    if arguments.json:
        write_json(_document(found, every, account, arguments.stack))
    else:
        texts = list(_paragraphs(found, every, account, arguments.stack))
        layout.show(layout.paragraphs(texts, layout.terminal_width()))
    return _failed(f"the images were not looked up: {account.why_not}") if status else 0


def restorable(machine: StackMachine, account: Account, found: StackMachines) -> list[Restorable]:
    """Return the backups of a machine: those that the stack records, the newest first, then leftovers."""
    last = machine.open_backup or machine.last_backup
    runs = account.running.get(machine.instance_id) or machine.image_id

    def one(image_id: str, attempt_id: str, made_at: float | None, *, recorded: bool) -> Restorable:
        image = account.images.get(image_id)
        made_at = backups.made_at(image) if made_at is None and image else made_at
        trouble = _trouble(machine, account, image, runs=image_id == runs)
        return Restorable(image_id, attempt_id, made_at, recorded, image_id == last, image_id == runs, image, trouble)

    recorded = {backup.image_id: (backup.attempt_id, seconds_of(backup.made_at)) for backup in machine.backups}
    if machine.open_backup and machine.open_attempt:
        recorded.setdefault(machine.open_backup, (machine.open_attempt, None))
    left = leftovers(backups.tagged(account.images.values()), found)
    return [
        *(one(image_id, *facts, recorded=True) for image_id, facts in reversed(recorded.items())),
        *(one(b.image.image_id, b.attempt_id, None, recorded=False) for owner, b in left if owner is machine),
    ]


def _chosen(found: StackMachines, name: str | None) -> list[StackMachine]:
    return [machine for machine in found.machines if name in (None, machine.name, machine.instance_id)]


def _account(stack_name: str | None, machines: Sequence[StackMachine], folder: Path) -> Account:
    """Ask the account with the settings that `pulumi up` has; raises ZecError when it does not answer."""
    try:
        project = find_project(folder)
    except ProjectError as error:
        return Account(why_not=str(error))
    config, _ = stack.read(stack_name, project, os.environ, folder)
    configured = settings.check(config, os.environ, Path.home())
    if configured.access is None or not configured.usable:
        why = [finding for finding in configured.findings if finding.check in ("credentials", "settings")]
        worst = next((finding for finding in why if finding.level == "problem"), why[0])
        return Account(why_not=worst.text)
    access = configured.access
    # The usual policy would wait a minute for a service that struggles.
    retry = RetryPolicy(deadline=5)
    with Client(access.credentials, access.endpoint, timeouts=access.timeouts, retry=retry) as client:
        images = {image.image_id: image for image in client.describe_custom_images()}
        ids = {machine.instance_id for machine in machines}
        running = {one.instance_id: one.image_id for one in client.describe_all_instances() if one.instance_id in ids}
    return Account(images, running)


def program_line(machine: StackMachine, image_id: str) -> str:
    """Return what to write into the program."""
    # A fleet's own image is that of all its machines.
    given = f"{json.dumps(machine.name)}: {{..., " if machine.in_fleet else ""
    name = '"image_id": ' if machine.in_fleet else "image_id="
    return f"{given}{name}{json.dumps(image_id)}{'}' if machine.in_fleet else ''}"


def command(machine: StackMachine, image_id: str, stack_name: str | None) -> str | None:
    """Return the command for a program that reads the image from configuration; None for a fleet, which shares it."""
    if machine.in_fleet:
        return None
    named = ["--stack", stack_name] if stack_name else []
    return shlex.join(["pulumi", "config", "set", *named, "imageId", image_id])


def _paragraphs(
    found: StackMachines, every: Mapping[StackMachine, Sequence[Restorable]], account: Account, stack_name: str | None
) -> Iterator[Paragraph]:
    name = stack_name or found.stack or "the stack"
    hidden = [machine.name for machine in every if machine.hidden]
    some = {machine: restorables for machine, restorables in every.items() if restorables}
    none = [machine for machine in every if machine not in some]
    for machine, restorables in some.items():
        yield from _machine(machine, restorables, stack_name)
        yield Paragraph("")
    if not some:
        whose = none[0].name if len(none) == 1 else name
        yield Paragraph(
            f"nothing to undo: no backup of {whose} is known. With backup=True, the next rebuild makes one."
        )
    elif none:
        yield Paragraph(f"No backup is known of {', '.join(machine.name for machine in none)}.")
    if some:
        yield from map(Paragraph, (HOW, COMES_BACK, STAYS_AWAY))
        if len(found.machines) > 1 and any(not machine.in_fleet for machine in some):
            yield Paragraph(SHARED_KEY, CARE)
    if hidden:
        text = f"Of {', '.join(hidden)} the backups are secret in the stack's state, and were not read."
        yield Paragraph(text, CARE)
    if account.why_not is not None:
        text = f"The images were not looked up ({account.why_not}): whether they still exist is not known here."
        yield Paragraph(text, CARE)


def _machine(machine: StackMachine, restorables: Sequence[Restorable], stack_name: str | None) -> Iterator[Paragraph]:
    named = f" ({machine.instance_name})" if machine.instance_name else ""
    yield Paragraph(f"{machine.name}: instance {machine.instance_id}{named}", STRONG)
    if machine.open_attempt:
        text = f"a rebuild is open (attempt {machine.open_attempt}): pulumi up must end it first"
        yield Paragraph(text, CARE, indent=2)
    for one in restorables:
        yield Paragraph(_title(one), indent=2)
        if one.trouble:
            yield Paragraph(one.trouble, CARE, indent=4)
            continue
        yield Paragraph("in the program:", indent=4)
        yield Paragraph(program_line(machine, one.image_id), COMMAND, indent=6, whole=True)
        configured = command(machine, one.image_id, stack_name)
        if configured:
            yield Paragraph("or, if the program reads it from configuration:", indent=4)
            yield Paragraph(configured, COMMAND, indent=6, whole=True)


def _title(one: Restorable) -> str:
    made = ""
    if one.made_at is not None:
        made = f" of {timestamp(one.made_at)}, {age(_seconds_since(one.made_at))} old,"
    what = "the system before the last rebuild" if one.before_last else "an older system"
    if one.runs:
        what = "what the machine runs now"
    elif not one.recorded:
        what = "a leftover that this stack does not record"
    return f"backup {one.image_id}{made} attempt {one.attempt_id[:8]}: {what}"


def _trouble(machine: StackMachine, account: Account, image: Image | None, *, runs: bool) -> str | None:
    if account.why_not is None and machine.instance_id not in account.running:
        return "the account does not show the instance, so nothing can be restored on it"
    if account.why_not is None and image is None:
        return "its image does not exist any more: somebody deleted it"
    if runs:
        return "nothing to do"
    if image and image.image_status not in (None, "AVAILABLE"):
        return f"its image is {image.image_status}, and only one that is AVAILABLE can be used"
    return None


def _document(
    found: StackMachines, every: Mapping[StackMachine, Sequence[Restorable]], account: Account, stack_name: str | None
) -> dict[str, Any]:
    looked_up = account.why_not is None
    return {
        "version": VERSION,
        "stack": found.stack,
        "images_looked_up": looked_up,
        "why_not": account.why_not,
        "machines": [
            {
                "resource": machine.name,
                "instance_id": machine.instance_id,
                "instance_name": machine.instance_name,
                "instance_exists": machine.instance_id in account.running if looked_up else None,
                "open_attempt": machine.open_attempt,
                "backups": [
                    {
                        "image_id": one.image_id,
                        "attempt_id": one.attempt_id,
                        "made_at": None if one.made_at is None else timestamp(one.made_at),
                        "age_seconds": None if one.made_at is None else int(_seconds_since(one.made_at)),
                        "recorded": one.recorded,
                        "before_last_rebuild": one.before_last,
                        "runs_now": one.runs,
                        "exists": one.image is not None if looked_up else None,
                        "image_status": one.image.image_status if one.image else None,
                        "trouble": one.trouble,
                        "program": program_line(machine, one.image_id),
                        "command": command(machine, one.image_id, stack_name),
                    }
                    for one in restorables
                ],
            }
            for machine, restorables in every.items()
        ],
    }


def _seconds_since(moment: float) -> float:
    return max(0.0, SystemClock().now() - moment)


def _failed(sentence: str) -> int:
    write_error(f"zec-pulumi undo: {sentence}")
    return 1
