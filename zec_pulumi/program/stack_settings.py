"""The stack's own ``zec:`` configuration, as the program sees it."""

from __future__ import annotations

import contextlib
import json

import pulumi

_PREFIX = "zec:"
_CREDENTIALS = "zec:token"


def read() -> pulumi.Output[str] | None:
    """Return the settings by full key, such as ``zec:allowRebuild``, as secret JSON, without credentials.

    None where the SDK does not let the keys be listed.
    """
    known = None
    with contextlib.suppress(Exception):
        from pulumi.runtime.config import CONFIG, get_config_env  # noqa: PLC0415 guarded as well

        known = {**(get_config_env() or {}), **CONFIG.get()}
    if known is None:
        return None
    own = {key: value for key, value in known.items() if key.startswith(_PREFIX) and key != _CREDENTIALS}
    return pulumi.Output.secret(json.dumps(own, sort_keys=True, default=str))
