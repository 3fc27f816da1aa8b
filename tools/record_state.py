"""Record the state that this version writes, so that later versions can prove they still understand it.

Run once per release: ``.venv/bin/python tools/record_state.py``. It drives the real engine against the simulator and
writes ``tests/engine/recorded_states/VERSION.json``: the exported stack, the program's resources and the machines.
"""

from __future__ import annotations

import json
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import engine
from driver import ROOT, new_stack
from zec_pulumi import health
from zec_pulumi.simulator import Simulator

NOBLE = "ubuntu2404_20240712"
RESOURCES: dict[str, dict[str, Any]] = {
    "adopted": {
        "instance_id": "1272168087751233113",
        "health": health.http("/healthz", port=8443, tls=True, address="private").properties(),
    },
    "rebuilt": {
        "instance_id": "1272168087751233112",
        "image_id": NOBLE,
        "key_id": "key-2ndKey01",
        "user_data": "#!/bin/sh\necho first boot\n",
        "timezone": "Asia/Shanghai",
        "enable_agent": True,
        "instance_name": "front-1",
        "rebuild_token": "first",
        "rebuild_on": ["timezone", "enable_agent"],
        "rebuild_protection": False,
        "adopt": "never",
        "power_off": "force",
    },
    "password": {"instance_id": "1272168087751233114", "image_id": NOBLE, "password": "Recorded-pass1"},
    "windows": {"instance_id": "1272168087751233118", "image_id": "windows2022_20240712"},
}
PLACES = ("sourcePosition", "stackTrace", "created", "modified")
"""What the engine notes about the machine and the moment: no part of the contract."""


def main() -> None:
    """Write the file for the version that is installed."""
    folder = engine.find()
    if folder is None:
        sys.exit("no Pulumi engine: run make engine")
    folder = engine.with_language_host(folder, ROOT / ".cache" / "engine")
    with tempfile.TemporaryDirectory() as scratch, Simulator(rebuild_seconds=0.4, stop_seconds=0.2) as cloud:
        stack = new_stack(Path(scratch), cloud, folder, "newest")
        stack.declare(**RESOURCES).up().ok()
        stack.preview("--expect-no-changes").ok()
        state = json.loads(stack.run("stack", "export").ok().stdout)
        machines = {entry["instance_id"]: cloud.instance(entry["instance_id"]) for entry in RESOURCES.values()}
    for resource in state["deployment"]["resources"]:
        for place in PLACES:
            resource.pop(place, None)
    recorded = {"resources": RESOURCES, "machines": machines, "state": state}
    target = ROOT / "tests" / "engine" / "recorded_states" / f"{version('zec_pulumi')}.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(recorded, indent=2, ensure_ascii=False) + "\n")
    print(target.relative_to(ROOT))


if __name__ == "__main__":
    main()
