"""When statuses are polled: all at the same moments, so that one request serves every wait."""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zec_pulumi.time.clock import Clock

EARLY_SECONDS = 30.0
"""How long after its start a rebuild is polled in every interval: refusals and failures show early."""

MIDDLE_INTERVALS = 3
"""Intervals between two polls in the middle of a rebuild."""

NEAR_END = 0.6
"""The part of the usual time after which a rebuild may end."""

SLOTS = 5
"""Slots per interval. Reads before a rebuild are batched, one request per slot."""


def intervals(elapsed: float | None, usual: float | None) -> int:
    """Return in how many intervals to poll a rebuild again that was accepted ``elapsed`` seconds ago.

    ``usual`` is how many seconds a rebuild takes, None when that is not known.
    """
    if elapsed is None or usual is None or elapsed < EARLY_SECONDS or elapsed >= NEAR_END * usual:
        return 1
    return MIDDLE_INTERVALS


class PollSchedule:
    """The common moments of all polls of a process, ``interval`` seconds apart. Thread-safe.

    The first waiter starts the schedule. Later waiters poll at the same moments.
    """

    def __init__(self, clock: Clock, interval: float) -> None:
        self._clock = clock
        self._interval = interval
        self._begin = 0.0
        self._waits = 0
        self._shortest: float | None = None
        self._lock = threading.Lock()

    def join(self) -> bool:
        """Begin to wait; return whether others wait already."""
        with self._lock:
            others = self._waits > 0
            if not others:
                self._begin = self._clock.monotonic()
            self._waits += 1
            return others

    def leave(self) -> None:
        """End a wait that was begun."""
        with self._lock:
            self._waits -= 1

    def until_poll(self, count: int = 1) -> float:
        """Return the seconds until the poll that is ``count`` intervals away, to the nearest."""
        passed = (self._clock.monotonic() - self._begin) / self._interval
        return max(0.0, (math.floor(passed + 0.5) + count - passed) * self._interval)

    def until_slot(self) -> float:
        """Return the seconds until the next slot of an interval; 0 while nobody waits."""
        with self._lock:
            if not self._waits:
                return 0.0
            slot = self._interval / SLOTS
            passed = (self._clock.monotonic() - self._begin) / slot
        return (math.floor(passed) + 1 - passed) * slot

    def learn(self, seconds: float) -> None:
        """Take note of how long a rebuild took, in this process or as the stack recorded it."""
        with self._lock:
            self._shortest = min(seconds, self._shortest or seconds)

    @property
    def usual(self) -> float | None:
        """Seconds that the fastest rebuild known to this process took; None while none is known."""
        return self._shortest
