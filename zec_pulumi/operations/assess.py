"""Assesses one resource for its row: what ``up`` will do to its machine, and why it may not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from zec_pulumi.api import MissingCredentialsError
from zec_pulumi.errors import ZecError
from zec_pulumi.journal.evidence import is_told
from zec_pulumi.journal.marker import UnreadMarker, find
from zec_pulumi.journal.questions import MarkedTakenBack, MarkerNotRead, TakenBack
from zec_pulumi.journal.recovery import resolve_plan
from zec_pulumi.journal.resolved import ResolvedPlan, Sighting
from zec_pulumi.messages import gates as gate_messages
from zec_pulumi.messages import plan as plan_messages
from zec_pulumi.messages import recovery as recovery_messages
from zec_pulumi.messages import scripts as script_messages
from zec_pulumi.messages.fleet import Outlook
from zec_pulumi.operations import backups
from zec_pulumi.operations.gate_check import ask_gates, refusals
from zec_pulumi.planning.backups import kept, way_back
from zec_pulumi.planning.plan import Kind, NeverRun, Plan, plan_create, plan_update
from zec_pulumi.planning.record import last_rebuild_seconds
from zec_pulumi.planning.script_rules import script_problem
from zec_pulumi.rebuild.validation import (
    Preflight,
    check_password_in_place,
    check_rebuild,
    instance_not_found,
    misnamed_findings,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zec_pulumi.api import Instance
    from zec_pulumi.journal.marker import Found
    from zec_pulumi.operations.context import Call, Process
    from zec_pulumi.planning.backups import WayBack
    from zec_pulumi.planning.gates import GateSettings, Verdict
    from zec_pulumi.planning.inputs import Recorded, Wanted

_PREFLIGHT_INPUTS = frozenset({"imageId", "keyId", "password", "timezone", "enableAgent"})


@dataclass
class Assessment:
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
    """One resource: ``before`` are its recorded outputs, empty when the stack does not hold it.

    ``gates`` are those of its stack.
    """

    process: Process
    urn: str
    wanted: Wanted
    recorded: Recorded
    before: Mapping[str, Any]
    live: Instance | None
    gates: GateSettings
    dry_run: bool

    def assess(self) -> Assessment:
        """Return the assessment; reads images, keys and time zones for a rebuild only.

        Raises:
            ZecError: the API or the journal cannot be read.
        """
        resolved, marker = self._resolve()
        plan, assessment = resolved.plan, Assessment(resolved.plan)
        if resolved.question:
            if plan.undecided:
                # What is not known yet may ask for another rebuild, about which nothing is asked.
                assessment.warnings.append(plan_messages.undecided(plan, self.live, self.wanted.instance_id))
            return self._gated(assessment, [recovery_messages.question(resolved.question)])
        preflight = self._preflight(plan)
        assessment.refusals = self._refused(plan) if plan.refusal else list(preflight.findings)
        if assessment.refusals:
            return assessment
        took, by_stack = last_rebuild_seconds(self.before), self.gates.backup
        found = way_back(self.wanted, self.recorded, took, preflight.restores, by_stack=by_stack)
        verdict = self._ask_gates(plan, preflight, marker, found)
        self._describe(assessment, resolved, found, wiped=not verdict.closed)
        assessment.warnings.extend(self._backup_warnings(plan, preflight))
        if verdict.approved_by:
            assessment.infos.append(gate_messages.approved(verdict.approved_by))
        return self._gated(assessment, refusals(verdict, self.wanted, plan))

    def _resolve(self) -> tuple[ResolvedPlan, Found | UnreadMarker]:
        """Return the plan, and the marker that it stands on."""
        live = self.live
        if live is None:
            plan = plan_update(self.wanted, self.recorded, None) if self.before else plan_create(self.wanted, None)
            return ResolvedPlan(plan, self.recorded), None
        self.process.reinstalls.add(live)
        marker = find(live.tags or {})
        resolved = self._resolve_on(live, marker)
        plan = resolved.plan
        told = is_told(plan, resolved.recorded, live)
        asks = plan.kind is Kind.REBUILD and (self.gates.require_approval or not told)
        # An endpoint may show none. Without an approval that costs a question at most; with one, every token.
        shown = marker is not None or (live.tags is not None and not self.gates.require_approval)
        if shown or not asks:
            return resolved, marker
        # Where the machine is shown without its tags, they are read where they can matter.
        try:
            marker = find(self.process.reader.tags(live.instance_id))
        except ZecError as error:
            return resolved, UnreadMarker(str(error))
        return self._resolve_on(live, marker), marker

    def _resolve_on(self, live: Instance, marker: Found) -> ResolvedPlan:
        restored = backups.restored(self.process.reader, self.wanted, live, marker)
        sighting = Sighting(marker, now=self.process.clock.now(), answers=self.gates.answers, restored=restored)
        journal, before, urn = self.process.journal, self.before, self.urn
        return resolve_plan(journal, self.wanted, self.recorded, live, before, urn, tidy=False, sighting=sighting)

    def _preflight(self, plan: Plan) -> Preflight:
        """Check what the plan would send; a plan that sends nothing validates nothing."""
        if self.live is None or self.wanted.unknown & _PREFLIGHT_INPUTS:
            return Preflight(())
        if plan.kind is Kind.REBUILD:
            backed_up = kept(self.wanted, by_stack=self.gates.backup) > 0
            reader, causes = self.process.reader, plan.causes
            return check_rebuild(self.wanted, self.live, reader, self.recorded, causes, backed_up=backed_up)
        # A rebuild that is waited for changes what the machine can take; one that is still undecided may set it.
        if "password" in plan.changes and plan.kind is not Kind.JOIN and not plan.undecided:
            return Preflight(tuple(check_password_in_place(self.live)))
        return Preflight(())

    def _backup_warnings(self, plan: Plan, preflight: Preflight) -> Iterator[str]:
        made = plan.kind is Kind.REBUILD and kept(self.wanted, by_stack=self.gates.backup) > 0
        if self.live is not None and preflight.request is not None and made:
            planned = self.process.planned_backups
            yield from backups.warnings(self.process.reader, planned, self.urn, self.live, self.recorded)

    def _ask_gates(self, plan: Plan, preflight: Preflight, marker: Found | UnreadMarker, found: WayBack) -> Verdict:
        request = None if self.wanted.unknown else preflight.request
        process, urn, live = self.process, self.urn, self.live
        return ask_gates(process, self.gates, urn, self.wanted, self.before, plan, live, request, marker, found)

    def _gated(self, assessment: Assessment, closed: list[str]) -> Assessment:
        """In a preview a closed gate is an error line, and the preview goes on; in up it refuses."""
        (assessment.errors if self.dry_run else assessment.refusals).extend(closed)
        return assessment

    def _describe(self, assessment: Assessment, resolved: ResolvedPlan, found: WayBack, *, wiped: bool) -> None:
        """Add what to put on the row; ``wiped`` says that no gate refuses."""
        plan, live = assessment.plan, self.live
        if plan.kind is Kind.JOIN:
            now = self.process.clock.now() if live else 0.0
            gated = self.wanted.health is not None or "health" in self.wanted.unknown
            assessment.warnings.append(plan_messages.join(plan, resolved.recorded, live, now, gated=gated))
        if resolved.warning:
            assessment.warnings.append(recovery_messages.warning(resolved.warning))
        if resolved.note:
            lines = assessment.warnings if isinstance(resolved.note, MarkerNotRead) else assessment.infos
            lines.append(recovery_messages.note(resolved.note))
        will = plan_messages.WILL if self.dry_run else plan_messages.NOW
        wipe = will if wiped else plan_messages.WOULD
        line = plan_messages.line(plan, live, self.wanted.instance_id, wipe, self._image_names(plan), found)
        if line:
            (assessment.warnings if plan.kind is Kind.REBUILD or plan.undecided else assessment.infos).append(line)
        # Of a script that is taken out nobody says that it never ran, where a killed run may have run it.
        doubtful = isinstance(resolved.warning, TakenBack | MarkedTakenBack)
        notes = [note for note in plan.notes if not (doubtful and isinstance(note, NeverRun))]
        assessment.warnings.extend(map(plan_messages.note, notes))
        assessment.warnings.extend(() if found.restores else self._script_warnings(plan))

    def _refused(self, plan: Plan) -> list[str]:
        """Return why the plan is refused; a machine that differs from a name differs from every id."""
        misnamed = misnamed_findings(self.wanted, self.live, self.process.reader) if self.live else []
        return misnamed or ([plan_messages.refusal(plan.refusal)] if plan.refusal else [])

    def _script_warnings(self, plan: Plan) -> list[str]:
        """Return what is wrong with the script that a rebuild runs."""
        script = self.wanted.first_boot_script
        if plan.kind is not Kind.REBUILD or script is None:
            return []
        os_type = self._os_type_after() if "imageId" not in self.wanted.unknown else None
        problem = script_problem(script, os_type, encoded=self.wanted.user_data_base64 is not None)
        return [script_messages.warning(problem)] if problem else []

    def _os_type_after(self) -> str | None:
        """Return the type of the system that a rebuild installs, None if it is not known."""
        image_id = self.wanted.image_id or (self.live.image_id if self.live else None)
        if self.live is None or image_id is None:
            return None
        image = self.process.reader.image(self.live.zone_id or "", image_id)
        return image.os_type if image else None

    def _image_names(self, plan: Plan) -> dict[str, str]:
        """Return the names of the images that the causes mention, as far as the zone shows them."""
        if self.live is None or not self.live.zone_id:
            return {}
        reader = self.process.reader
        ids = {text for cause in plan.causes if cause.trigger == "imageId" for text in (cause.old, cause.new) if text}
        found = {image_id: reader.image(self.live.zone_id, image_id) for image_id in ids}
        return {image_id: image.image_name for image_id, image in found.items() if image and image.image_name}


def assess_and_show(
    process: Process, call: Call, wanted: Wanted, recorded: Recorded, before: Mapping[str, Any], *, dry_run: bool
) -> Assessment:
    """Read the machine, assess the resource, put the result on its row, and return it.

    Raises:
        ZecError: the machine does not exist, or cannot be read; or the journal cannot be read.
    """
    live = _live(process, call, wanted, dry_run=dry_run)
    gates = process.gates(call.urn)
    assessment = Case(process, call.urn, wanted, recorded, before, live, gates, dry_run).assess()
    for text in assessment.infos:
        call.info(text)
    for text in assessment.warnings:
        call.warn(text)
    for text in assessment.errors:
        call.error(text)
    planned, stack_row = outlook(assessment, before), call.on_row("")
    if dry_run:
        process.fleets.planned(call.urn, planned)
        process.places.previewed(call.urn, planned, stack_row)
    elif not assessment.refusals:
        process.places.planned(call.urn, planned, stack_row)
    return assessment


def outlook(assessment: Assessment, before: Mapping[str, Any]) -> Outlook:
    """Return what a fleet needs to know of one of its machines; ``before`` are its recorded outputs."""
    plan = assessment.plan
    return Outlook(
        plan.kind, undecided=bool(plan.undecided), closed=bool(assessment.errors), took=last_rebuild_seconds(before)
    )


def _live(process: Process, call: Call, wanted: Wanted, *, dry_run: bool) -> Instance | None:
    """Return the machine; None in a preview without credentials, or while its id is not known.

    Raises:
        ZecError: it does not exist, or cannot be read.
    """
    if wanted.instance_id is None:
        return None
    try:
        reader = process.reader
    except MissingCredentialsError as error:
        if not dry_run:
            raise
        call.warn(f"{plan_messages.NO_LIVE_CHECKS}{error}")
        return None
    live = reader.instance_cached(wanted.instance_id)
    if live is None:
        raise ZecError(instance_not_found(wanted.instance_id, reader))
    return live
