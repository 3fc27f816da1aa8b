"""What a report says: one row per machine, and the exit status for a pipeline."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zec_pulumi.planning.causes import Cause


class Action(str, Enum):
    """What ``up`` does to a machine, the worst first."""

    REBUILD = "rebuild"
    UNDECIDED = "undecided"
    JOIN = "join"
    ADOPT = "adopt"
    CHANGE = "change in place"
    FORGET = "forget"
    RECORD = "record"
    NONE = "none"


class Approval(str, Enum):
    """Whether a rebuild may happen, the least approved first.

    ``UNGATED``: no approval is required in this stack, so ``up`` wipes. ``NEEDED``: ``up`` refuses until the token is
    approved. ``REFUSED``: another gate refuses it. ``APPROVED``: the row says so, and the stack's settings hold its
    token. ``UNPROVEN``: the stack sets gates, and the row does not say that they let it through.
    """

    UNGATED = "ungated"
    UNPROVEN = "unproven"
    NEEDED = "needed"
    REFUSED = "refused"
    APPROVED = "approved"


class FailOn(str, Enum):
    """Which wipes make the exit status 2."""

    NEVER = "never"
    UNAPPROVED = "unapproved"
    ANY = "any"


@dataclass(frozen=True)
class Gate:
    """A closed gate: its name (``rebuild_protection``, ``zec:requireApproval`` …) and the provider's sentence."""

    name: str
    text: str


@dataclass(frozen=True)
class MachineRow:
    """One resource of this package. ``approval``, ``causes``, ``gates``, ``token`` and ``backup`` belong to rebuilds.

    ``parents`` are the names of the components that hold the resource, the outermost first. ``names`` are those of ids
    that ``causes`` hold. ``undecided`` are inputs whose values only ``up`` will know, ``detail`` is the provider's
    sentence where it is no rebuild, ``notes`` are its other warnings. ``forgets`` is the id of another instance that
    the stack drops. ``backup`` says that a backup of the boot disk is made before it is wiped.
    """

    urn: str
    resource: str
    action: Action
    instance_id: str | None = None
    instance_name: str | None = None
    disk_gib: int | None = None
    approval: Approval | None = None
    token: str | None = None
    causes: tuple[Cause, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    undecided: tuple[str, ...] = ()
    gates: tuple[Gate, ...] = ()
    detail: str | None = None
    notes: tuple[str, ...] = ()
    forgets: str | None = None
    backup: bool = False
    parents: tuple[str, ...] = ()


@dataclass(frozen=True)
class FleetLine:
    """The line on a fleet's own row: how many of its machines are wiped, in which order, and how long it takes."""

    urn: str
    resource: str
    detail: str
    parents: tuple[str, ...] = ()


@dataclass(frozen=True)
class Failure:
    """Why the report is incomplete. ``resource`` names the resource, None for the preview as a whole.

    ``parents`` are the names of the components that hold the resource.
    """

    text: str
    resource: str | None = None
    urn: str | None = None
    parents: tuple[str, ...] = ()


@dataclass(frozen=True)
class Report:
    """What a preview says about machines.

    ``fleets`` are those with anything to do; their machines are rows, too. ``others`` counts the steps of other
    resources by operation. ``unread`` is the number of resources for which live checks were not made. ``kept_tokens``
    are approved already and must stay so for the approved rows. ``pace`` is what the stack's row says of rebuilds that
    wait for one of the engine's places.
    """

    project: str | None
    stack: str | None
    rows: tuple[MachineRow, ...] = ()
    fleets: tuple[FleetLine, ...] = ()
    others: Mapping[str, int] = field(default_factory=dict)
    failures: tuple[Failure, ...] = ()
    unread: int = 0
    kept_tokens: tuple[str, ...] = ()
    pace: str | None = None

    def of(self, action: Action) -> list[MachineRow]:
        """Return the rows with that action."""
        return [row for row in self.rows if row.action is action]

    def rebuilds(self, approval: Approval) -> list[MachineRow]:
        """Return the rebuilds with that approval."""
        return [row for row in self.rows if row.approval is approval]

    @property
    def tokens(self) -> list[str]:
        """The tokens of the rebuilds that wait for approval."""
        return [row.token for row in self.rebuilds(Approval.NEEDED) if row.token]

    def exit_code(self, fail_on: FailOn) -> int:
        """Return 0 nothing is wiped (or all of it approved), 2 something is or may be and is not, 1 incomplete."""
        if self.failures:
            return 1
        wiped = [row for row in self.rows if row.action in (Action.REBUILD, Action.UNDECIDED)]
        if fail_on is FailOn.UNAPPROVED:
            wiped = [row for row in wiped if row.approval is not Approval.APPROVED]
        return 2 if wiped and fail_on is not FailOn.NEVER else 0
