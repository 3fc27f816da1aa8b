"""What a program says about the machines of a fleet, brought into one form: the inputs of each, by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, TypedDict

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pulumi

    from zec_pulumi.health import HealthGate
    from zec_pulumi.program.resource import RebuildTrigger


class _Identity(TypedDict):
    instance_id: pulumi.Input[str]


class FleetInstance(_Identity, total=False):
    """One instance of a fleet with inputs of its own; they take the place of the fleet's.

    The inputs are those of :class:`zec_pulumi.InstanceOsImage`.
    """

    image_id: pulumi.Input[str]
    key_id: pulumi.Input[str]
    password: pulumi.Input[str]
    user_data: pulumi.Input[str]
    user_data_base64: pulumi.Input[str]
    timezone: pulumi.Input[str]
    enable_agent: pulumi.Input[bool]
    instance_name: pulumi.Input[str]
    rebuild_token: pulumi.Input[str]
    rebuild_on: pulumi.Input[Sequence[RebuildTrigger]]
    rebuild_protection: pulumi.Input[bool]
    adopt: pulumi.Input[Literal["auto", "only", "never"]]
    power_off: pulumi.Input[Literal["graceful", "force"]]
    health: pulumi.Input[HealthGate]


_KNOWN = frozenset(FleetInstance.__annotations__) | frozenset(_Identity.__annotations__)
_EITHER = ({"key_id", "password"}, {"user_data", "user_data_base64"})
"""Of these one is given, so an instance's own takes the place of both."""


def members(
    instances: Mapping[str, pulumi.Input[str] | FleetInstance] | Sequence[str], common: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    """Return the inputs of each machine by its name, which is the key or, in a list, the id.

    Args:
        instances: As given to :class:`zec_pulumi.Fleet`.
        common: The fleet's inputs; None is omitted.

    Raises:
        ValueError: there is no instance, or one id stands twice.
        TypeError: something has another type, such as a number as id.
    """
    described = {name: _merged(name, one, common) for name, one in _named(instances).items()}
    if not described:
        raise ValueError("instances: a fleet has at least one instance")
    holders: dict[str, str] = {}
    for name, inputs in described.items():
        instance_id = inputs["instance_id"]
        if isinstance(instance_id, str) and instance_id in holders:
            raise ValueError(f"instances: {holders[instance_id]!r} and {name!r} are the same instance, {instance_id}")
        if isinstance(instance_id, str):
            holders[instance_id] = name
    return described


def _named(instances: Any) -> dict[str, Any]:
    if isinstance(instances, Mapping):
        for name in instances:
            if not isinstance(name, str) or not name:
                raise TypeError(f"instances: a name must be a string that is not empty, not {name!r}")
        return dict(instances)
    if not isinstance(instances, (list, tuple)):
        raise TypeError("instances must be a dictionary of ids by name, or a list of ids")
    for instance_id in instances:
        _refuse_number("instances", instance_id)
        if not isinstance(instance_id, str) or not instance_id:
            raise TypeError("instances: a list holds plain ids; for anything else give a dictionary with names")
    twice = sorted({instance_id for instance_id in instances if instances.count(instance_id) > 1})
    if twice:
        raise ValueError(f"instances: {', '.join(twice)} stands in the list more than once")
    return {instance_id: instance_id for instance_id in instances}


def _merged(name: str, one: Any, common: Mapping[str, Any]) -> dict[str, Any]:
    own = dict(one) if isinstance(one, Mapping) else {"instance_id": one}
    unknown = sorted(set(own) - _KNOWN)
    if unknown:
        raise TypeError(f"instances[{name!r}]: {', '.join(unknown)} is none of {', '.join(sorted(_KNOWN))}")
    instance_id = own.get("instance_id")
    _refuse_number(f"instances[{name!r}]", instance_id)
    if instance_id is None:
        raise TypeError(f"instances[{name!r}]: instance_id is missing")
    given = {key: value for key, value in own.items() if value is not None}
    displaced = {key for pair in _EITHER if pair & set(given) for key in pair}
    shared = {key: value for key, value in common.items() if value is not None and key not in displaced}
    return {**shared, **given}


def _refuse_number(place: str, instance_id: object) -> None:
    if isinstance(instance_id, (int, float)):
        raise TypeError(f"{place}: instance_id must be a string: write {str(instance_id)!r}, in quotes")
