"""The HTTP server behind a simulator."""

from __future__ import annotations

from typing import TYPE_CHECKING

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from zec_pulumi.simulator.app import create_app

if TYPE_CHECKING:
    import asyncio
    from pathlib import Path

    from zec_pulumi.simulator.cloud import Cloud

# A request still being answered at the end (a delay fault) is given this long.
GRACE_SECONDS = 1
REQUEST_SECONDS = 30.0
# Clients poll every 5 seconds and more on one connection. A server that closes it at that moment costs them a request.
KEEP_ALIVE_SECONDS = 75


class _Protocol(H11Protocol):
    """HTTP as uvicorn speaks it, with two additions.

    It hands each connection to the application, which can then cut it: a fault ASGI has no message for. And it closes a
    connection whose request, from its first byte to its last, does not arrive in time.
    """

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}
        self._watch()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        # The next request may be under way already. One that has not begun is the business of the keep-alive timer.
        if self.conn.their_state is h11.SEND_BODY:
            self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._relax()

    def _watch(self) -> None:
        if self.conn.their_state not in {h11.IDLE, h11.SEND_BODY}:
            self._relax()
        elif self._deadline is None:
            self._deadline = self.loop.call_later(REQUEST_SECONDS, self.transport.abort)

    def _relax(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def create_server(cloud: Cloud, name: str, server_file: Path | None = None) -> uvicorn.Server:
    """Return a server of ``cloud``, to be run on a listening socket of ``name``; https with a key and certificate."""
    return uvicorn.Server(
        uvicorn.Config(
            create_app(cloud, name),
            http=_Protocol,
            ws="none",
            lifespan="off",
            log_level="critical",
            access_log=False,
            ssl_certfile=server_file,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
    )
