"""How often a rebuild is looked at, and that a refusal for the rate holds everybody back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from zec_pulumi.api import RateLimitError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.rebuild.conftest import Rig
    from tests.rebuild.conftest import StrictStack as Stack

JAMMY, NOBLE = "ubuntu2204_20240712", "ubuntu2404_20240712"
WEB = "1272168087751233112"
REBUILD_SECONDS = 240.0
INTERVAL = 5.0


def rebuilt(rig: Rig, image_id: str) -> tuple[int, float]:
    """Rebuild web-1; return how often its status was read, and how long after the end in the cloud it was told."""
    before = rig.sent("DescribeInstancesStatus")
    rig.sim.add_fault(action="ResetInstance", nth=1, effect={"type": "never_ends"})
    rig.row.lines.clear()
    ends: list[float] = []

    def lengthen(text: str) -> None:
        """Give the reinstall its length as soon as it is accepted."""
        if text.startswith("reset accepted"):
            pending = {**rig.sim.instance(WEB)["pending"], "afterSeconds": REBUILD_SECONDS}
            rig.sim.patch_instance(WEB, pending=pending)
            ends.append(rig.clock.monotonic() + REBUILD_SECONDS)

    rig.row.on_line = lengthen
    rig.rebuild(image_id=image_id)
    return rig.sent("DescribeInstancesStatus") - before, rig.clock.monotonic() - ends[0]


def test_once_it_is_known_how_long_a_rebuild_takes_the_middle_of_it_is_looked_at_seldom(rig: Rig) -> None:
    """The first one on every beat; the second with a third fewer reads, and its end is seen as soon."""
    first, late_first = rebuilt(rig, NOBLE)
    second, late_second = rebuilt(rig, JAMMY)
    assert first >= REBUILD_SECONDS / INTERVAL
    assert second < 0.72 * first
    assert max(late_first, late_second) <= INTERVAL


def test_how_long_it_takes_is_known_from_the_stacks_own_record(make_stack: Callable[..., Stack]) -> None:
    """Another run, another process: what is recorded of the last rebuild is enough."""
    stack = make_stack()
    stack.up(imageId=JAMMY)
    stack.outputs["lastRebuild"] = {
        "attemptId": "a",
        "requestId": "r",
        "causes": [],
        "startedAt": "2026-11-25T00:00:00Z",
        "finishedAt": "2026-11-25T00:01:00Z",
    }
    counts = []
    for image_id, record in ((NOBLE, stack.outputs), (JAMMY, {**stack.outputs, "lastRebuild": None})):
        fresh = make_stack()
        fresh.sim.patch_instance(WEB, imageId=JAMMY if image_id == NOBLE else NOBLE)
        fresh.outputs = {**record, "imageId": JAMMY if image_id == NOBLE else NOBLE}
        before = len(fresh.sim.requests())
        fresh.up(imageId=image_id)
        counts.append(sum(r["action"] == "DescribeInstancesStatus" for r in fresh.sim.requests()[before:]))
    assert counts[0] < counts[1]


def test_a_refused_read_holds_back_mutations_and_reads_of_everybody(rig: Rig) -> None:
    """They wait as long as the service asked the one that it refused."""
    rig.sim.add_fault(action="DescribeInstancesStatus", nth=1, effect={"type": "rate_limit", "retry_after": 40})
    with pytest.raises(RateLimitError):
        rig.client.describe_instances_status([WEB], once=True)
    begin = rig.clock.monotonic()
    with rig.client.slot():
        assert rig.clock.monotonic() - begin == pytest.approx(40.0)

    rig.sim.add_fault(action="StopInstances", nth=1, effect={"type": "rate_limit", "retry_after": 40})
    with pytest.raises(RateLimitError):
        rig.client.stop_instances([WEB], force_shutdown=False)
    begin = rig.clock.monotonic()
    rig.live()
    assert rig.clock.monotonic() - begin >= 40.0
