"""Two machines, the second of which runs whatever the first one runs: unknown in the previews that change the first."""

import json
from pathlib import Path

import zec_pulumi as zec

images = json.loads(Path(__file__).with_name("resources.json").read_text())

image_id = images["first"]["image_id"]
first = zec.InstanceOsImage("first", instance_id="1272168087751233112", image_id=image_id)
same = first.status.apply(lambda _: image_id)
zec.InstanceOsImage("second", instance_id=images["second"]["instance_id"], image_id=same)
zec.InstanceOsImage("third", instance_id=first.status.apply(lambda _: "1272168087751233114"))
