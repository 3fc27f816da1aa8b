"""An image and the script of its first boot; a token that asks for another rebuild, and a lock against any."""

import pulumi

import zec_pulumi as zec

config = pulumi.Config()

FIRST_BOOT = """\
#!/bin/bash
set -e
apt-get update
apt-get install --yes nginx
"""

web = zec.InstanceOsImage(
    "web-1",
    instance_id=config.require("instanceId"),
    image_id=config.require("imageId"),
    user_data=FIRST_BOOT,
    adopt="only",  # the first up records the machine as it is, or refuses; a later change of the image rebuilds
    rebuild_token=config.require("generation"),
    rebuild_protection=config.require_bool("protected"),
    opts=pulumi.ResourceOptions(custom_timeouts=pulumi.CustomTimeouts(create="45m", update="45m")),
)

pulumi.export("status", web.status)
pulumi.export("last_rebuild", web.last_rebuild)
