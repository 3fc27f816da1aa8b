"""What the marker and the machine itself tell of a rebuild that no record and no journal knows. Pure."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from zec_pulumi.journal.journal import ENDED, NOT_REBUILT, OPEN, UNKNOWN, Entry, History
from zec_pulumi.journal.marker import Marker, Phase, StrangeMarker
from zec_pulumi.journal.questions import (
    FoundReinstalling,
    MarkedByAnother,
    MarkedNoLongerWanted,
    MarkedTakenBack,
    MarkedUnknown,
    MarkerNotRead,
    RebuiltByAnother,
    ShownAlready,
    ValuesNotKept,
)
from zec_pulumi.journal.resolved import ResolvedPlan, Sighting, recalled, to_be_set_anew, with_attempt
from zec_pulumi.planning import status
from zec_pulumi.planning.causes import all_readable
from zec_pulumi.planning.differences import shown_by
from zec_pulumi.planning.plan import MACHINE, Kind, NotApplied, plan_create, plan_update
from zec_pulumi.planning.record import last_attempt, last_rebuild_began
from zec_pulumi.planning.same_rebuild import PASSWORD_NOT_KNOWN, resource_digest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from zec_pulumi.api import Instance
    from zec_pulumi.journal.journal import Event
    from zec_pulumi.planning.causes import Cause
    from zec_pulumi.planning.inputs import Recorded, Wanted
    from zec_pulumi.planning.plan import Plan


@dataclass(frozen=True)
class Unrecorded:
    """A plan, where marker and machine may tell of a rebuild that neither record nor journal knows.

    ``before`` are the recorded outputs, empty for a resource that is new to the stack.
    """

    resolved: ResolvedPlan
    history: History
    wanted: Wanted
    recorded: Recorded
    live: Instance
    before: Mapping[str, Any]
    urn: str
    sighting: Sighting

    @property
    def previous(self) -> str | None:
        """The attempt id of the last recorded rebuild."""
        return last_attempt(self.before)

    @property
    def _is_new(self) -> bool:
        """Whether the resource is new to the stack."""
        return not self.before

    def of_rebuild(self) -> ResolvedPlan:
        """Return the plan of a rebuild as the marker makes it; where it tells nothing, as the machine does."""
        marker, now = self.sighting.marker, self.sighting.now
        if isinstance(marker, StrangeMarker):
            return replace(self._as_shown(), note=MarkerNotRead(marker))
        if marker is None or marker.phase is Phase.CLOSED or self._is_explained(marker):
            return self._as_shown()
        if marker.resource == resource_digest(self.urn):
            return self._of_own(marker)
        answer = self.sighting.answer(marker.attempt)
        marker = marker.read_on(self.sighting.found or self.live.status)
        if marker.is_open and answer is None:
            return replace(self.resolved, question=MarkedByAnother(self.live, marker, now))
        if marker.is_open and answer and not self._is_told:
            # It was this resource, under an older name.
            return self._continued(marker, "finished", self.wanted)
        return replace(self._as_shown(), note=RebuiltByAnother(marker, now))

    def _of_own(self, marker: Marker) -> ResolvedPlan:
        """Return the plan as a marker of this resource makes it."""
        then = self._wanted_then(marker) if not (self._is_told or self.wanted.unknown) else None
        if then:
            return self._same_rebuild(marker, then)
        # Another rebuild that was about to be sent, and perhaps was not, may hide one that was made before it.
        hides = marker.phase is Phase.BEGUN and self.sighting.answer(marker.attempt) is not True
        return self._with_what_is_shown() if hides else self.resolved

    def of_no_rebuild(self) -> ResolvedPlan:
        """Return a plan that rebuilds nothing, with what the marker tells: of another's rebuild, or of one taken back.

        What that one was for is not known. So it is no success while it is under way, or where it left what is not
        wanted.
        """
        plan, marker, live = self.resolved.plan, self.sighting.marker, self.live
        if not isinstance(marker, Marker):
            return self.resolved
        if marker.resource != resource_digest(self.urn):
            return self._beside_another(marker)
        if self._is_new:
            return self._adopted(marker)
        if plan.undecided or not self._is_unrecorded(marker):
            return self.resolved
        under_way = (self.sighting.found or live.status) in status.REINSTALLING
        made = marker.phase is not Phase.BEGUN or self.sighting.answer(marker.attempt) is True
        if plan.kind in (Kind.NONE, Kind.CHANGE) and (under_way or (made and not_wanted(self.wanted, live))):
            return replace(self.resolved, question=MarkedNoLongerWanted(live, marker))
        return replace(self.resolved, warning=self.resolved.warning or MarkedTakenBack(live, marker))

    def _beside_another(self, marker: Marker) -> ResolvedPlan:
        """Return a plan that rebuilds nothing, with the marker of another resource: nothing is changed meanwhile."""
        busy = marker.read_on(self.sighting.found or self.live.status).is_open and not self._is_explained(marker)
        if self.resolved.plan.changes and busy and self.sighting.answer(marker.attempt) is None:
            return replace(self.resolved, question=MarkedByAnother(self.live, marker, self.sighting.now))
        return self.resolved

    def _adopted(self, marker: Marker) -> ResolvedPlan:
        """Return the plan of a resource that is new to the stack, without calling a script not run that was.

        The marker does not tell which password its killed run has set.
        """
        if marker.phase is Phase.CLOSED or self.wanted.unknown or self._wanted_then(marker) is None:
            return self.resolved
        plan = self.resolved.plan
        not_applied = (NotApplied(("password",)),) if self.wanted.password is not None else ()
        others = tuple(note for note in plan.notes if not isinstance(note, NotApplied))
        return replace(self.resolved, plan=replace(plan, notes=(*not_applied, *others)))

    def _is_unrecorded(self, marker: Marker) -> bool:
        """Whether a marker of this resource is of a later rebuild than the recorded one, and for something else."""
        attempt = self.recorded.attempt
        began = max(last_rebuild_began(self.before) or 0.0, attempt.started_at if attempt else 0.0)
        known = (self.recorded.applied.marked_attempt, *(entry.attempt_id for entry in self.history.entries))
        return (
            marker.phase is not Phase.CLOSED
            and marker.at > began
            and self.sighting.answer(marker.attempt) is not False
            and not any(marker.is_attempt(attempt_id) for attempt_id in known)
            and not self._is_explained(marker)
            and self._wanted_then(marker) is None
        )

    def _wanted_then(self, marker: Marker) -> Wanted | None:
        return marker.wanted_then(self.urn, self.previous, self.wanted, self.live)

    @property
    def _is_told(self) -> bool:
        return is_told(self.resolved.plan, self.recorded, self.live)

    def _is_explained(self, marker: Marker) -> bool:
        """Whether the record or the journal has the attempt, or knows that it wiped nothing."""
        attempt = self.recorded.attempt
        entries = self.history.entries
        ended = [entry.attempt_id for entry in entries if entry.event in ENDED]
        rolled_back = (self.sighting.restored, *taken_back(entries, self.live))
        known = (self.previous, attempt.id if attempt else None, *ended, *self.history.marked, *rolled_back)
        return any(marker.is_attempt(attempt_id) for attempt_id in known)

    def _is_rolled_back(self) -> bool:
        """Whether the attempt that the marker names was rolled back: a reinstall that was under way was that."""
        marker = self.sighting.marker
        return isinstance(marker, Marker) and marker.is_attempt(self.sighting.restored)

    def _same_rebuild(self, marker: Marker, then: Wanted) -> ResolvedPlan:
        """Continue the attempt that was this very rebuild, or ask about it.

        A resource that is new may also be one that the stack forgot after that rebuild, and that begins anew.
        """
        answer = self.sighting.answer(marker.attempt)
        if answer is False:
            return self.resolved
        if marker.phase is Phase.DONE and self.wanted.on_unhealthy == "roll_back" and _is_rebuilt(self.live):
            # That rebuild was verified, so this may be its roll-back: it shows once the machine has settled.
            plan = self.resolved.plan
            return replace(self.resolved, plan=replace(plan, undecided=(MACHINE, *plan.undecided)))
        begun = was_begun(marker, self.recorded, self.sighting.found or self.live.status, new=self._is_new)
        if not (answer or begun):
            return replace(self.resolved, question=MarkedUnknown(self.live, marker, self.resolved.plan.triggers))
        return self._continued(marker, "finished" if marker.phase is Phase.DONE or answer else "begun", then)

    def _continued(self, marker: Marker, event: Event, then: Wanted) -> ResolvedPlan:
        """Return the plan on the record as it would be, had the attempt been recorded, which asked for ``then``."""
        plan = plan_create(then, self.live) if self._is_new else plan_update(then, self.recorded, self.live)
        entry = self._entry(marker.attempt, marker.at, event, plan)
        then = to_be_set_anew(then, self.live)
        counted = with_attempt(self.wanted, recalled(entry, then, self.recorded), self.live)
        with_password = then.password not in (None, PASSWORD_NOT_KNOWN)
        return replace(counted, warning=ValuesNotKept(entry, ("password",)) if with_password else None)

    def _as_shown(self) -> ResolvedPlan:
        """Return the plan as the machine makes it: it may show a rebuild that nobody recorded."""
        recorded, live = self.recorded, self.live
        if recorded.attempt or all_readable(self.resolved.plan.triggers) or self._is_rolled_back():
            return self.resolved
        if _is_reinstalled(self.sighting.found or live.status, self.history.entries, new=self._is_new):
            entry = self._entry(str(uuid.uuid4()), self.sighting.now, "unknown", self.resolved.plan)
            counted = with_attempt(self.wanted, recalled(entry, self.wanted, recorded), live)
            return replace(counted, warning=FoundReinstalling(entry))
        return self._with_what_is_shown()

    def _with_what_is_shown(self) -> ResolvedPlan:
        """Return the plan, or ask where the machine is as wanted already, and nobody has recorded that."""
        plan, recorded, live = self.resolved.plan, self.recorded, self.live
        if recorded.attempt or all_readable(plan.triggers):
            return self.resolved
        said = [e.event for e in self.history.entries if e.urn == self.urn and e.previous == self.previous]
        shown = () if self._is_new or "closed-not-rebuilt" in said else _shown_already(self.wanted, recorded, live)
        return replace(self.resolved, question=ShownAlready(live, shown, plan.triggers)) if shown else self.resolved

    def _entry(self, attempt_id: str, at: float, event: Event, plan: Plan) -> Entry:
        return Entry(attempt_id, self.live.instance_id, self.urn, plan.causes, self.previous, at, event, at)


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


def not_wanted(wanted: Wanted, live: Instance) -> set[tuple[str, str | None]]:
    """Return image and key of the machine, by trigger, where the program asks for another one."""
    has = shown_by(live)
    wants = {"imageId": wanted.image_id, "keyId": None if wanted.password else wanted.key_id}
    return {(trigger, has[trigger]) for trigger, want in wants.items() if want not in (None, has[trigger])}


def was_begun(marker: Marker, recorded: Recorded, found: str, *, new: bool) -> bool:
    """Whether a marker's attempt was surely carried out: the marker says so, or the status in which a run was found.

    A reinstall that is under way may be of an attempt that the stack has recorded. And a resource that is ``new`` to
    the stack may be one that the stack forgot after that rebuild.
    """
    reinstalled = recorded.attempt is None and found in status.REINSTALLING
    return reinstalled or marker.phase is Phase.ACCEPTED or (marker.phase is Phase.DONE and not new)


def is_told(plan: Plan, recorded: Recorded, live: Instance) -> bool:
    """Whether the machine itself tells if a planned rebuild was made: it shows, or lacks, what asks for it.

    A machine as wanted tells nothing while an attempt is open that the stack has recorded: what it shows may be from
    before that one, or from a rebuild after it.
    """
    shown = all(came_true(cause, live) for cause in plan.triggers)
    return all_readable(plan.triggers) and not (recorded.attempt and shown)


def came_true(cause: Cause, live: Instance) -> bool:
    """Whether the machine shows what a rebuild for a readable cause, or for ``adopt``, leads to."""
    if cause.trigger == "adopt":
        return True
    return cause.new is not None and shown_by(live).get(cause.trigger) == cause.new


def taken_back(entries: Sequence[Entry], live: Instance) -> set[str | None]:
    """Return the ids of the attempts that were rolled back, or are just now."""
    backs = [entry for entry in entries if entry.rolls_back and entry.event not in NOT_REBUILT]
    return {b.rolls_back for b in backs if b.event not in UNKNOWN or _is_rebuilt(live) or _is_shown(b, live)}


def _is_rebuilt(live: Instance) -> bool:
    """Whether a reinstall of the machine is under way."""
    return live.status in status.REINSTALLING


def _is_shown(entry: Entry, live: Instance) -> bool:
    """Whether the machine shows what the attempt put on it."""
    has = shown_by(live)
    return all(cause.readable and has[cause.trigger] == cause.new for cause in entry.causes)
