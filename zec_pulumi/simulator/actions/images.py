"""Listing, making and deleting images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zec_pulumi.simulator.action_call import ActionParameters
from zec_pulumi.simulator.effects import FailIds, ImageFails, ImageMissing, NeverEnds
from zec_pulumi.simulator.envelope import RefusedError
from zec_pulumi.simulator.lifecycle import begin
from zec_pulumi.simulator.models import PendingImage
from zec_pulumi.simulator.paging import Ids, Paged, SomeIds, contains, page
from zec_pulumi.simulator.rules import check_image_name, check_resource_group
from zec_pulumi.simulator.tag_lists import GivenTags, TagAssociation, TagKeys, has_tags
from zec_pulumi.simulator.views import custom_image_info, image_info

if TYPE_CHECKING:
    from zec_pulumi.simulator.action_call import ActionCall
    from zec_pulumi.simulator.models import Image, Machine

# Not documented for zec: it is that of the sister service vm, for each zone.
IMAGE_QUOTA = 5


class _ImageFilters(Paged):
    """What both actions filter by."""

    image_ids: Ids | None = None
    image_name: str | None = None
    category: str | None = None
    os_type: str | None = None
    image_status: str | None = None
    tag_keys: TagKeys | None = None
    tags: GivenTags | None = None


class CreateImage(ActionParameters):
    """Parameters of CreateImage."""

    instance_id: str
    image_name: str
    resource_group_id: str | None = None
    tags: TagAssociation = TagAssociation()


class DeleteImages(ActionParameters):
    """Parameters of DeleteImages."""

    image_ids: SomeIds


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
        for image in _shown(call)
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
        for image in _shown(call)
        if image.is_custom
        and _matches(image, request)
        and request.region_id in {None, *image.region_id_list}
        and request.resource_group_id in {None, image.resource_group_id}
    ]
    return page(request, found, custom_image_info)


def create_image(call: ActionCall, request: CreateImage) -> dict[str, Any]:
    """Make an image of the boot disk: CREATING, then AVAILABLE or UNAVAILABLE.

    Meanwhile the instance is IMAGING and refuses every operation. Source: CreateImage, zec 2025-09-01.
    """
    world, instance = call.cloud.world, call.instance(request.instance_id)
    _check_instance(instance)
    check_image_name(request.image_name)
    group = request.resource_group_id or instance.resource_group_id
    check_resource_group(world, group)
    if sum(one.is_custom and world.offers(one, instance.zone_id) for one in world.images.values()) >= IMAGE_QUOTA:
        raise RefusedError(400, "INVALID_IMAGE_QUOTA_EXCEED", f"The zone has {IMAGE_QUOTA} custom images.")
    tags = request.tags.kept()
    seconds = None if call.effect(NeverEnds) else call.cloud.timing.rebuild_seconds
    size = instance.system_disk.disk_size
    image = world.image_of(instance).model_copy(
        update={
            "image_id": f"custom-{world.next_number():08d}",
            "image_name": request.image_name,
            "image_type": "CUSTOM_IMAGE",
            "image_source": "CUSTOM",
            "image_size": size,
            "min_disk_size": size,
            "image_status": "CREATING",
            "zone_ids": None,
            "region_id_list": [world.zones[instance.zone_id].region_id],
            "resource_group_id": group,
            "resource_group_name": world.resource_groups[group],
            "tags": tags,
            "disk_identity": instance.disk_identity,
            "pending": PendingImage(
                becomes="UNAVAILABLE" if call.effect(ImageFails) else "AVAILABLE", after_seconds=seconds, since=call.now
            ),
        }
    )
    world.images[image.image_id] = image
    world.keep_tags(tags, call.now)
    begin(instance, "IMAGING", becomes="STOPPED", now=call.now, seconds=seconds)
    call.record(instance)
    return {"imageId": image.image_id, "imageName": image.image_name}


def _check_instance(instance: Machine) -> None:
    if instance.instance_type is None:
        raise RefusedError(400, "OPERATION_DENIED_GPU_INSTANCE_NOT_SUPPORT", "A GPU instance gives no image.")
    if instance.pending is not None:
        raise RefusedError(400, "OPERATION_DENIED_INSTANCE_IN_OPERATION", f"The instance is {instance.status}.")
    if instance.status != "STOPPED":
        raise RefusedError(400, "OPERATION_DENIED_INSTANCE_STATUS_NOT_SUPPORT", f"The instance is {instance.status}.")


def delete_images(call: ActionCall, request: DeleteImages) -> dict[str, Any]:
    """Delete custom images at once, and answer those that are still CREATING as failed; refuse when none can be.

    Instances keep theirs. Source: DeleteImages, zec 2025-09-01.
    """
    world = call.cloud.world
    chosen = [_own(call, image_id) for image_id in dict.fromkeys(request.image_ids)]
    if call.effect(FailIds) is not None:
        return {"imageIds": [image.image_id for image in chosen]}
    able = [image for image in chosen if image.image_status != "CREATING"]
    if not able:
        raise RefusedError(400, "INVALID_IMAGE_STATUS", f"Image {chosen[0].image_id} is {chosen[0].image_status}.")
    for image in able:
        world.deleted_images[image.image_id] = world.images.pop(image.image_id)
    call.record(None)
    return {"imageIds": [image.image_id for image in chosen if image not in able]}


def _own(call: ActionCall, image_id: str) -> Image:
    image = call.cloud.world.images.get(image_id)
    if image is None or not image.is_custom:
        raise RefusedError(404, "INVALID_IMAGE_NOT_FOUND", f"Custom image {image_id} not found.")
    return image


def _shown(call: ActionCall) -> list[Image]:
    """Return what a read shows: the images, through the fault that hides some."""
    missing = call.effect(ImageMissing)
    images = call.cloud.world.images.values()
    return [image for image in images if missing is None or missing.image_id not in {None, image.image_id}]


def _matches(image: Image, request: _ImageFilters) -> bool:
    return (
        (not request.image_ids or image.image_id in request.image_ids)
        and contains(image.image_name, request.image_name)
        and request.category in {None, image.category}
        and request.os_type in {None, image.os_type}
        and request.image_status in {None, image.image_status}
        and has_tags(image.tags, keys=request.tag_keys, tags=request.tags)
    )
