"""A health gate without a process: a port of this computer that answers while the machine of a world is healthy."""

from __future__ import annotations

import contextlib
import socket

from zec_pulumi import health

ADDRESS = "127.0.0.1"


class Port:
    """A TCP port that nobody else gets, and that accepts connections while :meth:`answer` says so."""

    def __init__(self) -> None:
        self._held = self._bound(0)
        self.number: int = self._held.getsockname()[1]
        self._listening: socket.socket | None = None

    def answer(self, *, healthy: bool) -> None:
        """Accept connections from now on, or refuse them."""
        if healthy and self._listening is None:
            self._listening = self._bound(self.number)
            self._listening.listen()
            self._listening.setblocking(False)
        elif not healthy and self._listening is not None:
            self._listening.close()
            self._listening = None
        if self._listening is not None:
            self._hang_up(self._listening)

    @staticmethod
    def _hang_up(listening: socket.socket) -> None:
        """Take those that were there, so that there is room for the next ones."""
        with contextlib.suppress(BlockingIOError):
            while True:
                listening.accept()[0].close()

    @staticmethod
    def _bound(number: int) -> socket.socket:
        made = socket.socket()
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((ADDRESS, number))
        return made


PORT = Port()
"""The port of the machine in whichever world acts now."""

GATE = health.tcp(PORT.number, interval=10, deadline=20).properties()
"""A gate on it, as a program sends it."""
