"""Calls an action: encodes it, sends it, parses the answer and, for reads only, retries."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zec_pulumi.api import request_log
from zec_pulumi.api.envelope import Result, parse
from zec_pulumi.api.errors import RateLimitError
from zec_pulumi.api.exchange import ApiRequest
from zec_pulumi.errors import DeadlineError, StoppedError, StopReason, ZecError
from zec_pulumi.time.deadline import Deadline

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Mapping

    from zec_pulumi.api.credentials import Credentials
    from zec_pulumi.api.endpoint import Endpoint
    from zec_pulumi.api.exchange import Transport
    from zec_pulumi.api.rate_limit import RateLimiter
    from zec_pulumi.api.retry import RetryPolicy
    from zec_pulumi.api.timeouts import Timeouts
    from zec_pulumi.time.clock import Clock

_LEAST_SECONDS = 0.1
"""What an attempt that begins in time gets at least."""


@dataclass(frozen=True)
class Caller:
    """Sends the requests of all actions. A read is retried, a mutation never.

    Nothing is sent after ``deadline``, and nothing waits past it; None leaves the retry policy's time alone.
    ``cancelled`` ends retries: a read that begins after it is tried once.
    """

    transport: Transport
    credentials: Credentials
    endpoint: Endpoint
    timeouts: Timeouts
    retry: RetryPolicy
    clock: Clock
    limiter: RateLimiter
    random_fraction: Callable[[], float]
    cancelled: threading.Event
    deadline: Deadline | None = None

    def mutate(
        self, action: str, body: Mapping[str, Any], *, service: str = "zec", secrets: tuple[str, ...] = ()
    ) -> Result:
        """Send a mutation, once.

        Args:
            action: The API action.
            body: Its parameters; None leaves one out.
            service: The service it belongs to.
            secrets: Values in ``body`` that no message may repeat.

        Raises:
            DeadlineError: The deadline has passed; nothing was sent.
        """
        return self._attempt(ApiRequest(action, service, _encode(body), secrets, is_mutation=True), self.timeouts, 1)

    def read(self, action: str, body: Mapping[str, Any], *, service: str = "zec", once: bool = False) -> Result:
        """Call an action that changes nothing, and retry it as the retry policy says.

        Args:
            action: The API action.
            body: Its parameters; None leaves one out.
            service: The service it belongs to.
            once: Whether it is tried once only.

        Raises:
            DeadlineError: The deadline has passed; nothing was sent.
            StoppedError: The process was cancelled while this waited.
        """
        call = ApiRequest(action, service, _encode(body))
        patience = Deadline(self.clock, self.retry.deadline)
        timeouts, attempt = self.timeouts, 1
        while True:
            try:
                with self.limiter.slot(self.deadline, priority=True):
                    return self._attempt(call, timeouts, attempt)
            except ZecError as error:
                delay = self.retry.delay(error, attempt=attempt, random_fraction=self.random_fraction)
                if once or delay is None or delay >= self._left(patience) or self.cancelled.is_set():
                    raise
            self.clock.sleep(delay)
            if self.cancelled.is_set():
                raise StoppedError(StopReason.CANCELLED)
            attempt += 1
            timeouts = self.timeouts.within(max(patience.remaining, _LEAST_SECONDS))

    def _left(self, patience: Deadline) -> float:
        return patience.remaining if self.deadline is None else min(patience.remaining, self.deadline.remaining)

    def _attempt(self, call: ApiRequest, timeouts: Timeouts, attempt: int) -> Result:
        if self.deadline is not None:
            if self.deadline.expired:
                raise DeadlineError(f"the operation's time was up before {call.action} was sent", None)
            timeouts = timeouts.within(max(self.deadline.remaining, _LEAST_SECONDS))
        begun = self.clock.monotonic()
        try:
            result = self._exchange(call, timeouts)
        except ZecError as error:
            self._log(call, attempt, begun, error)
            raise
        self._log(call, attempt, begun, result)
        return result

    def _log(self, call: ApiRequest, attempt: int, begun: float, ended: Result | ZecError) -> None:
        request_log.record(call, attempt, self.clock.monotonic() - begun, ended, self.credentials.secret)

    def _exchange(self, call: ApiRequest, timeouts: Timeouts) -> Result:
        answer = self.transport.send(call, timeouts)
        try:
            result = parse(
                answer,
                action=call.action,
                endpoint=self.endpoint,
                now=self.clock.now(),
                secrets=(*call.secrets, self.credentials.secret),
            )
        except RateLimitError as error:
            self.limiter.on_rejected(error.retry_after)
            raise
        self.limiter.on_accepted()
        return result


def _encode(body: Mapping[str, Any]) -> bytes:
    present = {name: value for name, value in body.items() if value is not None}
    return json.dumps(present, separators=(",", ":")).encode("ascii")
