"""Sends one request once and returns the HTTP response."""

from __future__ import annotations

from functools import cache
from http.cookiejar import DefaultCookiePolicy
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

import requests

from zec_pulumi.api import connections, failures
from zec_pulumi.api.credentials import AccessKey, Credentials
from zec_pulumi.api.exchange import ApiRequest, HttpResponse
from zec_pulumi.api.signing import authorization_headers

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from zec_pulumi.api.endpoint import Endpoint
    from zec_pulumi.api.timeouts import Timeouts
    from zec_pulumi.time.clock import Clock

API_VERSION = "2025-09-01"
CONTENT_TYPE = "application/json"
POOL_SIZE = 16
"""Connections that are kept open: as many as requests are sent at the same time, ``throttle.AT_ONCE``."""


class Transport:
    """One pool of connections to one endpoint; safe for use by many threads.

    TLS is verified, redirects are returned and not followed, cookies are ignored, and nothing is ever sent
    a second time. CA bundles and proxies come from the environment; a loopback endpoint needs no
    proxy.
    """

    def __init__(self, credentials: Credentials, endpoint: Endpoint, timeouts: Timeouts, clock: Clock) -> None:
        self.endpoint = endpoint
        self.timeouts = timeouts
        self._credentials = credentials
        self._clock = clock
        self._session = requests.Session()
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, connections.Adapter(POOL_SIZE))

    @property
    def secrets(self) -> tuple[str, ...]:
        """The part of the credentials that no message may repeat."""
        if isinstance(self._credentials, AccessKey):
            return (self._credentials.access_key_password,)
        return (self._credentials.token,)

    def close(self) -> None:
        """Close all connections."""
        self._session.close()

    def send(self, call: ApiRequest, timeouts: Timeouts) -> HttpResponse:
        """Send ``call`` once.

        Raises:
            NotSentError: No connection came about.
            AnswerLostError: Something broke after that.
        """
        connections.begin()
        try:
            response = self._send(call, timeouts)
        except (requests.RequestException, OSError) as error:
            failure = failures.describe(
                error,
                action=call.action,
                endpoint=self.endpoint,
                timeouts=timeouts,
                not_sent=connections.surely_not_sent(),
            )
        else:
            headers = {name.lower(): value for name, value in response.headers.items()}
            return HttpResponse(response.status_code, headers, response.content)
        # Raised out here, so that the original error, which holds the request, is not its context.
        raise failure

    def _send(self, call: ApiRequest, timeouts: Timeouts) -> requests.Response:
        request = self._prepare(call)
        proxies, verify = self._environment(request.url or "")
        return self._session.send(
            request,
            timeout=(timeouts.connect, timeouts.read),
            allow_redirects=False,
            proxies=proxies,
            verify=verify,
        )

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
            "x-zc-version": API_VERSION,
            **authorization_headers(
                self._credentials,
                content_type=CONTENT_TYPE,
                host=host,
                body=call.body,
                timestamp=int(self._clock.now()),
            ),
        }

    def _environment(self, url: str) -> tuple[MutableMapping[str, str], bool | str | None]:
        settings = self._session.merge_environment_settings(url, {}, False, None, None)
        return {} if self.endpoint.is_loopback else settings["proxies"], settings["verify"]


@cache
def client_name() -> str:
    """Return the name of this client for the API: the package and its version."""
    try:
        return f"zec_pulumi-{version('zec_pulumi')}"
    except PackageNotFoundError:
        return "zec_pulumi-source"
