"""The plan of one resource with the journal asked: one answer for the preview that shows it and the up that acts.

The journal holds attempts that were started and that the stack never recorded. It matters only where the API cannot
show what a rebuild changed. Everything readable converges from the live machine. Where the journal is lost, the machine
itself may show that a run was killed.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from zec_pulumi.journal.journal import ENDED, NOT_REBUILT, OPEN, UNKNOWN, Entry, History, Journal, Origin
from zec_pulumi.journal.marker import Marker, Phase, StrangeMarker
from zec_pulumi.journal.questions import (
    FoundReinstalling,
    MarkedByAnother,
    MarkedUnknown,
    MarkerNotRead,
    NoLongerWanted,
    OtherResource,
    OutcomeUnknown,
    RebuiltByAnother,
    ShownAlready,
    TakenBack,
    Unreadable,
    ValuesNotKept,
)
from zec_pulumi.planning import status
from zec_pulumi.planning.causes import CAUSES, Cause, all_readable, as_text
from zec_pulumi.planning.inputs import Attempt, Recorded, Wanted
from zec_pulumi.planning.plan import MACHINE, Kind, Plan, plan_create, plan_update
from zec_pulumi.planning.record import last_attempt
from zec_pulumi.planning.same_rebuild import plan_digest, resource_digest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from zec_pulumi.api import Instance
    from zec_pulumi.journal.journal import Event
    from zec_pulumi.journal.marker import Found
    from zec_pulumi.journal.questions import JournalWarning, MarkerNote, Question

_NOTHING_TO_REBUILD = (Kind.NONE, Kind.CHANGE)

_UNSHOWN = frozenset({"userData", "password"})
"""Triggers whose value a rebuild puts on the machine, and no API shows."""

_GONE_WHEN_OMITTED = frozenset({"user_data", "user_data_base64", "password"})
"""Inputs that a rebuild takes off the machine when the program omits them; the others stay as the machine has them."""


@dataclass(frozen=True)
class Sighting:
    """What this run found on the machine.

    ``found`` is the status before anybody waited, None where that is the one of the machine as read; ``now`` is the
    time in seconds since the Unix epoch. ``answers`` say by attempt id, or its beginning, whether it was rebuilt.
    ``restored`` is the attempt whose backup the machine runs: it was rolled back.
    """

    marker: Found = None
    found: str | None = None
    now: float = 0.0
    answers: Mapping[str, bool] = field(default_factory=dict)
    restored: str | None = None

    def answer(self, attempt_id: str) -> bool | None:
        """Return what the settings say of an attempt, None while they say nothing of it.

        The first eight characters of an id are what a marker has of it.
        """
        return next((said for one, said in self.answers.items() if one[:8] == attempt_id[:8]), None)


@dataclass(frozen=True)
class ResolvedPlan:
    """What to do with a machine.

    ``recorded`` is the record, with the attempt that only the journal knew. A person must answer ``question`` before
    anything is done. ``warning`` says what of an unrecorded attempt nobody can know, ``note`` what the marker tells
    besides.
    """

    plan: Plan
    recorded: Recorded
    question: Question | None = None
    warning: JournalWarning | None = None
    note: MarkerNote | None = None


def resolve_plan(
    journal: Journal,
    wanted: Wanted,
    recorded: Recorded,
    live: Instance,
    before: Mapping[str, Any],
    urn: str,
    *,
    tidy: bool,
    sighting: Sighting = Sighting(),
) -> ResolvedPlan:
    """Decide; with ``tidy``, the journal forgets what the stack has recorded.

    ``before`` are the recorded outputs, empty for a create.

    Raises:
        JournalError: the journal cannot be read; then nothing may be rebuilt on a guess.
    """
    history = _as_answered(journal.history(wanted.instance_id), sighting) if wanted.instance_id else History(())
    resolved = _with_journal(journal, history, wanted, recorded, live, before, urn, sighting, tidy=tidy)
    if resolved.question or resolved.plan.kind is not Kind.REBUILD:
        return resolved
    case = _Unrecorded(resolved, history, wanted, recorded, live, last_attempt(before), urn, sighting)
    return case.with_marker(new=not before)


def _as_answered(history: History, sighting: Sighting) -> History:
    """Return what the journal knows, with what the settings say of attempts whose outcome is not known."""

    def spoken(entry: Entry) -> Entry:
        rebuilt = sighting.answer(entry.attempt_id)
        if rebuilt is None or entry.event not in UNKNOWN:
            return entry
        return replace(entry, event="closed-rebuilt" if rebuilt else "closed-not-rebuilt")

    return replace(history, entries=tuple(map(spoken, history.entries)))


@dataclass(frozen=True)
class _Unrecorded:
    """A planned rebuild of which the journal knows nothing: the marker and the machine may."""

    resolved: ResolvedPlan
    history: History
    wanted: Wanted
    recorded: Recorded
    live: Instance
    previous: str | None
    urn: str
    sighting: Sighting

    def with_marker(self, *, new: bool) -> ResolvedPlan:
        """Return the plan as the marker makes it; where it tells nothing, as the machine does."""
        marker, now = self.sighting.marker, self.sighting.now
        if isinstance(marker, StrangeMarker):
            return replace(self._as_shown(new=new), note=MarkerNotRead(marker))
        if marker is None or marker.phase is Phase.CLOSED or self._is_explained(marker):
            return self._as_shown(new=new)
        if marker.resource != resource_digest(self.urn):
            answer = self.sighting.answer(marker.attempt)
            under_way = marker.is_under_way(self.sighting.found or self.live.status)
            if under_way and answer is None:
                return replace(self.resolved, question=MarkedByAnother(self.live, marker, now))
            if under_way and answer and not all_readable(self.resolved.plan.triggers):
                # It was this resource, under an older name.
                return self._continued(marker, "finished")
            return replace(self._as_shown(new=new), note=RebuiltByAnother(marker, now))
        readable = all_readable(self.resolved.plan.triggers)
        same = not readable and marker.is_plan(plan_digest(self.urn, self.previous, self.wanted))
        return self._same_rebuild(marker, new=new) if same and not self.wanted.unknown else self.resolved

    def _is_explained(self, marker: Marker) -> bool:
        """Whether the record or the journal has the attempt, or knows that it wiped nothing."""
        attempt = self.recorded.attempt
        entries = self.history.entries
        ended = [entry.attempt_id for entry in entries if entry.event in ENDED]
        taken_back = (self.sighting.restored, *_taken_back(entries, self.live))
        known = (self.previous, attempt.id if attempt else None, *ended, *self.history.marked, *taken_back)
        return any(marker.is_attempt(attempt_id) for attempt_id in known)

    def _is_rolled_back(self) -> bool:
        """Whether the attempt that the marker names was rolled back: a reinstall that was under way was that."""
        marker = self.sighting.marker
        return isinstance(marker, Marker) and marker.is_attempt(self.sighting.restored)

    def _same_rebuild(self, marker: Marker, *, new: bool) -> ResolvedPlan:
        """Continue the attempt that was this very rebuild, or ask about it.

        A resource that is ``new`` may also be one that the stack forgot after that rebuild, and that begins anew.
        """
        answer = self.sighting.answer(marker.attempt)
        if answer is False:
            return self.resolved
        if marker.phase is Phase.DONE and self.wanted.on_unhealthy == "roll_back" and _is_rebuilt(self.live):
            # That rebuild was verified, so this may be its roll-back: it shows once the machine has settled.
            plan = self.resolved.plan
            return replace(self.resolved, plan=replace(plan, undecided=(MACHINE, *plan.undecided)))
        reinstalled = (self.sighting.found or self.live.status) in status.REINSTALLING
        known = marker.phase is Phase.ACCEPTED or (marker.phase is Phase.DONE and not new)
        if not (answer or reinstalled or known):
            return replace(self.resolved, question=MarkedUnknown(self.live, marker, self.resolved.plan.triggers))
        return self._continued(marker, "finished" if marker.phase is Phase.DONE or answer else "begun")

    def _continued(self, marker: Marker, event: Event) -> ResolvedPlan:
        """Return the plan on the record as it would be, had the marker's attempt been recorded."""
        entry = self._entry(marker.attempt, marker.at, event)
        counted = _with_attempt(self.wanted, recalled(entry, self.wanted, self.recorded), self.live)
        with_password = self.wanted.password is not None
        return replace(counted, warning=ValuesNotKept(entry, ("password",)) if with_password else None)

    def _as_shown(self, *, new: bool) -> ResolvedPlan:
        """Return the plan as the machine makes it: it may show a rebuild that nobody recorded."""
        plan, recorded, live = self.resolved.plan, self.recorded, self.live
        if recorded.attempt or all_readable(plan.triggers) or self._is_rolled_back():
            return self.resolved
        if _is_reinstalled(self.sighting.found or live.status, self.history.entries, new=new):
            entry = self._entry(str(uuid.uuid4()), self.sighting.now, "unknown")
            counted = _with_attempt(self.wanted, recalled(entry, self.wanted, recorded), live)
            return replace(counted, warning=FoundReinstalling(entry))
        said = [e.event for e in self.history.entries if e.urn == self.urn and e.previous == self.previous]
        shown = () if new or "closed-not-rebuilt" in said else _shown_already(self.wanted, recorded, live)
        return replace(self.resolved, question=ShownAlready(live, shown, plan.triggers)) if shown else self.resolved

    def _entry(self, attempt_id: str, at: float, event: Event) -> Entry:
        causes = self.resolved.plan.causes
        return Entry(attempt_id, self.live.instance_id, self.urn, causes, self.previous, at, event, at)


