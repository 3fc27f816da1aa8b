"""Listing images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zec_pulumi.simulator.envelope import RefusedError
from zec_pulumi.simulator.paging import Ids, Paged, contains, page
from zec_pulumi.simulator.tag_lists import GivenTags, TagKeys, has_tags
from zec_pulumi.simulator.views import custom_image_info, image_info

if TYPE_CHECKING:
    from zec_pulumi.simulator.action_call import ActionCall
    from zec_pulumi.simulator.models import Image


class _ImageFilters(Paged):
    """What both actions filter by."""

    image_ids: Ids | None = None
    image_name: str | None = None
    category: str | None = None
    os_type: str | None = None
    image_status: str | None = None
    tag_keys: TagKeys | None = None
    tags: GivenTags | None = None


class DescribeImages(_ImageFilters):
    """Parameters of DescribeImages."""

    zone_id: str
    image_type: str | None = None
    image_source: str | None = None


class DescribeCustomImages(_ImageFilters):
    """Parameters of DescribeCustomImages."""

    region_id: str | None = None
    resource_group_id: str | None = None


def describe_images(call: ActionCall, request: DescribeImages) -> dict[str, Any]:
    """List what a zone offers, custom images of its region included.

    Source: DescribeImages, zec 2025-09-01. The code for an unknown zone is from the documented error example.
    """
    world = call.cloud.world
    if request.zone_id not in world.zones:
        raise RefusedError(404, "INVALID_ZONE_NOT_FOUND", f"Zone {request.zone_id} not found.")
    found = [
        image
        for image in world.images.values()
        if world.offers(image, request.zone_id)
        and _matches(image, request)
        and request.image_type in {None, image.image_type}
        and request.image_source in {None, image.image_source}
    ]
    return page(request, found, image_info)


def describe_custom_images(call: ActionCall, request: DescribeCustomImages) -> dict[str, Any]:
    """List custom images of every region. Source: DescribeCustomImages, zec 2025-09-01."""
    found = [
        image
        for image in call.cloud.world.images.values()
        if image.is_custom
        and _matches(image, request)
        and request.region_id in {None, *image.region_id_list}
        and request.resource_group_id in {None, image.resource_group_id}
    ]
    return page(request, found, custom_image_info)


def _matches(image: Image, request: _ImageFilters) -> bool:
    return (
        (not request.image_ids or image.image_id in request.image_ids)
        and contains(image.image_name, request.image_name)
        and request.category in {None, image.category}
        and request.os_type in {None, image.os_type}
        and request.image_status in {None, image.image_status}
        and has_tags(image.tags, keys=request.tag_keys, tags=request.tags)
    )
