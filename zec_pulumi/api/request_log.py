"""The log: one line at DEBUG for each request, once it has ended. It holds no body, no header and no secret."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from zec_pulumi.api.errors import ApiError, TransportError
from zec_pulumi.text import printable

if TYPE_CHECKING:
    from zec_pulumi.api.envelope import Result
    from zec_pulumi.api.exchange import ApiRequest
    from zec_pulumi.errors import ZecError

LOG = logging.getLogger("zec_pulumi.api")


def record(call: ApiRequest, attempt: int, seconds: float, ended: Result | ZecError, secret: str) -> None:
    """Log how a request ended; nothing is made unless somebody listens.

    Args:
        call: The request.
        attempt: Which try of a read it was, from 1; a mutation has one.
        seconds: How long it took.
        ended: Its result, or its error.
        secret: The credential's secret. Like those of the request it is masked, should an answer repeat it.
    """
    if not LOG.isEnabledFor(logging.DEBUG):
        return
    line = f"{call.action} attempt {attempt}, {seconds:.3f} s: {_outcome(ended)}"
    for value in (*call.secrets, secret):
        line = line.replace(value, "***") if value else line
    LOG.debug("%s", printable(line))


def _outcome(ended: Result | ZecError) -> str:
    if isinstance(ended, ApiError):
        return f"HTTP {ended.http_status} {ended.code}, {_request(ended.request_id)}"
    if isinstance(ended, TransportError):
        return ended.summary
    if isinstance(ended, Exception):
        return str(ended)
    return f"HTTP 200, {_request(ended.request_id)}"


def _request(request_id: str) -> str:
    return f"request {request_id}" if request_id else "no request id"
