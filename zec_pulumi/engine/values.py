"""Properties as the SDK hands them over, in the values that the core knows."""

from __future__ import annotations

from typing import Any

from pulumi.output import Unknown

from zec_pulumi.planning.inputs import UNKNOWN


def core_values(properties: dict[str, Any]) -> dict[str, Any]:
    """Return ``properties`` with the core's mark for each value that is not known yet."""
    return {key: _core_value(value) for key, value in properties.items()}


def _core_value(value: Any) -> Any:
    if isinstance(value, Unknown):
        return UNKNOWN
    if isinstance(value, dict):
        return core_values(value)
    if isinstance(value, (list, tuple)):
        return [_core_value(item) for item in value]
    return value
