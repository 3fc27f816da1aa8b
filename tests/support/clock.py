"""Time for tests: it passes only when somebody sleeps or a test moves it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

BEGIN = 1_767_225_600.0
"""The first second of 2026."""
UPTIME = 40 * 86_400.0
"""For how long the computer has run already. A real one's monotonic clock begins anywhere, too."""


class FakeClock:
    """A clock on which sleeping takes no time: it moves the clock at once. Threads may share it.

    Args:
        wall: What the wall clock says at the beginning, in seconds since the Unix epoch.
        on_sleep: Called after each sleep.

    ``slept`` holds the seconds of each sleep.
    """

    def __init__(self, *, wall: float = BEGIN, on_sleep: Callable[[], object] = lambda: None) -> None:
        self.slept: list[float] = []
        self.on_sleep = on_sleep
        self._elapsed = 0.0
        self._wall = wall
        self._lock = threading.Lock()

    def now(self) -> float:
        """Return the wall-clock time as seconds since the Unix epoch."""
        return self._wall + self.elapsed

    def monotonic(self) -> float:
        """Return the seconds since the computer was started."""
        return UPTIME + self.elapsed

    @property
    def elapsed(self) -> float:
        """The seconds that have passed."""
        return self._elapsed

    def sleep(self, seconds: float) -> None:
        """Let ``seconds`` pass at once."""
        self.slept.append(seconds)
        self.advance(max(0.0, seconds))
        self.on_sleep()

    def advance(self, seconds: float) -> None:
        """Let ``seconds`` pass while nobody sleeps."""
        with self._lock:
            self._elapsed += seconds

    def set_wall(self, seconds: float) -> None:
        """Set the wall clock ahead by ``seconds``, or back; no time passes."""
        self._wall += seconds


class CrowdClock(FakeClock):
    """A clock of so many threads, which moves to the next one that wakes once all of them sleep."""

    def __init__(self, threads: int) -> None:
        super().__init__()
        self._awake = threads
        self._wakes: list[float] = []
        self._moved = threading.Condition()

    def sleep(self, seconds: float) -> None:
        """Block until the clock has moved by ``seconds``; half a real minute at most."""
        if seconds <= 0:
            return
        with self._moved:
            wake = self._elapsed + seconds
            self._wakes.append(wake)
            self.left()
            assert self._moved.wait_for(lambda: self._elapsed >= wake, 30)

    def left(self) -> None:
        """Count a thread less; the last one to sleep or to leave moves the clock."""
        with self._moved:
            self._awake -= 1
            if not self._awake and self._wakes:
                self._elapsed = min(self._wakes)
                self._awake = self._wakes.count(self._elapsed)
                self._wakes = [wake for wake in self._wakes if wake > self._elapsed]
                self._moved.notify_all()
