"""Rules of the user's that refuse a planned rebuild. Adopting, joining and changes in place pass every gate."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from zec_pulumi.planning import approval
from zec_pulumi.planning.plan import Kind

if TYPE_CHECKING:
    from zec_pulumi.api import ResetInstanceRequest
    from zec_pulumi.planning.inputs import Wanted
    from zec_pulumi.planning.plan import Plan


@dataclass(frozen=True)
class GateSettings:
    """The gates that a stack's configuration sets.

    Attributes:
        allow_rebuild: False refuses every rebuild of the stack (``zec:allowRebuild``).
        allowed_causes: The only triggers that may cause a rebuild, None for all (``zec:allowedCauses``).
        require_approval: Refuse rebuilds whose token is not approved (``zec:requireApproval``).
        approved_rebuilds: The approved tokens (``zec:approvedRebuilds``).
    """

    allow_rebuild: bool = True
    allowed_causes: frozenset[str] | None = None
    require_approval: bool = False
    approved_rebuilds: frozenset[str] = frozenset()


class GateName(str, Enum):
    """What a gate is called: by the input or the setting that closes it."""

    REBUILD_PROTECTION = "rebuild_protection"
    ALLOW_REBUILD = "zec:allowRebuild"
    ALLOWED_CAUSES = "zec:allowedCauses"
    REQUIRE_APPROVAL = "zec:requireApproval"


@dataclass(frozen=True)
class ClosedGate:
    """One gate that refuses a rebuild.

    Attributes:
        name: Which one.
        allowed: The triggers that ``zec:allowedCauses`` allows, sorted.
        not_allowed: The triggers of this rebuild that it does not allow.
        token: What would approve this rebuild; None while that cannot be known.
        stale: Approved tokens of this instance and stack: used up, or for another plan.
        foreign: Approved tokens of this instance for another stack.
    """

    name: GateName
    allowed: tuple[str, ...] = ()
    not_allowed: tuple[str, ...] = ()
    token: str | None = None
    stale: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()


def closed(
    wanted: Wanted,
    plan: Plan,
    settings: GateSettings,
    urn: str,
    previous: str | None,
    request: ResetInstanceRequest | None,
) -> list[ClosedGate]:
    """Return the gates that refuse the plan's rebuild; none when it is allowed, or when the plan is no rebuild.

    ``previous`` is the attempt id of the last recorded rebuild, ``request`` what would be sent, None while that cannot
    be known (preview with unknown inputs): together they make the approval that this rebuild needs.
    """
    if plan.kind is not Kind.REBUILD:
        return []
    gates = [ClosedGate(GateName.REBUILD_PROTECTION)] if wanted.rebuild_protection else []
    if not settings.allow_rebuild:
        gates.append(ClosedGate(GateName.ALLOW_REBUILD))
    if settings.allowed_causes is not None:
        others = tuple(cause.trigger for cause in plan.causes if cause.trigger not in settings.allowed_causes)
        allowed = tuple(sorted(settings.allowed_causes))
        gates += [ClosedGate(GateName.ALLOWED_CAUSES, allowed, others)] if others else []
    if settings.require_approval:
        token = approval.token(urn, previous, request) if request else None
        if token is None or token not in settings.approved_rebuilds:
            gates.append(_unapproved(settings, urn, wanted.instance_id, token))
    return gates


def _unapproved(settings: GateSettings, urn: str, instance_id: str | None, token: str | None) -> ClosedGate:
    stack = approval.stack_of(urn)
    others = [text for text in sorted(settings.approved_rebuilds) if approval.meant_for(text)[1] == instance_id]
    return ClosedGate(
        GateName.REQUIRE_APPROVAL,
        token=token,
        stale=tuple(text for text in others if approval.meant_for(text)[0] == stack),
        foreign=tuple(text for text in others if approval.meant_for(text)[0] != stack),
    )
