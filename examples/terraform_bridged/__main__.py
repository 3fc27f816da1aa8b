"""One program: the bridged Terraform provider creates the machine, InstanceOsImage owns what runs on it."""

import pulumi
import pulumi_zenlayercloud as zenlayercloud

import zec_pulumi as zec

config = pulumi.Config()
image_id, key_id = config.require("imageId"), config.require("keyId")

machine = zenlayercloud.ZecInstance(
    "web-1",
    availability_zone=config.require("zone"),
    instance_type="z2a.cpu.2",
    instance_name="web-1",
    subnet_id=config.require("subnetId"),
    system_disk_size=40,
    # Only the first boot: from then on, InstanceOsImage says what runs.
    image_id=image_id,
    key_id=key_id,
    opts=pulumi.ResourceOptions(ignore_changes=["imageId", "keyId", "password", "timeZone", "disableQgaAgent"]),
)

# The first up records the machine as it was created, or refuses; a later change of the image rebuilds.
web = zec.InstanceOsImage("web-1", instance_id=machine.id, image_id=image_id, key_id=key_id, adopt="only")
pulumi.export("status", web.status)
pulumi.export("image", web.image_name)
