"""How fast a process sends when the service has a limit that nobody knows."""

from __future__ import annotations

import heapq
from collections import deque

import pytest

from zec_pulumi.api.pace import FIRST_RATE, HOLD_SECONDS, LEAST_RATE, Pace


class Service:
    """Takes so many requests in any second and refuses the others."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.refused = 0
        self._taken: deque[float] = deque()

    def takes(self, now: float) -> bool:
        while self._taken and now - self._taken[0] >= 1.0:
            self._taken.popleft()
        if len(self._taken) >= self.limit:
            self.refused += 1
            return False
        self._taken.append(now)
        return True


def send(requests: int, service: Service, *, retry_after: float | None = 1.0, at_once: int = 16) -> float:
    """Send so many requests, each until it is taken; return when the last one was."""
    pace = Pace()
    # What is due, and whether its time was reserved: as threads do it that sleep until then.
    due = [(0.0, number, False) for number in range(requests)]
    now, burst = 0.0, 0
    while due:
        at, number, reserved = heapq.heappop(due)
        burst = burst + 1 if at == now else 1
        now = at
        if not (reserved and pace.stands(at)):
            mine = pace.reserve(now)
            if mine > now:
                heapq.heappush(due, (mine, number, True))
                continue
        if burst > at_once:
            heapq.heappush(due, (now + 0.01, number, True))
        elif service.takes(now):
            pace.taken(now)
        else:
            pace.refused(now, retry_after)
            heapq.heappush(due, (now, number, False))
    return now


@pytest.mark.parametrize("limit", [5, 10, 50])
@pytest.mark.parametrize("retry_after", [1.0, None])
def test_hardly_any_request_is_refused(limit: int, retry_after: float | None) -> None:
    """Two thousand mutations, a limit of so many a second: fewer than two in a hundred are refused."""
    service = Service(limit)
    send(2000, service, retry_after=retry_after)
    assert service.refused < 0.02 * 2000


@pytest.mark.parametrize("limit", [5, 10, 50])
def test_most_of_the_limit_is_used(limit: int) -> None:
    """Being careful costs at most a third of the time that the limit itself asks for."""
    assert send(2000, Service(limit)) < 1.33 * 2000 / limit


def test_without_a_refusal_nothing_is_held_back() -> None:
    """There is no limit that nobody asked for."""
    pace = Pace()
    for _ in range(1000):
        assert pace.reserve(5.0) == 5.0
        pace.taken(5.0)


def test_everybody_waits_as_long_as_the_service_asks() -> None:
    """Those that queue, those that are urgent, and those whose time was reserved before."""
    pace = Pace()
    pace.refused(10.0, 7.0)
    assert not pace.stands(16.9)
    assert pace.reserve(11.0, urgent=True) == 17.0
    assert pace.reserve(11.0) > 17.0


def test_a_refusal_that_names_no_time_holds_for_a_moment() -> None:
    """Half a second, as a first pause."""
    pace = Pace()
    pace.refused(10.0, None)
    assert pace.reserve(10.0, urgent=True) == 10.0 + HOLD_SECONDS


def test_requests_refused_together_slow_down_once() -> None:
    """They are one overrun of the limit."""
    one, many = Pace(), Pace()
    one.refused(10.0, 1.0)
    for _ in range(16):
        many.refused(10.0, 1.0)
    assert [many.reserve(20.0) for _ in range(3)] == [one.reserve(20.0) for _ in range(3)]


def test_the_first_refusal_of_a_slow_process_does_not_make_it_crawl() -> None:
    """Somebody else used the limit up: a request every few seconds is not what it must become."""
    pace = Pace()
    pace.taken(0.0)
    pace.refused(10.0, 1.0)
    first, second = pace.reserve(20.0), pace.reserve(20.0)
    assert second - first == pytest.approx(1.25 / FIRST_RATE)


def test_it_never_becomes_slower_than_a_request_every_few_seconds() -> None:
    """Whatever the service says."""
    pace = Pace()
    for count in range(100):
        pace.refused(count * 2.0, 1.0)
    first, second = pace.reserve(1000.0), pace.reserve(1000.0)
    assert second - first == 1 / LEAST_RATE


def test_an_urgent_request_does_not_queue_and_takes_its_part_of_the_rate() -> None:
    """It goes at once; what queues comes so much later."""
    pace = Pace()
    pace.refused(0.0, 1.0)
    queued = [pace.reserve(10.0) for _ in range(3)]
    assert pace.reserve(10.0, urgent=True) == 10.0
    after = pace.reserve(10.0)
    assert after - queued[-1] == pytest.approx(2 * (queued[1] - queued[0]))
