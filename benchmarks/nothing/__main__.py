"""Machines of a provider that does nothing: what is left is the engine's own time."""

import json
from pathlib import Path
from typing import Any

import pulumi
from idle import IdleProvider
from pulumi.dynamic import Resource


class Machine(Resource):
    """One machine."""

    def __init__(self, name: str, instance_id: str, image_id: str) -> None:
        super().__init__(IdleProvider(), name, {"instance_id": instance_id, "image_id": image_id})


declared: dict[str, dict[str, Any]] = json.loads(Path(__file__).with_name("resources.json").read_text())
for machine, arguments in declared.items():
    Machine(machine, **arguments)
pulumi.export("machines", len(declared))
