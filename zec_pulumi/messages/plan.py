"""What a resource's row says about its plan: one line about its machine, the notes, and a refusal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zec_pulumi.messages import backups as backup_messages
from zec_pulumi.messages.causes import sentence, sentences
from zec_pulumi.messages.quoting import NOTHING, OUTSIDE, quoted_id, quoted_name
from zec_pulumi.planning import status
from zec_pulumi.planning.backups import WayBack
from zec_pulumi.planning.plan import (
    MACHINE,
    AgentNotShown,
    ChangedOutside,
    ImageNotShown,
    Kind,
    MachineDiffers,
    NeverRun,
    NotApplied,
    NotAsWanted,
    NotRunning,
    Script,
)
from zec_pulumi.program.inputs import snake
from zec_pulumi.time.deadline import duration

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zec_pulumi.api import Instance
    from zec_pulumi.planning.inputs import Recorded
    from zec_pulumi.planning.plan import Note, Plan, Refusal

NO_WAY_BACK = WayBack()
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

NEVER_RUN = "user data is taken out that was never run on the machine; nothing is wiped"
"""The same, of a script that was recorded when the machine was adopted."""

FOR_ALL = "its SSH host keys change, data disks are not part of it"
CONSEQUENCES = f"it is powered off, {FOR_ALL}"
"""What a user must know before approving."""

OFF, NOT_RUNNING = "it is off and will run afterwards", "it does not run now and will run afterwards"
"""In place of the power-off, of a machine that is STOPPED, or in any other status but RUNNING."""

BACKED_UP = "a backup of it is made first"
ROLLED_BACK = "it is rebuilt from that backup if its health gate does not pass"
RESTORES = "it restores "
"""What stands beside a wipe where there is a way back."""

SCRIPTS = {
    Script.NONE: "no first-boot script runs",
    Script.RECORDED: "the first-boot script that is recorded runs",
    Script.NEW: "its first-boot script runs",
    Script.UNKNOWN: "whether a first-boot script runs is not known yet",
}
"""What a rebuild runs; ``ignore_changes`` holds a program to what is recorded."""


def rebuild(
    plan: Plan,
    live: Instance | None,
    instance_id: str | None,
    wipe: str = WILL,
    image_names: Mapping[str, str] | None = None,
    way_back: WayBack = NO_WAY_BACK,
) -> str:
    """Return the warning about a wipe; ``wipe`` is ``WILL``, ``WOULD`` or ``NOW``."""
    return (
        f"{REBUILD}boot disk of {_machine(live, instance_id)} {wipe}: {sentences(plan.causes, image_names)}"
        f"{_undecided(plan)}; {_consequences(plan, live, way_back)}{_unsettled(live)}"
    )


def adopt(plan: Plan, live: Instance | None, instance_id: str | None) -> str:
    """Return the line about a machine that is recorded as it is; without ``live``, of one that is never rebuilt."""
    if live is None:
        machine = _machine(live, instance_id)
        return f"{ADOPT}up reads {machine}, adopts it if it is as wanted, and else refuses; nothing is wiped"
    failed = live.status in status.FAILED
    image = quoted_id(live.image_id)
    found = f"is {live.status} with {image}" if failed else f"already runs {image}"
    return f"{ADOPT}{found}; nothing is wiped{_in_place(plan)}{_unsettled(live)}"


def join(plan: Plan, recorded: Recorded, live: Instance | None, now: float, *, gated: bool = True) -> str:
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
        return f"{JOIN}rebuild {verb} {since} ago and verified, {shown}; up {then} and wipes nothing{_in_place(plan)}"
    waits = f"{JOIN}rebuild {verb} {since} ago, {shown}; up goes on waiting for it and wipes nothing again"
    return f"{waits}{_in_place(plan)}"


def _in_place(plan: Plan) -> str:
    return f"; changed in place: {', '.join(plan.changes)}" if plan.changes else ""


def change(plan: Plan, live: Instance | None, instance_id: str | None) -> str:
    """Return the line about changes that leave the disk alone."""
    return f"{CHANGE}{', '.join(plan.changes)} of {_machine(live, instance_id)}; nothing is wiped"


EITHER = "adopts it if it is as wanted, and else rebuilds it"
"""What up does once it has read a machine that the preview does not know."""


def record() -> str:
    """Return the line about an update that changes the stack's record and nothing on the machine."""
    return f"{RECORD}{ONLY_RECORDED}"


