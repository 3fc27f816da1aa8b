"""Renders instances, images and the like for an answer: every field the official clients know, no other.

Integers stay integers, ``imageSize`` is a string, lists and ``tags`` are never null, ``supportSecurityGroup``
always is, and ``instanceOptions`` unless the instance was created with them: real clients depend on each of these.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zec_pulumi.simulator.models import Image, KeyPair, Machine, Zone
    from zec_pulumi.simulator.world import World

# The status of a disk while its instance is on the way out; otherwise it is in use.
_DISK_STATUS = {"RECYCLING": "RECYCLING", "RECYCLE": "RECYCLED", "RELEASING": "DELETING"}


def instance_status(instance: Machine) -> dict[str, Any]:
    """Return an item of DescribeInstancesStatus; the status has another name here than in the full view."""
    return {"instanceId": instance.instance_id, "instanceStatus": instance.status}


def instance_info(instance: Machine, world: World) -> dict[str, Any]:
    """Return the InstanceInfo of DescribeInstances."""
    copied = instance.model_dump(
        by_alias=True, exclude={"pending", "tags", "system_disk", "data_disks", "nic_name", "disk_identity"}
    )
    return {
        **copied,
        "imageName": world.image_of(instance).image_name,
        "systemDisk": {
            "diskId": _system_disk_id(instance),
            **instance.system_disk.model_dump(by_alias=True),
        },
        "dataDisks": [{**disk.model_dump(by_alias=True), "diskAmount": None} for disk in instance.data_disks],
        "nics": [_nic(instance, world)],
        "tags": _tags(instance),
        "loadBalancerIds": [],
    }


def nic_id(instance: Machine) -> str:
    """Return the id of the primary network interface."""
    return f"nic-{instance.instance_id}"


def disk_infos(instance: Machine, world: World) -> list[dict[str, Any]]:
    """Return the items of DescribeDisks for an instance: its boot disk first."""
    common: dict[str, Any] = {
        "regionId": world.zones[instance.zone_id].region_id,
        "zoneId": instance.zone_id,
        "diskStatus": _DISK_STATUS.get(instance.status, "IN_USE"),
        "instanceId": instance.instance_id,
        "instanceName": instance.instance_name,
        "chargeType": None,
        "createTime": instance.create_time,
        "expiredTime": instance.expired_time,
        "period": None,
        "resourceGroupId": instance.resource_group_id,
        "resourceGroupName": instance.resource_group_name,
        "snapshotAbility": True,
        "autoSnapshotPolicyId": None,
        "tags": {"tags": []},
    }
    boot = {"diskId": _system_disk_id(instance), "diskName": f"{instance.instance_name}-system", "portable": False}
    disks = [
        {**boot, **instance.system_disk.model_dump(by_alias=True), "diskType": "SYSTEM"},
        *({**disk.model_dump(by_alias=True), "diskType": "DATA"} for disk in instance.data_disks),
    ]
    return [{**common, **disk, "serial": disk["diskId"]} for disk in disks]


def image_info(image: Image) -> dict[str, Any]:
    """Return an Image of DescribeImages."""
    hidden = {"agent_supported", "zone_ids", "region_id_list", "resource_group_id", "resource_group_name", "tags"}
    hidden |= {"disk_identity", "pending"}
    return {
        **image.model_dump(by_alias=True, exclude=hidden),
        "imageSize": str(image.image_size),
        "tags": _tags(image),
    }


def custom_image_info(image: Image) -> dict[str, Any]:
    """Return an image of DescribeCustomImages."""
    return {
        **image_info(image),
        "regionIdList": list(image.region_id_list),
        "resourceGroupId": image.resource_group_id,
        "resourceGroupName": image.resource_group_name,
    }


def key_pair_info(key_pair: KeyPair) -> dict[str, Any]:
    """Return a key pair of DescribeKeyPairs."""
    return key_pair.model_dump(by_alias=True, exclude={"supported"})


def zone_info(zone: Zone) -> dict[str, Any]:
    """Return a zone of DescribeZones."""
    return {**zone.model_dump(by_alias=True), "supportSecurityGroup": None}


def _system_disk_id(instance: Machine) -> str:
    return f"disk-{instance.instance_id}"


def _tags(resource: Machine | Image) -> dict[str, Any]:
    return {"tags": [tag.model_dump(by_alias=True) for tag in resource.tags]}


def _nic(instance: Machine, world: World) -> dict[str, Any]:
    private = instance.private_ip_addresses
    return {
        "nicId": nic_id(instance),
        "name": instance.nic_name,
        "status": "USED",
        "nicType": "Primary",
        "regionId": world.zones[instance.zone_id].region_id,
        "nicSubnetType": "IPv4",
        "publicIpList": list(instance.public_ip_addresses),
        "privateIpList": list(private),
        "primaryIpv4": private[0] if private else None,
        "primaryIpv6": None,
        "ipv6Cidr": None,
        "secondaryIpv4s": [],
        "macAddress": None,
        "instanceId": instance.instance_id,
        "vpcId": "vpc-0001",
        "subnetId": instance.subnet_id,
        "createTime": instance.create_time,
        "updateTime": instance.create_time,
        "resourceGroup": {
            "resourceGroupId": instance.resource_group_id,
            "resourceGroupName": instance.resource_group_name,
        },
        "securityGroupId": instance.security_group_id,
        "tags": {"tags": []},
    }
