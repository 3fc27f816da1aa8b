"""The backups of one resource in an operation: which one an attempt made, and which are kept."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

from zec_pulumi.errors import ZecError
from zec_pulumi.journal.marker import Marker
from zec_pulumi.messages import backups as messages
from zec_pulumi.planning import backups
from zec_pulumi.planning.inputs import Backup, Recorded
from zec_pulumi.planning.record import backup_of
from zec_pulumi.rebuild.send import send

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from zec_pulumi.api import Client, Instance
    from zec_pulumi.cloud.reader import CloudReader
    from zec_pulumi.planning.backups import TaggedBackup
    from zec_pulumi.planning.inputs import Attempt, Wanted
    from zec_pulumi.rebuild.operation import Operation


def with_backup(op: Operation, attempt: Attempt, live: Instance) -> Attempt:
    """Return a joined attempt with its backup, which the image's tags tell where no journal and no record did."""
    if attempt.backup_image_id is not None:
        return attempt
    with contextlib.suppress(ZecError):
        found = backups.of_attempt(op.reader.own_images(), live, attempt.id)
        if found:
            return attempt.model_copy(update={"backup_image_id": found.image_id})
    return attempt


def with_unrecorded(
    op: Operation, recorded: Recorded, live: Instance, urn: str, warn: Callable[[str], object]
) -> tuple[Backup, ...]:
    """Return the recorded backups, with the one that a killed run of this stack has left; warn of all others.

    Of several, nobody knows which one belongs to what is on the machine now.
    """
    try:
        left = backups.leftovers(op.reader.own_images(), live, recorded)
    except ZecError:
        return recorded.backups
    ours = [one for one in left if one.stack == backups.stack_tag(urn)]
    new = ours if len(ours) == 1 else []
    for one in left:
        if one not in new:
            warn(messages.leftover(one))
    return (*recorded.backups, *(Backup(image_id=one.image.image_id, attempt_id=one.attempt_id) for one in new))


class PlannedBackups:
    """The resources of a stack for which a backup is planned, in each region. Thread-safe."""

    def __init__(self) -> None:
        self._urns: dict[str, list[str]] = {}
        self._lock = threading.Lock()

    def add(self, region: str, urn: str) -> int:
        """Add a resource; return how many there were when it was first added, itself included."""
        with self._lock:
            planned = self._urns.setdefault(region, [])
            if urn not in planned:
                planned.append(urn)
            return planned.index(urn) + 1


def warnings(
    reader: CloudReader, planned: PlannedBackups, urn: str, live: Instance, recorded: Recorded
) -> Iterator[str]:
    """Yield what may go wrong with the backup that a rebuild makes first, and what other backups there are.

    That all backups of the stack may be too many is said once, by the resource whose backup may be the first too many.

    Raises:
        ZecError: the API cannot be read.
    """
    images = reader.own_images()
    for one in backups.leftovers(images, live, recorded):
        yield messages.leftover(one)
    region = reader.region(live.zone_id) if live.zone_id else None
    if region is None:
        return
    there, count = sum(region in image.region_ids for image in images), planned.add(region, urn)
    if there >= backups.QUOTA:
        yield messages.full(region, there)
    elif there + count == backups.QUOTA + 1:
        yield messages.too_many(region, there, count)


def restored(reader: CloudReader, wanted: Wanted, live: Instance, marker: object) -> str | None:
    """Return the attempt whose backup the machine runs, None where it runs none, or where that plays no part.

    It is read only where a marker may name an attempt that a killed run has rolled back.
    """
    if wanted.on_unhealthy != "roll_back" or not isinstance(marker, Marker):
        return None
    with contextlib.suppress(ZecError):
        found = backups.backup_in(reader.image_of(live), live, Recorded())
        return found.attempt_id if found else None
    return None


def after(recorded: Recorded, attempt: Attempt) -> tuple[Backup, ...]:
    """Return the backups that there are after an attempt, oldest first."""
    new = backup_of(attempt)
    older = tuple(one for one in recorded.backups if new is None or one.image_id != new.image_id)
    return older if new is None else (*older, new)


def delete_older(
    op: Operation,
    live: Instance,
    known: Sequence[Backup],
    keep: int,
    in_use: Sequence[str | None],
    warn: Callable[[str], object],
) -> tuple[Backup, ...]:
    """Delete what is more than ``keep`` of the recorded backups; return those that stay. Never fails.

    Each is read first: what is not tagged as this very backup is left alone.
    Source: DeleteImages, zec 2025-09-01.
    """
    doomed = backups.too_many(known, keep, in_use) if keep else ()
    if not doomed:
        return tuple(known)
    try:
        shown = op.client.describe_custom_images(image_ids=[one.image_id for one in doomed])
        ours = [one for one in backups.tagged(shown) if _is_of(one, doomed, live)]
        still_shown = delete(op.client, ours, lambda mutation: send(op, mutation)) if ours else ()
    except ZecError as error:
        warn(messages.not_deleted(doomed, error))
        return tuple(known)
    left = {image.image_id for image in shown} - {one.image.image_id for one in ours if one not in still_shown}
    stay = [one for one in doomed if one.image_id in left]
    if stay:
        warn(messages.not_deleted(stay, messages.STILL_SHOWN))
    return tuple(one for one in known if one not in doomed or one in stay)


def delete(
    client: Client, doomed: Sequence[TaggedBackup], in_turn: Callable[[Callable[[], object]], object]
) -> Sequence[TaggedBackup]:
    """Delete backups that were read just now, and their tags; return those that the API still shows.

    ``in_turn`` sends a mutation as the caller's rules are. Source: DeleteImages, zec 2025-09-01.

    Raises:
        ZecError: it was refused or not sent, or what became of it cannot be read.
    """
    ids = [one.image.image_id for one in doomed]
    try:
        in_turn(lambda: client.delete_images(ids))
    except ZecError as error:
        if not error.may_have_been_carried_out:
            raise
    shown = {image.image_id for image in client.describe_custom_images(image_ids=ids)}
    deleted = [one for one in doomed if one.image.image_id not in shown]
    if deleted:
        # A list of tags that is longer than it need be harms nobody.
        with contextlib.suppress(ZecError):
            in_turn(lambda: client.delete_tags(backups.ATTEMPT_KEY, [one.attempt_id for one in deleted]))
    return [one for one in doomed if one not in deleted]


def _is_of(one: TaggedBackup, recorded: Sequence[Backup], live: Instance) -> bool:
    """Whether it is one of the backups that are recorded of this instance, by its tags as well."""
    return one.instance_id == live.instance_id and any(
        (one.image.image_id, one.attempt_id) == (backup.image_id, backup.attempt_id) for backup in recorded
    )
