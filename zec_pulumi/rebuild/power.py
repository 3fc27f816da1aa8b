"""Powers an instance off for a rebuild, and on again when the rebuild was refused."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from zec_pulumi.errors import DeadlineError, ZecError
from zec_pulumi.messages import outcomes
from zec_pulumi.planning import status
from zec_pulumi.rebuild.errors import RebuildNotStartedError
from zec_pulumi.rebuild.send import MAX_SENDS, NOT_ACCEPTED_AFTER_SECONDS, send
from zec_pulumi.time.deadline import Deadline

if TYPE_CHECKING:
    from zec_pulumi.api import Instance
    from zec_pulumi.rebuild.mark import Mark
    from zec_pulumi.rebuild.operation import Operation

GRACEFUL_STOP_SECONDS = 300.0
"""How long a graceful power-off may take before force is named as the way out. Not measured on the real service."""


class PoweredOff(Enum):
    """Who powered an instance off. ``PERHAPS_OURS``: our request's answer was lost, and no API tells."""

    OURS = "ours"
    PERHAPS_OURS = "perhaps ours"
    NOT_OURS = "not ours"


def power_off(op: Operation, live: Instance, mark: Mark | None = None, *, force: bool) -> PoweredOff:
    """Bring the instance to STOPPED; return who did it. The marker is written while it powers off.

    Source: StopInstances, zec 2025-09-01.

    Raises:
        RebuildNotStartedError: it does not power off; says what state it is in.
    """
    if live.status != status.RUNNING:
        return PoweredOff.NOT_OURS
    op.progress.phase("powering off")
    limit: Deadline | None = None
    lost: ZecError | None = None
    for _ in range(MAX_SENDS):
        done, error = _send_stop(op, live, force=force)
        # Refused because it is off already: an earlier one, whose answer was lost, may have done that.
        by = PoweredOff.PERHAPS_OURS if lost and done is PoweredOff.NOT_OURS else done
        lost = error or lost
        # It begins when the request is sent: among many instances its slot may be long in coming.
        if mark:
            mark.begun()
        limit = limit or (op.deadline if force else op.deadline.within(GRACEFUL_STOP_SECONDS))
        if _wait_until_stopped(op, live, limit, force=force):
            return by
    raise RebuildNotStartedError(outcomes.not_powered_off(live, MAX_SENDS, lost))


def restart(op: Operation, live: Instance, powered_off: PoweredOff, last: str = status.STOPPED) -> str:
    """Undo our own power-off; return how the instance was left, to continue a sentence that names it.

    What its owner may have powered off is left as it is. ``last`` is the status that was read last.
    Source: StartInstances, zec 2025-09-01.
    """
    if powered_off is not PoweredOff.OURS:
        perhaps = powered_off is PoweredOff.PERHAPS_OURS
        now = status_now(op, live.instance_id) or (last if perhaps else live.status)
        return outcomes.perhaps_ours(now) if perhaps else f"is {status.shown(now)}"
    # After the deadline, and often after a cancel, nothing can be read any more.
    if op.progress.stop_reason() or op.deadline.expired:
        return outcomes.left_off(status_now(op, live.instance_id) or last)
    op.progress.phase("refused; starting the instance again")
    try:
        if _send_start(op, live.instance_id):
            return outcomes.start_failed(status_now(op, live.instance_id))
        limit = op.deadline.within(GRACEFUL_STOP_SECONDS)
        for current in op.poller.poll(live.instance_id, limit, op.progress, just_sent=True):
            if current == status.RUNNING:
                break
    except Exception as error:  # noqa: BLE001 what comes after this must still be said
        return outcomes.not_started_again(error, status_now(op, live.instance_id) or last)
    return outcomes.STARTED_AGAIN


def status_now(op: Operation, instance_id: str) -> str | None:
    """Return the status for a message, None when it cannot be read."""
    try:
        return op.client.describe_instances_status([instance_id]).get(instance_id)
    except Exception:  # noqa: BLE001 what the message is about must still be said
        return None


def _send_stop(op: Operation, live: Instance, *, force: bool) -> tuple[PoweredOff, ZecError | None]:
    """Return whose the power-off is that will be seen, and the error of a lost answer."""
    ids = [live.instance_id]
    try:
        failed = send(op, op.client.stop_instances, ids, force_shutdown=force)
    except ZecError as error:
        if error.may_have_been_carried_out:
            return PoweredOff.PERHAPS_OURS, error
        now = status_now(op, live.instance_id) or live.status
        if now in (status.STOPPED, "STOPPING"):
            return PoweredOff.NOT_OURS, None
        raise RebuildNotStartedError(outcomes.stop_refused(live, now, error)) from error
    if failed:
        raise RebuildNotStartedError(outcomes.stop_failed(live, status_now(op, live.instance_id)))
    return PoweredOff.OURS, None


def _send_start(op: Operation, instance_id: str) -> list[str]:
    """Return the ids that failed to start; a lost answer counts as sent, and is waited for."""
    try:
        return send(op, op.client.start_instances, [instance_id])
    except ZecError as error:
        if error.may_have_been_carried_out:
            return []
        raise


def _wait_until_stopped(op: Operation, live: Instance, limit: Deadline, *, force: bool) -> bool:
    """Wait for STOPPED; return False when the instance shows no sign of stopping."""
    unmoved = Deadline(op.clock, NOT_ACCEPTED_AFTER_SECONDS)
    try:
        for current in op.poller.poll(live.instance_id, limit, op.progress, just_sent=True):
            if current == status.STOPPED:
                return True
            if current == status.RUNNING and unmoved.expired:
                return False
            expected = current in (status.RUNNING, "STOPPING")
            op.progress.phase("powering off" if expected else f"powering off, {status.shown(current)}")
    except DeadlineError as error:
        if status_now(op, live.instance_id) == status.STOPPED:
            return True
        # Neither forced nor started again: nobody asked for the one, and the API refuses the other in this status.
        raise RebuildNotStartedError(outcomes.stop_too_slow(live, limit.seconds, error, force=force)) from error
    except ZecError as error:
        raise RebuildNotStartedError(outcomes.stop_not_followed(live, error)) from error
    raise AssertionError("poll() ends only with an error")
