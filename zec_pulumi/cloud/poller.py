"""Waits for statuses: the one place that polls, and the one owner of its deadline and its cancel."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zec_pulumi.api import ApiError, AuthenticationError, ConfigurationError, NotFoundError, NotSentError
from zec_pulumi.cloud.coalescer import RequestCoalescer, never_contended, says_gone
from zec_pulumi.cloud.schedule import PollSchedule
from zec_pulumi.errors import DeadlineError, InstanceGoneError, StoppedError, StopReason, ZecError
from zec_pulumi.planning import status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from zec_pulumi.api import Client, Instance
    from zec_pulumi.cloud.reader import CloudReader
    from zec_pulumi.progress import Progress
    from zec_pulumi.time.clock import Clock
    from zec_pulumi.time.deadline import Deadline

MISSING_READS = 5
"""How often in a row an instance may be missing from the answers before it counts as gone."""

LAST_POLL_SECONDS = 1.0
"""How long before the deadline the last poll begins."""


@dataclass(frozen=True)
class _What:
    """What is waited for, and where its status comes from."""

    kind: str
    id: str
    statuses: RequestCoalescer[str]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


class StatusPoller:
    """The one poller of a process: every ``interval`` seconds one DescribeInstancesStatus for all that are waited for.

    Images are waited for in the same way, at the same moments, by one DescribeCustomImages.
    Reads that fail are shown and tried again until the deadline. What no repetition mends ends the wait at once: wrong
    credentials, an untrusted certificate, a wrong host name.
    """

    def __init__(
        self,
        client: Client,
        reader: CloudReader,
        clock: Clock,
        interval: float,
        is_contended: Callable[[], bool] = never_contended,
    ) -> None:
        self._reader = reader
        self._clock = clock
        self._statuses = RequestCoalescer(
            functools.partial(client.describe_instances_status, once=True), clock, is_contended
        )
        self._images = RequestCoalescer(functools.partial(client.custom_image_statuses, once=True), clock, is_contended)
        self.schedule = PollSchedule(clock, interval)

    def poll(
        self,
        instance_id: str,
        deadline: Deadline,
        progress: Progress,
        *,
        just_sent: bool = False,
        without_engine: bool = False,
        accepted_at: float | None = None,
    ) -> Iterator[str]:
        """Yield the status now and then in every interval, the last time just before the deadline.

        Args:
            instance_id: The instance.
            deadline: Ends it, whatever the service asks.
            progress: Shows what cannot be read; says whether the engine still wants this.
            just_sent: The request was just sent: skip the immediate poll and join the next one of the others.
            without_engine: Whether to go on when the engine is gone.
            accepted_at: When a rebuild was accepted, on the monotonic clock: its middle is polled less often.

        Raises:
            StoppedError: the engine has cancelled the operation, or is gone.
            DeadlineError: the deadline passed; names the last status.
            InstanceGoneError: the instance was missing from several answers in a row, or the API says it is gone.
            AuthenticationError, NotSentError: no repetition would help.
        """
        what = _What("instance", instance_id, self._statuses)
        return self._poll(
            what, deadline, progress, just_sent=just_sent, without_engine=without_engine, accepted_at=accepted_at
        )

    def poll_image(self, image_id: str, deadline: Deadline, progress: Progress) -> Iterator[str]:
        """Yield the status of an image of the account's own as :meth:`poll` does, also without the engine."""
        return self._poll(_What("image", image_id, self._images), deadline, progress, without_engine=True)

    def _poll(
        self,
        what: _What,
        deadline: Deadline,
        progress: Progress,
        *,
        just_sent: bool = False,
        without_engine: bool = False,
        accepted_at: float | None = None,
    ) -> Iterator[str]:
        others = self.schedule.join()
        try:
            pause = min(self.schedule.until_poll(), deadline.remaining / 2) if just_sent and others else 0.0
            missing, last = 0, None
            while True:
                at_least = 0.0
                try:
                    found = self._status(what, pause, deadline, progress, without_engine=without_engine)
                except DeadlineError as error:
                    raise _time_is_up(what, last) from error
                except (StoppedError, InstanceGoneError, AuthenticationError, ConfigurationError):
                    raise
                except ZecError as error:
                    if isinstance(error, NotSentError) and error.permanent:
                        raise
                    # The whole sentence holds a request id and would be a new line at every poll.
                    problem = error.code if isinstance(error, ApiError) else type(error).__name__
                    progress.phase(f"status not readable ({problem}), trying again")
                    at_least = error.retry_after or 0.0
                else:
                    missing = 0 if found else missing + 1
                    if missing >= MISSING_READS:
                        raise InstanceGoneError(f"{what} is gone: missing from {missing} answers in a row")
                    if found:
                        last = found
                        yield found
                left = deadline.remaining - LAST_POLL_SECONDS
                if left <= 0:
                    self._clock.sleep(deadline.remaining)
                    raise _time_is_up(what, last)
                pause = min(max(self.schedule.until_poll(accepted_at), at_least), left)
        finally:
            self.schedule.leave()

    def settled(self, live: Instance, deadline: Deadline, progress: Progress) -> Instance:
        """Wait until no status is transitional and return the instance as it is then.

        Raises:
            DeadlineError, InstanceGoneError, ZecError: as :meth:`poll`.
        """
        if not status.is_transitional(live.status):
            return live
        reader = self._reader.within(deadline)
        for current in self.poll(live.instance_id, deadline, progress):
            if status.is_transitional(current):
                progress.phase(f"waiting for the instance to settle, {status.shown(current)}")
                continue
            found = reader.instance(live.instance_id)
            if found is None:
                raise InstanceGoneError(f"instance {live.instance_id} is gone")
            # The two reads may lag behind each other.
            if not status.is_transitional(found.status):
                return found
        raise AssertionError("poll() ends only with an error")

    def _status(
        self, what: _What, pause: float, deadline: Deadline, progress: Progress, *, without_engine: bool
    ) -> str | None:
        """Return the status in ``pause`` seconds, None when the answer does not show it."""
        # Requested before the sleep: the first to wake reads for all that are due, so a poll is one request.
        with what.statuses.request(what.id, pause) as request:
            if pause:
                self._clock.sleep(pause)
            reason = progress.stop_reason()
            if reason is StopReason.CANCELLED or (reason and not without_engine):
                raise StoppedError(reason)
            try:
                return what.statuses.answer(request, deadline)
            except NotFoundError as error:
                if says_gone(error):
                    raise InstanceGoneError(f"{what} is gone: {error}") from error
                raise


def _time_is_up(what: _What, last: str | None) -> DeadlineError:
    return DeadlineError(f"the time is up; {what} is {status.shown(last)}", last)
