"""What the kill matrix tries: every point of a rebuild, every way to be cut off there, every kind of change."""

from __future__ import annotations

import itertools
import signal
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from driver import WEB_1

if TYPE_CHECKING:
    from collections.abc import Iterator

JAMMY, NOBLE, DEBIAN = "ubuntu2204_20240712", "ubuntu2404_20240712", "debian12_20240712"
KEY, OTHER_KEY = "key-YWD2QFOl", "key-2ndKey01"
IS = {"instance_id": WEB_1, "image_id": JAMMY, "key_id": KEY}
"""What the machine has before, and what an update has recorded."""

OPERATIONS = ("create", "update")
CHANGES: dict[str, dict[str, Any]] = {
    "image": {"image_id": NOBLE},
    "key": {"key_id": OTHER_KEY},
    "userData": {"user_data": "#!/bin/sh\necho first\n"},
    "rebuildToken": {"rebuild_token": "again"},
}
READABLE = ("image", "key")
"""Changes that the machine shows, so that it tells itself whether they were made."""

GATE = {"kind": "command", "command": ["sh", "-c", 'test -e "$HOME/healthy"'], "interval": 0.3, "deadline": 1}
"""A gate that the machine passes while that file is there; the trap makes it and takes it away."""

_UNSEEN = {"user_data": "#!/bin/sh\necho first\n"}
BACKED_UP: dict[str, dict[str, Any]] = {
    "image with backup": {"image_id": NOBLE, "backup": True},
    "userData with backup": {**_UNSEEN, "backup": True},
}
ROLLED_BACK: dict[str, dict[str, Any]] = {
    "sick image with backup": {"image_id": NOBLE, "backup": True, "health": GATE, "on_unhealthy": "roll_back"},
    "sick userData with backup": {**_UNSEEN, "backup": True, "health": GATE, "on_unhealthy": "roll_back"},
}
"""What it becomes does not pass its gate until the cut is over."""


class Kill(str, Enum):
    """A way to be cut off."""

    KILL = "SIGKILL plugin"
    TERM = "SIGTERM plugin"
    ENGINE = "SIGKILL engine"
    DROP = "dropped connection"
    TRICKLE = "answer trickles"
    DISK = "disk refuses"
    JOURNAL = "short write of the journal"

    @property
    def signal(self) -> int:
        """The signal; where nobody dies, none is sent."""
        return signal.SIGTERM if self is Kill.TERM else signal.SIGKILL

    @property
    def may_succeed(self) -> bool:
        """Whether the operation lives on, and may come to its end."""
        return self in (Kill.TERM, Kill.DROP, Kill.TRICKLE, Kill.JOURNAL)


@dataclass(frozen=True)
class Request:
    """A point where a request arrives: its answer never does.

    ``status`` is what the instance must be in, ``carried_out`` whether the request is. ``done`` lets the reinstall come
    to its end before anybody reads. ``resets`` is how many were accepted before.
    """

    action: str
    carried_out: bool = False
    status: str | None = None
    done: bool = False
    resets: int = 0


@dataclass(frozen=True)
class Point:
    """A moment of the operation: a request, or a function of the plugin (see ``kill_hook``).

    ``saving`` says that the engine saves the state next, ``noting`` that the journal is written: a disk can refuse.
    """

    name: str
    at: Request | str
    saving: bool = False
    noting: bool = False

    @property
    def kills(self) -> tuple[Kill, ...]:
        """What can happen there: without a request there is no connection to drop, and no answer to slow down."""
        dead = (Kill.KILL, Kill.TERM, Kill.ENGINE)
        if isinstance(self.at, str):
            return (*dead, *([Kill.JOURNAL] if self.noting else []), *([Kill.DISK] if self.saving else []))
        answered = self.at.carried_out or self.at.action.startswith("Describe")
        return (*dead, Kill.DROP, *([Kill.TRICKLE] if answered else []))


POINTS = (
    Point("before check", "zec_pulumi.operations.check:check before", noting=True),
    Point("before the first read", Request("DescribeInstances")),
    Point("stop sent, not carried out", Request("StopInstances")),
    Point("stop accepted, answer lost", Request("StopInstances", carried_out=True)),
    Point("stopped, before the intent", "zec_pulumi.rebuild.rebuild:_reset before", noting=True),
    Point("intent written, reset not sent", "zec_pulumi.journal.journal:InstanceLog.intend after", noting=True),
    Point("reset sent, not accepted", Request("ResetInstance")),
    Point("reset accepted, answer lost", Request("ResetInstance", carried_out=True)),
    Point("reset accepted, answer lost, done meanwhile", Request("ResetInstance", carried_out=True, done=True)),
    Point("while DEPLOYING", Request("DescribeInstancesStatus", status="DEPLOYING")),
    Point("RUNNING seen, not noted", "zec_pulumi.rebuild.wait:_Wait._verify found", noting=True),
    Point("noted, not returned", "zec_pulumi.operations.apply:_Apply._finish before"),
    Point("returned, state not saved", "zec_pulumi.operations.apply:{operation} after", saving=True),
)
BACKUP_POINTS = (
    Point("image sent, not accepted", Request("CreateImage")),
    Point("image accepted, answer lost", Request("CreateImage", carried_out=True)),
    Point("while IMAGING", Request("DescribeCustomImages", status="IMAGING")),
    Point("image made, reset not sent", "zec_pulumi.rebuild.rebuild:_reset before"),
)
ROLL_BACK_POINTS = (
    Point("about to roll back", "zec_pulumi.operations.roll_back:RollBack.carry_out before"),
    Point("roll-back sent, not accepted", Request("ResetInstance", resets=1)),
    Point("roll-back accepted, answer lost", Request("ResetInstance", carried_out=True, resets=1)),
    Point("rolling back, DEPLOYING", Request("DescribeInstancesStatus", status="DEPLOYING", resets=2)),
    Point("rolled back, not recorded", "zec_pulumi.operations.roll_back:RollBack.end before"),
)
UNINTENDED = 5
"""So many points lie before the intent is written: there the journal plays no part."""


