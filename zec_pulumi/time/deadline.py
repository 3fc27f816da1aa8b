"""How long an operation may take, by a clock that never steps back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zec_pulumi.time.clock import Clock

DEFAULT_SECONDS = 60 * 60
"""Deadline of an operation whose resource sets no ``custom_timeouts``."""


@dataclass
class Deadline:
    """The end of an operation that may take ``seconds`` from now.

    The wall clock is read once at most: set in the middle of an operation, it would make durations of nonsense.
    """

    clock: Clock
    seconds: float = DEFAULT_SECONDS
    _started: float = field(init=False)
    _started_at: float | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._started = self.clock.monotonic()

    @property
    def now(self) -> float:
        """The time as seconds since the Unix epoch; of two readings, the later one is never less."""
        if self._started_at is None:
            self._started_at = self.clock.now() - self.elapsed
        return self._started_at + self.elapsed

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return self.clock.monotonic() - self._started

    @property
    def remaining(self) -> float:
        """Seconds left, zero when the time is up."""
        return max(0.0, self.seconds - self.elapsed)

    @property
    def expired(self) -> bool:
        """Whether the time is up."""
        return self.remaining <= 0

    def within(self, seconds: float) -> Deadline:
        """Return a deadline of at most ``seconds`` from now that does not outlast this one."""
        return Deadline(self.clock, min(seconds, self.remaining))


def duration(seconds: float) -> str:
    """Return ``seconds`` for people: ``45s``, ``3m05s``, ``1h20m``."""
    minutes, rest = divmod(int(seconds), 60)
    if not minutes:
        return f"{rest}s"
    hours, minutes_left = divmod(minutes, 60)
    return f"{hours}h{minutes_left:02d}m" if hours else f"{minutes}m{rest:02d}s"