def _is_reinstalled(found: str, entries: Sequence[Entry], *, new: bool) -> bool:
    """Whether a reinstall is under way that nothing explains: most likely a killed run of this resource began it.

    An open attempt explains it. So does its creation, if the instance is ``new`` to the stack and ``DEPLOYING``.
    """
    if found not in status.REINSTALLING or (new and found == "DEPLOYING"):
        return False
    return not any(entry.event in OPEN for entry in entries)


def _shown_already(wanted: Wanted, recorded: Recorded, live: Instance) -> tuple[str, ...]:
    """Return the inputs that the machine has as wanted, although the stack has recorded and applied other values.

    A refresh records what the machine shows, and so says that it was no rebuild of this resource.
    """
    if live.status in status.FAILED:
        return ()
    applied = recorded.applied
    return tuple(
        trigger
        for trigger, want, shown, before in (
            ("imageId", wanted.image_id, live.image_id, (recorded.image_id, applied.image_id)),
            ("keyId", wanted.key_id, live.key_id, (recorded.key_id, applied.key_id)),
        )
        if want is not None and want == shown and want not in before
    )


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
        if answered or plan.kind is not Kind.REBUILD or (entries and entries[-1].attempt_id in known):
            return _with_attempt(wanted, answered, live) if answered else resolved
    elif entries and (entries[-1].attempt_id in known or all(entry.event in ENDED for entry in entries)):
        if tidy and not history.unreadable and not history.marked:
            journal.forget(entries[-1].instance_id, known)
        return resolved
    entries = [entry for entry in entries if entry.attempt_id not in known]
    # Without a rebuild before it, an attempt may as well be that of another resource on the same machine.
    said = "closed-rebuilt" if before else None
    own = [entry for entry in entries if entry.urn == urn or entry.previous or entry.event == said]
    taken_back = [e for e in own if e.urn == urn or e.previous == previous] if plan.kind in _NOTHING_TO_REBUILD else []
    entry = unrecorded(own, plan, previous, wanted, live)
    if entry is None:
        other = unrecorded(entries, plan, previous, wanted, live) if before else None
        question = OtherResource(other) if other else _left_as_it_is(taken_back, wanted, live)
        return replace(resolved, question=question, warning=_ran_otherwise(taken_back))
    if entry.event in UNKNOWN:
        return replace(resolved, question=OutcomeUnknown(entry))
    counted = _with_attempt(wanted, recalled(entry, wanted, recorded), live)
    return replace(counted, warning=_unseen(entry, wanted, new=not before))


