"""Listing zones and time zones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zec_pulumi.simulator.action_call import ActionParameters
from zec_pulumi.simulator.views import zone_info

if TYPE_CHECKING:
    from zec_pulumi.simulator.action_call import ActionCall


class DescribeZones(ActionParameters):
    """Parameters of DescribeZones."""

    zone_ids: list[str] | None = None


class DescribeTimeZones(ActionParameters):
    """DescribeTimeZones takes no parameters."""


def describe_zones(call: ActionCall, request: DescribeZones) -> dict[str, Any]:
    """List zones, not in pages. Source: DescribeZones, zec 2025-09-01."""
    zones = call.cloud.world.zones.values()
    return {"zoneSet": [zone_info(zone) for zone in zones if not request.zone_ids or zone.zone_id in request.zone_ids]}


def describe_time_zones(call: ActionCall, _: DescribeTimeZones) -> dict[str, Any]:
    """List the time zones ResetInstance accepts. Source: DescribeTimeZones, zec 2025-09-01."""
    return {"timeZones": list(call.cloud.world.time_zones)}
