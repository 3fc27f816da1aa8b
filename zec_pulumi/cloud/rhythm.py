"""When waits look at their machines: all on the beat of one clock, so that one request serves them all."""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zec_pulumi.time.clock import Clock

EARLY_SECONDS = 30.0
"""How long after its start a rebuild is looked at on every beat: refusals and failures show early."""

SELDOM = 3
"""Beats between two looks while the end is far away."""

NEAR = 0.6
"""The part of the usual time after which the end is near."""


PARTS = 5
"""Parts of a beat. What is read of machines before anything is done to them is read once in each, of all together."""


def beats(elapsed: float | None, usual: float | None) -> int:
    """Return in how many beats to look again at a rebuild that began ``elapsed`` seconds ago.

    Every beat at first and near the end; seldom in between. ``usual``: seconds that a rebuild takes, if known.
    """
    if elapsed is None or usual is None or elapsed < EARLY_SECONDS or elapsed >= NEAR * usual:
        return 1
    return SELDOM


class Rhythm:
    """The beat of a process: every ``interval`` seconds while anybody waits. Thread-safe.

    It begins with the first wait, which is so served exactly in its interval; those that join take over its beat.
    """

    def __init__(self, clock: Clock, interval: float) -> None:
        self._clock = clock
        self._interval = interval
        self._begin = 0.0
        self._waits = 0
        self._shortest: float | None = None
        self._lock = threading.Lock()

    def join(self) -> bool:
        """Begin to wait; return whether others wait already, whose beat this one takes over."""
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

    def until_beat(self, count: int = 1) -> float:
        """Return the seconds until the beat that is ``count`` beats away, to the nearest."""
        passed = (self._clock.monotonic() - self._begin) / self._interval
        return max(0.0, (math.floor(passed + 0.5) + count - passed) * self._interval)

    def until_part(self) -> float:
        """Return the seconds until the next part of a beat; 0 while nobody waits."""
        with self._lock:
            if not self._waits:
                return 0.0
            part = self._interval / PARTS
            passed = (self._clock.monotonic() - self._begin) / part
        return (math.floor(passed) + 1 - passed) * part

    def learn(self, seconds: float) -> None:
        """Take note of how long a rebuild took, in this process or as the stack recorded it."""
        with self._lock:
            self._shortest = min(seconds, self._shortest or seconds)

    @property
    def usual(self) -> float | None:
        """Seconds that the fastest rebuild known to this process took; None while none is known."""
        return self._shortest
