"""Listing disks: each instance's boot disk and data disks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zec_pulumi.simulator.paging import Ids, Paged, contains, page
from zec_pulumi.simulator.tag_lists import GivenTags, TagKeys  # noqa: TC001 -- pydantic reads them at run time
from zec_pulumi.simulator.views import disk_infos

if TYPE_CHECKING:
    from zec_pulumi.simulator.action_call import ActionCall


class DescribeDisks(Paged):
    """Parameters of DescribeDisks. No disk of this simulator has tags, so a tag filter finds nothing."""

    disk_ids: Ids | None = None
    disk_name: str | None = None
    disk_status: str | None = None
    disk_type: str | None = None
    disk_category: str | None = None
    instance_id: str | None = None
    zone_id: str | None = None
    region_id: str | None = None
    snapshot_ability: bool | None = None
    resource_group_id: str | None = None
    tag_keys: TagKeys | None = None
    tags: GivenTags | None = None


# Filters that compare a field of the answer as it is, by the names of both.
_EQUAL = {
    "disk_status": "diskStatus",
    "disk_type": "diskType",
    "disk_category": "diskCategory",
    "instance_id": "instanceId",
    "zone_id": "zoneId",
    "region_id": "regionId",
    "snapshot_ability": "snapshotAbility",
    "resource_group_id": "resourceGroupId",
}


def describe_disks(call: ActionCall, request: DescribeDisks) -> dict[str, Any]:
    """List disks. Source: DescribeDisks, zec 2025-09-01."""
    every = [disk for item in call.cloud.instances() for disk in disk_infos(item, call.cloud.world)]
    return page(request, [disk for disk in every if _matches(disk, request)], lambda disk: disk)


def _matches(disk: dict[str, Any], request: DescribeDisks) -> bool:
    return (
        (not request.disk_ids or disk["diskId"] in request.disk_ids)
        and contains(disk["diskName"], request.disk_name)
        and all(getattr(request, name) in {None, disk[field]} for name, field in _EQUAL.items())
        and not request.tag_keys
        and not request.tags
    )
