"""The marker in one create or update: what the machine has, whether a rebuild writes one, and who else writes it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zec_pulumi.errors import ZecError
from zec_pulumi.journal.marker import Marker, Phase, find
from zec_pulumi.messages import outcomes
from zec_pulumi.messages import recovery as recovery_messages
from zec_pulumi.planning.causes import all_readable
from zec_pulumi.planning.same_rebuild import plan_digest, resource_digest
from zec_pulumi.rebuild.errors import RebuildNotStartedError
from zec_pulumi.rebuild.mark import Mark, ends_operation, read_marker, warning

if TYPE_CHECKING:
    from zec_pulumi.api import Instance
    from zec_pulumi.journal.marker import Found
    from zec_pulumi.planning.gates import GateSettings
    from zec_pulumi.planning.inputs import Recorded, Wanted
    from zec_pulumi.planning.plan import Plan
    from zec_pulumi.rebuild.operation import Operation

_READS = 2
"""How often the marker may be another one when it is read again; then somebody else works on the machine."""


@dataclass
class Marking:
    """The marker as one operation finds and writes it.

    Args:
        op: The operation.
        settings: Those of the stack.
        urn: The resource.
        previous: The attempt id of the last recorded rebuild.
        wanted: What the program asks for.
        found: The marker that the decision stands on.
    """

    op: Operation
    settings: GateSettings
    urn: str
    previous: str | None
    wanted: Wanted
    found: Found
    mark: Mark | None = None
    """The marker of the attempt that this operation makes or joins, None while it has none."""
    _reads: int = 0

    @classmethod
    def of(
        cls, op: Operation, settings: GateSettings, urn: str, previous: str | None, wanted: Wanted, live: Instance
    ) -> Marking:
        """Return the marking of an operation on the machine as it was read."""
        return cls(op, settings, urn, previous, wanted, find(live.tags or {}))

    @property
    def ours(self) -> Marker | None:
        """The marker that was found, if an attempt of this resource wrote it."""
        found = self.found
        return found if isinstance(found, Marker) and found.resource == resource_digest(self.urn) else None

    @property
    def needed_by(self) -> str | None:
        """The setting for which nothing is wiped without a marker, None where a rebuild goes on without one."""
        return self.settings.marker_needed_by

    def writes(self, plan: Plan, recorded: Recorded, *, new: bool) -> bool:
        """Whether a rebuild for this plan writes a marker: where the machine will not tell that it was made.

        After an open attempt that is ``recorded`` it never does: the machine may then be as wanted without it. Nor does
        it of a resource that is ``new`` to the stack, where that is rebuilt whatever it has, or its script is run. The
        same holds for a script that is recorded and was not run. And an open marker must not stay on a machine that is
        rebuilt for something else: it would pass for that rebuild.
        """
        open_marker = isinstance(self.found, Marker) and self.found.is_open
        again = new and (self.wanted.adopt == "never" or self.wanted.first_boot_script is not None)
        unseen = again or recorded.applied.user_data_not_run or recorded.attempt is not None
        shown = all_readable(plan.causes) and not unseen and not open_marker
        return self.settings.mark_attempts and (self.settings.require_approval or not shown)

    def has_changed(self, live: Instance) -> bool:
        """Read the marker once more, right before the power-off; return whether it is another one than was found.

        Raises:
            RebuildNotStartedError: it cannot be read, or changes all the time.
        """
        self._reads += 1
        try:
            now = read_marker(self.op, live.instance_id)
        except ZecError as error:
            if ends_operation(error):
                raise RebuildNotStartedError(outcomes.not_rebuilt(error, live)) from error
            if self.needed_by:
                needed = ZecError(recovery_messages.marker_needed(error, self.needed_by))
                raise RebuildNotStartedError(outcomes.not_rebuilt(needed, live)) from error
            return False
        if now == self.found:
            return False
        if self._reads > _READS:
            raise RebuildNotStartedError(recovery_messages.marker_changes(live))
        self.found = now
        return True

    def begin(self, live: Instance, *, new: bool) -> None:
        """Make the mark of a new attempt, of a resource that is ``new`` to the stack or not; nothing is written yet."""
        attempt_id = str(uuid.uuid4())
        plan = plan_digest(self.urn, self.previous, self.wanted)
        marker = Marker.begun(self.urn, plan, attempt_id, self.op.clock.now())
        # A health gate keeps others off until it has passed. And what a new resource has done may be recorded nowhere:
        # only `accepted` tells a killed run from one that the stack has forgotten since.
        on_begin = Phase.ACCEPTED if new or self.wanted.health else Phase.DONE
        self.mark = Mark(self.op, live.instance_id, attempt_id, marker, self.found, self.previous, on_begin=on_begin)

    def join(self, live: Instance, attempt_id: str) -> None:
        """Write on in the marker that was found, if it is that attempt's."""
        found = self.found
        if isinstance(found, Marker) and found.is_attempt(attempt_id) and self.settings.mark_attempts:
            self.mark = Mark(self.op, live.instance_id, attempt_id, found, None, self.previous, on_instance=True)

    def close(self, live: Instance) -> None:
        """End the marker of this very change: the machine was found as wanted, so that it is made."""
        ours = self.ours
        if ours and ours.is_open and self._is_of_this_change(ours, live):
            self.join(live, ours.attempt)
            self.done()

    def known_attempt(self, live: Instance, *, new: bool, known: str | None) -> str | None:
        """Return the attempt that our marker names, where no later run has to warn of it; else None.

        A resource that is ``new`` to the stack begins with the machine as it is. ``known`` was recorded before.
        """
        ours = self.ours
        if ours is None or not (new or ours.attempt == known or self._is_of_this_change(ours, live)):
            return None
        return ours.attempt

    def _is_of_this_change(self, marker: Marker, live: Instance) -> bool:
        return marker.wanted_then(self.urn, self.previous, self.wanted, live) is not None

    def done(self) -> None:
        """Write that the machine was verified, if the attempt has a marker."""
        if self.mark:
            self.mark.done()

    def warning(self) -> str | None:
        """Return what to warn of when the marker could not be written; where it is needed, the refusal says so."""
        return None if self.needed_by else warning(self.mark)
