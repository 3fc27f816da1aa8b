"""Terraform owns the machines, this program owns what runs on them."""

import pulumi

from zec_pulumi import InstanceOsImage, terraform

config = pulumi.Config()
image_id = config.get("imageId")  # without it, each machine keeps the image that it runs

for address, machine in terraform.instances(config.require("state")).items():
    # The first up records the machine as it is, or refuses; a later change of the image rebuilds.
    InstanceOsImage(address, instance_id=machine.id, image_id=image_id, adopt="only")
    pulumi.export(address, machine.public_ip_addresses)
