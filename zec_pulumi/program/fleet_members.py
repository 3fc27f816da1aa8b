"""Turns the ``instances`` argument of a fleet into the inputs of each instance, by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from zec_pulumi.program.inputs import INPUTS, refuse_unknown
from zec_pulumi.program.values import sendable

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pulumi

    from zec_pulumi.program.inputs import FleetInstance

_ALTERNATIVES = [{spec.name, spec.instead_of} for spec in INPUTS if spec.instead_of]
"""Of these one is given, so an instance's own takes the place of both."""


def members(
    instances: Mapping[str, pulumi.Input[str] | FleetInstance] | Sequence[str], fleet_inputs: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    """Return the inputs of each machine by its name, which is the key or, in a list, the id.

    Args:
        instances: As given to :class:`zec_pulumi.Fleet`.
        fleet_inputs: The fleet's inputs; None is the same as an omitted input.

    Raises:
        ValueError: there is no instance, or an id is there twice.
        TypeError: something has the wrong type, such as a number as id, or there is no such input.
    """
    shared = _sendable(fleet_inputs)
    merged = {name: _merged(name, instance, shared) for name, instance in _by_name(instances).items()}
    if not merged:
        raise ValueError("instances: a fleet has at least one instance")
    holders: dict[str, str] = {}
    for name, inputs in merged.items():
        instance_id = inputs["instance_id"]
        if isinstance(instance_id, str) and instance_id in holders:
            raise ValueError(f"instances: {holders[instance_id]!r} and {name!r} are the same instance, {instance_id}")
        if isinstance(instance_id, str):
            holders[instance_id] = name
    return merged


def _by_name(instances: Any) -> dict[str, Any]:
    if isinstance(instances, Mapping):
        for name in instances:
            if not isinstance(name, str) or not name:
                raise TypeError(f"instances: a name must be a string that is not empty, not {name!r}")
        return dict(instances)
    if not isinstance(instances, (list, tuple)):
        raise TypeError("instances must be a dictionary of ids by name, or a list of ids")
    for instance_id in instances:
        if isinstance(instance_id, (int, float)):
            raise TypeError(f"instances: instance_id must be a string: write {str(instance_id)!r}, in quotes")
        if not isinstance(instance_id, str) or not instance_id:
            raise TypeError("instances: a list holds plain ids; for anything else give a dictionary with names")
    duplicates = sorted({instance_id for instance_id in instances if instances.count(instance_id) > 1})
    if duplicates:
        raise ValueError(f"instances: the list has {', '.join(duplicates)} more than once")
    return {instance_id: instance_id for instance_id in instances}


def _merged(name: str, instance: Any, shared: Mapping[str, Any]) -> dict[str, Any]:
    inputs = dict(instance) if isinstance(instance, Mapping) else {"instance_id": instance}
    try:
        refuse_unknown(inputs, [spec.name for spec in INPUTS])
        inputs = _sendable(inputs)
    except (TypeError, ValueError) as error:
        raise type(error)(f"instances[{name!r}]: {error}") from None
    if "instance_id" not in inputs:
        raise TypeError(f"instances[{name!r}]: instance_id is missing")
    displaced = {key for names in _ALTERNATIVES if names & inputs.keys() for key in names}
    return {**{key: value for key, value in shared.items() if key not in displaced}, **inputs}


def _sendable(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the given inputs as the SDK takes them. Raises as :func:`members`."""
    return {spec.name: sendable(spec, inputs[spec.name]) for spec in INPUTS if inputs.get(spec.name) is not None}
