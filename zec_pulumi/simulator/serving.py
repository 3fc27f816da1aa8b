"""The HTTP server behind a simulator."""

from __future__ import annotations

from typing import TYPE_CHECKING

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from zec_pulumi.simulator.app import create_app

if TYPE_CHECKING:
    import asyncio
    from pathlib import Path

    from zec_pulumi.simulator.cloud import Cloud

# A request still being answered at the end (a delay fault) is given this long.
GRACE_SECONDS = 1


class _Protocol(H11Protocol):
    """Hands each connection to the application, which can then cut it: a fault ASGI has no message for."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


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
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
    )
