"""The one place that polls, and the reads that all resources of a process share."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import pytest

from tests.support.programs import JAMMY, NOBLE
from tests.support.world import WEB
from zec_pulumi.api import AuthenticationError, RateLimitError
from zec_pulumi.cloud.poller import StatusPoller
from zec_pulumi.errors import DeadlineError, InstanceGoneError, StoppedError, StopReason
from zec_pulumi.progress import Progress
from zec_pulumi.time.deadline import Deadline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.rebuild.conftest import Rig
    from tests.rebuild.conftest import StrictStack as Stack
    from zec_pulumi.api import Instance

NEW, ZONE = "1272168087751233115", "asia-east-1a"
REBUILD_SECONDS = 240.0
INTERVAL = 5.0


def settled(rig: Rig, instance_id: str, seconds: float = 3600.0) -> Instance:
    progress = Progress(rig.row, rig.clock, ticking=lambda: False)
    return rig.poller.settled(rig.live(instance_id), Deadline(rig.clock, seconds), progress)


def test_a_machine_at_rest_is_settled_without_a_read(rig: Rig) -> None:
    """What was read a moment ago is enough."""
    settled(rig, WEB)
    assert rig.sent("DescribeInstancesStatus") == 0


def test_a_first_creation_is_waited_out(rig: Rig) -> None:
    """DEPLOYING also means that the machine is being created."""
    rig.sim.patch_instance(WEB, status="DEPLOYING", pending={"becomes": "RUNNING", "afterSeconds": 600})
    assert settled(rig, WEB).status == "RUNNING"
    assert rig.row.lines == ["waiting for the instance to settle, DEPLOYING"]


def test_an_unknown_status_is_waited_out_and_named(rig: Rig) -> None:
    """Nothing is decided while nobody knows what the machine does."""
    rig.sim.patch_instance(WEB, status="MIGRATING", pending={"becomes": "STOPPED", "afterSeconds": 60})
    assert settled(rig, WEB).status == "STOPPED"
    assert rig.row.lines == ["waiting for the instance to settle, MIGRATING (a status this version does not know)"]


def test_a_status_that_settles_only_in_one_of_the_two_reads_is_read_again(rig: Rig) -> None:
    """DescribeInstances may lag behind DescribeInstancesStatus."""
    rig.sim.patch_instance(WEB, status="BOOTING", pending={"becomes": "RUNNING", "afterSeconds": 60})
    rig.sim.add_fault(action="DescribeInstances", nth=2, times=2, effect={"type": "lag", "reads": 1})
    assert settled(rig, WEB).status == "RUNNING"


def test_a_machine_that_never_settles_ends_at_the_deadline(rig: Rig) -> None:
    """With its id and its status; nothing was sent."""
    with pytest.raises(DeadlineError, match=f"the time is up; instance {NEW} is DEPLOYING"):
        settled(rig, NEW, seconds=300)
    assert rig.actions() == []


def test_refused_credentials_are_not_waited_out(rig: Rig) -> None:
    """They would not get better by waiting."""
    denied = {"type": "error", "code": "AUTHFAILURE_SIGNATURE_FAILURE", "status": 401}
    rig.sim.add_fault(action="DescribeInstancesStatus", effect=denied)
    with pytest.raises(AuthenticationError):
        settled(rig, NEW)


def test_an_instance_is_gone_after_two_empty_reads(rig: Rig) -> None:
    """One may be a hiccup, and gone means dropped from the state."""
    rig.sim.add_fault(action="DescribeInstances", nth=1, effect={"type": "missing"})
    assert rig.live(WEB).instance_id == WEB
    assert rig.reader.instance("1") is None
    assert rig.sent("DescribeInstances") == 4


def test_an_instance_that_the_api_says_does_not_exist_is_gone_at_once(rig: Rig) -> None:
    """An unknown id may be an error instead of an empty list."""
    unknown = {"type": "error", "code": "INVALID_INSTANCE_NOT_FOUND", "status": 404}
    rig.sim.add_fault(action="DescribeInstances", effect=unknown)
    assert rig.reader.instance(WEB) is None
    assert rig.sent("DescribeInstances") == 1


def test_refused_credentials_never_count_as_gone(rig: Rig) -> None:
    """Else a wrong password would empty the state."""
    denied = {"type": "error", "code": "AUTHFAILURE_INVALID_AUTHORIZATION", "status": 401}
    rig.sim.add_fault(action="DescribeInstances", effect=denied)
    with pytest.raises(AuthenticationError):
        rig.reader.instance(WEB)


def test_images_of_a_zone_are_read_once_a_minute(rig: Rig) -> None:
    """A hundred resources do not read the same list a hundred times."""
    for _ in range(3):
        assert rig.reader.image(ZONE, JAMMY)
    assert rig.sent("DescribeImages") == 1
    rig.clock.sleep(61)
    assert rig.reader.image(ZONE, JAMMY)
    assert rig.sent("DescribeImages") == 2


def test_an_own_image_is_found_although_the_zone_does_not_list_it(rig: Rig) -> None:
    """DescribeCustomImages is asked second."""
    image = rig.reader.image(ZONE, "custom-fra0Db41")
    assert image is not None
    assert rig.reader.image(ZONE, "no-such-image") is None


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


@pytest.mark.parametrize("nth", [1, 2])
def test_four_empty_answers_are_a_hiccup(rig: Rig, nth: int) -> None:
    """At the start, and after a good answer, which starts the count anew: only the fifth in a row counts."""
    misses(rig, nth=nth, times=4)
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
