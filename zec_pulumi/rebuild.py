"""Carries a rebuild out: power off, ResetInstance, follow, verify. Design: "A rebuild, step by step".

A mutation is sent when the engine is there, at most once, and what became of it is read, never assumed.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from zec_pulumi import status
from zec_pulumi.api import NotSentError, RateLimitError, ZecError
from zec_pulumi.deadline import Deadline, duration
from zec_pulumi.follow import Follower, Target, unknown_outcome
from zec_pulumi.inputs import Attempt
from zec_pulumi.outcomes import AttemptOpenError, RebuildNotStartedError
from zec_pulumi.status import name
from zec_pulumi.watch import DeadlineError

if TYPE_CHECKING:
    from collections.abc import Callable

    from zec_pulumi.api import Client, Instance, ResetInstanceRequest
    from zec_pulumi.clock import Clock
    from zec_pulumi.live import LiveReader
    from zec_pulumi.progress import Progress, Row
    from zec_pulumi.watch import Watch

GRACEFUL_STOP_SECONDS = 300.0
"""How long a graceful power-off may take before force is named as the way out."""

NOT_ACCEPTED_AFTER_SECONDS = 30.0
"""How long an instance must stay as it was after a lost answer before the request counts as not carried out."""

UNSENT_SECONDS = 120.0
"""How long a mutation that surely was not carried out (429, no connection) is tried again."""

MAX_SENDS = 3
"""How many lost answers of one mutation are resolved by reading before giving up."""

T = TypeVar("T")


@dataclass
class Rebuilder:
    """One rebuild of one instance. ``row`` shows progress and tells whether the engine is still there."""

    client: Client
    reader: LiveReader
    watch: Watch
    clock: Clock
    row: Row
    progress: Progress
    deadline: Deadline

    def run(
        self, live: Instance, request: ResetInstanceRequest, causes: tuple[str, ...], *, force: bool
    ) -> tuple[Attempt, Instance]:
        """Rebuild ``live`` as ``request`` says; return the attempt and the verified instance.

        Raises:
            RebuildNotStartedError: nothing was wiped; says what state the instance is in.
            AttemptOpenError: accepted, or perhaps accepted, and not verified.
        """
        target = Target.of(request, live)
        powered_off = self._power_off(live, force=force)
        attempt = self._reset(request, target, live, causes, powered_off=powered_off)
        return attempt, self.follower(attempt, target).run()

    def follower(self, attempt: Attempt, target: Target) -> Follower:
        """Return what follows an accepted attempt to its end."""
        return Follower(self.reader, self.watch, self.clock, self.row, self.progress, self.deadline, attempt, target)

    def _power_off(self, live: Instance, *, force: bool) -> bool:
        """Bring the instance to STOPPED; return whether we did it (False: it was off already)."""
        if live.status != status.RUNNING:
            return False
        self.progress.phase("powering off")
        limit = self.deadline if force else self.deadline.within(GRACEFUL_STOP_SECONDS)
        for _ in range(MAX_SENDS):
            self._send_stop(live, force=force)
            if self._stopped(live, limit, force=force):
                return True
        raise RebuildNotStartedError(
            f"StopInstances got no answer {MAX_SENDS} times and {name(live)} is still RUNNING; nothing was wiped."
            " The next pulumi up tries again"
        )

    def _send_stop(self, live: Instance, *, force: bool) -> None:
        try:
            failed = self._send(lambda: self.client.stop_instances([live.instance_id], force_shutdown=force))
        except ZecError as error:
            if error.may_have_been_carried_out:
                return
            now = self._status_now(live)
            if now in (status.STOPPED, "STOPPING"):  # somebody else did it: fine
                return
            raise RebuildNotStartedError(
                f"{name(live)} could not be powered off, so nothing was wiped; it is {status.shown(now)}. {error}"
            ) from error
        if failed:
            raise RebuildNotStartedError(
                f"StopInstances answered that {name(live)} failed to power off, so nothing was wiped; it is"
                f" {status.shown(self._status_now(live))}. The next pulumi up tries again"
            )

    def _stopped(self, live: Instance, limit: Deadline, *, force: bool) -> bool:
        """Wait for STOPPED; False when the instance shows no sign of stopping."""
        unmoved = Deadline(self.clock, NOT_ACCEPTED_AFTER_SECONDS)
        statuses = self.watch.statuses(live.instance_id, limit, self.progress)
        try:
            while True:
                current = next(statuses)
                if current == status.STOPPED:
                    return True
                if current == status.RUNNING and unmoved.expired:
                    return False
                expected = current in (status.RUNNING, "STOPPING")
                self.progress.phase("powering off" if expected else f"powering off, {status.shown(current)}")
        except DeadlineError as error:
            way_out = "" if force else ', or set power_off="force" (data disks are then not unmounted cleanly)'
            raise RebuildNotStartedError(
                f"{name(live)} did not power off within {duration(limit.seconds)}: it is"
                f" {status.shown(error.last_status)}; nothing was wiped. Wait until it is STOPPED and run pulumi up"
                f" again{way_out}"
            ) from error

    def _reset(
        self,
        request: ResetInstanceRequest,
        target: Target,
        live: Instance,
        causes: tuple[str, ...],
        *,
        powered_off: bool,
    ) -> Attempt:
        attempt = Attempt(id=str(uuid.uuid4()), causes=causes, started_at=self.clock.now())
        for _ in range(MAX_SENDS):
            self.progress.phase("sending ResetInstance")
            try:
                request_id = self._send(lambda: self.client.reset_instance(request))
            except ZecError as error:
                if not error.may_have_been_carried_out:
                    raise self._not_started(live, powered_off=powered_off, reason=str(error)) from error
                if self._was_accepted(attempt, target, error):
                    self.progress.phase("reset accepted (its answer was lost)")
                    return attempt
            else:
                self.progress.phase(f"reset accepted ({request_id})")
                return attempt.model_copy(update={"request_id": request_id})
        raise self._not_started(
            live,
            powered_off=powered_off,
            reason=f"ResetInstance got no answer {MAX_SENDS} times and was not carried out",
        )

    def _was_accepted(self, attempt: Attempt, target: Target, error: ZecError) -> bool:
        """Find out by reading what became of a reset whose answer was lost; False: surely not carried out."""
        self.progress.phase("the answer to ResetInstance was lost; reading what became of it")
        open_attempt = attempt.model_copy(update={"outcome": "unknown"})
        unmoved = Deadline(self.clock, NOT_ACCEPTED_AFTER_SECONDS)
        statuses = self.watch.statuses(target.instance_id, self.deadline, self.progress)
        while True:
            try:
                current = next(statuses)
                live = self.reader.instance(target.instance_id) if current == status.RUNNING else None
            except ZecError as unreadable:
                raise AttemptOpenError(
                    f"{error} What became of it could not be read: {unreadable}. The boot disk may have been wiped."
                    " The next pulumi up reads the instance before it does anything",
                    open_attempt,
                ) from unreadable
            if current in status.REINSTALLING or (live is not None and target.visible and target.matches(live)):
                return True
            if current == status.REINSTALL_FAILED and not target.failed_before:
                return True
            if current == status.RUNNING and not target.visible:
                raise AttemptOpenError(f"{error} {unknown_outcome(target.instance_id)}", open_attempt)
            if status.is_transitional(current):
                unmoved = Deadline(self.clock, NOT_ACCEPTED_AFTER_SECONDS)
            elif unmoved.expired:
                if current != status.RUNNING:
                    return False
                raise RebuildNotStartedError(
                    f"{error} Instance {target.instance_id} is RUNNING and still shows what it had before, so it was"
                    " not rebuilt; somebody else powered it on. The next pulumi up tries again"
                )

    def _not_started(self, live: Instance, *, powered_off: bool, reason: str) -> RebuildNotStartedError:
        if not powered_off:
            now = status.shown(self._status_now(live))
            return RebuildNotStartedError(f"{reason} Nothing was wiped; {name(live)} is {now}")
        return RebuildNotStartedError(f"{reason} Nothing was wiped; {name(live)} {self._start_again(live)}")

    def _start_again(self, live: Instance) -> str:
        """Undo our own power-off; return what came of it, in words."""
        self.progress.phase("refused; starting the instance again")
        try:
            failed = self._send(lambda: self.client.start_instances([live.instance_id]))
            if not failed:
                limit = Deadline(self.clock, GRACEFUL_STOP_SECONDS)
                for current in self.watch.statuses(live.instance_id, limit, self.progress):
                    if current == status.RUNNING:
                        return "was powered off for this, has been started again and is RUNNING"
        except ZecError as error:
            now = status.shown(self._status_now(live))
            return f"was powered off for this and starting it again did not succeed ({error}); it is {now}"
        now = status.shown(self._status_now(live))
        return f"was powered off for this and StartInstances answered that it failed; it is {now}, start it by hand"

    def _send(self, mutation: Callable[[], T]) -> T:
        """Send a mutation; again only while the API surely did not carry it out (429, no connection)."""
        limit = self.deadline.within(UNSENT_SECONDS)
        pause = 1.0
        while True:
            if not self.row.alive:
                raise RebuildNotStartedError("the engine is gone, so nothing more is sent")
            try:
                return mutation()
            except (RateLimitError, NotSentError) as error:
                wait = max(pause, error.retry_after or 0)
                if wait >= limit.remaining:
                    raise
                self.progress.phase(f"not sent yet, trying again: {error}")
                self.clock.sleep(wait)
                pause = min(pause * 2, 30.0)

    def _status_now(self, live: Instance) -> str | None:
        try:
            return self.client.describe_instances_status([live.instance_id]).get(live.instance_id)
        except ZecError:
            return None
