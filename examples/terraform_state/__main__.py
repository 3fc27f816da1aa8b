"""Terraform owns the machines, this program owns what runs on them."""

import pulumi

from zec_pulumi import InstanceOsImage, terraform

config = pulumi.Config()
image_id = config.require("imageId")

for address, machine in terraform.instances(config.require("state")).items():
    InstanceOsImage(address, instance_id=machine.id, image_id=image_id)
    pulumi.export(address, machine.public_ip_addresses)
