"""Sends mutations: only while the engine wants them, and again only what surely was not carried out."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from typing_extensions import ParamSpec

from zec_pulumi.api import NotSentError, RateLimitError
from zec_pulumi.errors import StoppedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from zec_pulumi.rebuild.operation import Operation

UNSENT_SECONDS = 120.0
"""How long a mutation that surely was not carried out (429, no connection) is tried again, pauses taken together.

The time until its slot in the rate limiter does not count: behind many others one slot may take longer.
"""

MAX_SENDS = 3
"""How many lost answers of one mutation are resolved by reading before giving up."""

NOT_ACCEPTED_AFTER_SECONDS = 30.0
"""How long an instance must stay as it was after a lost answer before the request counts as not carried out.

Not measured on the real service.
"""

P = ParamSpec("P")
T = TypeVar("T")


def send(op: Operation, mutation: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
    """Call ``mutation``, a method of the client, in its slot; again only while the API surely did not carry it out.

    Raises:
        StoppedError: the operation is cancelled, or the engine is gone; nothing was sent.
        DeadlineError: the operation's deadline passed before it was sent.
        ZecError: the mutation's own failure.
    """
    spent, pause = 0.0, 1.0
    while True:
        try:
            with op.client.slot():
                # Asked last, because the slot may have been long in coming. The client checks the deadline then.
                reason = op.progress.stop_reason()
                if reason:
                    raise StoppedError(reason)
                return mutation(*arguments, **named)
        except (RateLimitError, NotSentError) as error:  # noqa: PERF203 trying again is what the loop is for
            wait = max(pause, error.retry_after or 0)
            left = min(UNSENT_SECONDS - spent, op.deadline.remaining)
            permanent = isinstance(error, NotSentError) and error.permanent
            if permanent or error.may_have_been_carried_out or wait >= left:
                raise
            op.progress.phase(f"not sent yet, trying again: {error}")
            op.clock.sleep(wait)
            spent += wait
            pause = min(pause * 2, 30.0)
