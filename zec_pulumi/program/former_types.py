"""What older releases recorded of a subclass: they gave it the type that the SDK makes of its class arguments."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

import pulumi

from zec_pulumi.program import stack_state

if TYPE_CHECKING:
    from collections.abc import Mapping

_OURS = b"zec_pulumi.provider"


async def former_urns(name: str, former_type: str, opts: pulumi.ResourceOptions) -> list[str]:
    """Return the URNs under which the stack's state holds this resource with its former type.

    The default type of the SDK belongs to any dynamic resource, so a record counts only if it is this package's. None
    is returned when the state cannot be read: then the machine is adopted or rebuilt as the preview says.
    """
    places: list[tuple[str, Any]] = [(name, opts.parent)]
    for alias in opts.aliases or ():
        if isinstance(alias, pulumi.Alias) and not isinstance(alias.type_, str):
            alias_name = alias.name if isinstance(alias.name, str) else name
            has_parent = alias.parent is None or isinstance(alias.parent, (str, pulumi.Resource, pulumi.Output))
            places.append((alias_name, alias.parent if has_parent else opts.parent))
    urns = [await pulumi.create_urn(name, former_type, parent).future() for name, parent in places]
    records = (await stack_state.read_once()).get("records", {})
    return [urn for urn in urns if urn is not None and _is_ours(records.get(urn, {}))]


def _is_ours(record: Mapping[str, Any]) -> bool:
    try:
        return _OURS in base64.b64decode(str((record.get("outputs") or {}).get("__provider", "")))
    except (binascii.Error, ValueError):
        return False
