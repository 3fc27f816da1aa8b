"""Every action this simulator has, by service, version and name."""

from __future__ import annotations

from zec_pulumi.simulator.actions import (
    create,
    disks,
    grouping,
    images,
    instances,
    keypairs,
    network,
    power,
    release,
    reset,
    zones,
)
from zec_pulumi.simulator.call import Action
from zec_pulumi.simulator.versions import ACTIONS_ABSENT, CURRENT, OLDER, current, older

_ZEC = {
    "DescribeInstances": Action(instances.DescribeInstances, instances.describe_instances),
    "DescribeInstancesStatus": Action(instances.DescribeInstancesStatus, instances.describe_instances_status),
    "ModifyInstancesAttribute": Action(instances.ModifyInstancesAttribute, instances.modify_instances_attribute),
    "StopInstances": Action(power.StopInstances, power.stop_instances),
    "StartInstances": Action(power.StartInstances, power.start_instances),
    "RebootInstances": Action(power.RebootInstances, power.reboot_instances),
    "ResetInstance": Action(reset.ResetInstance, reset.reset_instance),
    "ResetInstancePassword": Action(reset.ResetInstancePassword, reset.reset_instance_password),
    "ResetInstances": Action(reset.ResetInstances, reset.reset_instances),
    "CreateZecInstances": Action(create.CreateZecInstances, create.create_zec_instances),
    "ReleaseInstances": Action(release.ReleaseInstances, release.release_instances),
    "StartIpForward": Action(network.StartIpForward, network.start_ip_forward),
    "StopIpForward": Action(network.StartIpForward, network.stop_ip_forward),
    "ModifyNetworkInterfaceAttribute": Action(
        network.ModifyNetworkInterfaceAttribute, network.modify_network_interface_attribute
    ),
    "DescribeDisks": Action(disks.DescribeDisks, disks.describe_disks),
    "DescribeImages": Action(images.DescribeImages, images.describe_images),
    "DescribeCustomImages": Action(images.DescribeCustomImages, images.describe_custom_images),
    "DescribeZones": Action(zones.DescribeZones, zones.describe_zones),
    "DescribeTimeZones": Action(zones.DescribeTimeZones, zones.describe_time_zones),
}
_KEY_PAIRS = Action(keypairs.DescribeKeyPairs, keypairs.describe_key_pairs)

ACTIONS: dict[tuple[str, str, str], Action] = {
    **{("zec", CURRENT, name): current(name, action) for name, action in _ZEC.items()},
    **{("zec", OLDER, name): older(name, action) for name, action in _ZEC.items() if name not in ACTIONS_ABSENT},
    ("zec", OLDER, "DescribeKeyPairs"): _KEY_PAIRS,
    ("ccs", CURRENT, "DescribeKeyPairs"): _KEY_PAIRS,
    ("ccs", CURRENT, "ImportKeyPair"): Action(keypairs.ImportKeyPair, keypairs.import_key_pair),
    ("ccs", CURRENT, "ModifyKeyPairAttribute"): Action(
        keypairs.ModifyKeyPairAttribute, keypairs.modify_key_pair_attribute
    ),
    ("ccs", CURRENT, "DeleteKeyPairs"): Action(keypairs.DeleteKeyPairs, keypairs.delete_key_pairs),
    ("zrm", "2025-10-14", "ModifyResourceTags"): Action(grouping.ModifyResourceTags, grouping.modify_resource_tags),
    ("user", "2024-05-29", "AddResourceResourceGroup"): Action(
        grouping.AddResourceResourceGroup, grouping.add_resource_resource_group
    ),
}
