"""One stack of many: a fleet of those instances of one zone that are this stack's part."""

import pulumi
from shards import inventory, mine

import zec_pulumi as zec

config = pulumi.Config()

fleet = zec.Fleet(
    pulumi.get_stack(),
    instances=mine(inventory(config.require("zone")), config.require_int("part"), config.require_int("parts")),
    image_id=config.require("imageId"),
    canary=1,
    max_unavailable="20%",
)

pulumi.export("summary", fleet.summary)
