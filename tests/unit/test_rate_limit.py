"""The rate limit: when a request may be sent, and which thread is next."""

from __future__ import annotations

import threading
from collections import deque

import pytest

from tests.support.clock import FakeClock
from zec_pulumi.api.rate_limit import AT_ONCE, FIRST_RATE, HOLD_SECONDS, LEAST_RATE, Pace, RateLimiter
from zec_pulumi.errors import DeadlineError, StoppedError
from zec_pulumi.time.clock import SystemClock
from zec_pulumi.time.deadline import Deadline


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


def send(requests: int, service: Service, *, retry_after: float | None = 1.0) -> float:
    """Send so many requests, 16 at a time, each until it is accepted; return when the last one was."""
    pace, now, left = Pace(), 0.0, requests
    while left:
        now = max(now, pace.next_time())
        burst = 0
        while left - burst > 0 and burst < AT_ONCE and pace.next_time() <= now:
            pace.on_sent(now)
            burst += 1
        for _ in range(burst):
            if service.takes(now):
                pace.on_accepted(now)
                left -= 1
            else:
                pace.on_rejected(now, retry_after)
        now += 0.001
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
        assert pace.next_time() <= 5.0
        pace.on_sent(5.0)
        pace.on_accepted(5.0)


@pytest.mark.parametrize("priority", [True, False])
@pytest.mark.parametrize(("retry_after", "seconds"), [(7.0, 7.0), (None, HOLD_SECONDS)])
def test_everybody_waits_as_long_as_the_service_asks(
    priority: bool,  # noqa: FBT001 -- a table's column
    retry_after: float | None,
    seconds: float,
) -> None:
    """Without a word of the service for a moment."""
    pace = Pace()
    pace.on_rejected(10.0, retry_after)
    assert pace.next_time(priority=priority) == 10.0 + seconds


def gap(pace: Pace) -> float:
    """Return the seconds between two requests at the pace now."""
    start = pace.next_time() + 1000.0
    pace.on_sent(start)
    return pace.next_time() - start


def test_requests_refused_together_slow_down_once() -> None:
    """They are one overrun of the limit."""
    one, many = Pace(), Pace()
    one.on_rejected(10.0, 1.0)
    for _ in range(16):
        many.on_rejected(10.0, 1.0)
    assert gap(many) == gap(one)


def test_the_first_refusal_of_a_slow_process_does_not_make_it_crawl() -> None:
    """Somebody else used the limit up: a request every few seconds is not what it must become."""
    pace = Pace()
    pace.on_accepted(0.0)
    pace.on_rejected(10.0, 1.0)
    assert gap(pace) == pytest.approx(1.25 / FIRST_RATE)


def test_it_never_becomes_slower_than_the_least_rate() -> None:
    """Whatever the service says."""
    pace = Pace()
    for count in range(100):
        pace.on_rejected(count * 2.0, 1.0)
    assert gap(pace) == pytest.approx(1 / LEAST_RATE)


def test_reads_take_at_most_half_of_the_rate() -> None:
    """Else many reads would starve the mutations that they are made for."""
    pace = Pace()
    pace.on_rejected(0.0, 1.0)
    now, sent = 10.0, {True: 0, False: 0}
    while now < 110.0:
        for priority in (True, False):
            if pace.next_time(priority=priority) <= now:
                pace.on_sent(now, priority=priority)
                sent[priority] += 1
        now += 0.01
    assert sent[False] >= 0.9 * sent[True]


def test_a_slot_comes_at_once_while_nothing_was_refused() -> None:
    """The service's own limit is the only one."""
    clock = FakeClock()
    with RateLimiter(clock).slot():
        pass
    assert clock.slept == []


def test_a_slot_after_a_refusal_comes_when_the_service_said() -> None:
    """Not one request before."""
    clock = FakeClock()
    limiter = RateLimiter(clock)
    limiter.on_rejected(7.0)
    with limiter.slot(priority=True):
        assert clock.elapsed == 7.0


