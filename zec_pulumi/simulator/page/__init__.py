"""The page at ``/``: three files, served as they are."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

from starlette.responses import Response
from starlette.routing import Route

if TYPE_CHECKING:
    from starlette.requests import Request

FILES = {"page.html": "text/html", "page.css": "text/css", "page.js": "text/javascript"}
# Names of machines are hostile input. The page writes them as text only; this header is a second defence.
_HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
        "form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def page_routes() -> list[Route]:
    """Return the routes of the page, to be placed where it expects its other two files and the administration."""
    return [_route("/", "page.html"), *(_route(f"/_simulator/{name}", name) for name in FILES if name != "page.html")]


def _route(path: str, name: str) -> Route:
    content = (resources.files(__package__ or "") / name).read_bytes()

    async def serve(_: Request) -> Response:
        return Response(content, media_type=FILES[name], headers=_HEADERS)

    return Route(path, serve, methods=["GET"])
