"""Sends one request once over HTTP and returns the response, within one limit of time and size.

The first step of the border, see ``answer.py``.
"""

from __future__ import annotations

import threading
from functools import cache
from http.cookiejar import DefaultCookiePolicy
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

import requests

from zec_pulumi.api import connections, failures
from zec_pulumi.api.exchange import ApiRequest, HttpResponse
from zec_pulumi.api.failures import CutShortError
from zec_pulumi.api.signing import authorization_headers

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping

    from zec_pulumi.api.credentials import Credentials
    from zec_pulumi.api.endpoint import Endpoint
    from zec_pulumi.api.timeouts import Timeouts
    from zec_pulumi.time.clock import Clock

API_VERSION = "2025-09-01"
VERSIONS = {"zrm": "2025-10-14"}
"""The version of each service that does not have :data:`API_VERSION`."""

CONTENT_TYPE = "application/json"
POOL_SIZE = 16
"""Connections that are kept open: as many as requests are sent at the same time, ``rate_limit.AT_ONCE``."""

MAX_ANSWER_BYTES = 16 * 1024 * 1024
"""Size of an answer after decompression that is refused; a page of 1000 instances has some 3 MB."""

CANCELLED_SECONDS = 1.0
"""How long a read that is in flight may go on after a cancel."""

_CHECK_SECONDS = 0.25
_CHUNK_BYTES = 16 * 1024
_ENCODINGS = ("", "identity", "gzip", "deflate")
"""What may be unpacked: one encoding at most, as a bomb inside a bomb grows beyond every limit."""


class HTTPTransport:
    """One pool of connections to one endpoint; safe for use by many threads.

    TLS is verified, redirects are returned and not followed, cookies are ignored, and nothing is ever sent
    a second time. CA bundles and proxies come from the environment; a loopback endpoint needs no
    proxy.

    Args:
        credentials: Who asks.
        endpoint: Where the requests go.
        clock: Time, for signatures and limits.
        cancelled: Once it is set, a read ends within :data:`CANCELLED_SECONDS`.
    """

    def __init__(
        self, credentials: Credentials, endpoint: Endpoint, clock: Clock, cancelled: threading.Event | None = None
    ) -> None:
        self.endpoint = endpoint
        self._credentials = credentials
        self._clock = clock
        self._cancelled = cancelled or threading.Event()
        self._reached = False
        self._session = requests.Session()
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, connections.Adapter(POOL_SIZE))

    def close(self) -> None:
        """Close all connections."""
        self._session.close()

    def send(self, call: ApiRequest, timeouts: Timeouts) -> HttpResponse:
        """Send ``call`` once; see :class:`zec_pulumi.api.exchange.Transport`."""
        exchange: _Exchange | None = None
        error: Exception | None
        try:
            exchange = _Exchange(self._session, self._prepare(call), timeouts, self._environment)
            exchange.start()
        except Exception as failed:  # noqa: BLE001 a header that cannot be sent, or no more threads
            error, not_sent = failed, True
        else:
            error, not_sent = self._outcome(exchange, call, timeouts)
        if error is None and exchange and exchange.response is not None:
            self._reached = True
            return exchange.response
        failure = failures.describe(
            error or CutShortError("it ended without a result"),
            action=call.action,
            endpoint=self.endpoint,
            timeouts=timeouts,
            not_sent=not_sent,
            reached_before=self._reached,
        )
        self._reached = self._reached or not not_sent
        # Raised out here, so that the original error, which holds the request, is not its context.
        raise failure

    def _outcome(self, exchange: _Exchange, call: ApiRequest, timeouts: Timeouts) -> tuple[Exception | None, bool]:
        """Wait for the exchange; return its error, None when it has a response, and whether nothing was sent.

        No time-out of a socket ends an answer that comes a byte at a time, nor the look-up of a name. So the exchange
        has a thread of its own, and this one stops waiting for it.
        """
        end, cancelled = self._clock.monotonic() + timeouts.total, False
        while not exchange.ended.wait(_CHECK_SECONDS):
            if not cancelled and not call.is_mutation and self._cancelled.is_set():
                cancelled, end = True, min(end, self._clock.monotonic() + CANCELLED_SECONDS)
            if self._clock.monotonic() >= end:
                not_sent = exchange.progress.abandon()
                reason = "the operation was cancelled" if cancelled else f"not complete within {timeouts.total:.3g} s"
                return CutShortError(reason), not_sent
        return exchange.error, exchange.progress.surely_not_sent()

    def _prepare(self, call: ApiRequest) -> requests.PreparedRequest:
        # Not Session.prepare_request: that would let ~/.netrc overwrite the Authorization header.
        return requests.Request(
            "POST", self.endpoint.url(call.service), headers=self._headers(call), data=call.body
        ).prepare()

    def _headers(self, call: ApiRequest) -> dict[str, str]:
        host = self.endpoint.domain
        return {
            "Accept-Encoding": "gzip, deflate",
            "Content-Type": CONTENT_TYPE,
            "Host": host,
            "User-Agent": client_name(),
            "x-zc-action": call.action,
            "x-zc-request-client": client_name(),
            "x-zc-service": call.service,
            "x-zc-version": VERSIONS.get(call.service, API_VERSION),
            **authorization_headers(
                self._credentials,
                content_type=CONTENT_TYPE,
                host=host,
                body=call.body,
                timestamp=int(self._clock.now()),
            ),
        }

    def _environment(self, url: str) -> tuple[MutableMapping[str, str], bool | str]:
        settings = self._session.merge_environment_settings(url, {}, False, None, None)
        verify: bool | str = settings["verify"] if settings["verify"] is not None else True
        return {} if self.endpoint.is_loopback else settings["proxies"], verify


