"""Parses an answer: a result, the API's own error, or something that is not the API's.

Source: the API documentation's page on responses; Cloudflare and HTTP 451 as in the official SDKs.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from pydantic import ValidationError

from zec_pulumi.api.classify import api_error
from zec_pulumi.api.codes import Code
from zec_pulumi.api.errors import AnswerLostError, ApiError
from zec_pulumi.api.headers import clock_difference, retry_after
from zec_pulumi.api.models import ApiModel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zec_pulumi.api.endpoint import Endpoint
    from zec_pulumi.api.exchange import HttpResponse

M = TypeVar("M", bound=ApiModel)


@dataclass(frozen=True)
class Result:
    """The fields of a successful answer.

    Attributes:
        action: The API action.
        host: Where it was sent.
        request_id: What Zenlayer's support asks for; empty if missing.
        fields: The action's own fields.
    """

    action: str
    host: str
    request_id: str
    fields: Mapping[str, Any]

    def texts(self, name: str) -> list[str]:
        """Return a list of strings; null and missing are empty."""
        values = self._list(name)
        if not all(isinstance(value, str) for value in values):
            raise self._malformed(name)
        return values

    def models(self, name: str, model: type[M]) -> tuple[M, ...]:
        """Return a list of objects; null and missing are empty."""
        wrong: str
        try:
            return tuple(model.model_validate(item) for item in self._list(name))
        except ValidationError as error:
            place = ".".join(str(part) for part in error.errors(include_input=False)[0]["loc"])
            wrong = f"{name}[].{place}"
        raise self._malformed(wrong)

    def count(self, name: str, *, at_least: int) -> int:
        """Return a number of items, never less than those at hand."""
        value = self.fields.get(name)
        return max(value, at_least) if isinstance(value, int) else at_least

    def _list(self, name: str) -> list[Any]:
        value = self.fields.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self._malformed(name)
        return [item for item in value if item is not None]

    def _malformed(self, place: str) -> AnswerLostError:
        summary = f"the answer of {self.action} has an unexpected form at {place} (request {self.request_id})"
        return AnswerLostError(summary, action=self.action, host=self.host, http_status=HTTPStatus.OK)


def parse(
    answer: HttpResponse, *, action: str, endpoint: Endpoint, now: float, secrets: tuple[str, ...] = ()
) -> Result:
    """Return the result that ``answer`` holds.

    Args:
        answer: What came back.
        action: The API action that was sent.
        endpoint: Where it was sent.
        now: The time of the answer's arrival, seconds since the Unix epoch.
        secrets: Values that no message may repeat, even if the answer does.

    Raises:
        ApiError: The API refused or failed, or the network in front of it blocked the request.
        AnswerLostError: The answer is not one of the API's.
    """
    blocked = _blocked(answer, action)
    if blocked:
        raise blocked
    envelope = _json_object(answer.body)
    result = envelope.get("response")
    if answer.status == HTTPStatus.OK and isinstance(result, dict):
        request_id = result.get("requestId") or envelope.get("requestId") or ""
        return Result(action, endpoint.domain, str(request_id), result)
    if isinstance(envelope.get("code"), str) and envelope["code"]:
        note = f"asked at {endpoint.base_url}{_clock_note(envelope, answer, now)}"
        raise api_error(envelope, answer, action=action, note=note, secrets=secrets)
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        limited = {"code": Code.REQUEST_LIMIT_EXCEEDED.value}
        raise api_error(limited, answer, action=action)
    raise _not_the_api(answer, action, endpoint)


def _blocked(answer: HttpResponse, action: str) -> ApiError | None:
    if answer.status == HTTPStatus.FORBIDDEN and answer.headers.get("cf-mitigated", "").lower() == "challenge":
        code = Code.SECURITY_CHALLENGE
    elif answer.status == HTTPStatus.UNAVAILABLE_FOR_LEGAL_REASONS:
        code = Code.REQUEST_BLOCKED
    else:
        return None
    return api_error({"code": code.value}, answer, action=action)


def _clock_note(envelope: Mapping[str, Any], answer: HttpResponse, now: float) -> str:
    if envelope["code"] != Code.AUTHFAILURE_SIGNATURE_EXPIRED:
        return ""
    difference = clock_difference(answer.headers, now)
    return f"; {difference}" if difference else ""


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _not_the_api(answer: HttpResponse, action: str, endpoint: Endpoint) -> AnswerLostError:
    what = f"HTTP {answer.status}, {len(answer.body)} bytes of {answer.headers.get('content-type') or 'no type'}"
    location = answer.headers.get("location")
    if location:
        what = f"HTTP {answer.status}, pointing to {_host(location)}; redirects are not followed"
    return AnswerLostError(
        f"{action} got an answer from {endpoint.base_url} that is not the API's ({what})",
        next_step="check the endpoint and any proxy on the way",
        action=action,
        host=endpoint.domain,
        http_status=answer.status,
        retry_after=retry_after(answer.headers),
    )


def _host(location: str) -> str:
    try:
        return urlsplit(location).hostname or "another path of the same host"
    except ValueError:
        return "an unreadable address"
