"""Makes a backup of a boot disk before it is wiped: a custom image, once, and waited for until it is AVAILABLE."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from zec_pulumi.errors import DeadlineError, StoppedError, StopReason, ZecError
from zec_pulumi.messages import backups as messages
from zec_pulumi.planning import backups, status
from zec_pulumi.rebuild.send import NOT_ACCEPTED_AFTER_SECONDS, send
from zec_pulumi.rebuild.silence import engine_is_gone
from zec_pulumi.time.deadline import Deadline

if TYPE_CHECKING:
    from zec_pulumi.api import Instance
    from zec_pulumi.rebuild.operation import Operation

AVAILABLE = "AVAILABLE"
NO_GOOD = frozenset({"UNAVAILABLE", "FAILED", "DELETING"})
"""What an image does not come back from. An unknown status is waited out. Source: DescribeCustomImages, imageStatus."""

_RESERVED = 0.25
"""The part of an operation's time that is the rebuild's where it is not known how long one takes."""


class NoBackupError(ZecError):
    """There is no backup, so nothing may be wiped; says why."""


def check_time(op: Operation, usual_seconds: float | None) -> None:
    """Raise NoBackupError when too little time is left for a backup and a rebuild.

    ``usual_seconds`` is how long a rebuild of this machine took before, None where that is not known.
    """
    needed = _reserve(op, usual_seconds)
    if op.deadline.remaining <= needed:
        raise NoBackupError(messages.no_time(needed, op.deadline.remaining))


def make_backup(op: Operation, live: Instance, attempt_id: str, usual_seconds: float | None) -> tuple[str, float]:
    """Make an image of the STOPPED instance's boot disk; return its id, and how many seconds that took.

    It is asked for once; a lost answer is resolved by reading. What is left of the deadline is enough for the rebuild.
    Source: CreateImage, zec 2025-09-01.

    Raises:
        NoBackupError: it was refused, has failed, or is not there in time.
    """
    check_time(op, usual_seconds)
    limit = op.deadline.within(op.deadline.remaining - _reserve(op, usual_seconds))
    begun = op.clock.monotonic()
    op.progress.phase(messages.making())
    image_id = _create(op, live, attempt_id, limit)
    _wait_for_image(op, image_id, limit)
    _wait_for_instance(op, live, image_id, limit)
    seconds = op.clock.monotonic() - begun
    op.progress.phase(messages.made(image_id, seconds))
    return image_id, seconds


def wait_out(op: Operation, instance_id: str) -> str:
    """Wait until an image of the instance is made or has failed, as it refuses everything until then; never fails.

    Return the instance's last status that was read.
    """
    current = status.STOPPED
    with contextlib.suppress(ZecError):
        for current in op.poller.poll(instance_id, op.deadline, op.progress):
            if not status.is_transitional(current):
                break
    return current


def _reserve(op: Operation, usual_seconds: float | None) -> float:
    return op.deadline.seconds * _RESERVED if usual_seconds is None else usual_seconds * (1 + _RESERVED)


def _create(op: Operation, live: Instance, attempt_id: str, limit: Deadline) -> str:
    name = backups.image_name(live, op.deadline.now, attempt_id)
    tags = backups.tags(live, op.log.urn, attempt_id)
    try:
        return send(op, op.client.create_image, live.instance_id, name, tags)
    except ZecError as error:
        if not error.may_have_been_carried_out:
            raise NoBackupError(messages.refused(error)) from error
        return _find(op, live, attempt_id, error, limit)


def _find(op: Operation, live: Instance, attempt_id: str, lost: ZecError, limit: Deadline) -> str:
    """Return the id of an image whose answer was lost, found by its tags."""
    unmoved = Deadline(op.clock, NOT_ACCEPTED_AFTER_SECONDS)
    try:
        for current in op.poller.poll(live.instance_id, limit, op.progress):
            found = backups.of_attempt(
                op.client.describe_custom_images(tag_keys=[backups.ATTEMPT_KEY]), live, attempt_id
            )
            if found:
                return found.image_id
            if status.is_transitional(current):
                unmoved = Deadline(op.clock, NOT_ACCEPTED_AFTER_SECONDS)
            elif unmoved.expired:
                break
    except ZecError as unreadable:
        raise NoBackupError(messages.lost(f"{lost}. {unreadable}")) from unreadable
    raise NoBackupError(messages.lost(lost)) from lost


def _wait_for_image(op: Operation, image_id: str, limit: Deadline) -> None:
    last: str | None = None
    try:
        for last in op.poller.poll_image(image_id, limit, op.progress):
            if last == AVAILABLE or last in NO_GOOD:
                break
            if engine_is_gone(op):
                raise StoppedError(StopReason.ENGINE_GONE)
            op.progress.phase(messages.making(last))
    except DeadlineError as error:
        raise NoBackupError(messages.too_slow(image_id, last, limit.seconds)) from error
    except ZecError as error:
        raise NoBackupError(messages.not_followed(image_id, error)) from error
    if last != AVAILABLE:
        raise NoBackupError(messages.failed(image_id, last or ""))


def _wait_for_instance(op: Operation, live: Instance, image_id: str, limit: Deadline) -> None:
    """Wait until the instance is STOPPED again, after it has been IMAGING."""
    current = ""
    try:
        for current in op.poller.poll(live.instance_id, limit, op.progress):
            if not status.is_transitional(current):
                break
            op.progress.phase(messages.making(current))
    except ZecError as error:
        raise NoBackupError(messages.not_followed(image_id, error)) from error
    if current != status.STOPPED:
        raise NoBackupError(messages.powered_on(image_id, current))
