"""Waits for instance statuses: the one place that polls."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from zec_pulumi.api import ApiError, AuthenticationError, ConfigurationError, NotFoundError
from zec_pulumi.cloud.batch import Batch, nobody_else
from zec_pulumi.cloud.reader import BLAMING_ONE
from zec_pulumi.cloud.rhythm import Rhythm, beats
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


class StatusPoller:
    """The one poller of a process: every ``interval`` seconds one DescribeInstancesStatus for all that are waited for.

    Reads that fail are shown and tried again for as long as the deadline allows; wrong credentials end the wait.
    """

    def __init__(
        self,
        client: Client,
        reader: CloudReader,
        clock: Clock,
        interval: float,
        crowded: Callable[[], bool] = nobody_else,
    ) -> None:
        self._reader = reader
        self._clock = clock
        self._statuses = Batch(
            functools.partial(client.describe_instances_status, deadline=0), clock, crowded, BLAMING_ONE
        )
        self.rhythm = Rhythm(clock, interval)

    def statuses(
        self,
        instance_id: str,
        deadline: Deadline,
        progress: Progress,
        *,
        outlive_engine: bool = False,
        begun_now: bool = False,
        rebuild_began: float | None = None,
    ) -> Iterator[str]:
        """Yield the status now and then every interval; with ``outlive_engine`` also when the engine is gone.

        ``begun_now`` says that what is waited for was asked for just now: among others, the first look then is on their
        beat, and costs no request of its own. ``rebuild_began`` is when the rebuild was accepted, on the
        monotonic clock: its middle is read less often.

        Raises:
            StoppedError: the engine has cancelled the operation, or is gone.
            DeadlineError: the deadline passed.
            InstanceGoneError: the instance was missing from several answers in a row, or the API says it is gone.
            AuthenticationError: the credentials are no longer accepted.
        """
        others = self.rhythm.join()
        first = min(self.rhythm.until_beat(), deadline.remaining) if begun_now and others else 0.0
        try:
            yield from self._looks(
                instance_id, deadline, progress, first, outlive_engine=outlive_engine, rebuild_began=rebuild_began
            )
        finally:
            self.rhythm.leave()

    def _looks(
        self,
        instance_id: str,
        deadline: Deadline,
        progress: Progress,
        pause_seconds: float,
        *,
        outlive_engine: bool,
        rebuild_began: float | None,
    ) -> Iterator[str]:
        missing, last = 0, None
        while True:
            # Asked before it is slept: the first to wake reads for all whose time has come, so a beat is one request.
            with self._statuses.asking(instance_id, pause_seconds) as ask:
                if pause_seconds:
                    self._clock.sleep(pause_seconds)
                reason = progress.stop_reason()
                if reason is StopReason.CANCELLED or (reason and not outlive_engine):
                    raise StoppedError(reason)
                try:
                    found = self._statuses.answer(ask)
                except NotFoundError as error:
                    raise InstanceGoneError(f"instance {instance_id} is gone: {error}") from error
                except (AuthenticationError, ConfigurationError):
                    raise
                except ZecError as error:
                    # The whole sentence holds a request id and would be a new line at every look.
                    problem = error.code if isinstance(error, ApiError) else type(error).__name__
                    progress.phase(f"status not readable ({problem}), trying again")
                    pause_seconds = self._until_next(deadline, last, instance_id, at_least=error.retry_after or 0)
                    continue
            missing = 0 if found else missing + 1
            if missing >= MISSING_READS:
                raise InstanceGoneError(f"instance {instance_id} is gone: missing from {missing} answers in a row")
            if found:
                last = found
                yield found
            elapsed = None if rebuild_began is None else self._clock.monotonic() - rebuild_began
            count = beats(elapsed, self.rhythm.usual)
            pause_seconds = self._until_next(deadline, last, instance_id, count=count)

    def settled(self, live: Instance, deadline: Deadline, progress: Progress) -> Instance:
        """Wait until no status is transitional and return the instance as it is then.

        Raises:
            DeadlineError, InstanceGoneError, ZecError: as :meth:`statuses`.
        """
        while status.is_transitional(live.status):
            for current in self.statuses(live.instance_id, deadline, progress):
                if not status.is_transitional(current):
                    break
                progress.phase(f"waiting for the instance to settle, {status.shown(current)}")
            found = self._reader.instance(live.instance_id)
            if found is None:
                raise InstanceGoneError(f"instance {live.instance_id} is gone")
            if status.is_transitional(found.status):
                self._clock.sleep(self._until_next(deadline, found.status, live.instance_id))
            live = found
        return live

    def _until_next(
        self, deadline: Deadline, last: str | None, instance_id: str, *, at_least: float = 0, count: int = 1
    ) -> float:
        """Return the seconds until the next look; the last one is at the deadline."""
        if deadline.expired:
            raise DeadlineError(f"the time is up; instance {instance_id} is {status.shown(last)}", last)
        return min(max(self.rhythm.until_beat(count), at_least), deadline.remaining)
