"""Every action this simulator has, by service, version and name."""

from __future__ import annotations

from zec_pulumi.simulator.actions import images, instances, keypairs, power, reset, zones
from zec_pulumi.simulator.call import Action
from zec_pulumi.simulator.versions import ACTIONS_ABSENT, CURRENT, OLDER, older

_ZEC = {
    "DescribeInstances": Action(instances.DescribeInstances, instances.describe_instances),
    "DescribeInstancesStatus": Action(instances.DescribeInstancesStatus, instances.describe_instances_status),
    "ModifyInstancesAttribute": Action(instances.ModifyInstancesAttribute, instances.modify_instances_attribute),
    "StopInstances": Action(power.StopInstances, power.stop_instances),
    "StartInstances": Action(power.StartInstances, power.start_instances),
    "RebootInstances": Action(power.RebootInstances, power.reboot_instances),
    "ResetInstance": Action(reset.ResetInstance, reset.reset_instance),
    "ResetInstancePassword": Action(reset.ResetInstancePassword, reset.reset_instance_password),
    "DescribeImages": Action(images.DescribeImages, images.describe_images),
    "DescribeCustomImages": Action(images.DescribeCustomImages, images.describe_custom_images),
    "DescribeZones": Action(zones.DescribeZones, zones.describe_zones),
    "DescribeTimeZones": Action(zones.DescribeTimeZones, zones.describe_time_zones),
}
_KEY_PAIRS = Action(keypairs.DescribeKeyPairs, keypairs.describe_key_pairs)

ACTIONS: dict[tuple[str, str, str], Action] = {
    **{("zec", CURRENT, name): action for name, action in _ZEC.items()},
    **{("zec", OLDER, name): older(name, action) for name, action in _ZEC.items() if name not in ACTIONS_ABSENT},
    ("zec", OLDER, "DescribeKeyPairs"): _KEY_PAIRS,
    ("ccs", CURRENT, "DescribeKeyPairs"): _KEY_PAIRS,
}
