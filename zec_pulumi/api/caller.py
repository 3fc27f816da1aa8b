"""Calls an action: encodes it, sends it, parses the answer and, for reads only, retries."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from zec_pulumi.api.envelope import Result, parse
from zec_pulumi.api.errors import RateLimitError
from zec_pulumi.api.exchange import ApiRequest
from zec_pulumi.errors import ZecError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from zec_pulumi.api.retry import RetryPolicy
    from zec_pulumi.api.throttle import Throttle
    from zec_pulumi.api.timeouts import Timeouts
    from zec_pulumi.api.transport import Transport
    from zec_pulumi.time.clock import Clock


class Caller:
    """Sends the requests of all actions. A read is retried, a mutation never."""

    def __init__(
        self,
        transport: Transport,
        retry: RetryPolicy,
        clock: Clock,
        throttle: Throttle,
        random_fraction: Callable[[], float],
    ) -> None:
        self._transport = transport
        self._retry = retry
        self._clock = clock
        self._throttle = throttle
        self._random_fraction = random_fraction

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()

    def mutate(self, action: str, body: Mapping[str, Any], *, secrets: tuple[str, ...] = ()) -> Result:
        """Send a mutation of service ``zec``, once.

        Args:
            action: The API action.
            body: Its parameters; None leaves one out.
            secrets: Values in ``body`` that no message may repeat.
        """
        return self._attempt(ApiRequest(action, "zec", _encode(body), secrets), self._transport.timeouts)

    def read(
        self, action: str, body: Mapping[str, Any], *, service: str = "zec", deadline: float | None = None
    ) -> Result:
        """Call an action that changes nothing, and retry it within ``deadline`` seconds.

        Args:
            action: The API action.
            body: Its parameters; None leaves one out.
            service: The service it belongs to.
            deadline: Overrides the retry policy's.
        """
        call = ApiRequest(action, service, _encode(body))
        end = self._clock.monotonic() + (self._retry.deadline if deadline is None else deadline)
        timeouts = self._transport.timeouts
        attempt = 1
        while True:
            try:
                with self._throttle.turn(urgent=True):
                    return self._attempt(call, timeouts)
            except ZecError as error:
                delay = self._retry.delay(error, attempt=attempt, random_fraction=self._random_fraction)
                if delay is None or self._clock.monotonic() + delay >= end:
                    raise
            self._clock.sleep(delay)
            attempt += 1
            timeouts = self._transport.timeouts.within(max(end - self._clock.monotonic(), 0.1))

    def _attempt(self, call: ApiRequest, timeouts: Timeouts) -> Result:
        answer = self._transport.send(call, timeouts)
        try:
            result = parse(
                answer,
                action=call.action,
                endpoint=self._transport.endpoint,
                now=self._clock.now(),
                secrets=(*call.secrets, *self._transport.secrets),
            )
        except RateLimitError as error:
            self._throttle.refused(error.retry_after)
            raise
        self._throttle.taken()
        return result


def _encode(body: Mapping[str, Any]) -> bytes:
    present = {name: value for name, value in body.items() if value is not None}
    return json.dumps(present, separators=(",", ":")).encode("ascii")
