"""Which resources of a preview this package serves. The type alone does not say: a program may subclass the resource.

What could be a resource of this package and cannot be told is never left out: it is doubtful.
"""

from __future__ import annotations

import base64
import binascii
import pickletools
from enum import Enum
from typing import TYPE_CHECKING

from zec_pulumi.cli.report.preview_json import DELETES
from zec_pulumi.messages.parse import Word
from zec_pulumi.messages.quoting import MASK
from zec_pulumi.program.inputs import INPUTS, camel
from zec_pulumi.program.urns import FLEET, FLEET_PLAN, INSTANCE, type_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zec_pulumi.cli.report.preview_json import State, Step
    from zec_pulumi.messages.parse import Line

_PACKAGE = "zec_pulumi"
_OWN_TYPES = "zec:"
_DYNAMIC = "pulumi-python:dynamic"
_DYNAMIC_PROVIDER = "::pulumi:providers:pulumi-python::"
_SDK = frozenset({"pulumi.dynamic", "pulumi.dynamic.dynamic"})
_PROVIDER_KEY = "__provider"
_INPUTS = frozenset(camel(spec.name) for spec in INPUTS)
_IDENTITY = "instanceId"
_QUIET = DELETES | {"same", "refresh", "read", "diff"}


class Owner(Enum):
    """Who serves a resource. ``DOUBTFUL`` may be this package, and nothing in the preview says."""

    INSTANCE = "instance"
    FLEET = "fleet"
    DOUBTFUL = "doubtful"
    OTHER = "other"


def owner(urn: str, steps: Sequence[Step], lines: Sequence[Line]) -> Owner:
    """Return who serves the resource, by its type, its steps and the lines on its row."""
    kind = type_of(urn)
    if kind == INSTANCE:
        return Owner.INSTANCE
    if kind in (FLEET, FLEET_PLAN):
        return Owner.FLEET
    states = [state for step in steps for state in (step.new_state, step.old_state)]
    if any(not state.custom for state in states) or kind.startswith("pulumi:"):
        return Owner.OTHER
    dynamic = kind.startswith(_DYNAMIC) or any(_DYNAMIC_PROVIDER in step.provider for step in steps)
    if any(_is_ours(line, dynamic=dynamic) for line in lines):
        return Owner.INSTANCE
    if kind.startswith(_OWN_TYPES):
        return Owner.DOUBTFUL
    return _of_dynamic(steps, states) if dynamic and steps else Owner.OTHER


def _is_ours(line: Line, *, dynamic: bool) -> bool:
    """Whether only this package writes such a line; other plugins may begin theirs with the same word."""
    return line.word not in (Word.NOTE, Word.FLEET) and (dynamic or not line.unreadable)


def _of_dynamic(steps: Sequence[Step], states: Sequence[State]) -> Owner:
    """Return who serves a Python dynamic resource: its provider stands pickled among its properties."""
    pickled = [
        held[_PROVIDER_KEY] for state in states for held in (state.inputs, state.outputs) if _PROVIDER_KEY in held
    ]
    names = [_names(found) for found in pickled if found != MASK]
    if any(found is not None and any(_of_package(name) for name in found) for found in names):
        return Owner.INSTANCE
    if all(step.op in _QUIET for step in steps):
        return Owner.OTHER
    if not pickled or None in names:
        return Owner.DOUBTFUL
    # Other people's providers are masked unless they say otherwise. One that is read may be imported from a module that
    # derives it from ours; one that is pickled whole names its base.
    foreign = names and all(found & _SDK for found in names if found is not None)
    return Owner.DOUBTFUL if not foreign and _looks_like_ours(states) else Owner.OTHER


def _of_package(name: str) -> bool:
    return name == _PACKAGE or name.startswith(f"{_PACKAGE}.")


def _looks_like_ours(states: Sequence[State]) -> bool:
    """Whether the inputs are an instance's id and others of this package's inputs, and none besides."""
    keys = {key for state in states for key in state.inputs} - {_PROVIDER_KEY}
    return _IDENTITY in keys and len(keys) > 1 and keys <= _INPUTS


def _names(pickled: object) -> set[str] | None:
    """Return the texts in a pickle, the modules that it names among them, without loading it; None if it is none."""
    if not isinstance(pickled, str):
        return None
    try:
        operations = pickletools.genops(base64.b64decode(pickled, validate=True))
        return {word for _, argument, _ in operations if isinstance(argument, str) for word in argument.split()}
    except (binascii.Error, ValueError, IndexError):
        return None
