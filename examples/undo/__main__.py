"""A rebuild that can be taken back: the old system is kept, and comes back by itself when the new one is no good."""

import pulumi

import zec_pulumi as zec

config = pulumi.Config()

web = zec.InstanceOsImage(
    "web-1",
    instance_id=config.require("instanceId"),
    image_id=config.require("imageId"),
    adopt="only",  # the first up records the machine as it is, or refuses; a later change of the image rebuilds
    backup=True,
    health=zec.health.command(
        ["python3", "smoke_test.py"], env=["ZENLAYERCLOUD_DOMAIN"], deadline=5, interval=1, successes=1
    ),
    on_unhealthy="roll_back",
)

pulumi.export("backups", web.backups)
