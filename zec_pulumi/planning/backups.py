"""Backups: custom images of a boot disk, made before it is wiped. How they are named, found and kept. Pure.

An image carries its story in tags, so that it can be told from every other image on any computer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zec_pulumi.planning.inputs import Backup
from zec_pulumi.time.timestamp import seconds_of, timestamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from zec_pulumi.api import Image, Instance
    from zec_pulumi.planning.causes import Cause
    from zec_pulumi.planning.inputs import Recorded, Wanted

ATTEMPT_KEY = "zec-pulumi-backup"
"""The tag that every backup has: the attempt id of the rebuild before which it was made."""

INSTANCE_KEY = "zec-pulumi-backup-of"
"""The tag with the id of the instance whose boot disk it is."""

STACK_KEY = "zec-pulumi-backup-stack"
"""The tag with stack and program: ``STACK/PROJECT``."""

QUOTA = 5
"""Custom images in a zone. It is that of the sister service ``vm``; for ``zec`` none is documented."""

_NAME_END = re.compile(r"-(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)-[0-9a-f]{8}$")
_NAME_LENGTH = 63
_TAG_LENGTH = 64


@dataclass(frozen=True)
class WayBack:
    """What stands beside a wipe.

    Attributes:
        backup: Whether a backup is made before it.
        seconds: How long backup and rebuild took together last time, None where that is not known.
        rolls_back: Whether it is rolled back if its health gate does not pass.
        restores: The backup that it installs, None where it installs another image.
    """

    backup: bool = False
    seconds: float | None = None
    rolls_back: bool = False
    restores: Backup | None = None


@dataclass(frozen=True)
class TaggedBackup:
    """A backup as the tags of its image tell it: of which instance, for which attempt, from which stack."""

    image: Image
    instance_id: str
    attempt_id: str
    stack: str


def kept(wanted: Wanted, *, by_stack: bool) -> int:
    """Return how many backups of the machine are kept; 0: none is made. ``by_stack`` is the stack's default."""
    return int(by_stack) if wanted.backup is None else wanted.backup


def way_back(
    wanted: Wanted, recorded: Recorded, rebuild_seconds: float | None, restores: Backup | None, *, by_stack: bool
) -> WayBack:
    """Return what stands beside a wipe. ``rebuild_seconds`` is how long the last rebuild took."""
    if not kept(wanted, by_stack=by_stack):
        return WayBack(restores=restores)
    last = recorded.backups[-1].seconds if recorded.backups else None
    seconds = last + rebuild_seconds if last is not None and rebuild_seconds is not None else None
    return WayBack(backup=True, seconds=seconds, rolls_back=wanted.on_unhealthy == "roll_back", restores=restores)


def image_name(live: Instance, at: float, attempt_id: str) -> str:
    """Return the name of the image: the instance's, the time, and the beginning of the attempt's id.

    Whatever the instance's name is, it is a valid one. Source: CreateImage, imageName.
    """
    when = timestamp(at).replace("-", "").replace(":", "").replace("T", "-").removesuffix("Z")
    end = f"-{when}-{attempt_id[:8]}"
    named = re.sub(r"[^A-Za-z0-9._/-]+", "-", live.instance_name or "").strip("-._/")
    return f"{(named or live.instance_id)[: _NAME_LENGTH - len(end)]}{end}"


def made_at(image: Image) -> float | None:
    """Return when a backup was made, as the API shows it or else as its name says: seconds since the Unix epoch."""
    named = _NAME_END.search(image.image_name or "")
    return seconds_of(image.created_time or (named and "{}-{}-{}T{}:{}:{}Z".format(*named.groups())))


def stack_tag(urn: str) -> str:
    """Return stack and program of a resource as tags have them: ``STACK/PROJECT``, shortened."""
    parts = urn.split("::")
    stack = f"{parts[0].removeprefix('urn:pulumi:')}/{parts[1]}" if len(parts) > 1 else urn
    return stack[:_TAG_LENGTH]


def tags(live: Instance, urn: str, attempt_id: str) -> dict[str, str]:
    """Return the tags of the image of an instance's boot disk that an attempt of the resource ``urn`` makes."""
    return {ATTEMPT_KEY: attempt_id, INSTANCE_KEY: live.instance_id, STACK_KEY: stack_tag(urn)}


def tagged(images: Iterable[Image]) -> list[TaggedBackup]:
    """Return those of ``images`` that are backups."""
    return [
        TaggedBackup(image, found[INSTANCE_KEY], found[ATTEMPT_KEY], found.get(STACK_KEY, ""))
        for image in images
        if (found := image.tags or {}).keys() >= {ATTEMPT_KEY, INSTANCE_KEY}
    ]


def of_attempt(images: Iterable[Image], live: Instance, attempt_id: str) -> Image | None:
    """Return the image that an attempt has made of the instance; the beginning of the attempt's id is enough."""
    return next(
        (
            one.image
            for one in tagged(images)
            if one.instance_id == live.instance_id and one.attempt_id.startswith(attempt_id)
        ),
        None,
    )


def leftovers(images: Iterable[Image], live: Instance, recorded: Recorded) -> list[TaggedBackup]:
    """Return the backups of the instance that the stack does not record: runs that ended early have left them."""
    attempt = recorded.attempt
    known = {*(backup.image_id for backup in recorded.backups), live.image_id, attempt and attempt.backup_image_id}
    return [one for one in tagged(images) if one.instance_id == live.instance_id and one.image.image_id not in known]


def backup_in(image: Image | None, live: Instance, recorded: Recorded) -> Backup | None:
    """Return the backup that ``image`` is, if it is one of this very instance; to install it restores that system.

    The stack's record says so, or the image's own tags do.
    """
    if image is None:
        return None
    known = {backup.image_id: backup for backup in recorded.backups}
    if image.image_id in known:
        return known[image.image_id]
    found = (one for one in tagged([image]) if one.instance_id == live.instance_id)
    return next((Backup(image_id=image.image_id, attempt_id=one.attempt_id) for one in found), None)


def is_for_script(causes: Iterable[Cause]) -> bool:
    """Whether a rebuild is for another first-boot script and not for another image: also on a backup, that script runs.

    To restore a backup runs none.
    """
    triggers = {cause.trigger for cause in causes if not cause.beside}
    return "userData" in triggers and "imageId" not in triggers


def too_many(backups: Sequence[Backup], keep: int, in_use: Iterable[str | None]) -> tuple[Backup, ...]:
    """Return the recorded backups to delete, oldest first, so that ``keep`` of them stay; none that is ``in_use``."""
    used = set(in_use)
    oldest = backups[: max(0, len(backups) - keep)]
    return tuple(backup for backup in oldest if backup.image_id not in used)
