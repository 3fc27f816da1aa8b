"""Replaces an answer by what a fault sends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.responses import HTMLResponse, RedirectResponse, Response

from zec_pulumi.simulator.effects import (
    BadGateway,
    Blocked,
    Challenge,
    Drop,
    Empty,
    Error,
    RateLimit,
    Redirect,
    Trickle,
    Truncated,
)
from zec_pulumi.simulator.envelope import Answer, RefusedError, failure, new_request_id
from zec_pulumi.simulator.responses import CutResponse, JsonResponse, TricklingResponse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zec_pulumi.simulator.effects import Effect

_BAD_GATEWAY_PAGE = "<html><head><title>502 Bad Gateway</title></head><body>502 Bad Gateway</body></html>"
_CHALLENGE_PAGE = "<html><head><title>Just a moment...</title></head><body>Checking your browser</body></html>"


@dataclass(frozen=True)
class OutgoingAnswer:
    """What goes out, and what the request log says of it; the status is None when nothing goes out."""

    response: Response
    status: int | None
    code: str | None = None
    answer: Answer | None = None


def plain(answer: Answer) -> OutgoingAnswer:
    """Send the answer as it is."""
    return OutgoingAnswer(JsonResponse(answer.body, answer.status), answer.status, answer.code, answer)


def interfere(effects: Sequence[Effect], answer: Answer | None) -> OutgoingAnswer | None:
    """Return what the first applicable effect sends, or None when none does.

    Args:
        effects: The effects that happen to this request.
        answer: The real answer; None before the request is carried out.
    """
    for effect in effects:
        # These need an answer; effects without the choice replace the request itself.
        after = isinstance(effect, (Truncated, Trickle)) or getattr(effect, "carried_out", False)
        if after is (answer is not None):
            sent = _replacement(effect, answer)
            if sent is not None:
                return sent
    return None


def _replacement(effect: Effect, answer: Answer | None) -> OutgoingAnswer | None:
    match effect:
        case Error():
            return _refusal(effect.status, effect.code, effect.message)
        case RateLimit():
            return _rate_limited(effect.retry_after)
        case Drop():
            return OutgoingAnswer(CutResponse(), None)
        case Truncated() if answer is not None:
            half = CutResponse(JsonResponse(answer.body).body, answer.status, media_type="application/json")
            return OutgoingAnswer(half, answer.status, answer.code, answer)
        case Trickle() if answer is not None:
            slow = TricklingResponse(bytes(JsonResponse(answer.body).body), answer.status, effect.seconds)
            return OutgoingAnswer(slow, answer.status, answer.code, answer)
        case _:
            page = _page(effect)
            return None if page is None else OutgoingAnswer(page, page.status_code)


def _page(effect: Effect) -> Response | None:
    """Return the answers that no API gives, but what stands between it and the client."""
    match effect:
        case BadGateway():
            return HTMLResponse(_BAD_GATEWAY_PAGE, 502)
        case Empty():
            return Response(status_code=200, media_type="application/json")
        case Challenge():
            return HTMLResponse(_CHALLENGE_PAGE, 403, {"cf-mitigated": "challenge"})
        case Blocked():
            return HTMLResponse("<html><body>Unavailable For Legal Reasons</body></html>", 451)
        case Redirect():
            return RedirectResponse(effect.location, effect.status)
        case _:
            return None


def _refusal(status: int, code: str, message: str) -> OutgoingAnswer:
    return plain(failure(new_request_id(), RefusedError(status, code, message)))


def _rate_limited(retry_after: int | None) -> OutgoingAnswer:
    sent = _refusal(429, "REQUEST_LIMIT_EXCEEDED", "Too many requests.")
    if retry_after is not None:
        sent.response.headers["Retry-After"] = str(retry_after)
    return sent
