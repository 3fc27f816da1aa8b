"""The turns of all requests of a process: threads wait here for their time to send."""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from typing import TYPE_CHECKING

from zec_pulumi.api.pace import Pace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zec_pulumi.time.clock import Clock

AT_ONCE = 16
"""How many requests are under way at a time at most: the most that one overrun of the limit can have refused."""


class Throttle:
    """Lets threads send as fast as the service takes it; first come, first served.

    Only the first in line has a time reserved: so a pace that changes holds for all others at once, however many wait.
    Reads do not queue behind mutations: one read tells about a hundred machines, some of which are powered off and wait
    for what comes next.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._pace = Pace()
        self._line: deque[threading.Event] = deque()
        self._under_way = threading.BoundedSemaphore(AT_ONCE)
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def turn(self, *, urgent: bool = False) -> Iterator[None]:
        """Wait until a request may be sent, and send it inside. ``urgent``: before those that queue."""
        while True:
            mine = self._wait(urgent=True) if urgent else self._wait_in_line()
            with self._under_way:
                # Until this place was free others were sent, and the service may have refused them.
                if mine is None or self._stands(mine):
                    yield
                    return

    def taken(self) -> None:
        """Count a request that the service took, whatever else it answered."""
        with self._lock:
            self._pace.taken(self._clock.monotonic())

    def refused(self, retry_after: float | None) -> None:
        """Slow everybody down: a request was refused for its rate, with this ``Retry-After`` in seconds."""
        with self._lock:
            self._pace.refused(self._clock.monotonic(), retry_after)

    def _stands(self, mine: float) -> bool:
        with self._lock:
            return self._pace.stands(mine)

    def _wait_in_line(self) -> float | None:
        first = threading.Event()
        with self._lock:
            self._line.append(first)
            if len(self._line) == 1:
                first.set()
        first.wait()
        try:
            return self._wait(urgent=False)
        finally:
            with self._lock:
                self._line.popleft()
                if self._line:
                    self._line[0].set()

    def _wait(self, *, urgent: bool) -> float | None:
        """Return the time that was waited for, None when told to stop: whoever sends looks for that next."""
        while True:
            with self._lock:
                now = self._clock.monotonic()
                mine = self._pace.reserve(now, urgent=urgent)
            if mine <= now:
                return mine
            self._clock.sleep(mine - now)
            if self._clock.monotonic() < mine:
                return None
            if self._stands(mine):
                return mine