def undecided(plan: Plan, live: Instance | None, instance_id: str | None) -> str:
    """Return the line about a plan that depends on values which only ``up`` will know."""
    open_inputs = f"{UNDECIDED}not known yet: {', '.join(plan.undecided)}"
    if MACHINE in plan.undecided and live is not None:
        shown = f"{quoted_id(live.instance_id)} is {status.shown(live.status)}"
        return f"{open_inputs}; {shown}; up waits for that to end, {EITHER}"
    if MACHINE in plan.undecided:
        return f"{open_inputs}, as live checks were not made; up reads {_machine(None, instance_id)}, {EITHER}"
    if "instanceId" in plan.undecided:
        return f"{open_inputs}; up reads the machine, {EITHER}"
    return f"{open_inputs}; boot disk of {_machine(live, instance_id)} will be wiped if that asks for it"


def line(
    plan: Plan,
    live: Instance | None,
    instance_id: str | None,
    wipe: str = WILL,
    image_names: Mapping[str, str] | None = None,
    way_back: WayBack = NO_WAY_BACK,
) -> str | None:
    """Return the row's line for every plan but a join; None when nothing happens."""
    if plan.kind is Kind.REBUILD:
        return rebuild(plan, live, instance_id, wipe, image_names, way_back)
    if plan.undecided:
        return undecided(plan, live, instance_id)
    if plan.kind is Kind.ADOPT:
        return adopt(plan, live, instance_id)
    if plan.kind is Kind.CHANGE:
        return change(plan, live, instance_id)
    return None


_SEEN_AFTER_REFRESH = "after pulumi refresh, preview shows the way back, unless ignore_changes names it"


_FIXED_NOTES: dict[Note, str] = {
    AgentNotShown(): (
        "the API does not show whether the agent is on. Without enable_agent in the program, the rebuild turns it off"
    ),
    NeverRun(): f"{RECORD}{NEVER_RUN}",
}


def note(found: Note) -> str:
    """Return a note of a plan, for a warning."""
    if isinstance(found, NotApplied):
        texts = {"userData": "user data was not run", "password": "the password was neither set nor verified"}
        return f"adopted as it is: {' and '.join(texts[name] for name in found.inputs)}"
    if isinstance(found, NotAsWanted):
        subject = "the agent" if found.name == "enableAgent" else found.name
        return f"{subject} is {quoted_id(found.live)}, not {quoted_id(found.wanted)}: only a rebuild changes it"
    if isinstance(found, ChangedOutside):
        return f"{_drift(found)}; {_SEEN_AFTER_REFRESH}" if _followed(found) else refreshed(found)
    if isinstance(found, NotRunning):
        failed = found.status == status.REINSTALL_FAILED
        remedy = "change rebuild_token to ask for a rebuild" if failed else "no rebuild can change that"
        return f"the instance is {found.status}: it does not run{'; ' if failed else ', and '}{remedy}"
    return _FIXED_NOTES[found]


def refreshed(found: ChangedOutside) -> str:
    """Return what a refresh says of drift, for a warning."""
    return _drift(found) if _followed(found) else f"{_drift(found)}; only a rebuild changes it back"


def _followed(found: ChangedOutside) -> bool:
    # A refresh records what the machine has, but not these: as a change they would be refused.
    return found.name not in ("timezone", "enableAgent")


def _drift(found: ChangedOutside) -> str:
    return f"{found.name} was {OUTSIDE}: {_value(found.before)} → {_value(found.now)}"


def refusal(found: Refusal) -> str:
    """Return why a plan is refused, and the way out."""
    if isinstance(found, MachineDiffers):
        return f'adopt is "only" and the machine differs: {"; ".join(map(sentence, found.causes))}'
    if isinstance(found, ImageNotShown):
        return (
            "image_id: the API does not show which image the machine runs, so it is neither adopted nor wiped. Run"
            ' again when zec-pulumi instances shows it, or set adopt="never" to rebuild the machine whatever it runs'
        )
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


def _consequences(plan: Plan, live: Instance | None, way_back: WayBack) -> str:
    happens = CONSEQUENCES
    if live is not None and live.status != status.RUNNING:
        happens = f"{OFF if live.status == status.STOPPED else NOT_RUNNING}, {FOR_ALL}"
    parts = [happens]
    if way_back.backup:
        about = f", and all takes about {duration(way_back.seconds)}" if way_back.seconds else ""
        parts.append(f"{BACKED_UP}{about}")
    if way_back.rolls_back:
        parts.append(ROLLED_BACK)
    if way_back.restores:
        parts.append(f"{RESTORES}{backup_messages.named(way_back.restores)}, in which no first-boot script runs again")
    elif plan.script:
        parts.append(SCRIPTS[plan.script])
    return "; ".join(parts)


def _undecided(plan: Plan) -> str:
    return f" (not known yet: {', '.join(plan.undecided)})" if plan.undecided else ""


def _unsettled(live: Instance | None) -> str:
    if live is not None and status.is_transitional(live.status):
        return f"; the instance is {status.shown(live.status)}, up waits for that to end and decides then"
    return ""
