"""What a user sees while a rebuild runs: phases always, elapsed time only where a person watches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from zec_pulumi.time.deadline import duration

if TYPE_CHECKING:
    from collections.abc import Callable

    from zec_pulumi.halt import Halt
    from zec_pulumi.time.clock import Clock


class Row(Protocol):
    """A resource's row in the engine's display; :class:`zec_pulumi.engine.Call` is one."""

    def halted(self) -> Halt | None:
        """Return why nothing more may be sent for the operation, None while it is wanted."""

    def progress(self, text: str) -> None:
        """Show ``text`` while the operation runs."""

    def warn(self, text: str) -> None:
        """Put a warning on the row."""


class Progress:
    """The phases of one operation on its row. ``ticking`` adds the time since the phase began at each call."""

    def __init__(self, row: Row, clock: Clock, *, ticking: Callable[[], bool]) -> None:
        self._row = row
        self._clock = clock
        self._ticking = ticking
        self._phase = ""
        self._since = clock.monotonic()

    def halted(self) -> Halt | None:
        """Return why nothing more may be sent for the operation, None while it is wanted."""
        return self._row.halted()

    def phase(self, text: str) -> None:
        """Tell that ``text`` is going on; a line appears when it changes, or ticks."""
        if text != self._phase:
            self._phase = text
            self._since = self._clock.monotonic()
            self._row.progress(text)
        elif self._ticking():
            self._row.progress(f"{text} {duration(self._clock.monotonic() - self._since)}")

    def warn(self, text: str) -> None:
        """Put a warning on the row, where it stays."""
        self._row.warn(text)
