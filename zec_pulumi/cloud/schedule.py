"""When statuses are polled: all at the same moments, so that one request serves every wait."""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zec_pulumi.time.clock import Clock

EARLY_SECONDS = 30.0
"""How long after its start a rebuild is polled in every interval: refusals and failures show early."""

MIDDLE_SECONDS = 30.0
"""How long the middle of a rebuild is left alone at most, unless one interval is longer."""

NEAR_END = 0.75
"""The part of the usual time after which a rebuild may end."""

SLOTS = 5
"""Slots per interval. Reads before a rebuild are batched, one request per slot."""


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

    def until_poll(self, accepted_at: float | None = None) -> float:
        """Return the seconds until the next poll, of a rebuild that was accepted at that time if there is one.

        The middle of a rebuild is polled less often where it is known how long one takes.
        """
        now = self._clock.monotonic()
        elapsed = 0.0 if accepted_at is None else now - accepted_at
        middle = EARLY_SECONDS <= elapsed < NEAR_END * (self._shortest or 0.0)
        count = max(1, int(MIDDLE_SECONDS / self._interval)) if middle else 1
        passed = (now - self._begin) / self._interval
        # A poll that was due in this very moment counts as made.
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
        """Take note of how long a rebuild took, in this process or as the stack recorded it; the fastest counts."""
        with self._lock:
            self._shortest = min(seconds, self._shortest or seconds)
