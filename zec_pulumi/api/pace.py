"""When the next request may be sent: no limit until the service says 429, then all slower together. Pure."""

from __future__ import annotations

from collections import deque

FIRST_RATE = 4.0
"""Requests per second that the first refusal leaves at least; a service that takes fewer refuses again."""

LEAST_RATE = 0.02
"""Requests per second below which it is never slowed down: a hundred runners may share a limit of a few a second."""

HOLD_SECONDS = 0.5
"""How long everybody waits after a refusal that names no time."""

_SLOWER, _FASTER = 1.25, 0.998


class Pace:
    """The times of one process's requests; all times are seconds on one clock that never steps back.

    After a refusal everybody waits as long as the service asks, and requests are spread evenly, a little slower than
    the service took them before. Each one that it takes lets the next come a little sooner, so that a limit that moves
    is found again at the cost of a request in some hundred.
    """

    def __init__(self) -> None:
        self._gap = 0.0
        self._next = 0.0
        self._next_urgent = 0.0
        self._held_until = 0.0
        self._taken: deque[float] = deque(maxlen=4096)

    def reserve(self, now: float, *, urgent: bool = False) -> float:
        """Return when a request may be sent; nobody else may then.

        ``urgent`` ones come before those that queue, and take at most half of the rate: else many reads would starve
        what they are made for.
        """
        mine = max(now, self._held_until, self._next_urgent if urgent else self._next)
        if urgent:
            self._next_urgent = mine + 2 * self._gap
        self._next = max(self._next, mine) + self._gap
        return mine

    def stands(self, reserved: float) -> bool:
        """Whether a time that was reserved still holds; a refusal since then may ask to wait longer."""
        return reserved >= self._held_until

    def taken(self, now: float) -> None:
        """Count a request that the service took, whatever else it answered."""
        self._taken.append(now)
        self._gap *= _FASTER

    def refused(self, now: float, retry_after: float | None) -> None:
        """Slow down: the service refused a request for its rate, and asks for a pause of so many seconds."""
        # Those that were under way together are refused together: that is one overrun, not many.
        if now >= self._held_until:
            lately = sum(now - at <= 1.0 for at in self._taken)
            self._gap = min(max(self._gap, 1 / max(lately, FIRST_RATE)) * _SLOWER, 1 / LEAST_RATE)
        self._held_until = max(self._held_until, now + (retry_after or HOLD_SECONDS))
