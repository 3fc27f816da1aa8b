"""A program given as data: the resources to declare, with their arguments, stand in the file beside it.

What has ``instances`` is a fleet, else it is one instance.
"""

import json
from pathlib import Path
from typing import Any

import pulumi

import zec_pulumi as zec

resources: dict[str, dict[str, Any]] = json.loads(Path(__file__).with_name("resources.json").read_text())

for name, arguments in resources.items():
    options = arguments.pop("opts", {})
    if "custom_timeouts" in options:
        options["custom_timeouts"] = pulumi.CustomTimeouts(**options["custom_timeouts"])
    if "health" in arguments:
        arguments["health"] = zec.health.HealthGate.parse(arguments["health"])
    for key in arguments.pop("secret", []):
        arguments[key] = pulumi.Output.secret(arguments[key])
    if "instances" in arguments:
        fleet = zec.Fleet(name, opts=pulumi.ResourceOptions(**options), **arguments)
        pulumi.export(f"{name}.instances", fleet.instances)
        pulumi.export(f"{name}.summary", fleet.summary)
        continue
    resource = zec.InstanceOsImage(name, opts=pulumi.ResourceOptions(**options), **arguments)
    pulumi.export(f"{name}.status", resource.status)
    pulumi.export(f"{name}.image_id", resource.image_id)
