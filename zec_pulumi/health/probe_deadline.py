"""How long one probe waits: until its time is up, or the operation is stopped."""

from __future__ import annotations

import selectors
from typing import TYPE_CHECKING

from zec_pulumi.errors import StoppedError
from zec_pulumi.time.clock import SystemClock
from zec_pulumi.time.deadline import Deadline

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from zec_pulumi.errors import StopReason

CHECK_SECONDS = 1.0
"""Seconds between two checks that the operation goes on; each check is a call to the engine."""


class ProbeDeadline:
    """The deadline of one probe, ``seconds`` from now on the machine's own clock: sockets know no other."""

    def __init__(self, seconds: float, stop_reason: Callable[[], StopReason | None]) -> None:
        self._deadline = Deadline(SystemClock(), seconds)
        self._stop_reason = stop_reason
        self._next_check = Deadline(SystemClock(), 0)

    def check(self) -> None:
        """Return if the probe may go on.

        Raises:
            TimeoutError: the time is up.
            StoppedError: the operation is cancelled, or the engine is gone.
            RuntimeError: the engine cannot be asked, which tells nothing of the machine.
        """
        if self._next_check.expired:
            self._next_check = Deadline(SystemClock(), CHECK_SECONDS)
            try:
                reason = self._stop_reason()
            except OSError as error:
                raise RuntimeError from error
            if reason:
                raise StoppedError(reason)
        if self._deadline.expired:
            raise TimeoutError

    @property
    def slice(self) -> float:
        """How many seconds to wait at most before the next :meth:`check`."""
        return min(CHECK_SECONDS, self._deadline.remaining)

    def readable(self, connection: socket.socket) -> None:
        """Wait until there is something to read; raises as :meth:`check`."""
        self._ready(connection, selectors.EVENT_READ)

    def writable(self, connection: socket.socket) -> None:
        """Wait until there is room to write, or the connection stands; raises as :meth:`check`."""
        self._ready(connection, selectors.EVENT_WRITE)

    def _ready(self, connection: socket.socket, event: int) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(connection, event)
            self.check()
            while not selector.select(self.slice):
                self.check()
