"""Tags: a service of its own, for resources of every kind. Here: for instances and custom images.

A tag, a key and a value, belongs to the account. It stays when nothing is bound to it, until it is deleted.
Codes that no source names, and what the sources leave open, are in docs/simulator.md.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from zec_pulumi.simulator.action_call import ActionParameters
from zec_pulumi.simulator.envelope import RefusedError
from zec_pulumi.simulator.models import Machine, Tag
from zec_pulumi.simulator.paging import Ids, Paged, SomeIds, page
from zec_pulumi.simulator.tag_lists import GivenTag, GivenTags, SomeTags, TagKeys, check_keys_unique, has_tags

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zec_pulumi.simulator.action_call import ActionCall
    from zec_pulumi.simulator.models import Image

INSTANCE, IMAGE = "ZEC_INSTANCE", "ZEC_IMAGE"

_Order = Annotated[str, Field(pattern="^(?i:asc|desc)$")]


class ModifyResourceTags(ActionParameters):
    """Parameters of ModifyResourceTags."""

    resource_uuid: str
    replace_tags: GivenTags = Field(default_factory=list)
    delete_tag_keys: TagKeys = Field(default_factory=list)


class TagBindResources(ActionParameters):
    """Parameters of TagBindResources, and of TagUnbindResources."""

    tag: GivenTag
    resource_uuids: SomeIds


class CreateTags(ActionParameters):
    """Parameters of CreateTags, and of DeleteTags."""

    tags: SomeTags


class DescribeTags(Paged):
    """Parameters of DescribeTags. A tag must have one of the keys, and be one of the tags."""

    key_sort: _Order | None = None
    created_date_sort: _Order | None = None
    tag_keys: TagKeys | None = None
    tags: GivenTags | None = None


class DescribeResourceTags(ActionParameters):
    """Parameters of DescribeResourceTags: ``resourceUuid``, or ``resourceUuids`` as the English page spells it."""

    resource_uuid: str | None = None
    resource_uuids: Ids | None = None


class DescribeResourceByTags(ActionParameters):
    """Parameters of DescribeResourceByTags: a resource must have every key and every tag."""

    tags: GivenTags | None = None
    tag_keys: TagKeys | None = None


def modify_resource_tags(call: ActionCall, request: ModifyResourceTags) -> dict[str, Any]:
    """Set the named keys of one resource, delete others, and leave the rest; new tags are created.

    Source: ModifyResourceTags, zrm 2025-10-14.
    """
    resource = _resource(call, request.resource_uuid)
    check_keys_unique([*(tag.key for tag in request.replace_tags), *request.delete_tag_keys])
    tags = {tag.key: tag for tag in resource.tags} | {given.key: given.tag() for given in request.replace_tags}
    call.cloud.world.bind(resource, [tag for key, tag in tags.items() if key not in request.delete_tag_keys], call.now)
    _record(call, resource)
    return {}


def tag_bind_resources(call: ActionCall, request: TagBindResources) -> dict[str, Any]:
    """Bind a tag that exists to resources, all or none. Source: TagBindResources, zrm 2025-10-14."""
    tag = _existing(call, request.tag)
    resources = _resources(call, request.resource_uuids)
    for resource in resources:
        if any(one.key == tag.key and one.value != tag.value for one in resource.tags):
            raise RefusedError(400, "INVALID_RESOURCE_TAG_KEY_EXISTS", f"The key {tag.key} has another value there.")
    for resource in resources:
        if tag not in resource.tags:
            resource.tags = [*resource.tags, tag]
        _record(call, resource)
    return {}


def tag_unbind_resources(call: ActionCall, request: TagBindResources) -> dict[str, Any]:
    """Take a tag from resources; the tag stays. Source: TagUnbindResources, zrm 2025-10-14."""
    tag = _existing(call, request.tag)
    for resource in _resources(call, request.resource_uuids):
        resource.tags = [one for one in resource.tags if one != tag]
        _record(call, resource)
    return {}


def create_tags(call: ActionCall, request: CreateTags) -> dict[str, Any]:
    """Create tags, all or none. Source: CreateTags, zrm 2025-10-14."""
    world = call.cloud.world
    tags = [given.tag() for given in request.tags]
    for number, tag in enumerate(tags):
        if tag in world.tags or tag in tags[:number]:
            raise RefusedError(400, "INVALID_TAG_EXISTS", f"The tag {tag.key} exists with this value.")
    world.keep_tags(tags, call.now)
    call.record(None)
    return {}


def delete_tags(call: ActionCall, request: CreateTags) -> dict[str, Any]:
    """Delete tags that nothing is bound to, all or none. Source: DeleteTags, zrm 2025-10-14."""
    tags = [_existing(call, given) for given in request.tags]
    bound = _bound(call)
    for tag in tags:
        if bound[tag]:
            raise RefusedError(400, "OPERATION_DENIED_TAG_BOUND", f"The tag {tag.key} is bound to resources.")
    for tag in set(tags):
        del call.cloud.world.tags[tag]
    call.record(None)
    return {}


def describe_tags(call: ActionCall, request: DescribeTags) -> dict[str, Any]:
    """List the tags of the account, in the order they were created. Source: DescribeTags, zrm 2025-10-14."""
    found = [
        (tag, created)
        for tag, created in call.cloud.world.tags.items()
        if (not request.tag_keys or tag.key in request.tag_keys)
        and (not request.tags or any(given.tag() == tag for given in request.tags))
    ]
    if request.key_sort:
        found.sort(key=lambda item: item[0].key, reverse=request.key_sort.lower() == "desc")
    if request.created_date_sort:
        found.sort(key=lambda item: item[1], reverse=request.created_date_sort.lower() == "desc")
    bound = _bound(call)
    return page(request, found, lambda item: {**_dated(*item), "bindResourceCount": bound[item[0]]})


def describe_resource_tags(call: ActionCall, request: DescribeResourceTags) -> dict[str, Any]:
    """List the tags of a resource; of several, each once. Source: DescribeResourceTags, zrm 2025-10-14."""
    if request.resource_uuid is None and not request.resource_uuids:
        raise RefusedError(400, "MISSING_PARAMETER", "resourceUuid is missing.")
    named = [*([] if request.resource_uuid is None else [request.resource_uuid]), *(request.resource_uuids or [])]
    bound = [tag for resource in _resources(call, named) for tag in resource.tags]
    items = [_dated(tag, created) for tag, created in call.cloud.world.tags.items() if tag in bound]
    return {"totalCount": len(items), "dataSet": items}


def describe_resource_by_tags(call: ActionCall, request: DescribeResourceByTags) -> dict[str, Any]:
    """List what has the tags. Source: DescribeResourceByTags, zrm 2025-10-14."""
    if not request.tags and not request.tag_keys:
        raise RefusedError(400, "MISSING_PARAMETER", "tags or tagKeys is missing.")
    items = [
        {"resourceType": INSTANCE if isinstance(resource, Machine) else IMAGE, "resourceUuid": _id(resource)}
        for resource in _taggable(call)
        if has_tags(resource.tags, keys=request.tag_keys, tags=request.tags)
    ]
    return {"totalCount": len(items), "dataSet": items}


def _existing(call: ActionCall, given: GivenTag) -> Tag:
    tag = given.tag()
    if tag not in call.cloud.world.tags:
        raise RefusedError(404, "INVALID_TAG_NOT_FOUND", f"The tag {tag.key} does not exist with this value.")
    return tag


def _resources(call: ActionCall, ids: Sequence[str]) -> list[Machine | Image]:
    return [_resource(call, resource_id) for resource_id in dict.fromkeys(ids)]


def _resource(call: ActionCall, resource_id: str) -> Machine | Image:
    world = call.cloud.world
    image = world.images.get(resource_id)
    found = call.cloud.instance(resource_id) or (image if image and image.is_custom else None)
    if found is not None:
        return found
    if image is not None or resource_id in world.key_pairs:
        raise RefusedError(404, "INVALID_RESOURCE_CAN_NOT_BOUND", f"Resource {resource_id} takes no tags.")
    raise RefusedError(404, "INVALID_RESOURCE_NOT_FOUND", f"Resource {resource_id} not found.")


def _taggable(call: ActionCall) -> list[Machine | Image]:
    return [*call.cloud.instances(), *(image for image in call.cloud.world.images.values() if image.is_custom)]


def _bound(call: ActionCall) -> Counter[Tag]:
    """Return for each tag how many resources have it."""
    return Counter(tag for resource in _taggable(call) for tag in resource.tags)


def _id(resource: Machine | Image) -> str:
    return resource.instance_id if isinstance(resource, Machine) else resource.image_id


def _dated(tag: Tag, created: str) -> dict[str, Any]:
    return {"key": tag.key, "value": tag.value, "createdDate": created}


def _record(call: ActionCall, resource: Machine | Image) -> None:
    call.record(resource if isinstance(resource, Machine) else None)
