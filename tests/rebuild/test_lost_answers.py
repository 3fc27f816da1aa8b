"""After a reset whose answer was lost: what was read while its fate was looked for counts later on, too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from zec_pulumi.rebuild.errors import AttemptOpenError

if TYPE_CHECKING:
    from tests.rebuild.conftest import Rig

JAMMY, WEB = "ubuntu2204_20240712", "1272168087751233112"


def test_a_reinstall_that_was_seen_is_not_waited_for_again(rig: Rig) -> None:
    """On the same image a movement must be seen once, and it was: RUNNING is the rebuilt machine at once."""
    rig.sim.patch_instance(WEB, status="STOPPED")
    rig.sim.add_fault(action="ResetInstance", nth=1, effect={"type": "drop", "carried_out": True})

    def ready_when_found(text: str) -> None:
        """Finish the reinstall as soon as it was seen to be under way."""
        if text == "reset accepted (its answer was lost)":
            rig.sim.patch_instance(WEB, status="RUNNING", pending=None)

    rig.row.on_line = ready_when_found
    begin = rig.clock.monotonic()
    attempt, live = rig.rebuild(image_id=JAMMY)
    assert (attempt.outcome, attempt.moved, live.status) == ("accepted", True, "RUNNING")
    assert rig.clock.monotonic() - begin == pytest.approx(0.0)


def test_the_loss_is_told_with_what_is_not_known(rig: Rig) -> None:
    """The message names the answer that was lost, not only what it leads to."""
    broken = {"type": "error", "code": "INTERNAL_SERVER_ERROR", "status": 500}
    rig.sim.add_fault(action="ResetInstance", nth=1, effect=broken)
    rig.sim.add_fault(action="DescribeInstancesStatus", nth=3, effect={"type": "lag", "reads": 3})
    with pytest.raises(AttemptOpenError, match=r"(?s)INTERNAL_SERVER_ERROR.*nothing the API shows tells"):
        rig.rebuild(image_id=JAMMY)
