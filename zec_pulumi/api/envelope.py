"""Tells what an answer is: a result, the API's own error, or something that is not the API's.

The third step of the border, see ``answer.py``.
Source: the API documentation's page on responses; Cloudflare and HTTP 451 as in the official SDKs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from pydantic import ValidationError

from zec_pulumi.api.answer import clean, id_or_nothing, json_object
from zec_pulumi.api.classify import api_error
from zec_pulumi.api.codes import Code
from zec_pulumi.api.errors import AnswerLostError, ApiError
from zec_pulumi.api.headers import clock_difference, retry_after
from zec_pulumi.api.models import Item

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zec_pulumi.api.endpoint import Endpoint
    from zec_pulumi.api.exchange import HttpResponse

M = TypeVar("M", bound=Item)

MAX_ITEMS = 1_000_000
"""Items of one list that is read page by page; an answer that counts more is malformed."""

_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,99}")


@dataclass(frozen=True)
class Result:
    """The fields of a successful answer.

    Attributes:
        action: The API action.
        host: Where it was sent.
        request_id: What Zenlayer's support asks for.
        fields: The action's own fields; every text in them is clean.
    """

    action: str
    host: str
    request_id: str
    fields: Mapping[str, Any]

    def texts(self, name: str) -> list[str]:
        """Return a list of strings; null is empty.

        Raises:
            AnswerLostError: it is missing, or has another form.
        """
        values = self._list(name)
        if not all(isinstance(value, str) for value in values):
            raise self.malformed(name)
        return values

    def failed_ids(self, name: str = "instanceIds") -> list[str]:
        """Return the ids that an action has failed for; an answer that lists none lists no failure."""
        return self.texts(name) if name in self.fields else []

    def id(self, name: str) -> str:
        """Return one id.

        Raises:
            AnswerLostError: it is missing, or has not the form of one.
        """
        found = id_or_nothing(self.fields.get(name))
        if not found:
            raise self.malformed(name)
        return found

    def models(self, name: str, model: type[M]) -> tuple[M, ...]:
        """Return a list of objects; null is empty.

        Raises:
            AnswerLostError: it is missing or has another form, an item lacks a field that decides, or two items have
                the same id.
        """
        items = self._list(name)
        wrong = next((f"{name}[].{key}" for item in items for key in model.missing(item)), None)
        try:
            found = () if wrong else tuple(model.model_validate(item) for item in items)
        except ValidationError as error:
            place = ".".join(str(part) for part in error.errors(include_input=False)[0]["loc"])
            wrong = f"{name}[].{place}"
        if wrong:
            raise self.malformed(wrong)
        if len({item.id for item in found}) < len(found):
            raise self.malformed(f"{name}, which has an id twice")
        return found

    def count(self, name: str) -> int:
        """Return a number of items.

        Raises:
            AnswerLostError: it is missing, or is none.
        """
        value = self.fields.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_ITEMS:
            raise self.malformed(name)
        return value

    def malformed(self, place: str) -> AnswerLostError:
        """Return the error for an answer that cannot be so; ``place`` says where."""
        summary = f"the answer of {self.action} has an unexpected form at {place} (request {self.request_id})"
        return AnswerLostError(summary, action=self.action, host=self.host, http_status=HTTPStatus.OK)

    def _list(self, name: str) -> list[Any]:
        value = self.fields.get(name, "missing")
        if not isinstance(value, list | None):
            raise self.malformed(name)
        return value or []


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
    envelope = json_object(answer.body, secrets)
    result, code = envelope.get("response"), envelope.get("code")
    if result is not None:
        request_id = isinstance(result, dict) and id_or_nothing(result.get("requestId") or envelope.get("requestId"))
        # With a code or another status it says both: then nobody knows which of them is so.
        if answer.status == HTTPStatus.OK and not code and request_id:
            return Result(action, endpoint.domain, request_id, result)
        raise _not_the_api(answer, action, endpoint, secrets)
    blocked = _blocked(answer, action)
    if blocked:
        raise blocked
    if isinstance(code, str) and _CODE.fullmatch(code):
        note = f"asked at {endpoint.base_url}{_clock_note(envelope, answer, now)}"
        raise api_error(envelope, answer, action=action, note=note)
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        limited = {"code": Code.REQUEST_LIMIT_EXCEEDED.value}
        raise api_error(limited, answer, action=action)
    raise _not_the_api(answer, action, endpoint, secrets)


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


def _not_the_api(answer: HttpResponse, action: str, endpoint: Endpoint, secrets: tuple[str, ...]) -> AnswerLostError:
    what = f"HTTP {answer.status}, {len(answer.body)} bytes of {answer.headers.get('content-type') or 'no type'}"
    location = answer.headers.get("location")
    if location:
        what = f"HTTP {answer.status}, pointing to {_host(location)}; redirects are not followed"
    return AnswerLostError(
        f"{action} got an answer from {endpoint.base_url} that is not the API's ({clean(what, secrets)})",
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
