"""Several instances and one image, rebuilt one after the other: the first that fails stops the rest."""

import pulumi

import zec_pulumi as zec

MACHINES = {
    "web-1": "1272168087751233112",
    "web-2": "1272168087751233113",
    "batch-1": "1272168087751233114",
}

image_id = pulumi.Config().require("imageId")

previous: list[pulumi.Resource] = []
for name, instance_id in MACHINES.items():
    machine = zec.InstanceOsImage(
        name,
        instance_id=instance_id,
        image_id=image_id,
        opts=pulumi.ResourceOptions(depends_on=previous),
    )
    pulumi.export(name, machine.image_name)
    previous = [machine]
