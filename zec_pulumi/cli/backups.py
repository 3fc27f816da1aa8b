"""``zec-pulumi backups``: lists the backups that the account holds, and deletes them by id."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from zec_pulumi.api import ZecError
from zec_pulumi.cli import backup_rows, layout, stack_machines
from zec_pulumi.cli.access import CREDENTIALS, client_from_environment
from zec_pulumi.cli.delete_backups import delete_by_id, failed
from zec_pulumi.cli.doctor.project import ProjectError, find_project
from zec_pulumi.cli.known_backups import Records, look_up, open_attempts
from zec_pulumi.cli.layout import Paragraph
from zec_pulumi.cli.output import write_json, write_lines
from zec_pulumi.cli.parser import add_command
from zec_pulumi.journal.files import JournalError

if TYPE_CHECKING:
    from zec_pulumi.cli.parser import Commands
    from zec_pulumi.cli.stack_machines import StackMachines

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
        return failed(str(error))
    if arguments.json:
        write_json([backup_rows.fields(one) for one in found])
    elif not found:
        write_lines(["no backups"])
    else:
        backup_rows.show(found)
        below = (Paragraph(""), Paragraph(_explanation(stack, unread)))
        layout.show(layout.paragraphs(below, layout.terminal_width()))
    return 0


def _delete(arguments: argparse.Namespace) -> int:
    try:
        stack, _ = _stack(arguments.stack)
        return delete_by_id(stack, arguments.images, asks=not arguments.yes)
    except (ZecError, JournalError, stack_machines.StackError) as error:
        return failed(str(error))


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
