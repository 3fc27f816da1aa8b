"""A web server put up by the first-boot script: the rebuild is done when it answers, not when the machine runs."""

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
    health=zec.health.http("/", port=config.require_int("port"), deadline=config.require_int("seconds")),
)

pulumi.export("last_rebuild", web.last_rebuild)
