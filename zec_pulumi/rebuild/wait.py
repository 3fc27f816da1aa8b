"""Follows an accepted rebuild to its end and verifies it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from zec_pulumi.api import ZecError
from zec_pulumi.cloud.rhythm import beats
from zec_pulumi.errors import AttemptOpenError, HaltedError
from zec_pulumi.halt import Halt
from zec_pulumi.planning import status
from zec_pulumi.planning.causes import all_readable
from zec_pulumi.time.deadline import Deadline, duration

if TYPE_CHECKING:
    from zec_pulumi.api import Instance, ResetInstanceRequest
    from zec_pulumi.cloud.poller import Watch
    from zec_pulumi.cloud.reader import LiveReader
    from zec_pulumi.journal.journal import InstanceLog
    from zec_pulumi.journal.locks import Lock
    from zec_pulumi.planning.inputs import Attempt, Recorded
    from zec_pulumi.progress import Progress
    from zec_pulumi.time.clock import Clock

LAG_SECONDS = 300.0
"""How long a RUNNING instance may still show its old image or key before it counts as a mismatch."""

NOT_ACCEPTED_AFTER_SECONDS = 30.0
"""How long an instance must stay as it was after a lost answer before the request counts as not carried out."""

UNMOVED_SECONDS = 60.0
"""After this time since acceptance, RUNNING with an unchanged image no longer can be the time before the rebuild."""


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
        told = not lost or (all_readable(attempt.causes if attempt else ()) and not unseen)
        return cls(instance_id, asked.image_id, key_id, visible=(new_image or new_key) and told)

    def matches(self, live: Instance) -> bool:
        """Whether the instance shows the wanted image and key."""
        return self.image_id in (None, live.image_id) and self.key_id in (None, live.key_id)


@dataclass
class Follower:
    """Waits for one attempt until the instance is verified, has failed, or the time is up."""

    reader: LiveReader
    watch: Watch
    clock: Clock
    progress: Progress
    deadline: Deadline
    log: InstanceLog
    lock: Lock
    attempt: Attempt
    target: Target
    _running_since: Deadline | None = field(default=None, init=False)
    _stopped_since: Deadline | None = field(default=None, init=False)
    _accepted_at: float = field(init=False)

    def __post_init__(self) -> None:
        # The wall clock is asked once: set in the middle of a rebuild, it would make an early read a late one.
        elapsed = max(0.0, self.clock.now() - self.attempt.started_at)
        self._accepted_at = self.clock.monotonic() - elapsed

    def run(self, *, begun_now: bool = False) -> Instance:
        """Return the instance once it is RUNNING with the wanted image and key; see :meth:`Watch.statuses`.

        An attempt whose answer was lost stays ``unknown`` to the end: that the machine is as wanted is all that is
        known, and enough only where the machine shows everything that was asked for.

        Raises:
            AttemptOpenError: it failed, the time was up, or it could not be read any more.
        """
        statuses = self.watch.statuses(
            self.target.instance_id,
            self.deadline,
            self.progress,
            outlive_engine=True,
            begun_now=begun_now,
            pause=self._pause,
        )
        try:
            while True:
                current = next(statuses)
                orphaned = self._make_way()
                live = self._look(current)
                if live is not None:
                    self.log.note(self.attempt.id, "forgotten" if self.attempt.outcome == "unknown" else "finished")
                    self.watch.rhythm.learn(self.clock.now() - self.attempt.started_at)
                    if orphaned:
                        raise self._open("the engine is gone; the rebuild went on in the cloud and is done")
                    return live
        except AttemptOpenError:
            raise
        except HaltedError as halted:
            raise self._open(
                f"{halted.halt.value}: the rebuild of instance {self.target.instance_id} goes on in the cloud. The next"
                " pulumi up goes on waiting for it and wipes nothing again"
            ) from halted
        except ZecError as error:
            waited = duration(self.deadline.elapsed)
            accepted = "may have been" if self.attempt.outcome == "unknown" else "was"
            raise self._open(
                f"the rebuild of instance {self.target.instance_id} {accepted} accepted and not finished after"
                f" {waited}: {error}. The next pulumi up goes on waiting for it and wipes nothing again"
            ) from error

    def _pause(self) -> int:
        return beats(self.clock.now() - self.attempt.started_at, self.watch.rhythm.usual)

    def _make_way(self) -> bool:
        """Without an engine, let go of the instance and only watch, until somebody else takes it; return whether so."""
        if self.progress.halted() is not Halt.ENGINE_GONE:
            return False
        self.lock.free()
        if self.lock.wanted_by_another():
            raise self._open(
                "the engine is gone and another run has taken the instance; the rebuild goes on in the cloud"
            )
        return True

    def _look(self, current: str) -> Instance | None:
        """Judge one status; return the instance if the rebuild is done."""
        if current == status.RUNNING:
            return self._verified()
        self._running_since = None
        self._give_up_if_never_begun(current)
        if current == status.REINSTALL_FAILED and not (self.target.failed_before and self._too_early()):
            raise self._failed()
        if current in status.RECYCLED or current == "CREATE_FAILED":
            raise self._open(f"instance {self.target.instance_id} is {current}; recover it, then run pulumi up again")
        if self.attempt.verified_at is not None and current == status.STOPPED:
            raise self._open(
                f"instance {self.target.instance_id} was rebuilt, and somebody has powered it off since: it is STOPPED."
                " Start it; the next pulumi up probes its health gate again and wipes nothing"
            )
        # A reinstall may be somebody else's: it does not prove that a reset whose answer was lost was carried out.
        if self.attempt.outcome != "unknown":
            self._note(moved=True, outcome="accepted")
        lag = " (the answer lags behind)" if current in status.STABLE else ""
        self.progress.phase(f"{status.shown(current)}{lag}")
        return None

    def _give_up_if_never_begun(self, current: str) -> None:
        if current != status.STOPPED or self.attempt.outcome != "unknown":
            self._stopped_since = None
            return
        self._stopped_since = self._stopped_since or Deadline(self.clock, NOT_ACCEPTED_AFTER_SECONDS)
        if self._stopped_since.expired:
            raise self._open(
                f"instance {self.target.instance_id} is STOPPED and stays so: the ResetInstance whose answer was lost"
                " was not carried out. Nothing is sent again by itself: change rebuild_token to ask for the rebuild,"
                " or start the instance by hand"
            )

    def _verified(self) -> Instance | None:
        self.progress.phase("RUNNING, verifying")
        self._running_since = self._running_since or Deadline(self.clock, LAG_SECONDS)
        live = self.reader.instance(self.target.instance_id)
        if live is not None and live.status == status.RUNNING and self.target.matches(live):
            if self.attempt.outcome == "unknown":
                if self.target.visible:
                    return live
                raise self._open(unknown_outcome(self.target.instance_id, self.attempt.id))
            if self.target.visible or self.attempt.moved:
                return live
            if not self._too_early():
                return live
        if self._running_since.expired:
            shown = "nothing" if live is None else f"image {live.image_id}, key {live.key_id}"
            raise self._open(
                f"instance {self.target.instance_id} is RUNNING but shows {shown} instead of image"
                f" {self.target.image_id}, key {self.target.key_id}, {duration(LAG_SECONDS)} after it came up."
                " Somebody else may have rebuilt it. The next pulumi up looks again and wipes nothing by itself"
            )
        return None

    def _too_early(self) -> bool:
        """Whether a status that the instance also had before may still be the one from before."""
        return not self.attempt.moved and self.clock.monotonic() - self._accepted_at <= UNMOVED_SECONDS

    def _failed(self) -> AttemptOpenError:
        self._note(moved=True, outcome="failed")
        self.log.note(self.attempt.id, "failed")
        return self._open(
            f"the rebuild of instance {self.target.instance_id} ended in REINSTALL_FAILED; its boot disk is wiped"
            " and it does not run. It is not tried again by itself: ask Zenlayer's support about it"
            f"{self._request()}, then change rebuild_token to ask for another rebuild"
        )

    def _note(self, *, moved: bool, outcome: str) -> None:
        self.attempt = self.attempt.model_copy(update={"moved": moved, "outcome": outcome})

    def _request(self) -> str:
        return f" (request {self.attempt.request_id})" if self.attempt.request_id else ""

    def _open(self, sentence: str) -> AttemptOpenError:
        return AttemptOpenError(sentence, self.attempt)


def unknown_outcome(instance_id: str, attempt_id: str) -> str:
    """Return what to tell when nothing readable says whether a rebuild happened."""
    return (
        f"Instance {instance_id} is RUNNING, and nothing the API shows tells whether it was rebuilt. Look at the"
        f" machine: if it was rebuilt, run `zec-pulumi attempts close {attempt_id} --rebuilt` and pulumi up again;"
        " if it was not rebuilt, change rebuild_token to ask for another rebuild"
    )
