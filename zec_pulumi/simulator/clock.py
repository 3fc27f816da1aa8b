"""The simulator's own clock: states change by it, so moving it moves the whole cloud."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Literal

ClockMode = Literal["real", "manual"] | float


def timestamp(seconds: float) -> str:
    """Return ``seconds`` since the Unix epoch as the API writes a time, in UTC: ``2025-09-01T12:00:00Z``."""
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class ClockState:
    """What a clock needs to go on after the process has ended; all are seconds but ``scale``.

    Args:
        begin: Simulated time, without what was advanced, at the real time ``real``.
        real: Real time since the Unix epoch.
        scale: How many simulated seconds a real one is.
        advanced: What was advanced by hand.
        skew: How far the time that signatures are checked with is ahead.
    """

    begin: float
    real: float
    scale: float
    advanced: float
    skew: float


class SimulatorClock:
    """Simulated time, beginning at the moment the simulator starts.

    Args:
        mode: ``"real"`` runs with the machine's clock, ``"manual"`` stands still between calls of
            :meth:`advance`, a number runs that many times as fast as real time.
        skew: Seconds by which the time that signatures are checked with is ahead of real time.
    """

    def __init__(self, mode: ClockMode = "real", *, skew: float = 0.0) -> None:
        self.mode: ClockMode = mode
        self._scale = {"real": 1.0, "manual": 0.0}[mode] if isinstance(mode, str) else float(mode)
        if self._scale < 0:
            raise ValueError("the clock cannot run backwards: its scale must be 0 or more")
        self.skew = skew
        self.restart()

    def restart(self) -> None:
        """Forget everything that was advanced and begin again at the present."""
        self._real = self._begin = time.time()
        self._begin_monotonic = time.monotonic()
        self._advanced = 0.0

    def state(self) -> ClockState:
        """Return what :meth:`resume` needs; it is the same until the clock is moved by hand."""
        return ClockState(self._begin, self._real, self._scale, self._advanced, self.skew)

    def resume(self, state: ClockState, *, not_before: float) -> None:
        """Go on from where another process left: the real time since then counts as that clock would have counted it.

        Args:
            state: What the other clock said.
            not_before: The last simulated time that somebody saw; a machine whose own clock was set back since
                then does not take the simulated time back.
        """
        self.restart()
        passed = max(0.0, self._real - state.real) * state.scale
        self._begin = max(state.begin + passed, not_before - state.advanced)
        self._advanced = state.advanced
        self.skew = state.skew

    def now(self) -> float:
        """Return the simulated time as seconds since the Unix epoch; it never steps back."""
        elapsed = (time.monotonic() - self._begin_monotonic) * self._scale
        return self._begin + elapsed + self._advanced

    def advance(self, seconds: float) -> float:
        """Move simulated time forward by ``seconds`` at once and return the new time.

        Raises:
            ValueError: ``seconds`` is negative or not finite.
        """
        if not 0 <= seconds < float("inf"):
            raise ValueError("the clock cannot run backwards or to the end: advance by 0 or more seconds")
        self._advanced += seconds
        return self.now()

    def wall(self) -> float:
        """Return the time that signatures are checked with, in seconds since the Unix epoch.

        Real time and :attr:`skew` only: advancing simulated time must not expire a client's signatures.
        """
        return time.time() + self.skew
