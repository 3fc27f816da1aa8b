"""Reads from a stack's state which instances it manages with an ``InstanceOsImage``."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zec_pulumi.cli.doctor.process import run
from zec_pulumi.program import urns

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True)
class Owner:
    """An ``InstanceOsImage`` of the stack: its name in the program, and whether the program names the instance."""

    name: str
    names_it: bool


class StackError(Exception):
    """The state of the stack cannot be read; the text says why."""


def read(stack: str | None, environ: Mapping[str, str], folder: Path) -> Mapping[str, Owner]:
    """Return the owners by instance id, of the named stack or of the selected one. Secrets stay encrypted.

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
        return dict(_owner(resource) for resource in resources if _ours(resource))
    except (ValueError, TypeError, KeyError, AttributeError, IndexError):
        raise StackError("`pulumi stack export` did not print a stack's state") from None


def _ours(resource: Mapping[str, Any]) -> bool:
    """Return whether it is one of ours, and not the old half of a replacement."""
    return urns.type_of(resource["urn"]) == urns.INSTANCE and not resource.get("delete")


def _owner(resource: Mapping[str, Any]) -> tuple[str, Owner]:
    # The resource's own id, because an input may be secret and then stands there encrypted.
    inputs = resource.get("inputs") or {}
    return resource["id"], Owner(urns.name_of(resource["urn"]), names_it=inputs.get("instanceName") is not None)
