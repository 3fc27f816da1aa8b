"""Sends mutations: only while the engine is there, and again only what surely was not carried out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from zec_pulumi.api import NotSentError, RateLimitError
from zec_pulumi.errors import HaltedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from zec_pulumi.api.throttle import Throttle
    from zec_pulumi.progress import Progress
    from zec_pulumi.time.clock import Clock
    from zec_pulumi.time.deadline import Deadline

UNSENT_SECONDS = 120.0
"""How long a mutation that surely was not carried out (429, no connection) is tried again, pauses taken together.

The turns that it waits for do not count: behind many others a single one may take longer.
"""

MAX_SENDS = 3
"""How many lost answers of one mutation are resolved by reading before giving up."""

T = TypeVar("T")


@dataclass
class Sender:
    """The one way for mutations of one operation. ``progress`` tells whether the engine still wants it."""

    throttle: Throttle
    clock: Clock
    progress: Progress
    deadline: Deadline

    def send(self, mutation: Callable[[], T]) -> T:
        """Send a mutation in its turn; again only while the API surely did not carry it out (429, no connection).

        Raises:
            HaltedError: the engine is gone or has told to stop; nothing was sent.
            ZecError: the mutation's own failure.
        """
        spent, pause = 0.0, 1.0
        while True:
            try:
                with self.throttle.turn():
                    # Asked last, because the turn may have been long in coming.
                    halt = self.progress.halted()
                    if halt:
                        raise HaltedError(halt)
                    return mutation()
            except (RateLimitError, NotSentError) as error:  # noqa: PERF203 trying again is what the loop is for
                wait = max(pause, error.retry_after or 0)
                left = min(UNSENT_SECONDS - spent, self.deadline.remaining)
                if error.may_have_been_carried_out or wait >= left:
                    raise
                self.progress.phase(f"not sent yet, trying again: {error}")
                self.clock.sleep(wait)
                spent += wait
                pause = min(pause * 2, 30.0)
