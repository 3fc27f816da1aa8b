"""Turns a failed attempt to send a request into an error for the user.

Nothing of the original exception's text is used: it may hold a proxy's URL with its password.
"""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING

import requests
import urllib3

from zec_pulumi.api.errors import AnswerLostError, NotSentError, TransportError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zec_pulumi.api.endpoint import Endpoint
    from zec_pulumi.api.timeouts import Timeouts


class CutShortError(Exception):
    """We ended the exchange ourselves; the text says why, to continue a sentence."""


_CHECK_NETWORK = "check the endpoint and this machine's network, then run again"

_TIMEOUTS = (TimeoutError, requests.Timeout, urllib3.exceptions.TimeoutError)

# The first entry that is among the causes names the reason.
_UNREACHABLE: tuple[tuple[tuple[type[BaseException], ...], str, str], ...] = (
    (
        (ssl.SSLCertVerificationError,),
        "its TLS certificate is not trusted",
        "check the endpoint, and REQUESTS_CA_BUNDLE if a proxy inspects TLS",
    ),
    ((ssl.SSLError,), "the TLS handshake failed", "check that the endpoint speaks https"),
    (
        (requests.exceptions.ProxyError, urllib3.exceptions.ProxyError),
        "the proxy did not connect",
        "check HTTPS_PROXY and NO_PROXY",
    ),
    (
        (socket.gaierror, urllib3.exceptions.NameResolutionError),
        "the host name does not resolve",
        "check the endpoint's spelling and this machine's DNS",
    ),
    ((ConnectionRefusedError,), "connection refused", _CHECK_NETWORK),
)


def describe(
    error: Exception,
    *,
    action: str,
    endpoint: Endpoint,
    timeouts: Timeouts,
    not_sent: bool,
    reached_before: bool = False,
) -> TransportError:
    """Return the error to raise for ``error``.

    Args:
        error: What was raised while it was sent.
        action: The API action.
        endpoint: Where it was sent.
        timeouts: The limits of the attempt.
        not_sent: Whether no byte of the request left.
        reached_before: Whether the endpoint was reached before: then a name that is not found is a passing trouble.
    """
    causes = tuple(_causes(error))
    if not_sent:
        reason, next_step = _why_unreachable(causes, timeouts)
        return NotSentError(
            f"{action} was not sent: no connection to {endpoint.base_url} ({reason})",
            next_step=next_step,
            action=action,
            host=endpoint.domain,
            permanent=_any(causes, ssl.SSLCertVerificationError) or (not reached_before and _no_such_name(causes)),
        )
    return AnswerLostError(
        f"{action} was sent to {endpoint.base_url}, but its answer was lost ({_why_lost(causes, timeouts)})",
        action=action,
        host=endpoint.domain,
    )


def _no_such_name(causes: tuple[BaseException, ...]) -> bool:
    """Whether the host name is wrong; a resolver that cannot be asked now is another matter."""
    return any(isinstance(cause, socket.gaierror) and cause.errno == socket.EAI_NONAME for cause in causes)


def _why_unreachable(causes: tuple[BaseException, ...], timeouts: Timeouts) -> tuple[str, str]:
    if isinstance(causes[0], CutShortError):
        return str(causes[0]), _CHECK_NETWORK
    for kinds, reason, next_step in _UNREACHABLE:
        if _any(causes, *kinds):
            return reason, next_step
    if _any(causes, *_TIMEOUTS):
        return f"no connection within {timeouts.connect:g} s", _CHECK_NETWORK
    return "the connection broke before it stood", _CHECK_NETWORK


def _why_lost(causes: tuple[BaseException, ...], timeouts: Timeouts) -> str:
    if isinstance(causes[0], CutShortError):
        return str(causes[0])
    if _any(causes, *_TIMEOUTS):
        return f"none within {timeouts.read:g} s"
    if _any(causes, urllib3.exceptions.IncompleteRead, urllib3.exceptions.DecodeError):
        return "it ended too early or is garbled"
    return "the connection broke"


def _any(causes: tuple[BaseException, ...], *kinds: type[BaseException]) -> bool:
    return any(isinstance(cause, kinds) for cause in causes)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and all it wraps; urllib3 hides some in ``args`` and ``reason``."""
    pending: list[object] = [error]
    seen: set[int] = set()
    while pending:
        candidate = pending.pop()
        if not isinstance(candidate, BaseException) or id(candidate) in seen:
            continue
        seen.add(id(candidate))
        yield candidate
        pending += [candidate.__cause__, candidate.__context__, getattr(candidate, "reason", None)]
        pending += candidate.args
