"""The backups that an account holds, with what can be known here of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from zec_pulumi.errors import ZecError
from zec_pulumi.journal.clouds import journals
from zec_pulumi.journal.journal import OPEN, home
from zec_pulumi.journal.marker import Marker, Phase, find
from zec_pulumi.planning import backups
from zec_pulumi.time.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from zec_pulumi.api import Client, Image, Instance
    from zec_pulumi.cli.stack_machines import StackMachine, StackMachines
    from zec_pulumi.planning.backups import TaggedBackup


@dataclass(frozen=True)
class Records:
    """What this computer knows of backups: the record of one stack, None where none was read, and its journal."""

    stack: StackMachines | None = None
    open_attempts: frozenset[str] = frozenset()


@dataclass(frozen=True)
class KnownBackup:
    """A backup of the account.

    Attributes:
        backup: The image and its tags.
        instance: The instance whose boot disk it is, None where the account does not show it.
        run_by: The instances that run it.
        machine: The resource of the stack that records it, None without one.
        recorded: Whether anything here records it, None where that is not known.
        in_open_attempt: Whether its rebuild is open: in this computer's journal, or by the instance's tag.
    """

    backup: TaggedBackup
    instance: Instance | None
    run_by: tuple[Instance, ...]
    machine: StackMachine | None
    recorded: bool | None
    in_open_attempt: bool


def open_attempts(environ: Mapping[str, str], user_home: Path) -> frozenset[str]:
    """Return the ids of the rebuilds that are open in this computer's journals.

    Raises:
        JournalError: the folder cannot be read.
    """
    every = journals(home(environ, user_home), SystemClock()).values()
    entries = (entry for journal in every for entry in journal.everything().entries)
    return frozenset(entry.attempt_id for entry in entries if entry.event in OPEN)


def among(images: Sequence[Image]) -> list[TaggedBackup]:
    """Return the backups among ``images``.

    Raises:
        ZecError: the API shows no tags at all, so nobody can tell.
    """
    if images and all(image.tags is None for image in images):
        raise ZecError("the API shows no tags of images, so backups cannot be told from other images")
    return backups.tagged(images)


def look_up(client: Client, records: Records, image_ids: Sequence[str] | None = None) -> list[KnownBackup]:
    """Return the backups of the account, or those among ``image_ids``; reads images and instances."""
    found = among(client.describe_custom_images(image_ids=image_ids))
    instances = client.describe_all_instances() if found else []
    return [_known(one, instances, records) for one in found]


def leftovers(found: Sequence[TaggedBackup], stack: StackMachines) -> Iterator[tuple[StackMachine, TaggedBackup]]:
    """Yield the backups of the stack's machines that it does not record: runs that ended early have left them."""
    machines = stack.by_instance()
    for one in found:
        machine = machines.get(one.instance_id)
        if machine and not machine.hidden and one.image.image_id not in machine.known_images:
            yield machine, one


def _known(one: TaggedBackup, instances: Sequence[Instance], records: Records) -> KnownBackup:
    machines = records.stack.machines if records.stack else ()
    machine = next((machine for machine in machines if one.image.image_id in machine.known_images), None)
    instance = next((instance for instance in instances if instance.instance_id == one.instance_id), None)
    hidden = any(machine.hidden and machine.instance_id == one.instance_id for machine in machines)
    compared = records.stack is not None and one.stack == records.stack.stack and not hidden
    not_recorded = compared and machine is None
    in_open_attempt = one.attempt_id in records.open_attempts or _is_marked(one, instance, not_recorded=not_recorded)
    return KnownBackup(
        one,
        instance,
        tuple(instance for instance in instances if instance.image_id == one.image.image_id),
        machine,
        recorded=True if machine or in_open_attempt else False if compared else None,
        in_open_attempt=in_open_attempt,
    )


def _is_marked(one: TaggedBackup, instance: Instance | None, *, not_recorded: bool) -> bool:
    """Whether the instance's tag says that the rebuild is open. A killed run's is for the next one to record."""
    marker = find(instance.tags or {}) if instance else None
    if instance is None or not isinstance(marker, Marker) or not marker.is_attempt(one.attempt_id):
        return False
    return marker.read_on(instance.status).is_open or (not_recorded and marker.phase is Phase.DONE)
