"""The two versions of the zec service, and what each does not have.

Source: the models of the official SDKs for zec 2024-04-01 and 2025-09-01.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection

    from zec_pulumi.simulator.action_call import ApiAction

CURRENT = "2025-09-01"
OLDER = "2024-04-01"

ACTIONS_ABSENT = frozenset(
    {"CreateImage", "DeleteImages", "DescribeCustomImages", "ModifyNetworkInterfaceAttribute", "ResetInstances"}
)
# Paths from the request down, through every item of a list.
_PARAMETERS_ABSENT = {
    "CreateZecInstances": frozenset(
        {
            "nicNetworkType",
            "securityGroupId",
            "placementGroupId",
            "eipIds",
            "ipStackType",
            "networkLineType",
            "ipv6ClusterId",
            "tags",
            "userData",
            "instanceOptions",
            "systemDisk.burstingEnabled",
            "dataDisks.burstingEnabled",
        }
    ),
    "DescribeDisks": frozenset({"regionId", "tagKeys", "tags"}),
    "ReleaseInstances": frozenset({"dependResource"}),
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
            "dataSet.dataDisks.burstingEnabled",
            "dataSet.nics.securityGroupId",
            "dataSet.nics.tags",
        }
    ),
    "DescribeDisks": frozenset(
        {"dataSet.regionId", "dataSet.autoSnapshotPolicyId", "dataSet.tags", "dataSet.burstingEnabled"}
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
_FIELDS_NO_LONGER = {"DescribeDisks": frozenset({"dataSet.chargeType"})}
_NOTHING: frozenset[str] = frozenset()


def current(name: str, action: ApiAction) -> ApiAction:
    """Return the action as 2025-09-01 has it."""
    return replace(action, absent_fields=_FIELDS_NO_LONGER.get(name, _NOTHING))


def older(name: str, action: ApiAction) -> ApiAction:
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


def paths(value: Any, path: str = "") -> set[str]:
    """Return the path of every field in JSON, at every depth."""
    if isinstance(value, list):
        return {found for item in value for found in paths(item, path)}
    if not isinstance(value, dict):
        return set()
    here = {name: f"{path}.{name}" if path else name for name in value}
    return set(here.values()) | {found for name in value for found in paths(value[name], here[name])}
