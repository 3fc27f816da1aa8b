"""The decision: wanted + recorded + live → plan. Pure functions; nothing here reads or changes anything.

``wanted`` is what the program says, ``recorded`` what the stack's state says, ``live`` what the API says now.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

from zec_pulumi.planning import status
from zec_pulumi.planning.causes import READABLE, Cause, as_text
from zec_pulumi.planning.differences import differences
from zec_pulumi.planning.inputs import SCRIPT_KEYS, in_order
from zec_pulumi.planning.user_data import same_content

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zec_pulumi.api import Instance
    from zec_pulumi.planning.causes import Change
    from zec_pulumi.planning.inputs import Recorded, Wanted


class Kind(str, Enum):
    """What ``up`` will do to the machine."""

    NONE = "none"
    ADOPT = "adopt"
    JOIN = "join"
    CHANGE = "change in place"
    REBUILD = "rebuild"


@dataclass(frozen=True)
class NotApplied:
    """A note: adopting the machine leaves ``inputs`` undone (``userData``, ``password``)."""

    inputs: tuple[str, ...]


@dataclass(frozen=True)
class NotAsWanted:
    """A note: the adopted machine has ``live`` where the program wants ``wanted``, and only a rebuild changes that."""

    name: str
    live: str | None
    wanted: str | None


@dataclass(frozen=True)
class ChangedOutside:
    """A note: somebody changed an input outside Pulumi; up leaves it as it is."""

    name: str
    before: str | None
    now: str | None


@dataclass(frozen=True)
class NotRunning:
    """A note: the machine is in a status that up does not change."""

    status: str


@dataclass(frozen=True)
class AgentNotShown:
    """A note: the API does not say whether the agent is on, and the program does not either; a rebuild turns it off."""


@dataclass(frozen=True)
class NeverRun:
    """A note: the first-boot script that is taken out was never run here, so that only the record changes."""


Note = NotApplied | NotAsWanted | ChangedOutside | NotRunning | AgentNotShown | NeverRun


class Script(str, Enum):
    """Which first-boot script a rebuild runs."""

    NONE = "none"
    RECORDED = "recorded"
    NEW = "new"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class MachineDiffers:
    """A refusal: ``adopt`` is ``"only"``, and the machine differs by ``causes``."""

    causes: tuple[Cause, ...]


@dataclass(frozen=True)
class NeedsRebuild:
    """A refusal: only a rebuild changes ``inputs`` (``timezone``, ``enableAgent``), and nothing else asks for one."""

    inputs: tuple[str, ...]


@dataclass(frozen=True)
class ImageNotShown:
    """A refusal: the API does not say which image the machine runs, so nobody knows whether it is the wanted one."""


Refusal = MachineDiffers | NeedsRebuild | ImageNotShown


@dataclass(frozen=True)
class Plan:
    """What will happen to one machine, and why.

    ``causes`` of a rebuild are all that it changes on the machine. ``changes`` are inputs changed in place, ``notes``
    are warnings, ``refusal`` is set when it must not happen. ``undecided`` are inputs whose values are not known yet,
    or :data:`MACHINE` (preview only). ``script`` is None where nothing is rebuilt.
    """

    kind: Kind
    causes: tuple[Cause, ...] = ()
    changes: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()
    refusal: Refusal | None = None
    undecided: tuple[str, ...] = ()
    script: Script | None = None

    @property
    def triggers(self) -> tuple[Cause, ...]:
        """The causes that ask for the rebuild, without what it changes beside them."""
        return tuple(cause for cause in self.causes if not cause.beside)


MACHINE = "machine"
"""Stands in ``undecided`` for the machine itself, which was not read, or is about to change by itself."""

_NEVER_WIPES_IN_CREATE = frozenset({*SCRIPT_KEYS, "password", "rebuildToken"})
"""What the machine does not show is no reason to wipe it when it is new to the stack, known or not."""


def plan_create(wanted: Wanted, live: Instance | None) -> Plan:
    """Decide for a resource that the stack does not hold: new, renamed, moved, or from a re-created stack.

    Without ``live`` (preview with an unknown id or without credentials) the plan is a rebuild only if asked for
    outright; else it is open, as it is while somebody's reinstall is under way. ``adopt="only"`` never rebuilds.
    """
    undecided = tuple(key for key in wanted.undecided if key not in _NEVER_WIPES_IN_CREATE)
    if wanted.adopt == "never":
        causes = tuple(_mismatches(wanted, live)) if live else ()
        return _rebuild(causes or (Cause("adopt"),), wanted, None, live)
    if wanted.adopt == "only":
        undecided = ()
    elif live is None and "instanceId" not in undecided:
        undecided = (MACHINE, *undecided)
    if live is None:
        return Plan(Kind.ADOPT, undecided=undecided)
    if live.image_id is None and wanted.image_id is not None:
        # While adopt is not known it may be "never", which rebuilds.
        refusal = None if "adopt" in undecided else ImageNotShown()
        return Plan(Kind.ADOPT, refusal=refusal, undecided=undecided if refusal is None else ())
    causes = tuple(_mismatches(wanted, live))
    if wanted.adopt == "auto":
        causes = tuple(cause for cause in causes if not _is_not_shown(cause.trigger, live))
    if not causes:
        undecided += _unsettled(wanted, live) if wanted.adopt == "auto" else ()
        changes = ("instanceName",) if wanted.instance_name not in (None, live.instance_name) else ()
        return Plan(Kind.ADOPT, changes=changes, notes=tuple(_adopt_notes(wanted, live)), undecided=undecided)
    if wanted.adopt == "only":
        return Plan(Kind.ADOPT, causes, refusal=MachineDiffers(causes))
    return _rebuild(causes, wanted, None, live)


def plan_update(wanted: Wanted, recorded: Recorded, live: Instance | None) -> Plan:
    """Decide for a resource that the stack holds: wanted against recorded decides, live only makes it safe."""
    if _is_rolled_back(recorded, live):
        return Plan(Kind.JOIN)
    causes = tuple(_changed_triggers(wanted, recorded))
    changes = tuple(_changes_in_place(wanted, recorded, live))
    undecided = wanted.undecided
    if causes and not _is_so_already(wanted, recorded, live, causes):
        return _rebuild(causes, wanted, recorded, live)
    missing = tuple(_missing(wanted, recorded, live)) if causes and live else ()
    if missing:
        return _rebuild(missing, wanted, recorded, live)
    refusal = _only_by_rebuild(wanted, recorded, live)
    if causes:
        undecided += _unsettled(wanted, live) if live else ()
        return Plan(Kind.ADOPT, causes, changes, refusal=refusal, undecided=undecided)
    if recorded.attempt:
        return Plan(Kind.JOIN, (), changes, refusal=refusal, undecided=undecided)
    notes = tuple(_drift_notes(wanted, recorded, live)) if live else ()
    if recorded.first_boot_script and not wanted.first_boot_script and not wanted.unknown & set(SCRIPT_KEYS):
        notes += (NeverRun(),)
    kind = Kind.CHANGE if changes else Kind.NONE
    return Plan(kind, (), changes, notes, refusal=refusal, undecided=undecided)


def _is_rolled_back(recorded: Recorded, live: Instance | None) -> bool:
    """Whether a roll-back is under way: it is waited for, whatever the program asks for meanwhile."""
    attempt = recorded.attempt
    if attempt is None or attempt.rolls_back is None or attempt.outcome == "failed":
        return False
    # Shown as it was before, it may be a read that lags behind: waiting for it finds that out.
    expected = (attempt.image_id, recorded.applied.image_id)
    return live is None or live.status != status.RUNNING or live.image_id in expected


def _rebuild(triggers: tuple[Cause, ...], wanted: Wanted, recorded: Recorded | None, live: Instance | None) -> Plan:
    """Return the plan of a rebuild; its causes are told from the machine, not from the record.

    Without ``live`` they are the program's alone, and what else is changed is not known.
    """
    not_read = (MACHINE,) if live is None and "instanceId" not in wanted.unknown else ()
    found = {cause.trigger: cause for cause in differences(wanted, recorded, live)} if live else {}
    # While an attempt is open, what the machine shows will not last.
    lasts = live is not None and (recorded is None or recorded.attempt is None)
    asked = {
        cause.trigger: replace(cause, old=found[cause.trigger].old) if cause.trigger in found else cause
        for cause in triggers
        if not (lasts and cause.trigger in READABLE and cause.trigger not in found)
    }
    # What the program asks for is there already: the rebuild is for what else differs, or for a failed machine.
    asked = asked or found or {cause.trigger: cause for cause in triggers}
    beside = [cause for trigger, cause in found.items() if trigger not in asked]
    if recorded and "password" not in asked and wanted.password not in (None, recorded.password):
        beside.append(Cause("password", change=_change(recorded.password)))
    return Plan(
        Kind.REBUILD,
        (*asked.values(), *(replace(cause, beside=True) for cause in beside)),
        notes=(AgentNotShown(),) if live and _agent_unknown(wanted, live) else (),
        undecided=(*not_read, *in_order(wanted.unknown)),
        script=_script(wanted, recorded),
    )


def _agent_unknown(wanted: Wanted, live: Instance) -> bool:
    return live.enable_agent is None and wanted.enable_agent is None and "enableAgent" not in wanted.unknown


def _script(wanted: Wanted, recorded: Recorded | None) -> Script:
    if wanted.unknown & set(SCRIPT_KEYS):
        return Script.UNKNOWN
    if wanted.first_boot_script is None:
        return Script.NONE
    same = recorded is not None and same_content(wanted.first_boot_script, recorded.first_boot_script)
    return Script.RECORDED if same else Script.NEW


def _change(before: object) -> Change:
    """Return what a program did that gives a value now."""
    return "changed" if before else "given"


def _is_so_already(wanted: Wanted, recorded: Recorded, live: Instance | None, causes: tuple[Cause, ...]) -> bool:
    """Whether the machine shows every wanted trigger, and only triggers that it shows have changed."""
    if live is None or live.status in status.FAILED or any(_mismatches(wanted, live)):
        return False
    accepted = recorded.attempt is not None and recorded.attempt.outcome == "accepted"
    if accepted and _is_untouched(recorded, live):  # the accepted rebuild is still to come: what is shown will not last
        return False
    return all(cause.trigger in READABLE for cause in causes)


def _is_untouched(recorded: Recorded, live: Instance) -> bool:
    """Whether the machine shows the image and the key that were applied before the open attempt."""
    return (live.image_id, live.key_id) == (recorded.applied.image_id, recorded.applied.key_id)


def _missing(wanted: Wanted, recorded: Recorded, live: Instance) -> Iterator[Cause]:
    """Yield what the open attempt was to do, no API shows, and the program still asks for, if it was not carried out.

    It was not where the machine still has the image and the key of before, which it was to change.
    """
    attempt, applied = recorded.attempt, recorded.applied
    # With a password, the attempt was to take the key off.
    differs = (recorded.image_id, recorded.key_id) != (applied.image_id, applied.key_id)
    if attempt is None or not differs or not _is_untouched(recorded, live):
        return
    same = {
        "userData": same_content(wanted.first_boot_script, recorded.first_boot_script),
        "rebuildToken": wanted.rebuild_token == recorded.rebuild_token,
        "password": "password" in wanted.rebuild_on and wanted.password == recorded.password,
    }
    yield from (cause for cause in attempt.causes if same.get(cause.trigger, False))


def _only_by_rebuild(wanted: Wanted, recorded: Recorded, live: Instance | None) -> NeedsRebuild | None:
    """Return the refusal of a change of time zone or agent in a plan that does not rebuild, None without one."""
    if wanted.unknown:
        return None
    inputs = tuple(
        name
        for name, new, old, now in (
            ("timezone", wanted.timezone, recorded.timezone, live and live.time_zone),
            ("enableAgent", wanted.enable_agent, recorded.enable_agent, live and bool(live.enable_agent)),
        )
        if new not in (None, old, now)
    )
    return NeedsRebuild(inputs) if inputs else None


def _changed_triggers(wanted: Wanted, recorded: Recorded) -> Iterator[Cause]:
    # A password set in place took the applied key off the machine: that was the program, not drift.
    applied_key = recorded.applied.key_id if recorded.password is None else None
    for trigger, new, old, applied in (
        ("imageId", wanted.image_id, recorded.image_id, recorded.applied.image_id),
        ("keyId", wanted.key_id, recorded.key_id, applied_key),
    ):
        if new is not None and new != old:
            yield Cause(trigger, old or None, new, drift=applied == new and recorded.attempt is None)
    if not wanted.unknown & set(SCRIPT_KEYS):
        yield from _changed_script(wanted, recorded)
    if wanted.rebuild_token is not None and wanted.rebuild_token != recorded.rebuild_token:
        yield Cause("rebuildToken", change=_change(recorded.rebuild_token))
    if "timezone" in wanted.rebuild_on and wanted.timezone not in (None, recorded.timezone):
        yield Cause("timezone", recorded.timezone or None, wanted.timezone)
    if "enableAgent" in wanted.rebuild_on and wanted.enable_agent not in (None, recorded.enable_agent):
        yield Cause("enableAgent", as_text(bool(recorded.enable_agent)), as_text(wanted.enable_agent))
    if "password" in wanted.rebuild_on and wanted.password not in (None, recorded.password):
        yield Cause("password", change=_change(recorded.password))


def _changed_script(wanted: Wanted, recorded: Recorded) -> Iterator[Cause]:
    """Yield the cause of a script that is another than the recorded one: of other content."""
    new, old = wanted.first_boot_script, recorded.first_boot_script
    if same_content(new, old):
        return
    if new:
        yield Cause("userData", change=_change(old))
    elif not recorded.applied.user_data_not_run:  # what never ran is not on the machine
        yield Cause("userData", change="taken out")


def _mismatches(wanted: Wanted, live: Instance) -> Iterator[Cause]:
    """Yield every readable trigger that the program gives and the machine does not have."""
    for trigger, new, old in (
        ("imageId", wanted.image_id, live.image_id),
        ("keyId", wanted.key_id, live.key_id),
        ("timezone", wanted.timezone if "timezone" in wanted.rebuild_on else None, live.time_zone),
    ):
        if new is not None and new != old:
            yield Cause(trigger, old or None, new)
    if "enableAgent" in wanted.rebuild_on and wanted.enable_agent not in (None, bool(live.enable_agent)):
        yield Cause("enableAgent", as_text(bool(live.enable_agent)), as_text(wanted.enable_agent))


def _is_not_shown(trigger: str, live: Instance) -> bool:
    """Whether the API does not say what the machine has; that is no reason to wipe it when it is new to the stack."""
    shown = {"timezone": live.time_zone, "enableAgent": live.enable_agent}
    return trigger in shown and shown[trigger] is None


def _unsettled(wanted: Wanted, live: Instance) -> tuple[str, ...]:
    """Return :data:`MACHINE` where a machine that is as wanted may be another once its status has settled."""
    named = {name for name in ("timezone", "enableAgent") if name in wanted.rebuild_on}
    asked = {"imageId", "keyId", *named} & wanted.given().keys()
    return (MACHINE,) if asked and status.is_transitional(live.status) else ()


def _changes_in_place(wanted: Wanted, recorded: Recorded, live: Instance | None) -> Iterator[str]:
    name = live.instance_name if live else recorded.instance_name
    if wanted.instance_name not in (None, recorded.instance_name) and wanted.instance_name != name:
        yield "instanceName"
    if "password" not in wanted.rebuild_on and wanted.password not in (None, recorded.password):
        yield "password"


def _adopt_notes(wanted: Wanted, live: Instance) -> Iterator[Note]:
    not_applied = (("userData", wanted.first_boot_script), ("password", wanted.password))
    inputs = tuple(name for name, value in not_applied if value is not None)
    if inputs:
        yield NotApplied(inputs)
    if wanted.timezone not in (None, live.time_zone):
        yield NotAsWanted("timezone", live.time_zone, wanted.timezone)
    if wanted.enable_agent not in (None, bool(live.enable_agent)):
        yield NotAsWanted("enableAgent", as_text(bool(live.enable_agent)), as_text(wanted.enable_agent))
    yield from _status_notes(live)


def _drift_notes(wanted: Wanted, recorded: Recorded, live: Instance) -> Iterator[Note]:
    for name, asked, before, now in (
        ("imageId", wanted.image_id, recorded.image_id, live.image_id),
        ("keyId", wanted.key_id, recorded.key_id, live.key_id),
        ("timezone", wanted.timezone, recorded.timezone, live.time_zone),
        ("enableAgent", wanted.enable_agent, recorded.enable_agent, live.enable_agent),
        ("instanceName", wanted.instance_name, recorded.instance_name, live.instance_name),
    ):
        if asked is not None and before == asked and now != before:
            yield ChangedOutside(name, as_text(before), as_text(now))
    yield from _status_notes(live)


def _status_notes(live: Instance) -> Iterator[Note]:
    if live.status in status.FAILED | status.RECYCLED:
        yield NotRunning(live.status)
