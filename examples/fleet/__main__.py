"""A fleet that runs one image: one machine is tried first, then at most two are rebuilt at a time."""

import pulumi

import zec_pulumi as zec

fleet = zec.Fleet(
    "web",
    instances={
        "web-1": "1272168087751233112",
        "web-2": "1272168087751233113",
        "batch-1": {"instance_id": "1272168087751233114", "user_data": "#!/bin/sh\necho batch > /etc/role\n"},
    },
    image_id=pulumi.Config().get("imageId"),  # without it, each machine keeps the image that it runs
    adopt="only",  # the first up records the machines as they are, or refuses
    user_data="#!/bin/sh\necho web > /etc/role\n",
    canary="web-1",
    max_unavailable=2,
)

pulumi.export("summary", fleet.summary)
pulumi.export("web-1", fleet.members["web-1"].public_ip_addresses)
