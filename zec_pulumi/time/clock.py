"""Time, injected: production code never calls :mod:`time` directly, so tests move a clock instead of sleeping."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import threading


class Clock(Protocol):
    """The three things this package needs of time. All values are seconds."""

    def now(self) -> float:
        """Return the wall-clock time as seconds since the Unix epoch (signatures, timestamps in state)."""

    def monotonic(self) -> float:
        """Return seconds on a clock that never steps back (deadlines, intervals)."""

    def sleep(self, seconds: float) -> None:
        """Wait for ``seconds``."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> float:
        """Return the wall-clock time as seconds since the Unix epoch."""
        return time.time()

    def monotonic(self) -> float:
        """Return seconds on a clock that never steps back."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait for ``seconds``; zero or less returns at once."""
        if seconds > 0:
            time.sleep(seconds)


class InterruptibleClock(SystemClock):
    """The machine's own clock, whose sleepers wake when ``interrupt`` is set."""

    def __init__(self, interrupt: threading.Event) -> None:
        self._interrupt = interrupt

    def sleep(self, seconds: float) -> None:
        """Wait for ``seconds``, or until interrupted."""
        if seconds > 0:
            self._interrupt.wait(seconds)