def _standing(entries: Sequence[Entry], live: Instance) -> list[Entry]:
    """Return the attempts without those that were rolled back, as the roll-back or the machine shows, and without it.

    Where a roll-back may not have been carried out, the attempt that it takes back still counts.
    """
    taken_back = _taken_back(entries, live)
    return [entry for entry in entries if not entry.rolls_back and entry.attempt_id not in taken_back]


def _taken_back(entries: Sequence[Entry], live: Instance) -> set[str | None]:
    """Return the ids of the attempts that were rolled back, or are just now."""
    backs = [entry for entry in entries if entry.rolls_back and entry.event not in NOT_REBUILT]
    return {b.rolls_back for b in backs if b.event not in UNKNOWN or _is_rebuilt(live) or _is_shown(b, live)}


def _is_rebuilt(live: Instance) -> bool:
    """Whether a reinstall of the machine is under way."""
    return live.status in status.REINSTALLING


def _with_attempt(wanted: Wanted, recorded: Recorded, live: Instance) -> ResolvedPlan:
    """Return the plan on a record that the journal has completed."""
    return ResolvedPlan(plan_update(wanted, recorded, live), recorded)


def unrecorded(
    entries: Sequence[Entry], plan: Plan, previous: str | None, wanted: Wanted, live: Instance
) -> Entry | None:
    """Return the attempt that already was this planned rebuild, None when the machine itself tells or there is none.

    A planned rebuild is the same when its causes are and it stands on the same recorded rebuild, ``previous``.
    """
    if plan.kind is not Kind.REBUILD or all_readable(plan.triggers):
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
    has = _shown_by(live)
    wants = {"imageId": wanted.image_id, "keyId": None if wanted.password else wanted.key_id}
    differing = {(trigger, has[trigger]) for trigger, want in wants.items() if want not in (None, has[trigger])}
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
    """Return the trigger and the value that a rebuild for a readable cause puts on the machine, None for others."""
    return (cause.trigger, cause.new) if cause.readable else None


