"""What every release wrote into a stack's state previews as no change with this version. A contract for ever."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from driver import Stack

pytestmark = pytest.mark.engine

RECORDED = sorted((Path(__file__).parent / "recorded_states").glob("*.json"))
PATCHED = ("imageId", "keyId", "timeZone", "enableAgent", "instanceName", "status")


@pytest.mark.parametrize("file", RECORDED, ids=lambda file: file.stem)
@pytest.mark.everywhere
def test_a_recorded_state_previews_as_no_change(stack: Stack, file: Path) -> None:
    """The program and the machines are as they were: nothing is to be done, and nothing is sent."""
    recorded = json.loads(file.read_text())
    for instance_id, machine in recorded["machines"].items():
        stack.cloud.patch_instance(instance_id, **{key: machine[key] for key in PATCHED})
    exported = stack.folder / "exported.json"
    exported.write_text(json.dumps(recorded["state"]))
    stack.run("stack", "import", "--file", str(exported)).ok()
    stack.declare(**recorded["resources"])
    stack.preview("--expect-no-changes").ok()
    stack.refresh("--expect-no-changes").ok()
    stack.up("--expect-no-changes").ok()
    assert stack.actions() == []


def test_there_is_a_recording() -> None:
    """Without one the test above would pass by testing nothing."""
    assert RECORDED
