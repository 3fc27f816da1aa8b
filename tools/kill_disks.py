"""Judges what is done with disks and images in a cell of the kill matrix, and makes a machine pass its gate or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from driver import WEB_1
from zec_pulumi.planning.backups import ATTEMPT_KEY

if TYPE_CHECKING:
    from pathlib import Path

    from zec_pulumi.simulator.cloud import Cloud


class Disks:
    """The disk of the machine and the backups of it, as the cloud has them.

    Args:
        folder: The stack's.

    ``sick`` says that a system that is newly installed does not pass its gate. With ``backed_up`` each wipe needs a
    backup first.
    """

    def __init__(self, folder: Path) -> None:
        self.sick = self.backed_up = False
        self.faults: list[str] = []
        self.made: dict[str, str] = {}
        """What was on the disk of which each image was made."""
        self.planned = 0
        """Resets that were neither a roll-back nor came after one."""
        self._healthy = folder / "home" / "healthy"
        self._sick: set[str] = set()
        self._attempts: set[str] = set()
        self._before = ""
        self._back = False

    def look(self, cloud: Cloud) -> None:
        """Take note of the disk before a request; the file of the gate is there while the machine is healthy."""
        machine = cloud.instance(WEB_1)
        self._before = machine.disk_identity if machine else ""
        if machine and machine.status == "RUNNING" and not (self.sick and self._before in self._sick):
            self._healthy.touch()
        else:
            self._healthy.unlink(missing_ok=True)

    def accepted(self, cloud: Cloud, entry: dict[str, Any]) -> None:
        """Judge an entry of the ledger."""
        if entry["action"] == "CreateImage":
            self._created(cloud)
        elif entry["action"] == "DeleteImages":
            machine = cloud.instance(WEB_1)
            wrong = set(entry["parameters"]["imageIds"]) - self.made.keys()
            if wrong or (machine and machine.image_id in entry["parameters"]["imageIds"]):
                self.faults.append(f"a wrong deletion: {entry['parameters']['imageIds']}")
        elif entry["action"] == "ResetInstance":
            self._reset(cloud, str(entry["parameters"].get("imageId")))

    def brought_back(self, cloud: Cloud) -> bool:
        """Whether the disk is one that a backup was made of."""
        machine = cloud.instance(WEB_1)
        return machine is not None and machine.disk_identity in self.made.values()

    def _created(self, cloud: Cloud) -> None:
        image = next(reversed(cloud.world.images.values()))
        attempt = next((tag.value for tag in image.tags if tag.key == ATTEMPT_KEY), "")
        if attempt in self._attempts:
            self.faults.append(f"a second image for attempt {attempt}")
        self._attempts.add(attempt)
        self.made[image.image_id] = self._before

    def _reset(self, cloud: Cloud, image_id: str) -> None:
        machine = cloud.instance(WEB_1)
        back = image_id in self.made
        if back and self._back:
            self.faults.append("rolled back twice")
        if not back:
            self.planned += not self._back
            self._sick.add(machine.disk_identity if machine else "")
            there = [image for image in cloud.images() if self.made.get(image.image_id) == self._before]
            if self.backed_up and not any(image.image_status == "AVAILABLE" for image in there):
                self.faults.append(f"a wipe without the backup of {self._before}")
        self._back = back
