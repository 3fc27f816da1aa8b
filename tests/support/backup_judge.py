"""Judges what a history does with backups: by what the cloud accepted, its disks, and what the state holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zec_pulumi.planning import backups

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.support.stack import Stack
    from tests.support.world import World
    from zec_pulumi.simulator.models import Image


@dataclass(frozen=True)
class Made:
    """One CreateImage that the cloud accepted: of which disk, by which resource, in which command."""

    attempt_id: str
    urn: str
    command: int
    disk: str


class BackupJudge:
    """Watches the images of one world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._made: dict[str, Made] = {}
        self._deletions: dict[str, int] = {}
        self.disk = ""
        """What was on the boot disk when the request came that is judged now."""

    @property
    def images(self) -> dict[str, Image]:
        """The backups of the account."""
        found = {image.image_id: image for image in self._world.cloud.images()}
        return {image_id: image for image_id, image in found.items() if image_id in self._made}

    def created(self, stack: Stack) -> str:
        """Take note of an accepted CreateImage; return what is wrong with it: at most one for each attempt."""
        image = next(reversed(self._world.cloud.world.images.values()))
        tags = {tag.key: tag.value for tag in image.tags}
        attempt_id = tags.get(backups.ATTEMPT_KEY, "")
        again = any(made.attempt_id == attempt_id for made in self._made.values())
        self._made[image.image_id] = Made(attempt_id, stack.urn, self._world.command, image.disk_identity or "")
        self._world.tally["backups"] += 1
        if again or tags.get(backups.INSTANCE_KEY) != stack.instance_id:
            return f"8: a second CreateImage was accepted for attempt {attempt_id}, or its tags are wrong: {tags}"
        return ""

    def deleted(self, stack: Stack, body: Mapping[str, Any], shown: str | None) -> str:
        """Return what is wrong with an accepted DeleteImages: only what this resource made and recorded may go."""
        recorded = {one["imageId"] for one in stack.outputs.get("backups", ())}
        for image_id in body["imageIds"]:
            made = self._made.get(image_id)
            if made is None or made.urn != stack.urn:
                return f"9: image {image_id} was deleted, which this resource did not make"
            if image_id not in recorded:
                return f"9: image {image_id} was deleted, which the state does not record: {recorded}"
            if image_id in (shown, stack.program.get("imageId")):
                return f"9: image {image_id} was deleted, which is in use"
        self._world.tally["deleted backups"] += len(body["imageIds"])
        return ""

    def is_backup(self, body: Mapping[str, Any]) -> bool:
        """Whether a reset installs a backup."""
        return body.get("imageId") in self._made

    def is_roll_back(self, stack: Stack, body: Mapping[str, Any]) -> bool:
        """Whether a reset installs the backup that this very command has made."""
        made = self._made.get(str(body.get("imageId")))
        return made is not None and made.urn == stack.urn and made.command == self._world.command

    def reset(self, stack: Stack, attempt_id: str | None) -> str:
        """Return what is wrong with an accepted reset that is no roll-back: the disk was to be kept before."""
        if not asks(stack):
            return ""
        made = [(image_id, one) for image_id, one in self._made.items() if one.attempt_id == attempt_id]
        images = self.images
        good = any(
            one.disk == self.disk
            and ((image_id in images and images[image_id].image_status == "AVAILABLE") or self._just_deleted(image_id))
            for image_id, one in made
        )
        return "" if good else f"8: a reset was accepted and there is no backup of {self.disk}: {made}"

    def deleted_by_others(self, image_id: str) -> None:
        """Take note that somebody else has deleted an image."""
        self._deletions[image_id] = self._image_reads()

    def _just_deleted(self, image_id: str) -> bool:
        """Whether somebody has deleted an image since images were read last: nobody can know of that."""
        return self._deletions.get(image_id) == self._image_reads()

    def _image_reads(self) -> int:
        return sum(one["action"] == "DescribeCustomImages" for one in self._world.cloud.requests.entries())

    def left_over(self, stack: Stack) -> set[str]:
        """Return the backups of the machine that the stack does not record and the machine does not run."""
        outputs = stack.outputs
        known = {one["imageId"] for one in outputs.get("backups", ())}
        known |= {(outputs.get("attempt") or {}).get("backupImageId"), self._world.machine["imageId"]}
        return self.images.keys() - known

    def brought_back(self, before: str) -> bool:
        """Whether the machine has that disk again."""
        return bool(self._world.machine["diskIdentity"] == before)


def asks(stack: Stack) -> bool:
    """Whether the program, or the stack's setting, asks for a backup before a wipe."""
    kept = stack.program.get("backup")
    by_stack = isinstance(stack.settings, dict) and stack.settings.get("zec:backup") == "true"
    return by_stack if kept is None else bool(kept)
