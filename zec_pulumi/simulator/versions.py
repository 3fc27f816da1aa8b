"""The two versions of the zec service, and what the older one does not have.

Source: the models of the official SDKs for zec 2024-04-01 and 2025-09-01.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection

    from zec_pulumi.simulator.call import Action

CURRENT = "2025-09-01"
OLDER = "2024-04-01"

ACTIONS_ABSENT = frozenset({"DescribeCustomImages"})
_PARAMETERS_ABSENT = {
    "DescribeInstances": frozenset({"instanceType", "instanceTypeSeries", "tags", "tagKeys"}),
    "RebootInstances": frozenset({"forceReboot"}),
    "ResetInstance": frozenset({"instanceName", "userData"}),
    "DescribeImages": frozenset({"imageSource", "tags", "tagKeys"}),
}
# Paths from the response down, through every item of a list.
_FIELDS_ABSENT = {
    "DescribeInstances": frozenset(
        {
            "dataSet.securityGroupId",
            "dataSet.tags",
            "dataSet.loadBalancerIds",
            "dataSet.placementGroupId",
            "dataSet.instanceOptions",
            "dataSet.systemDisk.burstingEnabled",
            "dataSet.nics.securityGroupId",
            "dataSet.nics.tags",
        }
    ),
    "DescribeImages": frozenset({"dataSet.imageSource", "dataSet.minDiskSize", "dataSet.tags"}),
    "DescribeZones": frozenset(
        {
            "zoneSet.supportSecurityGroup",
            "zoneSet.timeZone",
            "zoneSet.cityName",
            "zoneSet.cityCode",
            "zoneSet.countryCode",
            "zoneSet.countryName",
            "zoneSet.supportHaVip",
        }
    ),
}
_NOTHING: frozenset[str] = frozenset()


def older(name: str, action: Action) -> Action:
    """Return the action as 2024-04-01 has it."""
    return replace(
        action,
        absent_parameters=_PARAMETERS_ABSENT.get(name, _NOTHING),
        absent_fields=_FIELDS_ABSENT.get(name, _NOTHING),
    )


def without(value: Any, absent: Collection[str], path: str = "") -> Any:
    """Return JSON without the fields whose path is in ``absent``."""
    if not absent:
        return value
    if isinstance(value, list):
        return [without(item, absent, path) for item in value]
    if not isinstance(value, dict):
        return value
    paths = {name: f"{path}.{name}" if path else name for name in value}
    return {name: without(item, absent, paths[name]) for name, item in value.items() if paths[name] not in absent}
