"""The rate limit of a process: when the next request may be sent, and which one it is."""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from typing import TYPE_CHECKING

from zec_pulumi.errors import DeadlineError, StoppedError, StopReason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zec_pulumi.time.clock import Clock
    from zec_pulumi.time.deadline import Deadline

AT_ONCE = 16
"""Maximum number of requests in flight, and so the most that the service can refuse in one burst."""

FIRST_RATE = 4.0
"""Requests per second that the first 429 leaves at least. A service that takes fewer refuses again."""

LEAST_RATE = 0.02
"""Requests per second that no 429 goes below: a hundred runners may share a limit of a few per second."""

HOLD_SECONDS = 0.5
"""How long everybody waits after a 429 without ``Retry-After``."""

CHECK_SECONDS = 0.5
"""How often a thread in the queue checks its deadline and the cancel, in real seconds."""

_SLOWER, _FASTER = 1.25, 0.999


class Pace:
    """The rate that the service takes, learned from its 429 answers. Pure; all times are monotonic seconds.

    There is no limit until the first 429. After one, everybody waits as long as the service asks. Requests are then
    spread evenly, a little slower than the service took them before. Each accepted request shortens the gap by 0.1 %,
    so the rate recovers at the cost of about one 429 in some hundred requests.
    """

    def __init__(self) -> None:
        self._gap = 0.0
        self._next = 0.0
        self._next_priority = 0.0
        self._held_until = 0.0
        self._accepted: deque[float] = deque(maxlen=4096)

    def next_time(self, *, priority: bool = False) -> float:
        """Return the time from which on the next request may be sent."""
        return max(self._held_until, self._next_priority if priority else self._next)

    def on_sent(self, now: float, *, priority: bool = False) -> None:
        """Count a request that is sent now. Priority takes at most half of the rate, so the others go on."""
        if priority:
            self._next_priority = now + 2 * self._gap
        self._next = max(self._next, now) + self._gap

    def on_accepted(self, now: float) -> None:
        """Count a request that the service did not refuse for its rate."""
        self._accepted.append(now)
        self._gap *= _FASTER

    def on_rejected(self, now: float, retry_after: float | None) -> None:
        """Slow down after a 429; ``retry_after`` is the pause in seconds that the service asks for."""
        # Requests that were in flight together are refused together: that is one overrun, not many.
        if now >= self._held_until:
            lately = sum(now - at <= 1.0 for at in self._accepted)
            self._gap = min(max(self._gap, 1 / max(lately, FIRST_RATE)) * _SLOWER, 1 / LEAST_RATE)
        self._held_until = max(self._held_until, now + (retry_after or HOLD_SECONDS))


class RateLimiter:
    """Lets the threads of a process send as fast as the service takes it; thread-safe.

    Two queues, each first come, first served. Reads have priority: one read tells the state of a hundred machines,
    some of which are powered off and wait. Only the head of a queue waits for a time, so a change of the rate applies
    to everybody behind it.

    Args:
        clock: Time; its sleep may end early.
        cancelled: Set when nobody wants the process's operations any more.
    """

    def __init__(self, clock: Clock, cancelled: threading.Event | None = None) -> None:
        self._clock = clock
        self._cancelled = cancelled or threading.Event()
        self._pace = Pace()
        self._queues: dict[bool, deque[threading.Event]] = {True: deque(), False: deque()}
        self._in_flight = 0
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def slot(self, deadline: Deadline | None = None, *, priority: bool = False) -> Iterator[None]:
        """Wait until a request may be sent; send it inside, and nothing else.

        A request that need not wait is let through after a cancel, too: its caller decides.

        Raises:
            DeadlineError: ``deadline`` passed first.
            StoppedError: the process was cancelled while this waited.
        """
        self._take(deadline, priority=priority)
        try:
            yield
        finally:
            with self._lock:
                self._in_flight -= 1
                self._wake()

    def on_accepted(self) -> None:
        """Count a request that the service did not refuse for its rate."""
        with self._lock:
            self._pace.on_accepted(self._clock.monotonic())

    def on_rejected(self, retry_after: float | None) -> None:
        """Slow everybody down after a 429; ``retry_after`` is the pause in seconds that the service asks for."""
        with self._lock:
            self._pace.on_rejected(self._clock.monotonic(), retry_after)

    def _take(self, deadline: Deadline | None, *, priority: bool) -> None:
        queue, me = self._queues[priority], threading.Event()
        with self._lock:
            queue.append(me)
        try:
            while True:
                _check(deadline)
                with self._lock:
                    me.clear()
                    now = self._clock.monotonic()
                    wait = self._pace.next_time(priority=priority) - now
                    turn = queue[0] is me and self._in_flight < AT_ONCE
                    if turn and wait <= 0:
                        self._in_flight += 1
                        self._pace.on_sent(now, priority=priority)
                        return
                if self._cancelled.is_set():
                    raise StoppedError(StopReason.CANCELLED)
                if turn:
                    self._clock.sleep(wait if deadline is None else min(wait, deadline.remaining))
                else:
                    me.wait(CHECK_SECONDS)
        finally:
            # Also when the wait ends by an exception: who leaves must not block the queue.
            with self._lock:
                queue.remove(me)
                self._wake()

    def _wake(self) -> None:
        for queue in self._queues.values():
            if queue:
                queue[0].set()


def _check(deadline: Deadline | None) -> None:
    if deadline is not None and deadline.expired:
        raise DeadlineError("the operation's time was up before the rate limit let the request go", None)
