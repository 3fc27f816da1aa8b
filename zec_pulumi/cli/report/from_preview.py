"""Makes a report of a preview. Where a line is missing or not understood, the report says so and counts as failed."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from zec_pulumi.api.errors import ConfigurationError
from zec_pulumi.cli.report.machine_rows import machine_row
from zec_pulumi.cli.report.model import Action, Approval, Failure, FleetLine, MachineRow, Report
from zec_pulumi.messages import parse as lines
from zec_pulumi.messages.parse import Line, Word
from zec_pulumi.planning import approval
from zec_pulumi.program.urns import FLEET, FLEET_PLAN, INSTANCE, name_of, type_of
from zec_pulumi.settings.options import resolve_options

if TYPE_CHECKING:
    from zec_pulumi.cli.report.preview_json import Diagnostic, Preview, Step

_SEVERITY = list(Action)
_LEAST_APPROVED = list(Approval)
_UNCOUNTED = frozenset({"same", "refresh", "diff", "extend-parameterize"})
_FLEETS = (FLEET, FLEET_PLAN)
_ELSEWHERE = "its message stands in the preview, and may hold values"


def report_of(preview: Preview) -> Report:
    """Return what the preview says about the machines of this package's resources."""
    steps: dict[str, list[Step]] = defaultdict(list)
    others: Counter[str] = Counter()
    for step in preview.steps:
        if type_of(step.urn) == INSTANCE:
            steps[step.urn].append(step)
        elif step.op not in _UNCOUNTED and not _engines_own(type_of(step.urn)):
            others[step.op] += 1
    texts: dict[str, list[Line]] = defaultdict(list)
    failures: list[Failure] = []
    for diagnostic in preview.diagnostics:
        line = lines.parse(diagnostic.text)
        if diagnostic.urn and diagnostic.ours and (diagnostic.severity != "error" or line.word is not Word.NOTE):
            texts[diagnostic.urn].append(line)
        elif diagnostic.severity == "error":
            failures.append(_failure(diagnostic))
    if preview.maybe_corrupt:
        failures.append(Failure("the engine says that resources of this stack may be corrupt"))
    approved = _approved(preview)
    fleets = tuple(FleetLine(urn, name_of(urn), line.detail) for urn in texts for line in _of_fleet(urn, texts[urn]))
    rows = []
    for urn in dict.fromkeys([*steps, *(urn for urn in texts if type_of(urn) == INSTANCE)]):
        row, problem = machine_row(urn, steps[urn], texts[urn], approved)
        rows += [row] if row else []
        if problem and not any(failure.resource == name_of(urn) for failure in failures):
            failures.append(Failure(problem, name_of(urn)))
    return replace(_report(preview, rows, others, failures, texts, approved), fleets=fleets)


def _of_fleet(urn: str, found: list[Line]) -> list[Line]:
    return [line for line in found if line.word is Word.FLEET] if type_of(urn) == FLEET else []


def _engines_own(kind: str) -> bool:
    """Whether steps of a type are not counted: the engine's own types, and fleets, whose machines are counted."""
    return kind.startswith("pulumi:") or kind in _FLEETS


def _report(
    preview: Preview,
    rows: list[MachineRow],
    others: Counter[str],
    failures: list[Failure],
    texts: dict[str, list[Line]],
    approved: frozenset[str],
) -> Report:
    rows.sort(
        key=lambda row: (
            _SEVERITY.index(row.action),
            _LEAST_APPROVED.index(row.approval) if row.approval else 0,
            row.resource,
        )
    )
    urns = [step.urn for step in preview.steps] + [d.urn for d in preview.diagnostics if d.urn]
    wanted = {row.instance_id for row in rows if row.approval is Approval.APPROVED}
    return Report(
        project=urns[0].split("::")[1] if urns else None,
        stack=approval.stack_of(urns[0]) if urns else None,
        rows=tuple(rows),
        others=dict(sorted(others.items())),
        failures=tuple(dict.fromkeys(failures)),
        unread=sum(any(line.word is Word.NO_LIVE_CHECKS for line in found) for found in texts.values()),
        kept_tokens=tuple(sorted(token for token in approved if approval.meant_for(token)[1] in wanted)),
    )


def _failure(diagnostic: Diagnostic) -> Failure:
    """Say what failed. The texts of other providers and of programs may hold values, so they are not repeated."""
    if diagnostic.urn is None:
        return Failure("the program or the engine failed; its message stands in the preview")
    text = (
        diagnostic.text if diagnostic.ours else f"{type_of(diagnostic.urn)} failed; its message stands in the preview"
    )
    return Failure(text, name_of(diagnostic.urn))


def _approved(preview: Preview) -> frozenset[str]:
    """Return the approved tokens; none where no approval is required, or where the settings cannot be read."""
    try:
        gates = resolve_options(preview.config).gates
    except ConfigurationError:
        return frozenset()
    return gates.approved_rebuilds if gates.require_approval else frozenset()
