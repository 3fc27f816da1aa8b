"""The smallest program: one existing instance and the image it shall run."""

import pulumi

import zec_pulumi as zec

config = pulumi.Config()

web = zec.InstanceOsImage(
    "web-1",
    instance_id=config.require("instanceId"),
    image_id=config.require("imageId"),
    adopt="only",  # the first up records the machine as it is, or refuses; a later change of the image rebuilds
)

pulumi.export("status", web.status)
pulumi.export("image", web.image_name)
pulumi.export("last_rebuild", web.last_rebuild)
