"""The decision: wanted + recorded + live → plan. Pure functions; nothing here reads or changes anything.

``wanted`` is what the program says, ``recorded`` what the stack's state says, ``live`` what the API says now.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

from zec_pulumi.planning import status

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from zec_pulumi.api import Instance
    from zec_pulumi.planning.inputs import Recorded, Wanted

READABLE = ("imageId", "keyId", "timezone", "enableAgent")
"""Triggers that the API shows, so that the machine itself tells whether they are as wanted."""


def all_readable(causes: Iterable[str]) -> bool:
    """Whether the machine shows everything that a rebuild for ``causes``, in words, changes."""
    return all(cause.split(" ", 1)[0] in READABLE for cause in causes)


class Kind(str, Enum):
    """What ``up`` will do to the machine."""

    NONE = "none"
    ADOPT = "adopt"
    JOIN = "join"
    CHANGE = "change in place"
    REBUILD = "rebuild"


@dataclass(frozen=True)
class Cause:
    """One reason for a rebuild. ``old`` and ``new`` are given for values that may be shown, ids and names only.

    ``drift`` means that the program did not change: the machine was changed outside Pulumi, from ``new`` to ``old``.
    """

    trigger: str
    old: str | None = None
    new: str | None = None
    drift: bool = False

    def told(self, names: Mapping[str, str]) -> str:
        """Return the cause for people: ``names`` are the names of ids that have one."""
        shown = {text: f"{text} ({names[text]})" for text in (self.old, self.new) if text and text in names}
        return str(replace(self, old=shown.get(self.old or "", self.old), new=shown.get(self.new or "", self.new)))

    def __str__(self) -> str:
        if self.new is None:
            return f"{self.trigger} changed" if self.trigger != "adopt" else 'adopt is "never"'
        if self.drift:
            return f"{self.trigger} was changed outside Pulumi: {self.new} → {self.old or 'none'}, and goes back"
        return f"{self.trigger} {self.old or 'none'} → {self.new}"


@dataclass(frozen=True)
class Plan:
    """What will happen to one machine, and why.

    ``changes`` are inputs changed in place, ``notes`` are warnings, ``refusal`` is set when it must not happen.
    ``undecided`` are triggers whose values are not known yet (preview only).
    """

    kind: Kind
    causes: tuple[Cause, ...] = ()
    changes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    refusal: str | None = None
    undecided: tuple[str, ...] = ()


def plan_create(wanted: Wanted, live: Instance | None) -> Plan:
    """Decide for a resource that the stack does not hold: new, renamed, moved, or from a re-created stack.

    Without ``live`` (preview with an unknown id or without credentials) the plan is a rebuild only if asked for
    outright; else it is open.
    """
    # What the machine does not show is no reason to wipe it here, known or not.
    undecided = tuple(name for name in _undecided(wanted) if name in ("instanceId", *READABLE))
    if wanted.adopt == "never":
        causes = tuple(_mismatches(wanted, live)) if live else ()
        return Plan(Kind.REBUILD, causes or (Cause("adopt"),), undecided=undecided)
    if live is None:
        return Plan(Kind.ADOPT, undecided=undecided or ("instanceId",))
    causes = tuple(_mismatches(wanted, live))
    if not causes:
        changes = ("instanceName",) if wanted.instance_name not in (None, live.instance_name) else ()
        return Plan(Kind.ADOPT, changes=changes, notes=tuple(_adopt_notes(wanted, live)), undecided=undecided)
    if wanted.adopt == "only":
        differing = "; ".join(str(cause) for cause in causes)
        refusal = f'adopt is "only" and the machine differs: {differing}'
        return Plan(Kind.ADOPT, causes, refusal=refusal, undecided=undecided)
    return Plan(Kind.REBUILD, causes, undecided=undecided)


def plan_update(wanted: Wanted, recorded: Recorded, live: Instance | None) -> Plan:
    """Decide for a resource that the stack holds: wanted against recorded decides, live only makes it safe."""
    causes = tuple(_changed_triggers(wanted, recorded))
    changes = tuple(_changes_in_place(wanted, recorded, live))
    undecided = _undecided(wanted)
    if causes and not _is_so_already(wanted, recorded, live, causes):
        return Plan(Kind.REBUILD, causes, undecided=undecided)
    refusal = _only_by_rebuild(wanted, recorded, live)
    if causes:
        return Plan(Kind.ADOPT, causes, changes, refusal=refusal, undecided=undecided)
    if recorded.attempt:
        return Plan(Kind.JOIN, (), changes, refusal=refusal, undecided=undecided)
    notes = tuple(_drift_notes(wanted, recorded, live)) if live else ()
    kind = Kind.CHANGE if changes else Kind.NONE
    return Plan(kind, (), changes, notes, refusal=refusal, undecided=undecided)


def _is_so_already(wanted: Wanted, recorded: Recorded, live: Instance | None, causes: tuple[Cause, ...]) -> bool:
    """Whether the machine shows every wanted trigger, and only triggers that it shows have changed."""
    if live is None or live.status in status.FAILED or any(_mismatches(wanted, live)):
        return False
    if recorded.attempt and recorded.attempt.outcome == "accepted":
        untouched = (live.image_id, live.key_id) == (recorded.applied.image_id, recorded.applied.key_id)
        if untouched:  # the accepted rebuild is still to come: what is shown will not last
            return False
    return all(cause.trigger in READABLE for cause in causes)


def _only_by_rebuild(wanted: Wanted, recorded: Recorded, live: Instance | None) -> str | None:
    """Return why a change of time zone or agent is refused in a plan that does not rebuild, None when there is none."""
    if wanted.unknown:
        return None
    names = [
        name
        for name, new, old, now in (
            ("timezone", wanted.timezone, recorded.timezone, live and live.time_zone),
            ("enable_agent", wanted.enable_agent, recorded.enable_agent, live and live.enable_agent),
        )
        if new not in (None, old, now)
    ]
    if not names:
        return None
    inputs = " and ".join(names)
    return (
        f"{inputs}: only a rebuild can change this, and nothing else asks for one. To wipe the boot disk for it, add"
        f" {', '.join(repr(name) for name in names)} to rebuild_on or change rebuild_token; else take the change back"
    )


def _changed_triggers(wanted: Wanted, recorded: Recorded) -> Iterator[Cause]:
    # A password set in place took the applied key off the machine: that was the program, not drift.
    applied_key = recorded.applied.key_id if recorded.password is None else None
    for trigger, new, old, applied in (
        ("imageId", wanted.image_id, recorded.image_id, recorded.applied.image_id),
        ("keyId", wanted.key_id, recorded.key_id, applied_key),
    ):
        if new is not None and new != old:
            yield Cause(trigger, old, new, drift=applied == new and recorded.attempt is None)
    scripts_known = not {"userData", "userDataBase64"} & wanted.unknown
    if scripts_known and wanted.first_boot_script != recorded.first_boot_script:
        yield Cause("userData")
    if wanted.rebuild_token is not None and wanted.rebuild_token != recorded.rebuild_token:
        yield Cause("rebuildToken")
    if "timezone" in wanted.rebuild_on and wanted.timezone not in (None, recorded.timezone):
        yield Cause("timezone", recorded.timezone, wanted.timezone)
    if "enableAgent" in wanted.rebuild_on and wanted.enable_agent not in (None, recorded.enable_agent):
        yield Cause("enableAgent", shown(bool(recorded.enable_agent)), shown(wanted.enable_agent))
    if "password" in wanted.rebuild_on and wanted.password not in (None, recorded.password):
        yield Cause("password")


def _mismatches(wanted: Wanted, live: Instance) -> Iterator[Cause]:
    """Yield every readable trigger that the program gives and the machine does not have."""
    for trigger, new, old in (
        ("imageId", wanted.image_id, live.image_id),
        ("keyId", wanted.key_id, live.key_id),
        ("timezone", wanted.timezone if "timezone" in wanted.rebuild_on else None, live.time_zone),
    ):
        if new is not None and new != old:
            yield Cause(trigger, old, new)
    if "enableAgent" in wanted.rebuild_on and wanted.enable_agent not in (None, live.enable_agent):
        yield Cause("enableAgent", shown(bool(live.enable_agent)), shown(wanted.enable_agent))


def _changes_in_place(wanted: Wanted, recorded: Recorded, live: Instance | None) -> Iterator[str]:
    name = live.instance_name if live else recorded.instance_name
    if wanted.instance_name not in (None, recorded.instance_name) and wanted.instance_name != name:
        yield "instanceName"
    if "password" not in wanted.rebuild_on and wanted.password not in (None, recorded.password):
        yield "password"


def _adopt_notes(wanted: Wanted, live: Instance) -> Iterator[str]:
    unproved = []
    if wanted.first_boot_script is not None:
        unproved.append("user data was not run")
    if wanted.password is not None:
        unproved.append("the password was neither set nor verified")
    if unproved:
        yield f"adopted as it is: {' and '.join(unproved)}"
    if wanted.timezone not in (None, live.time_zone):
        yield f"timezone is {live.time_zone}, not {wanted.timezone}: only a rebuild changes it"
    if wanted.enable_agent not in (None, live.enable_agent):
        agent = shown(bool(live.enable_agent))
        yield f"the agent is {agent}, not {shown(wanted.enable_agent)}: only a rebuild changes it"
    yield from _state_notes(live)


def _drift_notes(wanted: Wanted, recorded: Recorded, live: Instance) -> Iterator[str]:
    for name, asked, before, now in (
        ("imageId", wanted.image_id, recorded.image_id, live.image_id),
        ("keyId", wanted.key_id, recorded.key_id, live.key_id),
        ("timezone", wanted.timezone, recorded.timezone, live.time_zone),
        ("enableAgent", wanted.enable_agent, recorded.enable_agent, live.enable_agent),
        ("instanceName", wanted.instance_name, recorded.instance_name, live.instance_name),
    ):
        if asked is not None and before == asked and now != before:
            remedy = "" if name in ("timezone", "enableAgent") else "; run pulumi refresh to see it as a change"
            yield f"{name} was changed outside Pulumi: {shown(before)} → {shown(now)}{remedy}"
    yield from _state_notes(live)


def _state_notes(live: Instance) -> Iterator[str]:
    if live.status == status.REINSTALL_FAILED:
        yield "the instance is REINSTALL_FAILED: it does not run; change rebuild_token to ask for a rebuild"
    elif live.status in status.FAILED | status.RECYCLED:
        yield f"the instance is {live.status}: it does not run, and no rebuild can change that"


def _undecided(wanted: Wanted) -> tuple[str, ...]:
    triggers = (
        "instanceId",
        "imageId",
        "keyId",
        "userData",
        "userDataBase64",
        "rebuildToken",
        *wanted.rebuild_on,
    )
    return tuple(name for name in triggers if name in wanted.unknown)


def shown(value: object) -> str:
    """Return a readable trigger's value as causes and notes show it."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value or "none")
