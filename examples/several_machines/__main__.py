"""Several instances and one image, rebuilt one after the other: the first that fails stops the rest."""

import pulumi

import zec_pulumi as zec

MACHINES = {
    "web-1": "1272168087751233112",
    "web-2": "1272168087751233113",
    "batch-1": "1272168087751233114",
}

image_id = pulumi.Config().get("imageId")  # without it, each machine keeps the image that it runs

previous: list[pulumi.Resource] = []
for name, instance_id in MACHINES.items():
    machine = zec.InstanceOsImage(
        name,
        instance_id=instance_id,
        image_id=image_id,
        adopt="only",  # the first up records the machines as they are, or refuses
        opts=pulumi.ResourceOptions(depends_on=previous),
    )
    pulumi.export(name, machine.image_name)
    previous = [machine]
