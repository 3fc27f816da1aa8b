"""When and how long to wait before a read is tried again. Mutations never are."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from zec_pulumi.api.errors import AnswerLostError, NotSentError, RateLimitError, ServerError

if TYPE_CHECKING:
    from collections.abc import Callable

    from zec_pulumi.errors import ZecError


@dataclass(frozen=True)
class RetryPolicy:
    """Exponential backoff with jitter, bounded by time.

    Tried again: no connection (at most ``connect_attempts``, as an address that never answers is most
    often a wrong one; an untrusted certificate not at all), lost answers, HTTP 429 and
    ``REQUEST_LIMIT_EXCEEDED``, 5xx and the codes of a struggling service. Everything else is final.
    ``Retry-After`` is obeyed; where it does not fit before the deadline, the error is final, too.

    Attributes:
        deadline: Seconds after which no further attempt begins; 0 means a single attempt.
        first_delay: Seconds before the second attempt; it doubles with each further one.
        max_delay: Longest wait in seconds that is not asked for by the server.
        connect_attempts: Attempts to reach the endpoint at all.
    """

    deadline: float = 60.0
    first_delay: float = 0.5
    max_delay: float = 10.0
    connect_attempts: int = 4

    def delay(self, error: ZecError, *, attempt: int, random_fraction: Callable[[], float]) -> float | None:
        """Return the seconds to wait before the next attempt, or None if ``error`` is final.

        Args:
            error: How the attempt failed.
            attempt: Its number, from 1.
            random_fraction: Returns a number in [0, 1); spreads clients that failed together.
        """
        if not self._is_worth_another(error, attempt):
            return None
        # The exponent is capped: with a long deadline 2.0**attempt would overflow.
        window = min(self.max_delay, self.first_delay * 2.0 ** min(attempt - 1, 30))
        jittered = window * (0.5 + 0.5 * random_fraction())
        return (error.retry_after or 0.0) + jittered

    def _is_worth_another(self, error: ZecError, attempt: int) -> bool:
        if isinstance(error, NotSentError):
            return not error.permanent and attempt < self.connect_attempts
        if isinstance(error, AnswerLostError):
            return _came_from_a_broken_service(error.http_status)
        return isinstance(error, RateLimitError | ServerError)


def _came_from_a_broken_service(http_status: int | None) -> bool:
    """Whether a lost answer was none at all, an unreadable success or a failure; 3xx and 4xx are final."""
    return http_status in {None, HTTPStatus.OK} or (http_status or 0) >= HTTPStatus.INTERNAL_SERVER_ERROR
