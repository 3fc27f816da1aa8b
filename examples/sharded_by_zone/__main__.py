"""One stack of many: a fleet of those instances of one zone that are this stack's part."""

import pulumi
from shards import inventory, mine

import zec_pulumi as zec

config = pulumi.Config()

fleet = zec.Fleet(
    pulumi.get_stack(),
    instances=mine(inventory(config.require("zone")), config.require_int("part"), config.require_int("parts")),
    image_id=config.get("imageId"),  # without it, each machine keeps the image that it runs
    adopt="only",  # the first up records the machines as they are, or refuses
    canary=1,
    max_unavailable="20%",
)

pulumi.export("summary", fleet.summary)
