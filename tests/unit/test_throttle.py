"""Threads that wait for their turn to send."""

from __future__ import annotations

import threading

from zec_pulumi.api.throttle import AT_ONCE, Throttle
from zec_pulumi.time.clock import SystemClock


class MovedClock:
    """A clock that sleeping moves; ``wakes_early`` is the sleep of a process that is told to stop."""

    def __init__(self) -> None:
        self.time = 100.0
        self.slept: list[float] = []
        self.wakes_early = False

    def now(self) -> float:
        raise AssertionError("turns must not follow the wall clock, which can be set back")

    def monotonic(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        if not self.wakes_early:
            self.time += seconds


def test_a_turn_comes_at_once_while_nothing_was_refused() -> None:
    """The service's own limit is the only one."""
    clock = MovedClock()
    throttle = Throttle(clock)
    with throttle.turn():
        pass
    assert clock.slept == []


def test_a_turn_after_a_refusal_comes_when_the_service_said() -> None:
    """Not one request before."""
    clock = MovedClock()
    throttle = Throttle(clock)
    throttle.refused(7.0)
    with throttle.turn(urgent=True):
        assert clock.time == 107.0


def test_a_refusal_while_a_turn_is_waited_for_holds_it_back_as_well() -> None:
    """Its time was reserved before anybody knew."""

    class RefusedMeanwhile(MovedClock):
        def sleep(self, seconds: float) -> None:
            super().sleep(seconds)
            if len(self.slept) == 1:
                throttle.refused(30.0)

    clock = RefusedMeanwhile()
    throttle = Throttle(clock)
    throttle.refused(1.0)
    with throttle.turn(urgent=True):
        assert clock.time == 131.0


def test_whoever_is_told_to_stop_waits_no_longer() -> None:
    """It sends nothing then: it asks whether it may, inside its turn."""
    clock = MovedClock()
    clock.wakes_early = True
    throttle = Throttle(clock)
    throttle.refused(3600.0)
    with throttle.turn():
        assert len(clock.slept) == 1


def test_a_pace_that_becomes_faster_holds_for_those_that_wait_already() -> None:
    """However many queued while it was slow: only the first of them has its time."""

    class TakenMeanwhile(MovedClock):
        def sleep(self, seconds: float) -> None:
            super().sleep(seconds)
            if len(self.slept) == 1:
                queued.set()
                while len(throttle._line) < waiting:
                    pass
                for _ in range(2000):
                    throttle.taken()

    clock, waiting, queued = TakenMeanwhile(), 10, threading.Event()
    throttle = Throttle(clock)
    for _ in range(20):
        clock.time += 30
        throttle.refused(1.0)

    def send() -> None:
        with throttle.turn():
            pass

    threads = [threading.Thread(target=send) for _ in range(waiting)]
    threads[0].start()
    assert queued.wait(30)
    for thread in threads[1:]:
        thread.start()
    begin = clock.time
    for thread in threads:
        thread.join(30)
    assert clock.time - begin < 60


def test_so_many_requests_are_under_way_at_once_and_no_more() -> None:
    """One overrun of the limit cannot have more than that refused."""
    throttle = Throttle(SystemClock())
    inside, most, lock = 0, 0, threading.Lock()
    full = threading.Barrier(AT_ONCE, timeout=30)

    def send() -> None:
        nonlocal inside, most
        with throttle.turn():
            with lock:
                inside += 1
                most = max(most, inside)
            full.wait()  # nobody goes on before the turns are all taken
            with lock:
                inside -= 1

    threads = [threading.Thread(target=send) for _ in range(2 * AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert most == AT_ONCE


def test_those_that_wait_for_a_place_when_others_are_refused_wait_as_the_service_said() -> None:
    """A hundred that come at the same moment: none but those under way may be refused with them."""
    clock = MovedClock()
    throttle = Throttle(clock)
    begun: list[float] = []
    came, go, lock = threading.Semaphore(0), threading.Event(), threading.Lock()

    def send() -> None:
        with throttle.turn():
            with lock:
                begun.append(clock.time)
            came.release()
            assert go.wait(30)

    threads = [threading.Thread(target=send) for _ in range(3 * AT_ONCE)]
    for thread in threads:
        thread.start()
    for _ in range(AT_ONCE):
        assert came.acquire(timeout=30)
    while throttle._line:
        pass  # the others have their turn, and no place
    throttle.refused(7.0)
    go.set()
    for thread in threads:
        thread.join(30)
    assert begun[:AT_ONCE] == [100.0] * AT_ONCE
    assert len(begun) == len(threads)
    assert min(begun[AT_ONCE:]) >= 107.0
