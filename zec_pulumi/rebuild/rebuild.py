"""Carries a rebuild out: power off, backup, ResetInstance, wait, verify.

A mutation is sent while the engine wants it, at most once, and what became of it is read, never assumed.
"""

from __future__ import annotations

import contextlib
import uuid
from typing import TYPE_CHECKING

from zec_pulumi.api import InstanceStateError
from zec_pulumi.errors import ZecError
from zec_pulumi.journal.lines import JournalError
from zec_pulumi.messages import backups as backup_messages
from zec_pulumi.messages import outcomes
from zec_pulumi.planning import status
from zec_pulumi.planning.inputs import Attempt
from zec_pulumi.rebuild.backup import NoBackupError, check_time, make_backup, wait_out
from zec_pulumi.rebuild.errors import AttemptOpenError, RebuildNotStartedError
from zec_pulumi.rebuild.mark import refusal
from zec_pulumi.rebuild.power import PoweredOff, power_off, restart, status_now
from zec_pulumi.rebuild.send import MAX_SENDS, NOT_ACCEPTED_AFTER_SECONDS, send
from zec_pulumi.rebuild.wait import Target, wait_until_rebuilt
from zec_pulumi.time.deadline import Deadline

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zec_pulumi.api import Instance, ResetInstanceRequest
    from zec_pulumi.planning.causes import Cause
    from zec_pulumi.rebuild.mark import Mark
    from zec_pulumi.rebuild.operation import Operation


def rebuild(
    op: Operation,
    live: Instance,
    request: ResetInstanceRequest,
    causes: tuple[Cause, ...],
    *,
    force: bool,
    approval: str | None = None,
    mark: Mark | None = None,
    marker_needed_by: str | None = None,
    backup: bool = False,
    usual_seconds: float | None = None,
    rolls_back: str | None = None,
) -> tuple[Attempt, Instance]:
    """Rebuild ``live`` as ``request`` says; return the attempt and the verified instance.

    Blocks until the operation's deadline at most. ``approval`` is the digest of the token that this rebuild uses up.
    ``mark`` writes the attempt's marker; where a setting needs it, nothing is wiped without. With ``backup`` nothing is
    wiped before an image of the boot disk is AVAILABLE; ``usual_seconds`` is how long a rebuild took before.
    ``rolls_back`` is the attempt that it takes back.

    Raises:
        RebuildNotStartedError: nothing was wiped; says what state the instance is in.
        AttemptOpenError: accepted, or perhaps accepted, and not verified.
    """
    attempt = Attempt(
        id=mark.attempt_id if mark else str(uuid.uuid4()),
        causes=causes,
        started_at=op.deadline.now,
        image_id=request.image_id,
        key_id=request.key_id,
        outcome="unknown",
        rolls_back=rolls_back,
    )
    target = Target.of(request, live)
    try:
        op.log.prepare(approval=approval is not None)
        if backup:
            check_time(op, usual_seconds)
    except (JournalError, NoBackupError) as error:
        raise RebuildNotStartedError(outcomes.not_prepared(error, live)) from error
    if mark:
        op.log.mark(attempt.id)
    with _withdrawn_if_not_started(mark):
        powered_off = power_off(op, live, mark, force=force)
        try:
            if mark:
                # Unless that was done while the instance powered off.
                mark.begun()
            _require(mark, marker_needed_by, op, live, attempt, powered_off)
            if backup:
                attempt = _backed_up(op, live, attempt, usual_seconds, powered_off)
            attempt = _reset(op, live, request, target, attempt, approval, powered_off)
            accepted_at = op.clock.monotonic()
            op.log.note(attempt.id, "begun" if attempt.moved else "accepted", attempt.request_id)
            if mark and attempt.moved:
                mark.accepted()
            return wait_until_rebuilt(op, attempt, target, accepted_at, mark)
        except (ZecError, KeyboardInterrupt):
            raise
        except BaseException as error:
            # A wipe may be under way: a defect of ours must not make the stack forget it.
            now = status_now(op, live.instance_id)
            raise AttemptOpenError(outcomes.defect_while_rebuilding(error, live, now), attempt) from error


@contextlib.contextmanager
def _withdrawn_if_not_started(mark: Mark | None) -> Iterator[None]:
    """Take the marker off again when it turns out that nothing was wiped."""
    try:
        yield
    except RebuildNotStartedError:
        if mark:
            mark.withdraw()
        raise


def _require(
    mark: Mark | None, needed_by: str | None, op: Operation, live: Instance, attempt: Attempt, powered_off: PoweredOff
) -> None:
    """Raise RebuildNotStartedError when a marker is needed and could not be written."""
    not_marked = refusal(mark, needed_by)
    if not_marked:
        raise _not_wiped(op, live, attempt, str(not_marked), powered_off)


