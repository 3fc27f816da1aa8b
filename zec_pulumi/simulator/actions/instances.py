"""Reading and naming instances."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any

from pydantic import Field

from zec_pulumi.simulator.action_call import ActionParameters
from zec_pulumi.simulator.effects import Lag, Missing, TagsHidden
from zec_pulumi.simulator.envelope import RefusedError
from zec_pulumi.simulator.paging import Ids, Paged, SomeIds, contains, page
from zec_pulumi.simulator.rules import check_name, check_not_imaged, check_not_recycled
from zec_pulumi.simulator.tag_lists import GivenTags, TagKeys, has_tags
from zec_pulumi.simulator.views import instance_info, instance_status

if TYPE_CHECKING:
    from collections.abc import Callable

    from zec_pulumi.simulator.action_call import ActionCall
    from zec_pulumi.simulator.models import Machine


class DescribeInstancesStatus(Paged):
    """Parameters of DescribeInstancesStatus."""

    instance_ids: Ids | None = None
    resource_group_id: str | None = None


class DescribeInstances(DescribeInstancesStatus):
    """Parameters of DescribeInstances."""

    zone_id: str | None = None
    image_id: str | None = None
    instance_type: str | None = None
    instance_type_series: str | None = None
    ipv4_address: str | None = Field(default=None, alias="ipv4Address")
    ipv6_address: str | None = Field(default=None, alias="ipv6Address")
    status: str | None = None
    name: str | None = None
    tag_keys: TagKeys | None = None
    tags: GivenTags | None = None


class ModifyInstancesAttribute(ActionParameters):
    """Parameters of ModifyInstancesAttribute."""

    instance_ids: SomeIds
    instance_name: str


def describe_instances(call: ActionCall, request: DescribeInstances) -> dict[str, Any]:
    """List instances in full. Unknown ids are left out. Source: DescribeInstances, zec 2025-09-01."""
    wanted = _filters(request)
    found = [item for item in _read(call, request) if all(matches(item) for matches in wanted)]
    return page(request, found, lambda item: _shown(call, _counted(call, item)))


def _shown(call: ActionCall, instance: Machine) -> dict[str, Any]:
    info, hidden = instance_info(instance, call.cloud.world), call.effect(TagsHidden)
    if hidden is not None:
        info["tags"] = {"tags": []}
    if hidden is not None and hidden.absent:
        del info["tags"]
    return info


def describe_instances_status(call: ActionCall, request: DescribeInstancesStatus) -> dict[str, Any]:
    """List statuses. Unknown ids are left out. Source: DescribeInstancesStatus, zec 2025-09-01."""
    return page(request, _read(call, request), lambda item: instance_status(_counted(call, item)))


def modify_instances_attribute(call: ActionCall, request: ModifyInstancesAttribute) -> dict[str, Any]:
    """Rename instances; all or none. Source: ModifyInstancesAttribute, zec 2025-09-01."""
    check_name(request.instance_name)
    chosen = call.chosen(request.instance_ids)
    for instance in chosen:
        check_not_recycled(instance)
        check_not_imaged(instance)
    for instance in chosen:
        instance.instance_name = request.instance_name
        call.record(instance)
    return {}


def _read(call: ActionCall, request: DescribeInstancesStatus) -> list[Machine]:
    """Return the instances that the request names, through the faults that show them late or not at all."""
    found = _named(call, request.instance_ids)
    if request.resource_group_id is not None:
        found = [item for item in found if item.resource_group_id == request.resource_group_id]
    missing, lag = call.effect(Missing), call.effect(Lag)
    if missing is not None:
        found = [item for item in found if missing.instance_id not in {None, item.instance_id}]
    if lag is not None:
        late = [lag.reads if lag.instance_id in {None, item.instance_id} else 0 for item in found]
        found = [call.cloud.history.shown(item, lag=reads) for item, reads in zip(found, late, strict=True)]
    return found


def _counted(call: ActionCall, shown: Machine) -> Machine:
    """Count what is on the page that is answered as read, and only that."""
    call.cloud.history.count(call.cloud.world.instances[shown.instance_id])
    return shown


def _named(call: ActionCall, instance_ids: list[str] | None) -> list[Machine]:
    if not instance_ids:
        return call.cloud.instances()
    named = (call.cloud.instance(instance_id) for instance_id in dict.fromkeys(instance_ids))
    return [instance for instance in named if instance is not None]


def _filters(request: DescribeInstances) -> list[Callable[[Machine], bool]]:
    """Return a filter for each parameter that is given: every instance passes through all of them."""
    equal = {
        name: getattr(request, name)
        for name in ("zone_id", "image_id", "instance_type", "status")
        if getattr(request, name) is not None
    }
    filters: list[Callable[[Machine], bool]] = []
    if equal:
        filters.append(lambda item: all(getattr(item, name) == value for name, value in equal.items()))
    if (series := request.instance_type_series) is not None:
        filters.append(lambda item: (item.instance_type or "").split(".")[0] == series)
    if request.name is not None:
        filters.append(lambda item: contains(item.instance_name, request.name))
    if request.ipv6_address is not None:
        filters.append(lambda item: request.ipv6_address in item.public_ip_addresses)
    if (network := _ipv4_filter(request.ipv4_address)) is not None:
        filters.append(lambda item: any(_inside(text, network) for text in _addresses(item)))
    if request.tag_keys or request.tags:
        filters.append(lambda item: has_tags(item.tags, keys=request.tag_keys, tags=request.tags))
    return filters


def _addresses(instance: Machine) -> list[str]:
    return [*instance.public_ip_addresses, *instance.private_ip_addresses]


def _inside(text: str, network: ipaddress.IPv4Network) -> bool:
    address = ipaddress.ip_interface(text).ip
    return isinstance(address, ipaddress.IPv4Address) and address in network


def _ipv4_filter(text: str | None) -> ipaddress.IPv4Network | None:
    try:
        network = None if text is None else ipaddress.IPv4Network(text, strict=False)
    except ValueError:
        raise RefusedError(400, "INVALID_PARAMETER_VALUE", "ipv4Address is not an IPv4 address.") from None
    if network is not None and network.prefixlen < 20:  # noqa: PLR2004 -- the documented limit of a CIDR here
        raise RefusedError(400, "INVALID_PARAMETER_VALUE", "ipv4Address takes a CIDR of /20 to /31.")
    return network
