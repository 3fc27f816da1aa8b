"""Carries a rebuild out: power off, ResetInstance, follow, verify. Design: "A rebuild, step by step".

A mutation is sent when the engine is there, at most once, and what became of it is read, never assumed.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zec_pulumi.api import InstanceStateError, ZecError
from zec_pulumi.errors import AttemptOpenError, RebuildNotStartedError
from zec_pulumi.journal.journal import JournalError
from zec_pulumi.planning import status
from zec_pulumi.planning.inputs import Attempt
from zec_pulumi.planning.status import name
from zec_pulumi.rebuild.power import Power
from zec_pulumi.rebuild.send import MAX_SENDS, Sender
from zec_pulumi.rebuild.wait import NOT_ACCEPTED_AFTER_SECONDS, Follower, Target, unknown_outcome
from zec_pulumi.time.deadline import Deadline

if TYPE_CHECKING:
    from zec_pulumi.api import Client, Instance, ResetInstanceRequest
    from zec_pulumi.cloud.poller import Watch
    from zec_pulumi.cloud.reader import LiveReader
    from zec_pulumi.journal.journal import InstanceLog
    from zec_pulumi.journal.locks import Lock
    from zec_pulumi.planning.causes import Cause
    from zec_pulumi.progress import Progress
    from zec_pulumi.time.clock import Clock


@dataclass
class Rebuilder:
    """One rebuild of one instance.

    ``progress`` shows it and tells whether the engine still wants it; ``log`` keeps it through a crash; ``lock`` keeps
    others on this machine off the instance.
    """

    client: Client
    reader: LiveReader
    watch: Watch
    clock: Clock
    progress: Progress
    deadline: Deadline
    log: InstanceLog
    lock: Lock

    def run(
        self, live: Instance, request: ResetInstanceRequest, causes: tuple[Cause, ...], *, force: bool
    ) -> tuple[Attempt, Instance]:
        """Rebuild ``live`` as ``request`` says; return the attempt and the verified instance.

        Raises:
            RebuildNotStartedError: nothing was wiped; says what state the instance is in.
            AttemptOpenError: accepted, or perhaps accepted, and not verified.
        """
        power = Power(self.client, self.watch, self.clock, self.progress, self.deadline, self.sender, live)
        attempt = Attempt(
            id=str(uuid.uuid4()),
            causes=causes,
            started_at=self.clock.now(),
            image_id=request.image_id,
            key_id=request.key_id,
            outcome="unknown",
        )
        target = Target.of(request, live)
        powered_off = power.off(force=force)
        refusal = _Refusal(power, self.log, attempt.id, powered_off=powered_off)
        try:
            attempt = self._reset(request, target, attempt, refusal)
            follower = self.follower(attempt, target)  # it counts from its making, so nothing comes in between
            self.log.note(attempt.id, "accepted", attempt.request_id)
            return attempt, follower.run(begun_now=True)
        except ZecError:
            raise
        except Exception as error:
            # A wipe may be under way: a defect of ours must not make the stack forget it.
            raise AttemptOpenError(
                f"a defect in zec_pulumi ({type(error).__name__}) while {name(live)} was rebuilt: its boot disk may"
                " have been wiped. The next pulumi up goes on from there and wipes nothing again",
                attempt,
            ) from error

    @property
    def sender(self) -> Sender:
        """The way for mutations of this operation."""
        return Sender(self.client.throttle, self.clock, self.progress, self.deadline)

    def follower(self, attempt: Attempt, target: Target) -> Follower:
        """Return what follows an accepted attempt to its end."""
        return Follower(
            self.reader, self.watch, self.clock, self.progress, self.deadline, self.log, self.lock, attempt, target
        )

    def _reset(self, request: ResetInstanceRequest, target: Target, attempt: Attempt, refusal: _Refusal) -> Attempt:
        """Get the reset accepted and return the attempt as accepted. Source: ResetInstance, zec 2025-09-01."""
        try:
            self.log.intend(attempt.id, attempt.causes)
        except JournalError as error:
            raise refusal.undone(str(error)) from error
        lost: ZecError | None = None
        for _ in range(MAX_SENDS):
            self.progress.phase("sending ResetInstance")
            try:
                request_id = self.sender.send(lambda: self.client.reset_instance(request))
            except ZecError as error:
                # Refused for the instance's status after a lost answer: that one may be what changed the status.
                contradicted = lost is not None and isinstance(error, InstanceStateError)
                if not error.may_have_been_carried_out and not contradicted:
                    raise refusal.undone(str(error)) from error
                accepted = self._found_accepted(attempt, target, lost or error)
                if accepted:
                    return accepted
                if contradicted:
                    raise AttemptOpenError(
                        f"{lost}. It was sent again and refused for the instance's status, which is read as STOPPED:"
                        f" the boot disk of instance {target.instance_id} may have been wiped. The next pulumi up reads"
                        " the instance before it does anything",
                        attempt,
                    ) from error
                lost = error
            else:
                self.progress.phase(f"reset accepted ({request_id})")
                accepted_now = {"request_id": request_id, "outcome": "accepted", "started_at": self.clock.now()}
                return attempt.model_copy(update=accepted_now)
        raise refusal.undone(f"ResetInstance got no answer {MAX_SENDS} times and was not carried out: {lost}")

    def _found_accepted(self, attempt: Attempt, target: Target, lost: ZecError) -> Attempt | None:
        """Find out by reading what became of a reset whose answer was lost; None: surely not carried out."""
        self.progress.phase("the answer to ResetInstance was lost; reading what became of it")
        unmoved = Deadline(self.clock, NOT_ACCEPTED_AFTER_SECONDS)
        statuses = self.watch.statuses(target.instance_id, self.deadline, self.progress)
        while True:
            try:
                current = next(statuses)
                live = self.reader.instance(target.instance_id) if current == status.RUNNING else None
            except ZecError as unreadable:
                raise AttemptOpenError(
                    f"{lost}. What became of it could not be read: {unreadable}. The boot disk of instance"
                    f" {target.instance_id} may have been wiped. The next pulumi up reads the instance before it does"
                    " anything",
                    attempt,
                ) from unreadable
            failed = current == status.REINSTALL_FAILED and not target.failed_before
            if current in status.REINSTALLING or failed or (live and target.visible and target.matches(live)):
                self.progress.phase("reset accepted (its answer was lost)")
                return attempt.model_copy(update={"outcome": "accepted", "moved": True})
            if current == status.RUNNING and not target.visible:
                raise AttemptOpenError(f"{lost}. {unknown_outcome(target.instance_id, attempt.id)}", attempt)
            if status.is_transitional(current):
                unmoved = Deadline(self.clock, NOT_ACCEPTED_AFTER_SECONDS)
            elif unmoved.expired:
                if current != status.RUNNING:
                    return None
                raise RebuildNotStartedError(
                    f"{lost}. Instance {target.instance_id} is RUNNING and still shows what it had before, so it was"
                    " not rebuilt; somebody else powered it on. The next pulumi up tries again"
                )


@dataclass
class _Refusal:
    """What a refused reset leaves to do: undo our own power-off, and say both."""

    power: Power
    log: InstanceLog
    attempt_id: str
    powered_off: bool

    def undone(self, reason: str) -> RebuildNotStartedError:
        self.log.note(self.attempt_id, "refused")
        outcome = self.power.on_again() if self.powered_off else f"is {status.shown(self.power.status_now())}"
        return RebuildNotStartedError(
            f"{reason}. Nothing was wiped; {name(self.power.live)} {outcome}. The next pulumi up tries again"
        )