@dataclass(frozen=True)
class Cell:
    """One run of the matrix. Without ``point``: the undisturbed run. Without ``journal``: it is lost with the kill.

    ``rehearsed`` says that the program is tried out on another cloud, with the same home, before the next ``up``.
    """

    operation: str
    change: str
    point: Point | None = None
    kill: Kill | None = None
    journal: bool = True
    rehearsed: bool = False

    @property
    def program(self) -> dict[str, Any]:
        """What the program declares.

        A new resource is not rebuilt for what the API does not show, unless it says so with ``adopt="never"``.
        """
        never = {"adopt": "never"} if self.operation == "create" and self.change not in READABLE else {}
        return {**IS, **{**CHANGES, **BACKED_UP, **ROLLED_BACK}[self.change], **never}

    @property
    def backed_up(self) -> bool:
        """Whether the disk is to be kept before it is wiped."""
        return self.change not in CHANGES

    @property
    def name(self) -> str:
        """Its name in tables and tests."""
        cut = f"{self.point.name}, {self.kill.value}" if self.point and self.kill else "undisturbed"
        return f"{cut}, {self.operation} {self.change}{self.after and ', '}{self.after}"

    @property
    def after(self) -> str:
        """What comes after the kill."""
        return "rehearsed" if self.rehearsed else "" if self.journal else "journal lost"


def undisturbed() -> Iterator[Cell]:
    """Yield the runs to compare with."""
    for operation in OPERATIONS:
        for change in _changes(operation):
            yield Cell(operation, change)
    for change in (*BACKED_UP, *ROLLED_BACK):
        yield Cell("update", change)


def matrix() -> Iterator[Cell]:
    """Yield every cell with the journal, those whose journal is lost with the plugin, and those that are rehearsed."""
    yield from _plain()
    for points, changes in ((BACKUP_POINTS, BACKED_UP), (ROLL_BACK_POINTS, ROLLED_BACK)):
        for point, change in itertools.product(points, changes):
            yield from (Cell("update", change, point, kill) for kill in point.kills)
            yield Cell("update", change, point, Kill.KILL, journal=False)


def _plain() -> Iterator[Cell]:
    for point in POINTS:
        for kill in point.kills:
            for calm in undisturbed():
                if not calm.backed_up:
                    yield Cell(calm.operation, calm.change, point, kill)
    telling = [calm for calm in undisturbed() if calm.change in ("image", "userData")]
    for point, calm in itertools.product(POINTS[UNINTENDED:], telling):
        yield Cell(calm.operation, calm.change, point, Kill.KILL, journal=False)
    for point, calm in itertools.product(POINTS[UNINTENDED:], telling):
        yield Cell(calm.operation, calm.change, point, Kill.KILL, rehearsed=True)


def telling() -> Iterator[Cell]:
    """Yield the few for every day: at the most dangerous points the kills and changes that differ most."""
    points = {point.name: point for point in POINTS}
    for point, kill, operation, change in (
        ("intent written, reset not sent", Kill.KILL, "update", "userData"),
        ("reset accepted, answer lost", Kill.KILL, "update", "rebuildToken"),
        ("reset accepted, answer lost, done meanwhile", Kill.DROP, "create", "userData"),
        ("while DEPLOYING", Kill.ENGINE, "update", "rebuildToken"),
        ("returned, state not saved", Kill.KILL, "update", "rebuildToken"),
    ):
        yield Cell(operation, change, points[point], kill)
    for change in ("image", "userData"):
        yield Cell("update", change, points["reset accepted, answer lost"], Kill.KILL, journal=False)
    yield Cell("update", "userData", points["reset accepted, answer lost, done meanwhile"], Kill.KILL, journal=False)
    yield Cell("create", "userData", points["noted, not returned"], Kill.KILL, journal=False)
    of_backups = {point.name: point for point in (*BACKUP_POINTS, *ROLL_BACK_POINTS)}
    yield Cell("update", "userData with backup", of_backups["image accepted, answer lost"], Kill.KILL, journal=False)
    yield Cell(
        "update", "sick userData with backup", of_backups["roll-back accepted, answer lost"], Kill.KILL, journal=False
    )


def _changes(operation: str) -> tuple[str, ...]:
    # With adopt="never" a new resource has one cause, whatever it sends: the token would be the same cell again.
    return tuple(change for change in CHANGES if (operation, change) != ("create", "rebuildToken"))
