"""All waits of a process together: one request for all, whoever comes, leaves or fails."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.clock import CrowdClock
from tests.support.row import FakeRow
from zec_pulumi.api import NotFoundError, RateLimitError
from zec_pulumi.cloud.coalescer import MAX_IDS
from zec_pulumi.cloud.poller import StatusPoller
from zec_pulumi.errors import InstanceGoneError
from zec_pulumi.progress import Progress
from zec_pulumi.time.deadline import Deadline

if TYPE_CHECKING:
    from collections.abc import Sequence

INTERVAL = 5.0


class Cloud:
    """Machines that are DEPLOYING until their time, and what was asked about them when."""

    def __init__(self, clock: CrowdClock, ends: dict[str, float]) -> None:
        self.clock = clock
        self.ends = ends
        self.requests: list[tuple[float, frozenset[str]]] = []
        self.unknown: set[str] = set()
        self.refusals: dict[float, float] = {}
        self._lock = threading.Lock()

    def custom_image_statuses(self, *_: object, **__: object) -> dict[str, str]:
        raise AssertionError

    def describe_instances_status(self, ids: Sequence[str], _deadline: Deadline, *, once: bool) -> dict[str, str]:
        assert once
        now = self.clock.elapsed
        with self._lock:
            self.requests.append((now, frozenset(ids)))
        told: dict[str, Any] = {"message": "", "request_id": "r", "action": "DescribeInstancesStatus"}
        if now in self.refusals:
            raise RateLimitError(code="REQUEST_LIMIT_EXCEEDED", http_status=429, retry_after=self.refusals[now], **told)
        if self.unknown & set(ids):
            raise NotFoundError(code="INVALID_INSTANCE_NOT_FOUND", http_status=404, **told)
        return {id_: "RUNNING" if now >= self.ends[id_] else "DEPLOYING" for id_ in ids}


def seen(
    ends: dict[str, float], *, begins: dict[str, float] | None = None, just_sent: bool = False, **faults: Any
) -> tuple[Cloud, dict[str, Future[float]]]:
    """Wait for all machines at once, each from when it begins; return when the end of each was seen."""
    clock = CrowdClock(len(ends))
    cloud = Cloud(clock, ends)
    vars(cloud).update(faults)
    watch = StatusPoller(cloud, None, clock, INTERVAL)  # type: ignore[arg-type]

    def wait(id_: str) -> float:
        try:
            clock.sleep((begins or {}).get(id_, 0.0))
            progress = Progress(FakeRow(), clock, ticking=lambda: False)
            how: Any = {"just_sent": True} if just_sent else {}  # else as it is when nothing is said
            for current in watch.poll(id_, Deadline(clock, 3600.0), progress, **how):
                if current == "RUNNING":
                    return clock.elapsed
            raise AssertionError
        finally:
            clock.left()

    with ThreadPoolExecutor(len(ends)) as pool:
        return cloud, {id_: pool.submit(wait, id_) for id_ in ends}


def test_each_end_is_seen_within_the_interval_and_a_poll_is_one_request_for_a_hundred() -> None:
    """However many wait; those that are done are asked about no more."""
    ends = {f"m{number}": 10.0 + number * 0.1 for number in range(250)}
    cloud, waits = seen(ends)
    for id_, wait in waits.items():
        assert 0 <= wait.result() - ends[id_] <= INTERVAL
    polls = Counter(at for at, _ in cloud.requests if at)
    waiting = {at: sum(len(ids) for then, ids in cloud.requests if then == at) for at in polls}
    assert polls == {at: -(-count // MAX_IDS) for at, count in waiting.items()}
    assert waiting[35.0] < waiting[30.0] < waiting[10.0] == len(ends)


@pytest.mark.parametrize("just_sent", [False, True])
def test_waits_that_come_later_share_the_polls_of_the_others(*, just_sent: bool) -> None:
    """Each polls once for itself when it comes, unless its mutation was just sent: thousands would double the reads."""
    ends = dict.fromkeys(("first", "second", "third"), 21.0)
    begins = {"second": 3.0, "third": 11.0}
    cloud, waits = seen(ends, begins=begins, just_sent=just_sent)
    assert {wait.result() for wait in waits.values()} == {25.0}
    alone = {at for at, _ in cloud.requests if at % INTERVAL}
    assert alone == (set() if just_sent else set(begins.values()))
    assert cloud.requests[-1] == (25.0, frozenset(ends))


def test_a_machine_that_is_gone_ends_its_own_wait_and_no_other() -> None:
    """The API refuses the whole request for it."""
    ends = {f"m{number}": 12.0 for number in range(20)}
    _, waits = seen(ends, unknown={"m7"})
    with pytest.raises(InstanceGoneError, match="m7"):
        waits.pop("m7").result()
    assert {wait.result() for wait in waits.values()} == {15.0}


def test_when_the_service_asks_for_a_pause_everybody_pauses() -> None:
    """One request was refused; none is sent before its time, and then one for all."""
    ends = {f"m{number}": 12.0 for number in range(20)}
    cloud, waits = seen(ends, refusals={5.0: 40.0})
    assert {wait.result() for wait in waits.values()} == {45.0}
    assert [at for at, _ in cloud.requests if at] == [5.0, 45.0]
