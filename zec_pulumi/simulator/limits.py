"""Limits the size of a request.

The documents name no limit. This is that of common gateways; the largest thing a request carries, user data, is below
100 KiB.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.datastructures import Headers

from zec_pulumi.simulator.responses import JsonResponse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY = 1024 * 1024


class BodyLimit:
    """ASGI middleware: hands over a whole body, or answers 413 and closes the connection without reading on."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the body, and pass the request on."""
        body = await _read(scope, receive)
        if body is None:
            refused = {"error": f"a request has at most {MAX_BODY} bytes"}
            await JsonResponse(refused, 413, {"Connection": "close"})(scope, receive, send)
            return
        left = [body]

        async def replay() -> Message:
            return left.pop() if left else await receive()

        await self._app(scope, replay, send)


async def _read(scope: Scope, receive: Receive) -> Message | None:
    """Return the body as one message, or None when it is too large; the client's going away is a message, too."""
    announced = Headers(scope=scope).get("content-length", "0")
    if not announced.isdecimal() or int(announced) > MAX_BODY:
        return None
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return message
        parts.append(message["body"])
        size += len(message["body"])
        if size > MAX_BODY:
            return None
        if not message["more_body"]:
            return {"type": "http.request", "body": b"".join(parts), "more_body": False}
