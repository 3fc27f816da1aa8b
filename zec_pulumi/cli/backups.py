"""``zec-pulumi backups``: lists the backups that the account holds, and deletes them by id."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zec_pulumi.api import ZecError
from zec_pulumi.cli import layout, stack_machines
from zec_pulumi.cli.access import CREDENTIALS, client_from_environment
from zec_pulumi.cli.doctor.project import ProjectError, find_project
from zec_pulumi.cli.known_backups import KnownBackup, Records, look_up, open_attempts
from zec_pulumi.cli.layout import Column, Paragraph
from zec_pulumi.cli.output import write, write_error, write_json, write_lines
from zec_pulumi.cli.parser import add_command
from zec_pulumi.journal.files import JournalError
from zec_pulumi.messages.durations import age
from zec_pulumi.operations.backups import delete
from zec_pulumi.planning import status
from zec_pulumi.planning.backups import made_at
from zec_pulumi.time.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from zec_pulumi.api import Client
    from zec_pulumi.cli.parser import Commands
    from zec_pulumi.cli.stack_machines import StackMachines

MOST = 100
"""How many images one DeleteImages takes."""

_DESCRIPTION = f"""\
Backups that the account holds: custom images of boot disks, made before a rebuild with `backup`.

A rebuild deletes older backups that its stack records, and nothing else ever deletes one. So
backups stay of instances that are gone, of stacks that were destroyed, and of runs that ended
between the backup and the rebuild. Each counts against the quota for custom images, and may cost.

Whether a backup is still recorded is known for one stack: that of --stack, else the one that is
selected in this folder. Of other stacks it is not known here, so look there before you delete.

{CREDENTIALS}"""

_EPILOG = """\
Examples:

  zec-pulumi backups                                   # all that the account holds
  zec-pulumi backups --stack prod                      # and which of them prod records
  zec-pulumi backups --json | jq -r '.[] | select(.instance_exists | not).image_id'
  zec-pulumi backups delete custom-1a2b custom-3c4d    # shows them and asks
  zec-pulumi backups delete custom-1a2b --yes          # without a terminal

To put a backup back on its instance: zec-pulumi undo

Exit status: 0 when it was done. 1 when something was not deleted, or cannot be read, or the usage is wrong.
"""

_DELETE = """\
Delete backups by id, for good.

Only images that their tags name as backups are deleted, and all of them or none. Refused are the
image that an instance of the account runs, a backup of an instance that somebody is at work on,
and that of a rebuild that is open: `pulumi up` goes on with that one, and may need it.
"""

_DELETE_EPILOG = """\
Examples:

  zec-pulumi backups delete custom-1a2b custom-3c4d    # shows them and asks
  zec-pulumi backups delete custom-1a2b --yes          # without a terminal
"""

_COLUMNS = (
    Column("image id", whole=True),
    Column("name"),
    Column("instance", whole=True),
    Column("its name"),
    Column("stack"),
    Column("age"),
    Column("size"),
    Column("status"),
    Column("recorded"),
)


def add_parser(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add this subcommand to the root parser."""
    parser = add_command(
        commands, "backups", summary="list and delete backups of boot disks", description=_DESCRIPTION, epilog=_EPILOG
    )
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.add_argument("--stack", metavar="NAME", help="stack whose record is looked at (the selected one)")
    parser.set_defaults(run=_list)
    actions = parser.add_subparsers(metavar="ACTION")
    deleting = add_command(
        actions, "delete", summary="delete backups by id", description=_DELETE, epilog=_DELETE_EPILOG
    )
    deleting.add_argument("images", metavar="ID", nargs="+", help="id of an image")
    deleting.add_argument("--yes", action="store_true", help="do not ask")
    # Also behind the action, where it must not undo what stands before it.
    deleting.add_argument("--stack", metavar="NAME", default=argparse.SUPPRESS, help="as without an action")
    deleting.set_defaults(run=_delete)


def _list(arguments: argparse.Namespace) -> int:
    try:
        stack, unread = _stack(arguments.stack)
        with client_from_environment() as client:
            found = look_up(client, Records(stack, open_attempts(os.environ, Path.home())))
    except (ZecError, JournalError, stack_machines.StackError) as error:
        return _failed(str(error))
    if arguments.json:
        write_json([_fields(one) for one in found])
    elif not found:
        write_lines(["no backups"])
    else:
        layout.show(layout.table(_COLUMNS, [_row(one) for one in found]))
        below = (Paragraph(""), Paragraph(_explanation(stack, unread)))
        layout.show(layout.paragraphs(below, layout.terminal_width()))
    return 0


def _delete(arguments: argparse.Namespace) -> int:
    ids = list(dict.fromkeys(arguments.images))
    if len(ids) > MOST:
        return _failed(f"{len(ids)} images are too many for one request; nothing was deleted. Give {MOST} at most")
    try:
        stack, _ = _stack(arguments.stack)
        with client_from_environment() as client:
            return _delete_with(client, stack, ids, asks=not arguments.yes)
    except (ZecError, JournalError, stack_machines.StackError) as error:
        return _failed(str(error))