class _Exchange(threading.Thread):
    """Sends one request and reads the whole answer. ``ended`` is set when ``response`` or ``error`` is there."""

    def __init__(
        self,
        session: requests.Session,
        request: requests.PreparedRequest,
        timeouts: Timeouts,
        environment: Callable[[str], tuple[MutableMapping[str, str], bool | str]],
    ) -> None:
        super().__init__(name="zec_pulumi: one request", daemon=True)
        self.progress = connections.Exchange()
        self.ended = threading.Event()
        self.response: HttpResponse | None = None
        self.error: Exception | None = None
        self._session = session
        self._request = request
        self._timeouts = timeouts
        self._environment = environment

    def run(self) -> None:
        """Do it; nothing is raised."""
        self.progress.bind()
        try:
            self.response = self._send()
        except Exception as error:  # noqa: BLE001 urllib3 raises ValueError and others for answers that make no sense
            self.error = error
        finally:
            self.ended.set()

    def _send(self) -> HttpResponse:
        url = self._request.url or ""
        proxies, verify = self._environment(url)
        limits: Any = (self._timeouts.connect, self._timeouts.read)
        # Not Session.send: it would follow what a wrong Location says, and read the body without a limit.
        adapter = self._session.get_adapter(url)
        with adapter.send(self._request, stream=True, timeout=limits, verify=verify, proxies=proxies) as answer:
            if answer.headers.get("content-encoding", "").strip().lower() not in _ENCODINGS:
                raise CutShortError("it has an encoding that was not asked for")
            body = bytearray()
            for chunk in answer.iter_content(_CHUNK_BYTES):
                body += chunk
                if len(body) > MAX_ANSWER_BYTES:
                    raise CutShortError(f"it is longer than {MAX_ANSWER_BYTES // 1024 // 1024} MiB")
            headers = {name.lower(): value for name, value in answer.headers.items()}
            return HttpResponse(answer.status_code, headers, bytes(body))


@cache
def client_name() -> str:
    """Return the name of this client for the API: the package and its version."""
    try:
        return f"zec_pulumi-{version('zec_pulumi')}"
    except PackageNotFoundError:
        return "zec_pulumi-source"
