"""What a user reads of backups: what is made, what stays, and why nothing was wiped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zec_pulumi.messages.quoting import quoted_id
from zec_pulumi.planning.backups import QUOTA
from zec_pulumi.time.deadline import duration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zec_pulumi.planning.backups import TaggedBackup
    from zec_pulumi.planning.inputs import Backup

STILL_SHOWN = "the API still shows them"
LISTS = "`zec-pulumi backups` lists all of them and deletes them by id"


# Beside the wipe.


def named(backup: Backup) -> str:
    """Return how messages name a backup: by its time, if that is known, and its attempt."""
    made = f"of {backup.made_at} " if backup.made_at else ""
    return f"the backup {made}(attempt {quoted_id(backup.attempt_id[:8])})"


def leftover(one: TaggedBackup) -> str:
    """A backup of the instance that no stack records."""
    return (
        f"image {quoted_id(one.image.image_id)} is a backup of this instance that this resource does not record"
        f" (attempt {quoted_id(one.attempt_id[:8])}); it is not deleted by itself. {LISTS}"
    )


def full(region: str, number: int) -> str:
    """The account may have as many images as it can."""
    return (
        f"the account has {number} images of its own in {region}. If the API takes no more, up wipes nothing. {LISTS}"
    )


def too_many(region: str, number: int, planned: int) -> str:
    """The backups that a stack plans may be more than the account can have."""
    return (
        f"this backup may be too many: it is number {planned} of those planned in {region}, beside {number} images that"
        f" the account has there. A zone may have room for {QUOTA}. Where the API takes no more, up wipes nothing."
        f" {LISTS}"
    )


# While it is made.


def making(status: str | None = None) -> str:
    """The phase in which the image is made; ``status`` is the image's or the instance's."""
    return f"making a backup of the boot disk{f', {status}' if status else ''}"


def made(image_id: str, seconds: float) -> str:
    """The phase once it is AVAILABLE."""
    return f"backup {image_id} made in {duration(seconds)}"


# Why there is none, and so no wipe. Each continues into "Nothing was wiped; instance … is …".


def refused(error: object) -> str:
    """CreateImage was refused or not sent."""
    return f"the backup was not made: {error}"


def lost(error: object) -> str:
    """The answer to CreateImage was lost, and no image is shown."""
    return (
        f"{error}. No image of that attempt is shown, so there is no backup. Should one appear later, `zec-pulumi"
        " backups` lists it"
    )


def failed(image_id: str, status: str) -> str:
    """The image ended in a status that is no good."""
    return f"the backup failed: image {image_id} is {status}. {LISTS}"


def too_slow(image_id: str, status: str | None, seconds: float) -> str:
    """The image is not there in time."""
    return (
        f"the backup was not made within {duration(seconds)}, and the rest of the operation's time is for the rebuild:"
        f" image {image_id} is {status or 'not shown'}. Give it more time with custom_timeouts. {LISTS}"
    )


def no_time(needed: float, left: float) -> str:
    """The deadline is too near to begin."""
    return (
        f"no backup was begun: {duration(left)} are left of the operation's time, and the rebuild may need"
        f" {duration(needed)}. Give it more time with custom_timeouts"
    )


def not_followed(image_id: str, error: object) -> str:
    """The image's status could not be read, or the operation was stopped."""
    return f"the backup was not waited for: {error}. Image {image_id} may still be made. {LISTS}"


def powered_on(image_id: str, status: str) -> str:
    """Somebody else has started the instance while its image was made."""
    return (
        f"the instance is {status} although its backup {image_id} has just been made: somebody else works on it, and"
        f" the backup may not be what is on the disk. {LISTS}"
    )


def kept_although_refused(image_id: str) -> str:
    """The backup was made, and then the rebuild did not begin; to follow the sentence that says so."""
    return f"Its backup {image_id} stays, and this resource does not record it. {LISTS}"


# After a verified rebuild.


def not_deleted(backups: Sequence[Backup], error: object) -> str:
    """Older backups could not be deleted."""
    ids = ", ".join(backup.image_id for backup in backups)
    return f"older backups stay, and are tried again after the next rebuild: {ids} ({error})"


def stay(backups: Sequence[Backup]) -> str:
    """The stack forgets the resource, and its backups stay."""
    ids = ", ".join(backup.image_id for backup in backups)
    return f"forgotten: its backups stay in the account: {ids}. {LISTS}"


def gone(backup: Backup) -> str:
    """A refresh found that a recorded backup does not exist any more."""
    return f"{named(backup)}, image {backup.image_id}, does not exist any more; it is dropped from the record"
