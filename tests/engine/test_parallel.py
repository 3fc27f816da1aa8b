"""As many operations at once as the engine sends, not the four that the SDK serves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from driver import SDKS, new_stack
from zec_pulumi.simulator import Simulator

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.engine

MACHINES = [f"12721680877512331{number}" for number in (12, 13, 14, 20, 21, 22)]
REBUILD_SECONDS = 4.0


@pytest.mark.parametrize("sdk", SDKS)
def test_more_than_four_machines_are_rebuilt_at_once(tmp_path: Path, engine_folder: Path, sdk: str) -> None:
    """The last reset is accepted before the first reinstall can have ended."""
    with Simulator(rebuild_seconds=REBUILD_SECONDS, stop_seconds=0.2) as cloud:
        stack = new_stack(tmp_path, cloud, engine_folder, sdk)
        stack.declare(**{f"m{i}": {"instance_id": id_, "adopt": "never"} for i, id_ in enumerate(MACHINES)})
        stack.up("--parallel", str(len(MACHINES))).ok()
        resets = [entry["at"] for entry in cloud.ledger() if entry["action"] == "ResetInstance"]
    assert len(resets) == len(MACHINES)
    assert max(resets) - min(resets) < REBUILD_SECONDS
