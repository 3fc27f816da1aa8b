"""Finds the error class for an error envelope."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from zec_pulumi.api import codes
from zec_pulumi.api.answer import id_or_nothing
from zec_pulumi.api.codes import Family
from zec_pulumi.api.errors import (
    ApiError,
    AuthenticationError,
    BlockedError,
    InstanceStateError,
    InvalidRequestError,
    NotFoundError,
    RateLimitError,
    ServerError,
)
from zec_pulumi.api.headers import retry_after

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zec_pulumi.api.exchange import HttpResponse

CLASSES: Mapping[Family, type[ApiError]] = {
    Family.AUTHENTICATION: AuthenticationError,
    Family.NOT_FOUND: NotFoundError,
    Family.INVALID_REQUEST: InvalidRequestError,
    Family.INSTANCE_STATE: InstanceStateError,
    Family.RATE_LIMIT: RateLimitError,
    Family.SERVER: ServerError,
    Family.BLOCKED: BlockedError,
}


def api_error(envelope: Mapping[str, Any], answer: HttpResponse, *, action: str, note: str = "") -> ApiError:
    """Return the error that ``envelope``, whose texts are clean, reports.

    ``note`` is added to the text when the credentials are not accepted.
    """
    code, message = envelope["code"], envelope.get("message")
    kind = family(code, answer.status)
    return CLASSES[kind](
        code=code,
        message=" ".join(message.split()) if isinstance(message, str) else "",
        http_status=answer.status,
        request_id=id_or_nothing(envelope.get("requestId")),
        action=action,
        retry_after=retry_after(answer.headers),
        note=note if kind is Family.AUTHENTICATION else "",
    )


def family(code: str, status: int) -> Family:
    """Return the family of a code: by name, then by its form, then by the HTTP status."""
    known = codes.find(code)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Family.RATE_LIMIT
    if known:
        return known.family
    if code.startswith("AUTHFAILURE_") or status == HTTPStatus.UNAUTHORIZED:
        return Family.AUTHENTICATION
    if code.startswith(("OPERATION_DENIED_", "UNSUPPORTED_OPERATION_")):
        return Family.INSTANCE_STATE
    if code.endswith("_NOT_FOUND") or status == HTTPStatus.NOT_FOUND:
        return Family.NOT_FOUND
    failed = status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.REQUEST_TIMEOUT
    return Family.SERVER if failed else Family.INVALID_REQUEST