def _is_shown(entry: Entry, live: Instance) -> bool:
    """Whether the machine shows what the attempt put on it."""
    has = _shown_by(live)
    return all(cause.readable and has[cause.trigger] == cause.new for cause in entry.causes)


def _shown_by(live: Instance) -> dict[str, str | None]:
    """Return the readable triggers as the machine has them, in the form of causes."""
    return {
        "imageId": as_text(live.image_id),
        "keyId": as_text(live.key_id),
        "timezone": as_text(live.time_zone),
        "enableAgent": as_text(bool(live.enable_agent)),
        "instanceName": as_text(live.instance_name),
    }


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
    return all(
        _target(cause) in attempted or cause.trigger in hidden or _came_true(cause, live) for cause in plan.triggers
    ) and all(_target(cause) in planned or _asks(cause, wanted) for cause in asked)


def _target(cause: Cause) -> tuple[str, str | None]:
    """Return what a rebuild for the cause leads to, from wherever."""
    return cause.trigger, cause.new


def _came_true(cause: Cause, live: Instance) -> bool:
    if cause.trigger == "adopt":
        return True
    return cause.new is not None and _shown_by(live).get(cause.trigger) == cause.new


def _asks(cause: Cause, wanted: Wanted) -> bool:
    """Whether the program still asks for what a readable cause was about."""
    value = as_text(wanted.given().get(cause.trigger))
    return value is not None if cause.hidden else cause.readable and cause.new == value


def _unseen(entry: Entry, wanted: Wanted, *, new: bool) -> ValuesNotKept | None:
    """Return what to warn of when an attempt counts for values that it did not keep.

    The causes of a resource that is ``new`` to the stack do not name what it asks for the first time.
    """
    inputs = [cause.trigger for cause in entry.causes if not cause.readable and cause.trigger != "adopt"]
    if new:
        inputs += ["userData"] if wanted.first_boot_script is not None else []
        inputs += ["password"] if wanted.password is not None else []
    return ValuesNotKept(entry, tuple(dict.fromkeys(inputs))) if inputs else None


def _answered(recorded: Recorded, attempt: Attempt, entries: Sequence[Entry], sighting: Sighting) -> Recorded | None:
    """Return the record with a person's word that its attempt was carried out, None while nobody has said so."""
    said = any(entry.attempt_id == attempt.id and entry.event == "closed-rebuilt" for entry in entries)
    if not said and not sighting.answer(attempt.id):
        return None
    answered = attempt.model_copy(update={"outcome": "accepted", "moved": True})
    return recorded.model_copy(update={"attempt": answered})


def recalled(entry: Entry, wanted: Wanted, recorded: Recorded) -> Recorded:
    """Return the record as it would be, had the attempt been recorded: open, and asking for what is wanted."""
    attempt = Attempt(
        id=entry.attempt_id,
        causes=entry.causes,
        request_id=entry.request_id,
        started_at=entry.started_at,
        image_id=wanted.image_id,
        key_id=wanted.key_id,
        outcome="failed" if entry.event == "failed" else "unknown" if entry.event in UNKNOWN else "accepted",
        moved=entry.event in ("begun", "finished", "closed-rebuilt", "failed"),
        backup_image_id=entry.backup_image_id,
    )
    # A name is set in place as well, so the machine tells whether it has the one that is wanted now.
    given = {name: getattr(wanted, name) for name in Wanted.model_fields if name != "instance_name"}
    asked = {name: value for name, value in given.items() if value is not None or name in _GONE_WHEN_OMITTED}
    return recorded.model_copy(update={**asked, "attempt": attempt})