def _backed_up(
    op: Operation, live: Instance, attempt: Attempt, usual_seconds: float | None, powered_off: PoweredOff
) -> Attempt:
    """Return the attempt with its backup; raise RebuildNotStartedError when there is none."""
    try:
        image_id, seconds = make_backup(op, live, attempt.id, usual_seconds)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a defect of ours, too, comes before anything is wiped
        last = wait_out(op, live.instance_id)
        state = restart(op, live, powered_off, last)
        why = outcomes.reason(error)
        raise RebuildNotStartedError(outcomes.not_wiped(why, live, state, noted=True)) from error
    return attempt.model_copy(update={"backup_image_id": image_id, "backup_seconds": seconds})


def _reset(
    op: Operation,
    live: Instance,
    request: ResetInstanceRequest,
    target: Target,
    attempt: Attempt,
    approval: str | None,
    powered_off: PoweredOff,
) -> Attempt:
    """Get the reset accepted and return the attempt as accepted. Source: ResetInstance, zec 2025-09-01."""
    try:
        op.log.intend(attempt.id, attempt.causes, approval, attempt.backup_image_id, attempt.rolls_back)
    except Exception as error:
        raise _not_wiped(op, live, attempt, outcomes.reason(error), powered_off) from error
    lost: ZecError | None = None
    for _ in range(MAX_SENDS):
        op.progress.phase("sending ResetInstance")
        try:
            request_id = send(op, op.client.reset_instance, request)
        except ZecError as error:
            # Refused for the instance's status after a lost answer: that one may be what changed the status.
            contradicted = lost is not None and isinstance(error, InstanceStateError)
            if not error.may_have_been_carried_out and not contradicted:
                raise _not_wiped(op, live, attempt, str(error), powered_off) from error
            accepted = _find_accepted(op, attempt, target, lost or error)
            if accepted:
                return accepted
            if contradicted:
                raise AttemptOpenError(outcomes.contradicted(lost, target.instance_id), attempt) from error
            lost = error
        else:
            op.progress.phase(f"reset accepted ({request_id})")
            accepted_now = {"request_id": request_id, "outcome": "accepted", "started_at": op.deadline.now}
            return attempt.model_copy(update=accepted_now)
    raise _not_wiped(op, live, attempt, outcomes.never_answered(MAX_SENDS, lost), powered_off)


def _not_wiped(
    op: Operation, live: Instance, attempt: Attempt, reason: str, powered_off: PoweredOff
) -> RebuildNotStartedError:
    """Undo our own power-off after a refused reset; return the error that says both."""
    noted = op.log.note(attempt.id, "refused")
    state = restart(op, live, powered_off)
    return _not_started(outcomes.not_wiped(reason, live, state, noted=noted), attempt)


def _not_started(sentence: str, attempt: Attempt) -> RebuildNotStartedError:
    """Return the error of an attempt that wiped nothing; it says what stays of a backup."""
    image_id = attempt.backup_image_id
    stays = f". {backup_messages.kept_although_refused(image_id)}" if image_id else ""
    return RebuildNotStartedError(f"{sentence}{stays}")


def _find_accepted(op: Operation, attempt: Attempt, target: Target, lost: ZecError) -> Attempt | None:
    """Find out by reading what became of a reset whose answer was lost; None: surely not carried out.

    Raises:
        AttemptOpenError: it cannot be read, or nothing readable tells.
        RebuildNotStartedError: it was not carried out, and somebody else powered the instance on.
    """
    op.progress.phase("the answer to ResetInstance was lost; reading what became of it")
    unmoved, current = Deadline(op.clock, NOT_ACCEPTED_AFTER_SECONDS), ""
    try:
        for current in op.poller.poll(target.instance_id, op.deadline, op.progress):
            live = op.reader.instance(target.instance_id) if current == status.RUNNING else None
            failed = current == status.REINSTALL_FAILED and not target.failed_before
            if current in status.REINSTALLING or failed or (live and target.visible and target.matches(live)):
                op.progress.phase("reset accepted (its answer was lost)")
                return attempt.model_copy(update={"outcome": "accepted", "moved": True})
            if status.is_transitional(current):
                unmoved = Deadline(op.clock, NOT_ACCEPTED_AFTER_SECONDS)
            elif unmoved.expired or (current == status.RUNNING and not target.visible):
                break
    except ZecError as unreadable:
        sentence = outcomes.outcome_unreadable(lost, unreadable, target.instance_id)
        raise AttemptOpenError(sentence, attempt) from unreadable
    if current != status.RUNNING:
        return None
    if not target.visible:
        raise AttemptOpenError(f"{lost}. {outcomes.outcome_unknown(target.instance_id, attempt)}", attempt)
    noted = op.log.note(attempt.id, "refused")
    raise _not_started(outcomes.started_by_another(lost, target.instance_id, noted=noted), attempt)
