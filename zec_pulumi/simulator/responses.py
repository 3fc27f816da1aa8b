"""HTTP responses that the framework lacks: JSON that can always be encoded, a connection that is cut, a slow answer."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send


class JsonResponse(Response):
    """JSON in ASCII: what a client sent may hold lone surrogates, which UTF-8 cannot carry back."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """Return ``content`` as bytes."""
        return json.dumps(content, separators=(",", ":")).encode("ascii")


class CutResponse(Response):
    """A connection that is cut: in the middle of ``body``, or before anything when there is none.

    The server's protocol (see ``serving.py``) hands the connection over in the scope's state, because ASGI
    itself has no word for hanging up.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send what there is, hang up, and wait until the server has noticed."""
        transport: asyncio.Transport = scope["state"]["transport"]
        if self.body:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            await send({"type": "http.response.body", "body": self.body[: len(self.body) // 2], "more_body": True})
            transport.close()
        else:
            transport.abort()
        await _gone(receive)


class TricklingResponse(Response):
    """JSON that comes byte by byte, ``seconds`` apart, until the client has gone."""

    media_type = "application/json"

    def __init__(self, content: bytes, status_code: int, seconds: float) -> None:
        super().__init__(content, status_code)
        self.seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send one byte after the other."""
        del scope
        gone = asyncio.ensure_future(_gone(receive))
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        for byte in bytes(self.body):
            await send({"type": "http.response.body", "body": bytes([byte]), "more_body": True})
            await asyncio.wait({gone}, timeout=self.seconds)
            if gone.done():
                return
        gone.cancel()
        await send({"type": "http.response.body", "body": b""})


async def _gone(receive: Receive) -> None:
    """Return when the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
