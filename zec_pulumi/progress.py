"""What a user sees while an operation runs: phases always, elapsed time only where a person watches. A leaf."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from zec_pulumi.time.deadline import duration

if TYPE_CHECKING:
    from collections.abc import Callable

    from zec_pulumi.errors import StopReason
    from zec_pulumi.time.clock import Clock


class Row(Protocol):
    """A resource's row in the engine's display, and whether the engine still wants the operation on it."""

    def stop_reason(self) -> StopReason | None:
        """Return why nothing more may be sent for the operation, None while it is wanted. May block some seconds."""

    def progress(self, text: str) -> None:
        """Show ``text`` while the operation runs."""

    def info(self, text: str) -> None:
        """Put a line on the row, where it stays."""

    def warn(self, text: str) -> None:
        """Put a warning on the row, where it stays."""

    def error(self, text: str) -> None:
        """Put an error on the row, where it stays; it does not end the operation."""


class Progress:
    """The phases of one operation on its row. ``ticking`` adds the time since the phase began at each call."""

    def __init__(self, row: Row, clock: Clock, *, ticking: Callable[[], bool]) -> None:
        self._row = row
        self._clock = clock
        self._ticking = ticking
        self._phase = ""
        self._since = clock.monotonic()

    def stop_reason(self) -> StopReason | None:
        """Return why nothing more may be sent for the operation, None while it is wanted. May block some seconds."""
        return self._row.stop_reason()

    def phase(self, text: str) -> None:
        """Show the phase ``text``; the line is new when the phase changes, or where time is shown."""
        if text != self._phase:
            self._phase = text
            self._since = self._clock.monotonic()
            self._row.progress(text)
        elif self._ticking():
            self._row.progress(f"{text} {duration(self._clock.monotonic() - self._since)}")
