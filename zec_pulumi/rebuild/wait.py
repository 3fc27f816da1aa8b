"""Waits for an accepted rebuild to end, and verifies it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from zec_pulumi.errors import StoppedError
from zec_pulumi.messages import outcomes
from zec_pulumi.planning import status
from zec_pulumi.planning.causes import all_readable
from zec_pulumi.rebuild.errors import AttemptOpenError
from zec_pulumi.rebuild.send import NOT_ACCEPTED_AFTER_SECONDS
from zec_pulumi.rebuild.silence import SILENCES, engine_is_gone
from zec_pulumi.time.deadline import Deadline

if TYPE_CHECKING:
    from zec_pulumi.api import Instance, ResetInstanceRequest
    from zec_pulumi.planning.inputs import Attempt, Recorded
    from zec_pulumi.rebuild.mark import Mark
    from zec_pulumi.rebuild.operation import Operation

LAG_SECONDS = 300.0
"""How long a RUNNING instance may still show its old image or key before it counts as a mismatch.

Not measured on the real service.
"""

STALE_SECONDS = 60.0
"""How long after acceptance REINSTALL_FAILED may still be the status from before. It never proves a success.

Not measured on the real service.
"""


@dataclass(frozen=True)
class Target:
    """What the instance must show when the rebuild is done; None: not checked.

    ``visible`` says that image or key differ from before, so that reading tells a finished rebuild from none.
    ``failed_before`` says that the instance was REINSTALL_FAILED already when the rebuild was asked for.
    """

    instance_id: str
    image_id: str | None
    key_id: str | None
    visible: bool
    failed_before: bool = False

    @classmethod
    def of(cls, request: ResetInstanceRequest, before: Instance) -> Target:
        """Return the target of a reset that is about to be sent to ``before``."""
        new_image = request.image_id not in (None, before.image_id)
        new_key = request.key_id not in (None, before.key_id)
        failed = before.status == status.REINSTALL_FAILED
        return cls(request.instance_id, request.image_id, request.key_id, new_image or new_key, failed)

    @classmethod
    def of_attempt(cls, instance_id: str, asked: Recorded) -> Target:
        """Return the target of the open attempt that ``asked`` records.

        Where its answer was lost, image and key may be somebody else's rebuild: they tell nothing of a script, a
        password or a cause that the machine does not show.
        """
        key_id = asked.key_id if asked.password is None else None
        new_image = asked.image_id not in (None, asked.applied.image_id)
        new_key = key_id not in (None, asked.applied.key_id)
        attempt = asked.attempt
        lost = attempt is not None and attempt.outcome == "unknown"
        unseen = asked.first_boot_script is not None or asked.password is not None
        # No other rebuild installs the backup that a roll-back does.
        own = attempt is not None and attempt.rolls_back is not None
        told = not lost or own or (all_readable(attempt.causes if attempt else ()) and not unseen)
        return cls(instance_id, asked.image_id, key_id, visible=(new_image or new_key) and told)

    def matches(self, live: Instance) -> bool:
        """Whether the instance shows the wanted image and key."""
        return self.image_id in (None, live.image_id) and self.key_id in (None, live.key_id)


def wait_until_rebuilt(
    op: Operation, attempt: Attempt, target: Target, accepted_at: float | None = None, mark: Mark | None = None
) -> tuple[Attempt, Instance]:
    """Wait until the instance is RUNNING with the wanted image and key; return the attempt as it ended, and it.

    An attempt whose answer was lost stays ``unknown`` to the end: that the machine is as wanted is all that is
    known, and enough only where the machine shows everything that was asked for.

    Args:
        op: The operation; its deadline bounds the wait.
        attempt: The open attempt.
        target: What the instance must show.
        accepted_at: When it was accepted just now, on the monotonic clock; None for an attempt of an earlier run.
        mark: The attempt's marker, if it has one; that it began is written there.

    Raises:
        AttemptOpenError: it failed, the time was up, or it could not be read any more.
    """
    just_sent = accepted_at is not None
    if accepted_at is None:
        # The wall clock is read once: set in the middle of a rebuild, it would make an early read a late one.
        accepted_at = op.clock.monotonic() - max(0.0, op.clock.now() - attempt.started_at)
    wait = _Wait(op, attempt, target, accepted_at, mark, joined=not just_sent)
    live = wait.run(just_sent=just_sent)
    return wait.attempt, live


@dataclass
class _Wait:
    """One wait for one attempt, ``joined`` if an earlier run made it. ``accepted_at`` is on the monotonic clock."""

    op: Operation
    attempt: Attempt
    target: Target
    accepted_at: float
    mark: Mark | None = None
    joined: bool = False
    _running_since: Deadline | None = field(default=None, init=False)
    _stopped_since: Deadline | None = field(default=None, init=False)
    _orphaned: bool = field(default=False, init=False)

    def run(self, *, just_sent: bool) -> Instance:
        """Return the verified instance; see :func:`wait_until_rebuilt`."""
        op, instance_id = self.op, self.target.instance_id
        try:
            for current in op.poller.poll(
                instance_id,
                op.deadline,
                op.progress,
                # Where image and key stay, a rebuild is proved by what is read while it runs: that begins at once.
                just_sent=just_sent and self.target.visible,
                without_engine=True,
                accepted_at=self.accepted_at,
            ):
                self._keep_lock_or_watch()
                live = self._check_status(current)
                if live is not None:
                    return self._done(live)
        except AttemptOpenError:
            raise
        except StoppedError as stopped:
            raise self._open(outcomes.stopped_waiting(stopped.reason, instance_id)) from stopped
        except Exception as error:
            accepted = self.attempt.outcome != "unknown"
            sentence = outcomes.not_finished(error, instance_id, op.deadline.elapsed, accepted=accepted)
            raise self._open(sentence) from error
        raise AssertionError("poll() ends only with an error")

    def _done(self, live: Instance) -> Instance:
        self.op.log.note(self.attempt.id, "forgotten" if self.attempt.outcome == "unknown" else "finished")
        self.op.poller.schedule.learn(self.op.clock.monotonic() - self.accepted_at)
        if self._orphaned:
            raise self._open(outcomes.engine_gone_but_done(self.target.instance_id))
        return live

    def _keep_lock_or_watch(self) -> None:
        """Without an engine, let the lock go and only watch, until another run takes it; with one, take it again."""
        lock = self.op.lock
        # Once it was gone, one more silence is enough.
        if engine_is_gone(self.op, silences=1 if self._orphaned else SILENCES):
            lock.free()
            self._orphaned = True
            taken = lock.wanted_by_another()
        else:
            # Whoever has it meanwhile has read the machine, and decided what to do with it.
            taken = self._orphaned and not lock.take(self.op.log.urn)
            self._orphaned = False
        if taken:
            raise self._open(outcomes.instance_taken(self.target.instance_id))

    def _check_status(self, current: str) -> Instance | None:
        """Return the instance if the rebuild is done, None while it is not."""
        instance_id = self.target.instance_id
        if current == status.RUNNING:
            return self._verify()
        self._running_since = None
        self._give_up_if_stopped(current)
        old = current == status.REINSTALL_FAILED and self.target.failed_before and self._may_be_stale()
        if current == status.REINSTALL_FAILED and not old:
            self._update_attempt(outcome="failed")
            self.op.log.note(self.attempt.id, "failed")
            raise self._open(outcomes.reinstall_failed(instance_id, self.attempt))
        if current in status.RECYCLED or current == "CREATE_FAILED":
            raise self._open(outcomes.cannot_finish(instance_id, current))
        if self.attempt.verified_at is not None and current == status.STOPPED:
            raise self._open(outcomes.powered_off_since(instance_id))
        # A reinstall may be somebody else's: it proves nothing of a reset whose answer was lost, or that failed.
        if self.attempt.outcome == "accepted" and not old:
            self._update_attempt(outcome="accepted")
        lag = " (the answer lags behind)" if current in status.STABLE else ""
        self.op.progress.phase(f"{status.shown(current)}{lag}")
        return None

    def _give_up_if_stopped(self, current: str) -> None:
        """Fail when the instance stays STOPPED: the reset was not carried out, or somebody has powered it off since."""
        lost, instance_id = self.attempt.outcome == "unknown", self.target.instance_id
        if current != status.STOPPED or not (lost or self.joined):
            self._stopped_since = None
            return
        patience = NOT_ACCEPTED_AFTER_SECONDS if lost else LAG_SECONDS
        self._stopped_since = self._stopped_since or Deadline(self.op.clock, patience)
        if self._stopped_since.expired:
            if lost:
                back = self._give_up_roll_back()
                raise self._open(outcomes.never_began(instance_id, back=back))
            raise self._open(outcomes.stays_stopped(instance_id, patience))

    def _verify(self) -> Instance | None:
        """Read the RUNNING instance; return it if it is as wanted and cannot be the one before the rebuild."""
        self.op.progress.phase("RUNNING, verifying")
        self._running_since = self._running_since or Deadline(self.op.clock, LAG_SECONDS)
        target = self.target
        live = self.op.reader.instance(target.instance_id)
        if live is not None and live.status == status.RUNNING and target.matches(live):
            if self.attempt.outcome == "unknown":
                if target.visible:
                    return live
                raise self._open(outcomes.outcome_unknown(target.instance_id, self.attempt))
            if self.attempt.outcome == "failed" and not target.visible:
                raise self._open(outcomes.runs_after_failure(target.instance_id, self.attempt))
            if target.visible or self.attempt.moved:
                return live
            # Time alone proves nothing: the reset may have been accepted and never begun.
            if self.op.clock.monotonic() - self.accepted_at > LAG_SECONDS:
                raise self._open(outcomes.never_seen(target.instance_id, self.attempt))
            return None
        if self._running_since.expired:
            back = self._give_up_roll_back()
            sentence = outcomes.shows_something_else(
                target.instance_id, live, target.image_id, target.key_id, LAG_SECONDS, back=back
            )
            raise self._open(sentence)
        return None

    def _may_be_stale(self) -> bool:
        """Whether a status that the instance also had before may still be the one from before."""
        return not self.attempt.moved and self.op.clock.monotonic() - self.accepted_at <= STALE_SECONDS

    def _update_attempt(self, *, outcome: str) -> None:
        if not self.attempt.moved:
            self.op.log.note(self.attempt.id, "begun")
            if self.mark and self.attempt.outcome == "accepted":
                self.mark.accepted()
        self.attempt = self.attempt.model_copy(update={"moved": True, "outcome": outcome})

    def _give_up_roll_back(self) -> bool:
        """End the wait for a roll-back for good, so that the next plan is the program's; return whether it is one."""
        if self.attempt.rolls_back is None:
            return False
        self.attempt = self.attempt.model_copy(update={"outcome": "failed"})
        return True

    def _open(self, sentence: str) -> AttemptOpenError:
        return AttemptOpenError(sentence, self.attempt)
