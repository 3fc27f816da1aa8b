"""A program given as data: the resources to declare, with their arguments, come from the stack's configuration."""

from typing import Any

import pulumi

import zec_pulumi as zec

config = pulumi.Config()
resources: dict[str, dict[str, Any]] = config.require_object("resources")

for name, arguments in resources.items():
    options = arguments.pop("opts", {})
    if "custom_timeouts" in options:
        options["custom_timeouts"] = pulumi.CustomTimeouts(**options["custom_timeouts"])
    for key in arguments.pop("secret", []):
        arguments[key] = pulumi.Output.secret(arguments[key])
    resource = zec.InstanceOsImage(name, opts=pulumi.ResourceOptions(**options), **arguments)
    pulumi.export(f"{name}.status", resource.status)
    pulumi.export(f"{name}.image_id", resource.image_id)
