"""The main job on the real engine, judged by the cloud's ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from driver import PYTHONS, SDKS

if TYPE_CHECKING:
    from driver import Stack

pytestmark = pytest.mark.engine

JAMMY, NOBLE = "ubuntu2204_20240712", "ubuntu2404_20240712"


@pytest.mark.parametrize("sdk", [*SDKS, *(pytest.param(name, marks=pytest.mark.slow) for name in PYTHONS)])
def test_changing_the_image_shows_the_wipe_and_rebuilds_once(stack: Stack, web_1: str) -> None:
    """Adopt, see the wipe on the row, rebuild once, and have nothing left to do; forget, and leave the machine.

    With these commands the engine makes each of its calls: this runs with the oldest SDK every day, too.
    """
    stack.declare(web={"instance_id": web_1, "image_id": JAMMY})
    assert f"create adopt: already runs {JAMMY}; nothing is wiped" in stack.preview().ok().text
    stack.up().ok()
    assert stack.actions() == []

    stack.declare(web={"instance_id": web_1, "image_id": NOBLE})
    row = f"warning: rebuild: boot disk of {web_1} (web-1, 40 GiB) will be wiped: imageId {JAMMY} (Ubuntu Server 22.04"
    assert f"update [diff: ~imageId]; {row}" in stack.preview().ok().text
    assert stack.actions() == []

    text = stack.up().ok().text
    assert stack.actions() == ["StopInstances", "ResetInstance"]
    for phase in ("powering off", "reset accepted (T", "DEPLOYING", "RUNNING, verifying"):
        assert phase in text
    assert stack.cloud.instance(web_1)["imageId"] == NOBLE
    assert stack.cloud.instance(web_1)["status"] == "RUNNING"

    stack.refresh("--expect-no-changes").ok()
    stack.up("--expect-no-changes").ok()
    stack.destroy().ok()
    assert stack.state() == {}
    assert stack.actions() == ["StopInstances", "ResetInstance"]
    assert stack.cloud.instance(web_1)["status"] == "RUNNING"
