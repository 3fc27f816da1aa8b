"""Deletes backups by id: those that a person names, and none that anybody may need at this moment."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from zec_pulumi.api import ZecError
from zec_pulumi.cli import backup_rows
from zec_pulumi.cli.access import client_from_environment, journal_from_environment
from zec_pulumi.cli.backup_rows import named
from zec_pulumi.cli.known_backups import KnownBackup, Records, look_up, open_attempts
from zec_pulumi.cli.output import write, write_error, write_lines
from zec_pulumi.journal.locks import lock_of
from zec_pulumi.operations.backups import delete
from zec_pulumi.planning import status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from zec_pulumi.api import Client
    from zec_pulumi.cli.stack_machines import StackMachines

MOST = 100
"""How many images one DeleteImages takes."""


def delete_by_id(stack: StackMachines | None, image_ids: Sequence[str], *, asks: bool) -> int:
    """Delete all of these backups or none, and write what became of it; return the exit status.

    ``stack`` is the one whose record is looked at. With ``asks`` a person at the terminal is asked first.

    Raises:
        ZecError: the API or the settings are to blame, or a run of this computer is at work on an instance.
        JournalError: the disk says no.
    """
    ids = list(dict.fromkeys(image_ids))
    if len(ids) > MOST:
        return failed(f"{len(ids)} images are too many for one request; nothing was deleted. Give {MOST} at most")
    with client_from_environment() as client:
        return _delete_with(client, stack, ids, asks=asks)


def _delete_with(client: Client, stack: StackMachines | None, ids: Sequence[str], *, asks: bool) -> int:
    found = _read(client, stack, ids)
    refusals = list(_refusals(found, ids))
    if asks and not refusals:
        if not _is_asked_in_a_terminal():
            return failed("nothing was deleted: there is no terminal to ask in; give --yes")
        backup_rows.show(found)
        if not _says_yes(len(found)):
            return failed("nothing was deleted")
    if not refusals:
        with _locked(sorted({one.backup.instance_id for one in found})):
            # A person may take long to answer, and what was read without the lock may be another run's past.
            found = _read(client, stack, ids)
            refusals = list(_refusals(found, ids))
            if not refusals:
                return _delete_now(client, found)
    for text in refusals:
        failed(text)
    return failed("nothing was deleted")


def _delete_now(client: Client, found: Sequence[KnownBackup]) -> int:
    left = delete(client, [one.backup for one in found], _sender(client))
    write_lines([f"deleted {one.backup.image.image_id}" for one in found if one.backup not in left])
    for backup in left:
        failed(f"{backup.image.image_id} was not deleted: the API still shows it")
    return 1 if left else 0


@contextlib.contextmanager
def _locked(instance_ids: Sequence[str]) -> Iterator[None]:
    """Keep runs of this computer off the instances: one may be about to wipe a disk, or to roll back.

    Raises:
        ZecError: a run is at work on one of them.
        JournalError: the disk says no.
    """
    folder = journal_from_environment().folder
    with contextlib.ExitStack() as locks:
        for instance_id in instance_ids:
            lock = lock_of(folder, instance_id)
            if not lock.take(""):
                raise ZecError(
                    f"instance {instance_id} is worked on by {lock.holder()}; nothing was deleted. Wait until that has"
                    " ended"
                )
            locks.callback(lock.free)
        yield


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
            ran = ", ".join(named(running.instance_id, running.instance_name) for running in one.run_by)
            yield f"{image_id} is what {ran} runs"
        elif one.in_open_attempt or (one.machine and one.machine.open_backup == image_id):
            yield (
                f"{image_id} is the backup of a rebuild that is open (attempt {one.backup.attempt_id}). Run `pulumi"
                " up`, which goes on with it, or close the attempt: zec-pulumi attempts"
            )
        elif instance and status.is_transitional(instance.status):
            yield (
                f"{image_id} is a backup of {named(instance.instance_id, instance.instance_name)}, which is"
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


def failed(sentence: str) -> int:
    """Write why it was not done; return the exit status."""
    write_error(f"zec-pulumi backups: {sentence}")
    return 1
