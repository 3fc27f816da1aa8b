"""What a resource's row says about its plan: one line about its machine, the notes, and a refusal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zec_pulumi.messages.causes import sentence, sentences
from zec_pulumi.messages.quoting import NOTHING, quoted_id, quoted_name
from zec_pulumi.planning import status
from zec_pulumi.planning.plan import ChangedOutside, Kind, MachineDiffers, NotApplied, NotAsWanted
from zec_pulumi.program.inputs import snake
from zec_pulumi.time.deadline import duration

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zec_pulumi.api import Instance
    from zec_pulumi.planning.inputs import Recorded
    from zec_pulumi.planning.plan import Note, Plan, Refusal

REBUILD, UNDECIDED, JOIN = "rebuild: ", "undecided: ", "join: "
ADOPT, CHANGE, RECORD = "adopt: ", "change in place: ", "record: "
NO_LIVE_CHECKS = "live checks were not made: "
"""How lines begin."""

WILL, WOULD, NOW = "will be wiped", "would be wiped", "is wiped now"
"""Whether a wipe comes, would come if no gate refused it, or happens in this very operation."""

THE_INSTANCE = "the instance"
"""In place of an id that is not known yet."""

ONLY_RECORDED = "only the stack's record changes; nothing is wiped"
"""What an update does that does nothing to the machine."""

CONSEQUENCES = "it is powered off, its SSH host keys change, data disks are not part of it"
"""What a user must know before approving."""


def rebuild(
    plan: Plan,
    live: Instance | None,
    instance_id: str | None,
    wipe: str = WILL,
    image_names: Mapping[str, str] | None = None,
) -> str:
    """Return the warning about a wipe; ``wipe`` is ``WILL``, ``WOULD`` or ``NOW``."""
    return (
        f"{REBUILD}boot disk of {_machine(live, instance_id)} {wipe}: {sentences(plan.causes, image_names)}"
        f"{_undecided(plan)}; {CONSEQUENCES}{_unsettled(live)}"
    )


def adopt(plan: Plan, live: Instance) -> str:
    """Return the line about a machine that is recorded as it is."""
    changes = f"; changed in place: {', '.join(plan.changes)}" if plan.changes else ""
    failed = live.status in status.FAILED
    image = quoted_id(live.image_id)
    found = f"is {live.status} with {image}" if failed else f"already runs {image}"
    return f"{ADOPT}{found}; nothing is wiped{changes}{_unsettled(live)}"


def join(recorded: Recorded, live: Instance | None, now: float, *, gated: bool = True) -> str:
    """Return the line about an open attempt; ``gated`` says whether the program has a health gate."""
    if recorded.attempt is None:
        return ""
    since = duration(max(0.0, now - recorded.attempt.started_at))
    shown = status.shown(live.status) if live else "not read"
    verb = "accepted" if recorded.attempt.outcome != "unknown" else "sent, its answer lost,"
    if recorded.attempt.outcome == "failed":
        return (
            f"{JOIN}the rebuild accepted {since} ago failed, the instance is {shown}; nothing is wiped again unless"
            " rebuild_token changes"
        )
    if recorded.attempt.verified_at is not None:
        then = "probes its health gate again" if gated else "records it, without a health gate now,"
        return f"{JOIN}rebuild {verb} {since} ago and verified, {shown}; up {then} and wipes nothing"
    return f"{JOIN}rebuild {verb} {since} ago, {shown}; up goes on waiting for it and wipes nothing again"


def change(plan: Plan, live: Instance | None, instance_id: str | None) -> str:
    """Return the line about changes that leave the disk alone."""
    return f"{CHANGE}{', '.join(plan.changes)} of {_machine(live, instance_id)}; nothing is wiped"


def record() -> str:
    """Return the line about an update that changes the stack's record and nothing on the machine."""
    return f"{RECORD}{ONLY_RECORDED}"


def undecided(plan: Plan, live: Instance | None, instance_id: str | None) -> str:
    """Return the line about a plan that depends on values which only ``up`` will know."""
    open_inputs = f"{UNDECIDED}not known yet: {', '.join(plan.undecided)}"
    if "instanceId" in plan.undecided:
        return f"{open_inputs}; up reads the machine, adopts it if it is as wanted, and else rebuilds it"
    return f"{open_inputs}; boot disk of {_machine(live, instance_id)} will be wiped if that differs"


def line(
    plan: Plan,
    live: Instance | None,
    instance_id: str | None,
    wipe: str = WILL,
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


def note(found: Note) -> str:
    """Return a note of a plan, for a warning."""
    if isinstance(found, NotApplied):
        texts = {"userData": "user data was not run", "password": "the password was neither set nor verified"}
        return f"adopted as it is: {' and '.join(texts[name] for name in found.inputs)}"
    if isinstance(found, NotAsWanted):
        subject = "the agent" if found.name == "enableAgent" else found.name
        return f"{subject} is {quoted_id(found.live)}, not {quoted_id(found.wanted)}: only a rebuild changes it"
    if isinstance(found, ChangedOutside):
        remedy = "" if found.name in ("timezone", "enableAgent") else "; run pulumi refresh to see it as a change"
        return f"{found.name} was changed outside Pulumi: {_value(found.before)} → {_value(found.now)}{remedy}"
    if found.status == status.REINSTALL_FAILED:
        return "the instance is REINSTALL_FAILED: it does not run; change rebuild_token to ask for a rebuild"
    return f"the instance is {found.status}: it does not run, and no rebuild can change that"


def refusal(found: Refusal) -> str:
    """Return why a plan is refused, and the way out."""
    if isinstance(found, MachineDiffers):
        return f'adopt is "only" and the machine differs: {"; ".join(map(sentence, found.causes))}'
    names = [snake(name) for name in found.inputs]
    return (
        f"{' and '.join(names)}: only a rebuild can change this, and nothing else asks for one. To wipe the boot disk"
        f" for it, add {', '.join(map(repr, names))} to rebuild_on or change rebuild_token; else take the change back"
    )


def _value(value: str | None) -> str:
    return NOTHING if value is None else quoted_name(value)


def _machine(live: Instance | None, instance_id: str | None) -> str:
    if live is None:
        return quoted_id(instance_id) if instance_id else THE_INSTANCE
    name = quoted_name(live.instance_name) if live.instance_name else None
    disk = f"{live.system_disk.disk_size} GiB" if live.system_disk.disk_size else None
    facts = ", ".join(fact for fact in (name, disk) if fact)
    return f"{quoted_id(live.instance_id)} ({facts})" if facts else quoted_id(live.instance_id)


def _undecided(plan: Plan) -> str:
    return f" (not known yet: {', '.join(plan.undecided)})" if plan.undecided else ""


def _unsettled(live: Instance | None) -> str:
    if live is not None and status.is_transitional(live.status):
        return f"; the instance is {status.shown(live.status)}, up waits for that to end and decides then"
    return ""
