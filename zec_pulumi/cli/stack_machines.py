"""Reads from a stack's state which instances it manages with an ``InstanceOsImage``, and their backups."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zec_pulumi.cli.process import run
from zec_pulumi.planning.backups import stack_tag
from zec_pulumi.planning.record import parse_backups
from zec_pulumi.program import urns

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from zec_pulumi.planning.inputs import Backup


@dataclass(frozen=True)
class StackMachine:
    """An ``InstanceOsImage`` of the stack.

    Attributes:
        name: Its name in the program.
        instance_id: The instance.
        names_it: Whether the program names the instance.
        in_fleet: Whether it belongs to a fleet.
        instance_name: The instance's name, None where it is not recorded in plain text.
        image_id: The image that it was given last, None where it is not recorded in plain text.
        backups: The recorded backups, oldest first.
        last_backup: The backup that was made before the last rebuild, None without one.
        open_attempt: The id of a rebuild that is open, None without one.
        open_backup: The backup that was made before that one.
        hidden: Whether its backups are secret in the state, and so not known here.
    """

    name: str
    instance_id: str
    names_it: bool = False
    in_fleet: bool = False
    instance_name: str | None = None
    image_id: str | None = None
    backups: tuple[Backup, ...] = ()
    last_backup: str | None = None
    open_attempt: str | None = None
    open_backup: str | None = None
    hidden: bool = False

    @property
    def known_images(self) -> frozenset[str]:
        """The images that the stack records of this machine: they are no leftovers."""
        ids = (self.image_id, self.open_backup, *(backup.image_id for backup in self.backups))
        return frozenset(one for one in ids if one)


@dataclass(frozen=True)
class StackMachines:
    """The machines of a stack. ``stack`` is ``STACK/PROJECT``, None where the stack is empty."""

    stack: str | None
    machines: tuple[StackMachine, ...]

    def by_instance(self) -> Mapping[str, StackMachine]:
        """Return them by instance id."""
        return {machine.instance_id: machine for machine in self.machines}


class StackError(Exception):
    """The state of the stack cannot be read; the text says why."""


def read(stack: str | None, environ: Mapping[str, str], folder: Path) -> StackMachines:
    """Return the machines of the named stack or of the selected one. Secrets stay encrypted.

    Raises:
        StackError: There is no pulumi, no such stack, or no readable state.
    """
    program = shutil.which("pulumi", path=environ.get("PATH"))
    if program is None:
        raise StackError("there is no pulumi on PATH")
    named = ["--stack", stack] if stack else []
    ran = run([program, "stack", "export", "--non-interactive", "--color", "never", *named], environ, folder)
    if not ran.succeeded:
        raise StackError(ran.reason)
    try:
        # An empty stack has no list, or null for it.
        resources = json.loads(ran.output)["deployment"].get("resources") or []
        stacks = [stack_tag(resource["urn"]) for resource in resources]
        return StackMachines(stacks[0] if stacks else None, tuple(_machines(resources)))
    except (ValueError, TypeError, KeyError, AttributeError, IndexError):
        raise StackError("`pulumi stack export` did not print a stack's state") from None


def _machines(resources: list[Mapping[str, Any]]) -> Iterator[StackMachine]:
    """Yield those of ours, and not the old half of a replacement."""
    for resource in resources:
        if urns.type_of(resource["urn"]) == urns.INSTANCE and not resource.get("delete"):
            yield _machine(resource)


def _machine(resource: Mapping[str, Any]) -> StackMachine:
    inputs, outputs = resource.get("inputs") or {}, resource.get("outputs") or {}
    last, attempt = _plain(outputs.get("lastRebuild")), _plain(outputs.get("attempt"))
    return StackMachine(
        urns.name_of(resource["urn"]),
        # The resource's own id, because an input may be secret and then stands there encrypted.
        resource["id"],
        names_it=inputs.get("instanceName") is not None,
        in_fleet=f"{urns.FLEET}$" in resource["urn"].split("::")[2],
        instance_name=_text(outputs.get("instanceName")),
        image_id=_text(outputs.get("imageId")),
        backups=parse_backups(outputs) if isinstance(outputs.get("backups"), list) else (),
        last_backup=_text(last.get("backupImageId")),
        open_attempt=_text(attempt.get("id")),
        open_backup=_text(attempt.get("backupImageId")),
        hidden=isinstance(outputs.get("backups"), dict),
    )


def _plain(value: Any) -> Mapping[str, Any]:
    """Return an object of the state; one that is secret holds nothing that can be read."""
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
