"""Keeps websites out: a page that somebody has open must not administer the simulator on their machine.

A browser lets any site send requests to loopback. Two things give such a request away. ``Origin`` (and
``Sec-Fetch-Site``) name the site that sent it, which pages cannot change. And a site whose own name leads to 127.0.0.1
(DNS rebinding) is called by that name in ``Host``. Programs send no such headers, and call a simulator by an address or
a local name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from zec_pulumi.simulator.addresses import is_address
from zec_pulumi.simulator.responses import JsonResponse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send


class Guard:
    """ASGI middleware around page and administration.

    Args:
        app: What is guarded.
        name: The host that the simulator listens on; requests may call it by that name.
    """

    def __init__(self, app: ASGIApp, name: str) -> None:
        self._app = app
        self._name = name

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it with 403."""
        headers = Headers(scope=scope)
        refused = refusal(
            headers.get("host", ""), headers.get("origin"), headers.get("sec-fetch-site"), scope["scheme"], self._name
        )
        if refused is None:
            await self._app(scope, receive, send)
        else:
            await JsonResponse({"error": refused}, 403)(scope, receive, send)


def refusal(host: str, origin: str | None, fetch_site: str | None, scheme: str, name: str) -> str | None:
    """Return why a request is refused, or None.

    Args:
        host: The header ``Host``.
        origin: The header ``Origin``.
        fetch_site: The header ``Sec-Fetch-Site``.
        scheme: ``http`` or ``https``.
        name: A host name that is accepted though it has a dot.
    """
    called = _hostname(host)
    # Anybody can own a name with a dot; nobody can own an address of this machine, or a name without one.
    if not called or not (is_address(called) or "." not in called or called == name):
        return "the simulator is called by an address, by localhost or by the name that --host gives it"
    if origin is not None and origin != f"{scheme}://{host}":
        return "another website may not administer the simulator"
    if fetch_site in {"cross-site", "same-site"}:
        return "another website may not administer the simulator"
    return None


def _hostname(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
