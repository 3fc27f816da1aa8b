"""How fast one process sends: as fast as it can until the service says 429, then all of it slower together."""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zec_pulumi.clock import Clock

AT_ONCE = 16
"""How many requests are under way at a time at most: the most that one overrun of the limit can have refused."""

FIRST_RATE = 4.0
"""Requests per second that the first refusal leaves at least; a service that takes fewer refuses again."""

LEAST_RATE = 0.2
"""Requests per second below which it is never slowed down."""

_SLOWER, _FASTER = 1.25, 0.999
_HOLD_SECONDS = 0.5


class Throttle:
    """The turns of all requests of a process; thread-safe, first come, first served.

    There is no limit but :data:`AT_ONCE` until a request is refused for its rate. Then everybody waits as long as the
    service asks, and requests are spread evenly, a little slower than the service took them before; each one that it
    takes lets the next come a little sooner, so that a limit that moves is found again. Reads do not queue behind
    mutations: one read tells about a hundred machines, some of which are powered off and wait for what comes next.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._under_way = threading.BoundedSemaphore(AT_ONCE)
        self._lock = threading.Lock()
        self._gap = 0.0
        self._next = 0.0
        self._held_until = 0.0
        self._taken: deque[float] = deque(maxlen=4096)

    @contextlib.contextmanager
    def turn(self, *, urgent: bool = False) -> Iterator[None]:
        """Wait until a request may be sent, and send it inside. ``urgent``: before those that queue."""
        self._wait(urgent=urgent)
        with self._under_way:
            yield

    def taken(self) -> None:
        """Count a request that the service took, whatever else it answered."""
        with self._lock:
            self._taken.append(self._clock.monotonic())
            self._gap *= _FASTER

    def refused(self, retry_after: float | None) -> None:
        """Slow everybody down: the service refused a request for its rate and asks for a pause of so many seconds."""
        with self._lock:
            now = self._clock.monotonic()
            # Those that were under way together are refused together: that is one overrun, not many.
            if now >= self._held_until:
                lately = sum(now - at <= 1.0 for at in self._taken)
                self._gap = min(max(self._gap, 1 / max(lately, FIRST_RATE)) * _SLOWER, 1 / LEAST_RATE)
            self._held_until = max(self._held_until, now + (retry_after or _HOLD_SECONDS))

    def _wait(self, *, urgent: bool) -> None:
        while True:
            mine, now = self._reserved(urgent=urgent)
            if mine <= now:
                return
            self._clock.sleep(mine - now)
            # A sleeper that is woken early is told to stop: whoever sends looks for that next.
            if self._clock.monotonic() < mine or mine >= self._held_until:
                return

    def _reserved(self, *, urgent: bool) -> tuple[float, float]:
        """Return when the next request may be sent, which nobody else may then, and the time now."""
        with self._lock:
            now = self._clock.monotonic()
            earliest = max(now, self._held_until)
            mine = earliest if urgent else max(earliest, self._next)
            self._next = max(self._next, mine) + self._gap
            return mine, now
