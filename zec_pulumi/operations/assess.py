"""Judges one resource for the preview: what ``up`` will do to its machine, and why it may not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from zec_pulumi.journal.recovery import ResolvedPlan, resolve_plan
from zec_pulumi.messages import gates as gate_messages
from zec_pulumi.messages import plan as plan_messages
from zec_pulumi.messages import recovery as recovery_messages
from zec_pulumi.operations import context as session
from zec_pulumi.planning import gates
from zec_pulumi.planning.plan import Kind, Plan, plan_create, plan_update
from zec_pulumi.planning.record import last_attempt
from zec_pulumi.rebuild.validation import Preflight, check_password_in_place, check_rebuild

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zec_pulumi.api import Instance
    from zec_pulumi.planning.inputs import Recorded, Wanted

_PREFLIGHT_INPUTS = frozenset({"imageId", "keyId", "password", "timezone", "enableAgent"})


@dataclass
class Verdict:
    """What to put on the row, and what refuses the resource outright.

    ``warnings`` are wipes and what else a reviewer must see, ``errors`` closed gates in a preview, which goes on.
    """

    plan: Plan
    refusals: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    infos: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Case:
    """One resource: ``before`` are its recorded outputs, empty when the stack does not hold it."""

    urn: str
    wanted: Wanted
    recorded: Recorded
    before: Mapping[str, Any]
    live: Instance | None
    dry_run: bool

    def judge(self) -> Verdict:
        """Return the verdict; reads images, keys and time zones for a rebuild only.

        Raises:
            ZecError: the API or the journal cannot be read.
        """
        resolved = self._resolve()
        plan, verdict = resolved.plan, Verdict(resolved.plan)
        if resolved.question:
            return self._gated(verdict, [recovery_messages.question(resolved.question)])
        preflight = self._preflight(plan)
        verdict.refusals = [plan_messages.refusal(plan.refusal)] if plan.refusal else list(preflight.findings)
        if verdict.refusals:
            return verdict
        closed = self._closed(plan, preflight)
        self._tell(verdict, resolved, wiped=not closed)
        return self._gated(verdict, closed)

    def _resolve(self) -> ResolvedPlan:
        if self.live is not None:
            journal = session.current().journal
            return resolve_plan(journal, self.wanted, self.recorded, self.live, self.before, self.urn, tidy=False)
        plan = plan_update(self.wanted, self.recorded, None) if self.before else plan_create(self.wanted, None)
        return ResolvedPlan(plan, self.recorded)

    def _preflight(self, plan: Plan) -> Preflight:
        """Check what the plan would send; a plan that sends nothing validates nothing."""
        if self.live is None or self.wanted.unknown & _PREFLIGHT_INPUTS:
            return Preflight(())
        if plan.kind is Kind.REBUILD:
            return check_rebuild(self.wanted, self.live, session.current().reader)
        if "password" in plan.changes:
            return Preflight(tuple(check_password_in_place(self.live)))
        return Preflight(())

    def _closed(self, plan: Plan, preflight: Preflight) -> list[str]:
        request = None if self.wanted.unknown else preflight.request
        settings, previous = session.options().gates, last_attempt(self.before)
        closed = gates.closed(self.wanted, plan, settings, self.urn, previous, request)
        return [gate_messages.sentence(gate, self.wanted.instance_id, plan.causes) for gate in closed]

    def _gated(self, verdict: Verdict, closed: list[str]) -> Verdict:
        """In a preview a closed gate is an error line, and the preview goes on; in up it refuses."""
        (verdict.errors if self.dry_run else verdict.refusals).extend(closed)
        return verdict

    def _tell(self, verdict: Verdict, resolved: ResolvedPlan, *, wiped: bool) -> None:
        plan, live = verdict.plan, self.live
        if plan.kind is Kind.JOIN:
            now = session.current().clock.now() if live else 0.0
            gated = self.wanted.health is not None or "health" in self.wanted.unknown
            verdict.warnings.append(plan_messages.join(resolved.recorded, live, now, gated=gated))
        if resolved.warning:
            verdict.warnings.append(recovery_messages.warning(resolved.warning))
        will = plan_messages.WILL if self.dry_run else plan_messages.NOW
        wipe = will if wiped else plan_messages.WOULD
        line = plan_messages.line(plan, live, self.wanted.instance_id, wipe, self._image_names(plan))
        if line:
            (verdict.warnings if plan.kind is Kind.REBUILD or plan.undecided else verdict.infos).append(line)
        verdict.warnings.extend(map(plan_messages.note, plan.notes))

    def _image_names(self, plan: Plan) -> dict[str, str]:
        """Return the names of the images that the causes mention, as far as the zone shows them."""
        if self.live is None or not self.live.zone_id:
            return {}
        reader = session.current().reader
        ids = {text for cause in plan.causes if cause.trigger == "imageId" for text in (cause.old, cause.new) if text}
        found = {image_id: reader.image(self.live.zone_id, image_id) for image_id in ids}
        return {image_id: image.image_name for image_id, image in found.items() if image and image.image_name}
