"""How what exists is written in an answer: every field the official clients know, no other.

Integers stay integers, ``imageSize`` is a string, lists and ``tags`` are never null, ``instanceOptions`` and
``supportSecurityGroup`` always are: real clients depend on each of these.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zec_pulumi.simulator.models import Image, Instance, KeyPair, Zone
    from zec_pulumi.simulator.world import World


def instance_status(instance: Instance) -> dict[str, Any]:
    """Return an item of DescribeInstancesStatus; the status has another name here than in the full view."""
    return {"instanceId": instance.instance_id, "instanceStatus": instance.status}


def instance_info(instance: Instance, world: World) -> dict[str, Any]:
    """Return the InstanceInfo of DescribeInstances."""
    copied = instance.model_dump(by_alias=True, exclude={"pending", "tags", "system_disk"})
    return {
        **copied,
        "imageName": world.images[instance.image_id].image_name,
        "nicNetworkType": "Auto",
        "systemDisk": {
            "diskId": f"disk-{instance.instance_id}",
            **instance.system_disk.model_dump(by_alias=True),
        },
        "dataDisks": [],
        "nics": [_nic(instance, world)],
        "tags": _tags(instance),
        "loadBalancerIds": [],
        "placementGroupId": None,
        "instanceOptions": None,
    }


def image_info(image: Image) -> dict[str, Any]:
    """Return an Image of DescribeImages."""
    hidden = {"agent_supported", "zone_ids", "region_id_list", "resource_group_id", "resource_group_name"}
    return {
        **image.model_dump(by_alias=True, exclude=hidden),
        "imageSize": str(image.image_size),
        "tags": {"tags": []},
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


def _tags(instance: Instance) -> dict[str, Any]:
    return {"tags": [tag.model_dump(by_alias=True) for tag in instance.tags]}


def _nic(instance: Instance, world: World) -> dict[str, Any]:
    private = instance.private_ip_addresses
    return {
        "nicId": f"nic-{instance.instance_id}",
        "name": "eth0",
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
