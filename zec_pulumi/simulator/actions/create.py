"""Creating instances."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from zec_pulumi.simulator.action_call import ActionParameters
from zec_pulumi.simulator.clock import timestamp
from zec_pulumi.simulator.effects import NeverEnds
from zec_pulumi.simulator.envelope import RefusedError
from zec_pulumi.simulator.lifecycle import begin
from zec_pulumi.simulator.models import DataDisk, Gibibytes, Image, InstanceOptions, Machine, SystemDisk
from zec_pulumi.simulator.rules import (
    check_agent,
    check_available,
    check_boot_disk,
    check_login,
    check_name,
    check_resource_group,
    check_time_zone,
    check_user_data,
)
from zec_pulumi.simulator.tag_lists import TagAssociation

if TYPE_CHECKING:
    from zec_pulumi.simulator.action_call import ActionCall

MAX_COUNT = 100
DEFAULT_TIME_ZONE = "America/Los_Angeles"
# Ids look like those of the seed; the addresses are of ranges that nobody routes.
_FIRST_ID = 1_272_168_087_760_000_000
_PRIVATE = ipaddress.IPv4Address("10.64.0.0")
_PUBLIC = ipaddress.IPv4Address("198.18.0.0")


class NewSystemDisk(ActionParameters):
    """The boot disk to create."""

    disk_size: Gibibytes | None = None
    disk_category: str = "Standard NVMe SSD"
    bursting_enabled: bool = False


class NewDataDisk(ActionParameters):
    """A data disk to create, ``disk_amount`` times."""

    disk_size: Gibibytes
    disk_name: str = "data"
    disk_category: str = "Standard NVMe SSD"
    disk_amount: Annotated[int, Field(ge=1)] = 1
    portable: bool = True
    bursting_enabled: bool = False


class NewOptions(ActionParameters):
    """Options of the machine."""

    nested_virtualization: bool = False


class CreateZecInstances(ActionParameters):
    """Parameters of CreateZecInstances. What concerns prices and public addresses is taken as it is."""

    zone_id: str
    image_id: str
    instance_type: Annotated[str, Field(min_length=1)]
    subnet_id: Annotated[str, Field(min_length=1)]
    instance_count: Annotated[int, Field(ge=1, le=MAX_COUNT)]
    time_zone: str = DEFAULT_TIME_ZONE
    instance_name: str = "instance"
    password: str | None = None
    key_id: str | None = None
    nic_network_type: Literal["Auto", "FailOver", "VirtioOnly", "VfOnly"] = "Auto"
    system_disk: NewSystemDisk = NewSystemDisk()
    data_disks: list[NewDataDisk] = Field(default_factory=list)
    security_group_id: str = "sg-0001"
    placement_group_id: str | None = None
    lan_ip: str | None = None
    enable_agent: bool = True
    enable_ip_forward: bool = False
    internet_charge_type: str | None = None
    traffic_package_size: float | None = None
    bandwidth: int | None = None
    eip_bind_type: str | None = None
    eip_ids: list[str] | None = None
    eip_v4_type: str | None = None
    ip_stack_type: str | None = None
    network_line_type: str | None = None
    cluster_id: str | None = None
    ipv6_cluster_id: str | None = None
    resource_group_id: str = "rg-default"
    marketing_options: dict[str, Any] | None = None
    tags: TagAssociation = TagAssociation()
    user_data: str | None = None
    instance_options: NewOptions | None = None


def create_zec_instances(call: ActionCall, request: CreateZecInstances) -> dict[str, Any]:
    """DEPLOYING, RUNNING. Source: CreateZecInstances, zec 2025-09-01; the codes are those of ResetInstance."""
    disk_size = _checked(call, request)
    image = call.cloud.world.images[request.image_id]
    never = call.effect(NeverEnds) is not None
    made = [_machine(call, request, disk_size) for _ in range(request.instance_count)]
    call.cloud.world.keep_tags(request.tags.kept(), call.now)
    for instance in made:
        begin(
            instance,
            "DEPLOYING",
            becomes="RUNNING",
            now=call.now,
            seconds=None if never else call.cloud.timing.rebuild_seconds,
        )
        instance.disk_identity = image.disk_identity or call.new_disk_identity()
        call.cloud.world.instances[instance.instance_id] = instance
        call.record(instance)
    return {
        "orderNumber": f"order-{made[0].instance_id}",
        "instanceIdSet": [instance.instance_id for instance in made],
        "instances": [
            {"instanceId": instance.instance_id, "diskIdSet": [disk.disk_id for disk in instance.data_disks]}
            for instance in made
        ],
    }


def _checked(call: ActionCall, request: CreateZecInstances) -> int:
    """Apply every rule, and return the size of the boot disk in GiB: by default what the image needs."""
    world = call.cloud.world
    if request.zone_id not in world.zones:
        raise RefusedError(404, "INVALID_ZONE_NOT_FOUND", f"Zone {request.zone_id} not found.")
    image: Image = check_available(world, request.image_id, request.zone_id)
    disk_size = request.system_disk.disk_size or image.needed_disk
    check_boot_disk(image, disk_size)
    check_agent(image, enabled=request.enable_agent)
    check_login(world, image, password=request.password, key_id=request.key_id)
    check_name(request.instance_name)
    check_time_zone(world, request.time_zone)
    check_resource_group(world, request.resource_group_id)
    if request.user_data is not None:
        check_user_data(request.user_data)
    _lan_ip(request)
    request.tags.kept()
    return disk_size


def _lan_ip(request: CreateZecInstances) -> None:
    if request.lan_ip is None:
        return
    try:
        ipaddress.IPv4Address(request.lan_ip)
    except ValueError:
        raise RefusedError(400, "INVALID_PARAMETER_VALUE", "lanIp is not an IPv4 address.") from None
    if request.instance_count > 1:
        raise RefusedError(400, "INVALID_PARAMETER_VALUE", "lanIp is for one instance.")


def _machine(call: ActionCall, request: CreateZecInstances, disk_size: int) -> Machine:
    world = call.cloud.world
    number = world.next_number()
    instance_id = str(_FIRST_ID + number)
    public = request.internet_charge_type is not None or bool(request.eip_ids)
    return Machine(
        instance_id=instance_id,
        instance_name=request.instance_name,
        zone_id=request.zone_id,
        instance_type=request.instance_type,
        image_id=request.image_id,
        time_zone=request.time_zone,
        system_disk=SystemDisk(
            disk_size=disk_size,
            disk_category=request.system_disk.disk_category,
            bursting_enabled=request.system_disk.bursting_enabled,
        ),
        data_disks=_data_disks(instance_id, request),
        nic_network_type=request.nic_network_type,
        public_ip_addresses=[str(_PUBLIC + number)] if public else [],
        private_ip_addresses=[request.lan_ip or str(_PRIVATE + number)],
        key_id=request.key_id,
        subnet_id=request.subnet_id,
        security_group_id=request.security_group_id,
        enable_agent=request.enable_agent,
        enable_ip_forward=request.enable_ip_forward,
        create_time=timestamp(call.now),
        resource_group_id=request.resource_group_id,
        resource_group_name=world.resource_groups[request.resource_group_id],
        tags=request.tags.kept(),
        placement_group_id=request.placement_group_id,
        instance_options=None
        if request.instance_options is None
        else InstanceOptions(nested_virtualization=request.instance_options.nested_virtualization),
    )


def _data_disks(instance_id: str, request: CreateZecInstances) -> list[DataDisk]:
    wanted = [disk for disk in request.data_disks for _ in range(disk.disk_amount)]
    return [
        DataDisk(
            disk_id=f"disk-{instance_id}-{number}",
            disk_name=disk.disk_name,
            disk_size=disk.disk_size,
            disk_category=disk.disk_category,
            portable=disk.portable,
            bursting_enabled=disk.bursting_enabled,
        )
        for number, disk in enumerate(wanted, start=1)
    ]
