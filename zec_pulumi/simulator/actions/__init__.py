"""Every action this simulator has, by service, version and name."""

from __future__ import annotations

from zec_pulumi.simulator.action_call import ApiAction
from zec_pulumi.simulator.actions import (
    create,
    disks,
    groups,
    images,
    instances,
    keypairs,
    network,
    power,
    release,
    reset,
    tags,
    zones,
)
from zec_pulumi.simulator.versions import ACTIONS_ABSENT, CURRENT, OLDER, current, older

_ZEC = {
    "DescribeInstances": ApiAction(instances.DescribeInstances, instances.describe_instances),
    "DescribeInstancesStatus": ApiAction(instances.DescribeInstancesStatus, instances.describe_instances_status),
    "ModifyInstancesAttribute": ApiAction(instances.ModifyInstancesAttribute, instances.modify_instances_attribute),
    "StopInstances": ApiAction(power.StopInstances, power.stop_instances),
    "StartInstances": ApiAction(power.StartInstances, power.start_instances),
    "RebootInstances": ApiAction(power.RebootInstances, power.reboot_instances),
    "ResetInstance": ApiAction(reset.ResetInstance, reset.reset_instance),
    "ResetInstancePassword": ApiAction(reset.ResetInstancePassword, reset.reset_instance_password),
    "ResetInstances": ApiAction(reset.ResetInstances, reset.reset_instances),
    "CreateZecInstances": ApiAction(create.CreateZecInstances, create.create_zec_instances),
    "ReleaseInstances": ApiAction(release.ReleaseInstances, release.release_instances),
    "StartIpForward": ApiAction(network.StartIpForward, network.start_ip_forward),
    "StopIpForward": ApiAction(network.StartIpForward, network.stop_ip_forward),
    "ModifyNetworkInterfaceAttribute": ApiAction(
        network.ModifyNetworkInterfaceAttribute, network.modify_network_interface_attribute
    ),
    "DescribeDisks": ApiAction(disks.DescribeDisks, disks.describe_disks),
    "DescribeImages": ApiAction(images.DescribeImages, images.describe_images),
    "DescribeCustomImages": ApiAction(images.DescribeCustomImages, images.describe_custom_images),
    "CreateImage": ApiAction(images.CreateImage, images.create_image),
    "DeleteImages": ApiAction(images.DeleteImages, images.delete_images),
    "DescribeZones": ApiAction(zones.DescribeZones, zones.describe_zones),
    "DescribeTimeZones": ApiAction(zones.DescribeTimeZones, zones.describe_time_zones),
}
_KEY_PAIRS = ApiAction(keypairs.DescribeKeyPairs, keypairs.describe_key_pairs)
_TAGS = {
    "ModifyResourceTags": ApiAction(tags.ModifyResourceTags, tags.modify_resource_tags),
    "TagBindResources": ApiAction(tags.TagBindResources, tags.tag_bind_resources),
    "TagUnbindResources": ApiAction(tags.TagBindResources, tags.tag_unbind_resources),
    "CreateTags": ApiAction(tags.CreateTags, tags.create_tags),
    "DeleteTags": ApiAction(tags.CreateTags, tags.delete_tags),
    "DescribeTags": ApiAction(tags.DescribeTags, tags.describe_tags),
    "DescribeResourceTags": ApiAction(tags.DescribeResourceTags, tags.describe_resource_tags),
    "DescribeResourceByTags": ApiAction(tags.DescribeResourceByTags, tags.describe_resource_by_tags),
}

ACTIONS: dict[tuple[str, str, str], ApiAction] = {
    **{("zec", CURRENT, name): current(name, action) for name, action in _ZEC.items()},
    **{("zec", OLDER, name): older(name, action) for name, action in _ZEC.items() if name not in ACTIONS_ABSENT},
    ("zec", OLDER, "DescribeKeyPairs"): _KEY_PAIRS,
    ("ccs", CURRENT, "DescribeKeyPairs"): _KEY_PAIRS,
    ("ccs", CURRENT, "ImportKeyPair"): ApiAction(keypairs.ImportKeyPair, keypairs.import_key_pair),
    ("ccs", CURRENT, "ModifyKeyPairAttribute"): ApiAction(
        keypairs.ModifyKeyPairAttribute, keypairs.modify_key_pair_attribute
    ),
    ("ccs", CURRENT, "DeleteKeyPairs"): ApiAction(keypairs.DeleteKeyPairs, keypairs.delete_key_pairs),
    **{("zrm", "2025-10-14", name): action for name, action in _TAGS.items()},
    ("user", "2024-05-29", "AddResourceResourceGroup"): ApiAction(
        groups.AddResourceResourceGroup, groups.add_resource_resource_group
    ),
}
