"""Everything that can go wrong between a program and the ZEC API.

::

    ZecError
    ├── ConfigurationError            a setting is wrong
    │   └── MissingCredentialsError   no credentials anywhere
    ├── TransportError                no usable answer
    │   ├── NotSentError              no connection: surely not carried out
    │   └── AnswerLostError           sent, no API answer: perhaps carried out
    └── ApiError                      the API's own refusal or failure
        ├── AuthenticationError       credentials, signature, clock, permission
        ├── NotFoundError             instance, image, key pair, zone
        ├── InvalidRequestError       parameters, and any other refusal
        ├── InstanceStateError        the instance's status does not allow it
        ├── RateLimitError            too many requests
        ├── ServerError               5xx, time-outs, temporarily unavailable
        └── BlockedError              Cloudflare challenge, 451

``str()`` of every one is a sentence for the user. None holds a request body, a header or a secret.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import ClassVar

from zec_pulumi.api import codes
from zec_pulumi.api.advice import ADVICE
from zec_pulumi.errors import ZecError


class ConfigurationError(ZecError):
    """A setting is missing, malformed or contradictory; the text names it and never its value."""


class MissingCredentialsError(ConfigurationError):
    """No source holds credentials; the text lists all of them."""


class TransportError(ZecError):
    """No usable answer of the API arrived.

    Attributes:
        summary: What happened, without what to do now.
        next_step: What to do now; empty if that is not known.
        action: The API action, e.g. ``StopInstances``.
        host: Host of the endpoint, with its port if there is one.
        http_status: Status of an answer that was not the API's, or None without an answer.
    """

    def __init__(
        self,
        summary: str,
        *,
        next_step: str = "",
        action: str,
        host: str,
        http_status: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(f"{summary}; {next_step}" if next_step else summary)
        self.summary = summary
        self.next_step = next_step
        self.action = action
        self.host = host
        self.http_status = http_status
        self.retry_after = retry_after


class NotSentError(TransportError):
    """No connection came about (refused, name, TLS), so no byte of the request was sent.

    Attributes:
        permanent: Trying again cannot help (an untrusted certificate).
    """

    def __init__(self, summary: str, *, next_step: str = "", action: str, host: str, permanent: bool = False) -> None:
        super().__init__(summary, next_step=next_step, action=action, host=host)
        self.permanent = permanent


class AnswerLostError(TransportError):
    """The request was sent, and no answer of the API came back: broken, empty, truncated or not JSON."""

    @property
    def may_have_been_carried_out(self) -> bool:
        """Always true: no answer says otherwise."""
        return True


class ApiError(ZecError):
    """The API answered with an error.

    Attributes:
        summary: What happened, without what to do now.
        next_step: What to do now; empty for a code that is not known.
        code: The API's code, e.g. ``INVALID_IMAGE_NOT_FOUND``; see :class:`zec_pulumi.api.Code`.
        message: The API's own text, in one line; it may change at any time.
        http_status: HTTP status of the answer.
        request_id: What Zenlayer's support asks for; empty if the answer had none.
        action: The API action.
    """

    _verb: ClassVar[str] = "was refused"

    def __init__(
        self,
        *,
        code: str,
        message: str,
        http_status: int,
        request_id: str,
        action: str,
        retry_after: float | None = None,
        note: str = "",
    ) -> None:
        self.code = code
        self.message = message
        self.http_status = http_status
        self.request_id = request_id
        self.action = action
        self.retry_after = retry_after
        known = codes.find(code)
        self.summary = self._summary(known, note)
        self.next_step = ADVICE[known].next_step if known else ""
        super().__init__(f"{self.summary}; {self.next_step}" if known else self.summary)

    @property
    def may_have_been_carried_out(self) -> bool:
        """False for a definite refusal; true for 5xx, for an unknown code under a status of success, and without an id.

        Every answer of the API has a request id, so one without is of something in front of it.
        """
        if self.http_status < HTTPStatus.BAD_REQUEST and codes.find(self.code) is None:
            return True
        return self.http_status >= HTTPStatus.INTERNAL_SERVER_ERROR or not self.request_id

    def _summary(self, known: codes.Code | None, note: str) -> str:
        reason = ADVICE[known].meaning if known else (self.message or "no reason given")
        facts = [self.code, f"HTTP {self.http_status}"]
        facts.append(f"request {self.request_id}" if self.request_id else "no request id")
        if known and self.message:
            facts.append(f'API message "{self.message}"')
        return f"{self.action} {self._verb}: {reason}{f', {note}' if note else ''} ({', '.join(facts)})"


class AuthenticationError(ApiError):
    """The credentials, their signature, the clock or the permission is not accepted."""


class NotFoundError(ApiError):
    """The instance, image, key pair or zone does not exist (for this account)."""


class InvalidRequestError(ApiError):
    """The parameters are not accepted; also any refusal that fits no other class."""


class InstanceStateError(ApiError):
    """The instance's present status does not allow the action."""


class RateLimitError(ApiError):
    """Too many requests; ``retry_after`` says how long to wait, if the server said so."""

    @property
    def may_have_been_carried_out(self) -> bool:
        """False for HTTP 429, whoever answers with it."""
        return self.http_status != HTTPStatus.TOO_MANY_REQUESTS and super().may_have_been_carried_out


class ServerError(ApiError):
    """The service failed: 5xx, a time-out on its side, or temporarily unavailable."""

    _verb = "failed"

    @property
    def may_have_been_carried_out(self) -> bool:
        """Always true, whatever the HTTP status: the service itself does not know."""
        return True


class BlockedError(ApiError):
    """Something in front of the API stopped the request: a Cloudflare challenge, or HTTP 451."""

    _verb = "was blocked"

    @property
    def may_have_been_carried_out(self) -> bool:
        """Always false: the API never saw it."""
        return False