def _delete_with(client: Client, stack: StackMachines | None, ids: Sequence[str], *, asks: bool) -> int:
    found = _read(client, stack, ids)
    refusals = list(_refusals(found, ids))
    if asks and not refusals:
        if not _is_asked_in_a_terminal():
            return _failed("nothing was deleted: there is no terminal to ask in; give --yes")
        layout.show(layout.table(_COLUMNS, [_row(one) for one in found]))
        if not _says_yes(len(found)):
            return _failed("nothing was deleted")
        # A person may take long to answer.
        found = _read(client, stack, ids)
        refusals = list(_refusals(found, ids))
    for text in refusals:
        _failed(text)
    if refusals:
        return _failed("nothing was deleted")
    left = delete(client, [one.backup for one in found], _sender(client))
    write_lines([f"deleted {one.backup.image.image_id}" for one in found if one.backup not in left])
    for backup in left:
        _failed(f"{backup.image.image_id} was not deleted: the API still shows it")
    return 1 if left else 0


def _read(client: Client, stack: StackMachines | None, ids: Sequence[str]) -> list[KnownBackup]:
    return look_up(client, Records(stack, open_attempts(os.environ, Path.home())), ids)


def _refusals(found: Sequence[KnownBackup], ids: Sequence[str]) -> Iterator[str]:
    """Yield why these images are not deleted."""
    known = {one.backup.image.image_id for one in found}
    for image_id in ids:
        if image_id not in known:
            yield f"{image_id} is no backup of this account: no image of its own has that id and the tags of a backup"
    for one in found:
        image_id, instance = one.backup.image.image_id, one.instance
        if one.run_by:
            ran = ", ".join(_named(running.instance_id, running.instance_name) for running in one.run_by)
            yield f"{image_id} is what {ran} runs"
        elif one.in_open_attempt or (one.machine and one.machine.open_backup == image_id):
            yield (
                f"{image_id} is the backup of a rebuild that is open (attempt {one.backup.attempt_id}). Run `pulumi"
                " up`, which goes on with it, or close the attempt: zec-pulumi attempts"
            )
        elif instance and status.is_transitional(instance.status):
            yield (
                f"{image_id} is a backup of {_named(instance.instance_id, instance.instance_name)}, which is"
                f" {status.shown(instance.status)}: somebody works on it. Try again when that has ended"
            )


def _sender(client: Client) -> Callable[[Callable[[], object]], object]:
    def send(mutation: Callable[[], object]) -> object:
        with client.slot():
            return mutation()

    return send


def _is_asked_in_a_terminal() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()


def _says_yes(number: int) -> bool:
    write(f"Delete {f'these {number} images' if number > 1 else 'this image'} for good? [y/N] ")
    return sys.stdin.readline().strip().casefold() in ("y", "yes")


def _stack(name: str | None) -> tuple[StackMachines | None, str]:
    """Return the stack whose record is looked at, None without one, and then why there is none.

    Raises:
        StackError: it was named, and cannot be read.
    """
    try:
        if name is None and find_project(Path.cwd()) is None:
            return None, "this folder has no Pulumi project"
        return stack_machines.read(name, os.environ, Path.cwd()), ""
    except (ProjectError, stack_machines.StackError) as error:
        if name is not None:
            raise stack_machines.StackError(f"stack {name} cannot be read: {error}") from error
        return None, str(error)


def _explanation(stack: StackMachines | None, unread: str) -> str:
    """Return what the last column stands on."""
    if stack is None:
        return (
            f"Which of them are recorded was looked up in this computer's journal only: {unread}. Name a stack with"
            " --stack in the folder of its project."
        )
    looked = f"{stack.stack} and " if stack.stack else ""
    return (
        f"Which of them are recorded was looked up in {looked}this computer's journal; other stacks are not known here."
    )


def _recorded(one: KnownBackup) -> str:
    if one.machine:
        return f"by {one.machine.name}"
    if one.in_open_attempt:
        return "open rebuild"
    return "no" if one.recorded is False else "not known"


def _named(instance_id: str, name: str | None) -> str:
    return f"instance {instance_id} ({name})" if name else f"instance {instance_id}"


def _seconds_old(one: KnownBackup) -> float | None:
    made = made_at(one.backup.image)
    return None if made is None else max(0.0, SystemClock().now() - made)


def _row(one: KnownBackup) -> list[str]:
    backup, instance, old = one.backup, one.instance, _seconds_old(one)
    size = backup.image.image_size_gib
    state = backup.image.image_status or ""
    return [
        backup.image.image_id,
        backup.image.image_name or "",
        backup.instance_id,
        "does not exist" if instance is None else instance.instance_name or "",
        backup.stack,
        "" if old is None else age(old),
        "" if size is None else f"{size:g} GiB",
        f"{state}, in use" if one.run_by else state,
        _recorded(one),
    ]


def _fields(one: KnownBackup) -> dict[str, Any]:
    backup, old = one.backup, _seconds_old(one)
    return {
        "image_id": backup.image.image_id,
        "image_name": backup.image.image_name,
        "image_status": backup.image.image_status,
        "image_size_gib": backup.image.image_size_gib,
        "age_seconds": None if old is None else int(old),
        "instance_id": backup.instance_id,
        "instance_name": one.instance.instance_name if one.instance else None,
        "instance_exists": one.instance is not None,
        "run_by": [instance.instance_id for instance in one.run_by],
        "stack": backup.stack,
        "attempt_id": backup.attempt_id,
        "recorded": one.recorded,
        "recorded_by": one.machine.name if one.machine else None,
        "in_open_attempt": one.in_open_attempt,
    }


def _failed(sentence: str) -> int:
    write_error(f"zec-pulumi backups: {sentence}")
    return 1