def test_a_refusal_while_a_slot_is_waited_for_holds_it_back_as_well() -> None:
    """Its time was known before the refusal."""

    def refused_meanwhile() -> None:
        if len(clock.slept) == 1:
            limiter.on_rejected(30.0)

    clock = FakeClock(on_sleep=refused_meanwhile)
    limiter = RateLimiter(clock)
    limiter.on_rejected(1.0)
    with limiter.slot(priority=True):
        assert clock.elapsed == 31.0


def test_no_slot_is_waited_for_past_the_deadline() -> None:
    """However long the service asks to wait."""
    clock = FakeClock()
    limiter = RateLimiter(clock)
    limiter.on_rejected(60.0)
    with pytest.raises(DeadlineError), limiter.slot(Deadline(clock, 5.0)):
        pass
    assert clock.elapsed == 5.0


def test_a_cancel_ends_the_wait_and_frees_the_queue() -> None:
    """Who is interrupted must not block those behind it."""
    cancelled = threading.Event()

    def woken_at_once() -> None:
        cancelled.set()
        clock.advance(-clock.slept[-1])

    clock = FakeClock(on_sleep=woken_at_once)
    limiter = RateLimiter(clock, cancelled)
    limiter.on_rejected(60.0)
    with pytest.raises(StoppedError), limiter.slot():
        pass
    cancelled.clear()
    clock.on_sleep = cancelled.clear
    with limiter.slot():
        assert clock.elapsed == 60.0


class SleepInterruptedError(Exception):
    """What ends a sleep from outside."""


def test_a_waiter_that_ends_with_an_exception_frees_the_queue() -> None:
    """Whatever it was."""

    def broken() -> None:
        if len(clock.slept) == 1:
            raise SleepInterruptedError

    clock = FakeClock(on_sleep=broken)
    limiter = RateLimiter(clock)
    limiter.on_rejected(60.0)
    with pytest.raises(SleepInterruptedError), limiter.slot():
        pass
    with limiter.slot():
        pass


def test_so_many_requests_are_in_flight_and_no_more() -> None:
    """One overrun of the limit cannot have more than that refused."""
    limiter = RateLimiter(SystemClock())
    inside, most, lock = 0, 0, threading.Lock()
    full = threading.Barrier(AT_ONCE, timeout=30)

    def work() -> None:
        nonlocal inside, most
        with limiter.slot():
            with lock:
                inside += 1
                most = max(most, inside)
            full.wait()  # nobody goes on before the slots are all taken
            with lock:
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(2 * AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert most == AT_ONCE


def test_those_that_wait_for_a_place_when_others_are_refused_wait_in_their_order() -> None:
    """A hundred that come at the same moment: none but those in flight may be refused with them."""
    clock = FakeClock()
    limiter = RateLimiter(clock)
    begun: list[tuple[int, float]] = []
    came, go = threading.Semaphore(0), threading.Event()

    def work(number: int) -> None:
        arrived.release()
        with limiter.slot():
            begun.append((number, clock.elapsed))
            came.release()
            assert go.wait(30)

    arrived = threading.Semaphore(0)
    threads = [threading.Thread(target=work, args=(number,)) for number in range(2 * AT_ONCE)]
    for number, thread in enumerate(threads):
        thread.start()
        assert arrived.acquire(timeout=30)
        if number < AT_ONCE:
            assert came.acquire(timeout=30)
        else:
            thread.join(0.02)  # time to queue
    limiter.on_rejected(7.0)
    go.set()
    for thread in threads:
        thread.join(30)
    assert [time for _, time in begun[:AT_ONCE]] == [0.0] * AT_ONCE
    assert min(time for _, time in begun[AT_ONCE:]) >= 7.0
    assert [number for number, _ in begun] == sorted(number for number, _ in begun)
