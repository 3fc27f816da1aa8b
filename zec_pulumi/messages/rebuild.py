"""The one line that says on a resource's row what ``up`` will do to its machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zec_pulumi.planning import status
from zec_pulumi.planning.plan import Kind
from zec_pulumi.time.deadline import duration

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zec_pulumi.api import Instance
    from zec_pulumi.planning.inputs import Recorded
    from zec_pulumi.planning.plan import Plan


CONSEQUENCES = "it is powered off, its SSH host keys change, data disks are not part of it"
"""What a user must know before approving."""


def rebuild(
    plan: Plan,
    live: Instance | None,
    instance_id: str | None,
    wipe: str = "will be wiped",
    image_names: Mapping[str, str] | None = None,
) -> str:
    """Return the warning about a wipe; ``wipe`` says whether it comes, happens now, or would happen."""
    causes = ", ".join(cause.told(image_names or {}) for cause in plan.causes)
    return (
        f"rebuild: boot disk of {_machine(live, instance_id)} {wipe}: {causes}"
        f"{_undecided(plan)}; {CONSEQUENCES}{_unsettled(live)}"
    )


def adopt(plan: Plan, live: Instance) -> str:
    """Return the line about a machine that is recorded as it is."""
    changes = f"; changed in place: {', '.join(plan.changes)}" if plan.changes else ""
    failed = live.status in status.FAILED
    found = f"is {live.status} with {live.image_id}" if failed else f"already runs {live.image_id}"
    return f"adopt: {found}; nothing is wiped{changes}{_unsettled(live)}"


def join(recorded: Recorded, live: Instance | None, now: float, *, gated: bool = True) -> str:
    """Return the line about an open attempt; ``gated`` says whether the program has a health gate."""
    if recorded.attempt is None:
        return ""
    since = duration(max(0.0, now - recorded.attempt.started_at))
    shown = status.shown(live.status) if live else "not read"
    verb = "accepted" if recorded.attempt.outcome != "unknown" else "sent, its answer lost,"
    if recorded.attempt.outcome == "failed":
        return (
            f"join: the rebuild accepted {since} ago failed, the instance is {shown}; nothing is wiped again unless"
            " rebuild_token changes"
        )
    if recorded.attempt.verified_at is not None:
        then = "probes its health gate again" if gated else "records it, without a health gate now,"
        return f"join: rebuild {verb} {since} ago and verified, {shown}; up {then} and wipes nothing"
    return f"join: rebuild {verb} {since} ago, {shown}; up goes on waiting for it and wipes nothing again"


def change(plan: Plan, live: Instance | None, instance_id: str | None) -> str:
    """Return the line about changes that leave the disk alone."""
    return f"change in place: {', '.join(plan.changes)} of {_machine(live, instance_id)}; nothing is wiped"


def undecided(plan: Plan, live: Instance | None, instance_id: str | None) -> str:
    """Return the line about a plan that depends on values which only ``up`` will know."""
    open_inputs = f"undecided: not known yet: {', '.join(plan.undecided)}"
    if "instanceId" in plan.undecided:
        return f"{open_inputs}; up reads the machine, adopts it if it is as wanted, and else rebuilds it"
    return f"{open_inputs}; boot disk of {_machine(live, instance_id)} will be wiped if that differs"


def line(
    plan: Plan,
    live: Instance | None,
    instance_id: str | None,
    wipe: str = "will be wiped",
    image_names: Mapping[str, str] | None = None,
) -> str | None:
    """Return the row's line for every plan but a join; None when nothing happens."""
    if plan.kind is Kind.REBUILD:
        return rebuild(plan, live, instance_id, wipe, image_names)
    if plan.undecided:
        return undecided(plan, live, instance_id)
    if plan.kind is Kind.ADOPT and live is not None:
        return adopt(plan, live)
    if plan.kind is Kind.CHANGE:
        return change(plan, live, instance_id)
    return None


def _machine(live: Instance | None, instance_id: str | None) -> str:
    if live is None:
        return instance_id or "the instance"
    facts = [
        text
        for text in (live.instance_name, live.system_disk.disk_size and f"{live.system_disk.disk_size} GiB")
        if text
    ]
    return f"{live.instance_id} ({', '.join(facts)})" if facts else live.instance_id


def _undecided(plan: Plan) -> str:
    return f" (not known yet: {', '.join(plan.undecided)})" if plan.undecided else ""


def _unsettled(live: Instance | None) -> str:
    if live is not None and status.is_transitional(live.status):
        return f"; the instance is {status.shown(live.status)}, up waits for that to end and decides then"
    return ""
