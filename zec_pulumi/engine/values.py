"""Properties as the SDK hands them over, in the values that the core knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pulumi.output import Unknown

from zec_pulumi.planning.inputs import UNKNOWN
from zec_pulumi.settings.keys import OWN_KEYS, ZENLAYER_KEYS
from zec_pulumi.settings.options import texts

if TYPE_CHECKING:
    from pulumi.dynamic import Config


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


def stack_values(config: Config) -> dict[str, str]:
    """Return the configuration that the engine gave to this provider, by full key.

    The SDK has no call that lists the keys. Where it keeps them otherwise than today, only known keys are read.
    """
    kept = getattr(config, "_props", None)
    if not isinstance(kept, dict):
        kept = {key: config.get(key) for key in OWN_KEYS + ZENLAYER_KEYS}
    return texts({str(key): value for key, value in kept.items() if value is not None})
