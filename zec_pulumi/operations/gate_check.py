"""Asks the gates about a plan: with the stack's settings, and with what this computer knows of used approvals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zec_pulumi.journal.marker import UnreadMarker, attempt_named
from zec_pulumi.messages import gates as gate_messages
from zec_pulumi.planning import approval
from zec_pulumi.planning.approval import PlannedRebuild
from zec_pulumi.planning.backups import WayBack
from zec_pulumi.planning.gates import GateSettings, Verdict, verdict
from zec_pulumi.planning.plan import Kind
from zec_pulumi.planning.record import last_attempt

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zec_pulumi.api import Instance, ResetInstanceRequest
    from zec_pulumi.journal.marker import Found
    from zec_pulumi.operations.context import Process
    from zec_pulumi.planning.inputs import Wanted
    from zec_pulumi.planning.plan import Plan


_NONE = WayBack()


def ask_gates(
    process: Process,
    settings: GateSettings,
    urn: str,
    wanted: Wanted,
    before: Mapping[str, Any],
    plan: Plan,
    live: Instance | None,
    request: ResetInstanceRequest | None,
    marker: Found | UnreadMarker,
    way_back: WayBack = _NONE,
) -> Verdict:
    """Return what the gates say of a plan; ``before`` are the recorded outputs, ``marker`` is the machine's.

    Without ``live`` or ``request`` it is not known yet what would be sent, and so no approval can fit.

    Raises:
        JournalError: used approvals cannot be read.
    """
    used: Mapping[str, str] = {}
    rebuild, unread = None, marker.reason if isinstance(marker, UnreadMarker) else None
    if plan.kind is Kind.REBUILD and settings.require_approval and live and request:
        used = process.journal.approvals.used(request.instance_id)
        if not isinstance(marker, UnreadMarker):
            attempt, cause = attempt_named(marker), plan.causes
            rebuild = PlannedRebuild(urn, last_attempt(before), attempt, live, wanted, cause, request, way_back)
    restores = way_back.restores is not None
    return verdict(wanted, plan, settings, rebuild, approval.stack_of(urn), used, unread, restores=restores)


def refusals(found: Verdict, wanted: Wanted, plan: Plan) -> list[str]:
    """Return why the gates refuse the plan, one sentence a gate."""
    return [gate_messages.sentence(gate, wanted.instance_id, plan.causes) for gate in found.closed]
