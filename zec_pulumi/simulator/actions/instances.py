"""Reading and naming instances."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from zec_pulumi.simulator.call import Request
from zec_pulumi.simulator.effects import Lag, Missing
from zec_pulumi.simulator.envelope import ApiError
from zec_pulumi.simulator.models import Tag  # noqa: TC001 -- pydantic reads it at run time
from zec_pulumi.simulator.paging import MAX_TAGS, Ids, Paged, SomeIds, contains, page
from zec_pulumi.simulator.rules import check_name, check_not_recycled
from zec_pulumi.simulator.views import instance_info, instance_status

if TYPE_CHECKING:
    from zec_pulumi.simulator.call import Call
    from zec_pulumi.simulator.models import Instance


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
    tag_keys: Annotated[list[str], Field(max_length=MAX_TAGS)] | None = None
    tags: Annotated[list[Tag], Field(max_length=MAX_TAGS)] | None = None


class ModifyInstancesAttribute(Request):
    """Parameters of ModifyInstancesAttribute."""

    instance_ids: SomeIds
    instance_name: str


def describe_instances(call: Call, request: DescribeInstances) -> dict[str, Any]:
    """List instances in full. Unknown ids are left out. Source: DescribeInstances, zec 2025-09-01."""
    addresses = _ipv4_filter(request.ipv4_address)
    found = [item for item in _read(call, request) if _matches(item, request, addresses)]
    return page(request, found, lambda item: instance_info(item, call.cloud.world))


def describe_instances_status(call: Call, request: DescribeInstancesStatus) -> dict[str, Any]:
    """List statuses. Unknown ids are left out. Source: DescribeInstancesStatus, zec 2025-09-01."""
    return page(request, _read(call, request), instance_status)


def modify_instances_attribute(call: Call, request: ModifyInstancesAttribute) -> dict[str, Any]:
    """Rename instances; all or none. Source: ModifyInstancesAttribute, zec 2025-09-01."""
    check_name(request.instance_name)
    chosen = call.chosen(request.instance_ids)
    for instance in chosen:
        check_not_recycled(instance)
    for instance in chosen:
        instance.instance_name = request.instance_name
        call.record(instance)
    return {}


def _read(call: Call, request: DescribeInstancesStatus) -> list[Instance]:
    """Return the instances asked for, through the faults that show them late or not at all."""
    missing, lag = call.effect(Missing), call.effect(Lag)
    found = []
    for instance in _named(call, request.instance_ids):
        if request.resource_group_id not in {None, instance.resource_group_id}:
            continue
        if missing is not None and missing.instance_id in {None, instance.instance_id}:
            continue
        late = lag.reads if lag is not None and lag.instance_id in {None, instance.instance_id} else 0
        found.append(call.cloud.history.read(instance, lag=late))
    return found


def _named(call: Call, instance_ids: list[str] | None) -> list[Instance]:
    if not instance_ids:
        return call.cloud.instances()
    named = (call.cloud.instance(instance_id) for instance_id in dict.fromkeys(instance_ids))
    return [instance for instance in named if instance is not None]


def _matches(instance: Instance, request: DescribeInstances, addresses: ipaddress.IPv4Network | None) -> bool:
    tags = {tag.key: tag.value for tag in instance.tags}
    return (
        request.zone_id in {None, instance.zone_id}
        and request.image_id in {None, instance.image_id}
        and request.instance_type in {None, instance.instance_type}
        and request.instance_type_series in {None, instance.instance_type.split(".")[0]}
        and request.status in {None, instance.status}
        and contains(instance.instance_name, request.name)
        and request.ipv6_address in {None, *instance.public_ip_addresses}
        and (addresses is None or any(_inside(text, addresses) for text in _addresses(instance)))
        and all(key in tags for key in request.tag_keys or [])
        and all(tags.get(tag.key) == tag.value for tag in request.tags or [])
    )


def _addresses(instance: Instance) -> list[str]:
    return [*instance.public_ip_addresses, *instance.private_ip_addresses]


def _inside(text: str, network: ipaddress.IPv4Network) -> bool:
    address = ipaddress.ip_interface(text).ip
    return isinstance(address, ipaddress.IPv4Address) and address in network


def _ipv4_filter(text: str | None) -> ipaddress.IPv4Network | None:
    try:
        network = None if text is None else ipaddress.IPv4Network(text, strict=False)
    except ValueError:
        raise ApiError(400, "INVALID_PARAMETER_VALUE", "ipv4Address is not an IPv4 address.") from None
    if network is not None and network.prefixlen < 20:  # noqa: PLR2004 -- the documented limit of a CIDR here
        raise ApiError(400, "INVALID_PARAMETER_VALUE", "ipv4Address takes a CIDR of /20 to /31.")
    return network
