"""The rhythm of the one place that polls: how often it looks, how long it waits, when a machine counts as gone."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import pytest

from zec_pulumi.cloud.poller import StatusPoller
from zec_pulumi.errors import DeadlineError, InstanceGoneError, StoppedError, StopReason
from zec_pulumi.progress import Progress
from zec_pulumi.time.deadline import Deadline

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.rebuild.conftest import Rig

WEB = "1272168087751233112"


def statuses(rig: Rig, *, interval: float = 5.0, seconds: float = 3600.0) -> Iterator[str]:
    progress = Progress(rig.row, rig.clock, ticking=lambda: False)
    watch = StatusPoller(rig.client, rig.reader, rig.clock, interval)
    return watch.poll(WEB, Deadline(rig.clock, seconds), progress)


def misses(rig: Rig, *, nth: int, times: int) -> None:
    rig.sim.add_fault(action="DescribeInstancesStatus", nth=nth, times=times, effect={"type": "missing"})


def test_the_interval_is_kept_even_where_it_is_short(rig: Rig) -> None:
    """A user who asked for half a second gets it."""
    begin = rig.clock.monotonic()
    list(islice(statuses(rig, interval=0.5), 3))
    assert rig.clock.monotonic() - begin == pytest.approx(1.0)


def test_a_read_that_failed_is_tried_again_after_the_interval(rig: Rig) -> None:
    """Each look is one request: what tries again is the look, so that the row shows it."""
    rig.sim.add_fault(action="DescribeInstancesStatus", nth=1, times=2, effect={"type": "bad_gateway"})
    begin = rig.clock.monotonic()
    assert next(statuses(rig, interval=0.5)) == "RUNNING"
    assert rig.clock.monotonic() - begin == pytest.approx(1.0)
    assert rig.sent("DescribeInstancesStatus") == 3


def test_the_server_may_ask_for_a_longer_pause_than_the_interval(rig: Rig) -> None:
    """Retry-After of a refused read is kept."""
    limited = {"type": "rate_limit", "retry_after": 40}
    rig.sim.add_fault(action="DescribeInstancesStatus", nth=1, effect=limited)
    begin = rig.clock.monotonic()
    next(statuses(rig))
    assert rig.clock.monotonic() - begin == pytest.approx(40.0)


def test_four_empty_answers_at_the_start_are_a_hiccup(rig: Rig) -> None:
    """Only the fifth in a row counts."""
    misses(rig, nth=1, times=4)
    assert next(statuses(rig)) == "RUNNING"


def test_four_empty_answers_after_a_good_one_are_a_hiccup(rig: Rig) -> None:
    """A good answer starts the count anew."""
    misses(rig, nth=2, times=4)
    assert list(islice(statuses(rig), 2)) == ["RUNNING", "RUNNING"]


def test_five_empty_answers_in_a_row_are_a_machine_that_is_gone(rig: Rig) -> None:
    """After four pauses."""
    misses(rig, nth=1, times=5)
    begin = rig.clock.monotonic()
    with pytest.raises(InstanceGoneError, match="missing from 5 answers in a row"):
        next(statuses(rig))
    assert rig.clock.monotonic() - begin == pytest.approx(20.0)


def test_a_machine_that_the_api_says_does_not_exist_is_gone_at_once(rig: Rig) -> None:
    """Nothing is left to wait for."""
    unknown = {"type": "error", "code": "INVALID_INSTANCE_NOT_FOUND", "status": 404}
    rig.sim.add_fault(action="DescribeInstancesStatus", nth=1, effect=unknown)
    with pytest.raises(InstanceGoneError, match=f"instance {WEB} is gone: "):
        next(statuses(rig))
    assert rig.sent("DescribeInstancesStatus") == 1


def test_the_last_pause_ends_at_the_deadline(rig: Rig) -> None:
    """It polls once more just before, and names what it saw last."""
    begin = rig.clock.monotonic()
    with pytest.raises(DeadlineError) as caught:
        list(statuses(rig, seconds=7))
    assert rig.clock.monotonic() - begin == pytest.approx(7.0)
    assert caught.value.last_status == "RUNNING"
    assert rig.sent("DescribeInstancesStatus") == 3


def test_a_wait_ends_with_the_engine_unless_it_is_told_to_go_on(rig: Rig) -> None:
    """Nobody is there any more to whom the answer matters."""
    rig.row.halt_at("begun", StopReason.ENGINE_GONE)
    rig.row.progress("begun")
    with pytest.raises(StoppedError):
        next(statuses(rig))
    assert rig.sent("DescribeInstancesStatus") == 0


def settling(rig: Rig, seconds: float = 3600.0) -> float:
    """Return how long a machine that boots for a minute took to settle."""
    rig.sim.patch_instance(WEB, status="BOOTING", pending={"becomes": "RUNNING", "afterSeconds": 60})
    live = rig.live()
    begin = rig.clock.monotonic()
    progress = Progress(rig.row, rig.clock, ticking=lambda: False)
    assert rig.poller.settled(live, Deadline(rig.clock, seconds), progress).status == "RUNNING"
    return rig.clock.monotonic() - begin


def test_a_machine_that_settles_at_the_last_look_has_settled(rig: Rig) -> None:
    """No pause comes after it."""
    assert settling(rig, seconds=61) == pytest.approx(60.0)


def test_between_two_reads_that_disagree_is_a_pause(rig: Rig) -> None:
    """While DescribeInstances lags behind, the API is not asked without end."""
    rig.sim.add_fault(action="DescribeInstances", nth=2, effect={"type": "lag", "reads": 2})
    assert settling(rig) == pytest.approx(65.0)


def test_a_machine_that_is_released_while_it_settles_is_gone(rig: Rig) -> None:
    """Its status was readable, the machine no longer is."""
    rig.sim.add_fault(action="DescribeInstances", nth=2, times=9, effect={"type": "missing"})
    with pytest.raises(InstanceGoneError, match=f"instance {WEB} is gone$"):
        settling(rig)
