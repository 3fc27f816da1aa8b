"""The plan of one resource with the journal asked: one answer for the preview that shows it and the up that acts.

The journal holds attempts that were started and that the stack never recorded. It matters only where the API cannot
show what a rebuild changed. Everything readable converges from the live machine. Where the journal is lost, the machine
itself may show that a run was killed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from zec_pulumi.journal.evidence import Unrecorded, came_true, is_told, not_wanted, taken_back, was_begun
from zec_pulumi.journal.journal import ENDED, UNKNOWN, Entry, History, Journal, Origin
from zec_pulumi.journal.marker import Marker, Phase
from zec_pulumi.journal.questions import (
    NoLongerWanted,
    OtherResource,
    OutcomeUnknown,
    TakenBack,
    Unreadable,
    ValuesNotKept,
)
from zec_pulumi.journal.resolved import ResolvedPlan, Sighting, recalled, to_be_set_anew, wanted_then, with_attempt
from zec_pulumi.planning import status
from zec_pulumi.planning.causes import CAUSES, READABLE, Cause, as_text
from zec_pulumi.planning.plan import Kind, Plan, plan_create, plan_update
from zec_pulumi.planning.record import last_attempt, last_rebuild_began
from zec_pulumi.planning.same_rebuild import PASSWORD_NOT_KNOWN

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from zec_pulumi.api import Instance
    from zec_pulumi.planning.inputs import Attempt, Recorded, Wanted

_NOTHING_SEEN = Sighting()

_NOTHING_TO_REBUILD = (Kind.NONE, Kind.CHANGE)

_UNSHOWN = frozenset({"userData", "password"})
"""Triggers whose value a rebuild puts on the machine, and no API shows."""


def resolve_plan(
    journal: Journal,
    wanted: Wanted,
    recorded: Recorded,
    live: Instance,
    before: Mapping[str, Any],
    urn: str,
    *,
    tidy: bool,
    sighting: Sighting = _NOTHING_SEEN,
) -> ResolvedPlan:
    """Decide; with ``tidy``, the journal forgets what the stack has recorded.

    ``before`` are the recorded outputs, empty for a create.

    Raises:
        JournalError: the journal cannot be read; then nothing may be rebuilt on a guess.
    """
    history = _as_answered(journal.history(wanted.instance_id), sighting) if wanted.instance_id else History(())
    resolved = _with_journal(journal, history, wanted, recorded, live, before, urn, sighting, tidy=tidy)
    if resolved.question:
        return resolved
    if resolved.plan.kind is Kind.REBUILD:
        return Unrecorded(resolved, history, wanted, recorded, live, before, urn, sighting).of_rebuild()
    return Unrecorded(resolved, history, wanted, resolved.recorded, live, before, urn, sighting).of_no_rebuild()


def _as_answered(history: History, sighting: Sighting) -> History:
    """Return what the journal knows, with what the settings say of attempts whose outcome is not known."""

    def spoken(entry: Entry) -> Entry:
        rebuilt = sighting.answer(entry.attempt_id)
        if rebuilt is None or entry.event not in UNKNOWN:
            return entry
        return replace(entry, event="closed-rebuilt" if rebuilt else "closed-not-rebuilt")

    return replace(history, entries=tuple(map(spoken, history.entries)))


def _with_journal(
    journal: Journal,
    history: History,
    wanted: Wanted,
    recorded: Recorded,
    live: Instance,
    before: Mapping[str, Any],
    urn: str,
    sighting: Sighting,
    *,
    tidy: bool,
) -> ResolvedPlan:
    plan = plan_update(wanted, recorded, live) if before else plan_create(wanted, live)
    resolved = ResolvedPlan(plan, recorded)
    if history.unreadable and plan.kind is Kind.REBUILD:
        return replace(resolved, question=Unreadable(wanted.instance_id or "", history.unreadable[0]))
    entries = _standing(history.entries, live)
    previous = last_attempt(before)
    known = {previous, recorded.attempt.id if recorded.attempt else None}
    if recorded.attempt and recorded.attempt.is_unproven:
        answered = _answered(recorded, recorded.attempt, entries, sighting)
        # What the program asks for anew may have been done as well, after that attempt, and not been recorded.
        if answered or (entries and entries[-1].attempt_id in known):
            return with_attempt(wanted, answered, live) if answered else resolved
    elif entries and (entries[-1].attempt_id in known or all(entry.event in ENDED for entry in entries)):
        # While the tag of one that wiped nothing is still open, only the journal knows that it is nobody's rebuild.
        marker = sighting.marker
        tagged = isinstance(marker, Marker) and marker.is_open and any(marker.is_attempt(e.attempt_id) for e in entries)
        if tidy and not history.unreadable and not history.marked and not tagged:
            journal.forget(entries[-1].instance_id, known)
        return resolved
    entries = [entry for entry in entries if entry.attempt_id not in known]
    # Without a rebuild before it, an attempt may as well be that of another resource on the same machine.
    said = "closed-rebuilt" if before else None
    own = [entry for entry in entries if entry.urn == urn or entry.previous or entry.event == said]
    entry = unrecorded(own, plan, previous, wanted, recorded, live)
    if entry is None:
        other = unrecorded(entries, plan, previous, wanted, recorded, live) if before else None
        kept = before and plan.kind is not Kind.REBUILD
        # What stands on an older record, and began before the recorded rebuild, was wiped by that one.
        began = last_rebuild_began(before) or 0.0
        mine = [e for e in own if e.previous == previous or (e.urn == urn and e.started_at > began)] if kept else []
        left = _left_as_it_is(mine, wanted, live) if plan.kind in _NOTHING_TO_REBUILD else None
        return replace(resolved, question=OtherResource(other) if other else left, warning=_ran_otherwise(mine))
    return _counted(entry, own[own.index(entry) + 1 :], resolved, wanted, live, sighting, new=not before)


def _counted(
    entry: Entry,
    later: Sequence[Entry],
    resolved: ResolvedPlan,
    wanted: Wanted,
    live: Instance,
    sighting: Sighting,
    *,
    new: bool,
) -> ResolvedPlan:
    """Return the plan with an attempt that was made for the same causes, as far as the journal has kept them.

    ``later`` are the attempts after it. A resource may be ``new`` to the stack.
    """
    recorded = resolved.recorded
    then: Wanted | None = wanted_then(entry, wanted, recorded, live)
    marker = _marker_of(entry, sighting) if not wanted.unknown else None
    if marker and then:
        then = marker.wanted_then(entry.urn, entry.previous, then, live)
    if then is None:  # a value that the journal did not keep is another one
        return resolved
    if entry.event in UNKNOWN:
        if marker is None or not was_begun(marker, recorded, sighting.found or live.status, new=new):
            return replace(resolved, question=OutcomeUnknown(entry))
        entry = replace(entry, event="begun")
    if any(cause.trigger == "password" for cause in entry.causes):
        then = to_be_set_anew(then, live)
    counted = with_attempt(wanted, recalled(entry, then, recorded), live)
    return replace(counted, warning=_ran_otherwise(later) or _unseen(entry, then, new=new, told=marker is not None))


def _marker_of(entry: Entry, sighting: Sighting) -> Marker | None:
    """Return the marker of the attempt, if the machine has it, and nobody has closed it."""
    marker = sighting.marker
    if not isinstance(marker, Marker) or marker.phase is Phase.CLOSED:
        return None
    return marker if marker.is_attempt(entry.attempt_id) else None


def _standing(entries: Sequence[Entry], live: Instance) -> list[Entry]:
    """Return the attempts without those that were rolled back, as the roll-back or the machine shows, and without it.

    Where a roll-back may not have been carried out, the attempt that it takes back still counts.
    """
    rolled_back = taken_back(entries, live)
    return [entry for entry in entries if not entry.rolls_back and entry.attempt_id not in rolled_back]


def unrecorded(
    entries: Sequence[Entry], plan: Plan, previous: str | None, wanted: Wanted, recorded: Recorded, live: Instance
) -> Entry | None:
    """Return the attempt that already was this planned rebuild, None when the machine itself tells or there is none.

    A planned rebuild is the same when its causes are and it stands on the same recorded rebuild, ``previous``.
    """
    if plan.kind is not Kind.REBUILD or is_told(plan, recorded, live):
        return None
    same = [
        entry
        for entry in entries
        if entry.event not in ENDED and entry.previous == previous and _same_causes(entry, plan, wanted, live)
    ]
    return same[-1] if same else None


def _left_as_it_is(entries: Sequence[Entry], wanted: Wanted, live: Instance) -> NoLongerWanted | None:
    """Return why nothing to do is no success: our own unrecorded rebuild put on the machine what is not wanted now.

    Drift by others is only warned of; but after a killed run, up must bring the wanted image or say what to do.
    """
    differing = not_wanted(wanted, live)
    under_way = live.status in status.REINSTALLING
    ours = [e for e in entries if e.event not in ENDED and (under_way or differing & set(map(_put, e.causes)))]
    return NoLongerWanted(ours[-1], live) if ours else None


def _ran_otherwise(entries: Sequence[Entry]) -> TakenBack | None:
    """Return what to warn of when our own unrecorded rebuild was for inputs that no API shows, and was taken back."""
    # Nothing would end the warning of an older release's: it may be of another cloud, so no rebuild here removes it.
    here = [e for e in entries if e.event not in ENDED and e.origin is not Origin.OLDER_RELEASE]
    ours = [(e, inputs) for e in here if (inputs := set(filter(_unshown, e.causes)))]
    if not ours:
        return None
    entry, causes = ours[-1]
    return TakenBack(entry, tuple(sorted(cause.trigger for cause in causes)))


def _unshown(cause: Cause) -> bool:
    """Whether a rebuild for the cause puts a value on the machine that no API shows; for what is not known, it may."""
    return cause.trigger in _UNSHOWN or cause.trigger not in CAUSES


def _put(cause: Cause) -> tuple[str, str | None] | None:
    """Return the trigger and the value that a rebuild puts on the machine, where the API shows it; None else."""
    return (cause.trigger, cause.new) if cause.trigger in READABLE and not cause.hidden else None


def forget_resource(journal: Journal, instance_id: str, urn: str) -> None:
    """Note that the stack begins anew with a resource: attempts made for it before are no attempts of what follows.

    Raises:
        JournalError: the journal cannot be read.
    """
    for entry in journal.entries(instance_id):
        if entry.urn == urn and entry.event not in ENDED and entry.origin is not Origin.OLDER_RELEASE:
            journal.note(instance_id, entry.attempt_id, "forgotten")


def left_behind(journal: Journal, instance_id: str, urn: str, previous: str | None) -> bool:
    """Whether a run that ended before it could record it has worked on the machine for this very resource.

    What cannot be read may say so.

    Raises:
        JournalError: the journal cannot be read.
    """
    found = journal.history(instance_id)
    return bool(found.unreadable) or any(
        e.urn == urn and e.previous == previous and e.event not in ENDED for e in found.entries
    )


def _same_causes(entry: Entry, plan: Plan, wanted: Wanted, live: Instance) -> bool:
    """Whether the attempt was made for what asks for this rebuild, but for readable causes that have come true since.

    Those are no cause any more, or are one only because a refresh in between recorded the machine as it was then.
    What either changes beside does not count: others may have changed the machine in between, and the program a name.
    A value that the journal did not keep counts as the one that is wanted now: the person is warned of that.
    """
    planned, attempted = set(map(_target, plan.causes)), set(map(_target, entry.causes))
    hidden = {cause.trigger for cause in entry.causes if cause.hidden}
    asked = [cause for cause in entry.causes if not cause.beside]
    if wanted.key_id is not None and any(c.trigger == "keyId" and c.new is None and not c.hidden for c in entry.causes):
        return False  # a password took the key off
    return all(
        _target(cause) in attempted or cause.trigger in hidden or came_true(cause, live) for cause in plan.triggers
    ) and all(_target(cause) in planned or _asks(cause, wanted, live) for cause in asked)


def _target(cause: Cause) -> tuple[str, str | None]:
    """Return what a rebuild for the cause leads to, from wherever."""
    return cause.trigger, cause.new


def _asks(cause: Cause, wanted: Wanted, live: Instance) -> bool:
    """Whether the program still asks for what a readable cause was about, or leaves it as the machine has it."""
    value = as_text(wanted.given().get(cause.trigger))
    if cause.hidden:
        return value is not None
    return cause.readable and (came_true(cause, live) if value is None else cause.new == value)


def _unseen(entry: Entry, then: Wanted, *, new: bool, told: bool) -> ValuesNotKept | None:
    """Return what to warn of when an attempt counts for values that it did not keep.

    The causes of a resource that is ``new`` to the stack do not name its script and its password. Of a password the
    marker does not tell either, of all else it does, where it has ``told`` that the attempt was this rebuild.
    """
    hidden = [cause for cause in entry.causes if cause.trigger not in READABLE or cause.hidden]
    inputs = [cause.trigger for cause in hidden if cause.trigger != "adopt"]
    if new:
        inputs += ["userData", "password"]
    known = then.password in (None, PASSWORD_NOT_KNOWN)  # not sent, or set anew
    inputs = [one for one in inputs if not (known if one == "password" else told)]
    return ValuesNotKept(entry, tuple(dict.fromkeys(inputs))) if inputs else None


def _answered(recorded: Recorded, attempt: Attempt, entries: Sequence[Entry], sighting: Sighting) -> Recorded | None:
    """Return the record with a person's word that its attempt was carried out, None while nobody has said so."""
    said = any(entry.attempt_id == attempt.id and entry.event == "closed-rebuilt" for entry in entries)
    if not said and not sighting.answer(attempt.id):
        return None
    answered = attempt.model_copy(update={"outcome": "accepted", "moved": True})
    return recorded.model_copy(update={"attempt": answered})
