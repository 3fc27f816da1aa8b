"""Makes a report of a preview. Where a line is missing or not understood, the report says so and counts as failed."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from zec_pulumi.cli.report.machine_rows import machine_row
from zec_pulumi.cli.report.model import Action, Approval, Failure, FleetLine, MachineRow, Report
from zec_pulumi.cli.report.ownership import Owner, owner
from zec_pulumi.cli.report.preview_json import QUIET
from zec_pulumi.messages import parse as lines
from zec_pulumi.messages.parse import Line, Word
from zec_pulumi.messages.places import REBUILDS
from zec_pulumi.planning import approval
from zec_pulumi.program.urns import FLEET, name_of, type_of
from zec_pulumi.settings.options import resolve_gates

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zec_pulumi.cli.report.preview_json import Diagnostic, Preview, Step
    from zec_pulumi.planning.gates import GateSettings

_SEVERITY = list(Action)
_LEAST_APPROVED = list(Approval)
_UNCOUNTED = frozenset({"same", "refresh", "diff", "extend-parameterize"})
_STACK = "pulumi:pulumi:Stack"
_DOUBTFUL = (
    "this may be a resource of this package, and nothing in the preview says what happens to its machine; use the"
    " zec-pulumi that the stack uses"
)


class Resources:
    """The resources of a preview by URN: their steps, the lines on their rows but failures, and who serves them."""

    def __init__(self, preview: Preview) -> None:
        self.steps: dict[str, list[Step]] = defaultdict(list)
        self.lines: dict[str, list[Line]] = defaultdict(list)
        for step in preview.steps:
            self.steps[step.urn].append(step)
        for diagnostic in preview.diagnostics:
            line = lines.parse(diagnostic.text)
            if diagnostic.urn and not _is_failure(diagnostic, line):
                self.lines[diagnostic.urn].append(line)
        urns = [*self.steps, *(found.urn for found in preview.diagnostics if found.urn)]
        self.owners = {urn: owner(urn, self.steps.get(urn, ()), self.lines.get(urn, ())) for urn in dict.fromkeys(urns)}

    def is_ours(self, urn: str | None) -> bool:
        """Whether this package wrote what stands on the row."""
        return urn is not None and self.owners[urn] in (Owner.INSTANCE, Owner.FLEET)

    def of(self, one: Owner) -> list[str]:
        """Return the URNs that ``one`` serves, those with steps first."""
        return [urn for urn, found in self.owners.items() if found is one]

    def parents(self, urn: str) -> tuple[str, ...]:
        """Return the names of the components that hold a resource, the outermost first."""
        chain = [urn]
        while (parent := self._parent(chain[-1])) and parent not in chain and type_of(parent) != _STACK:
            chain.append(parent)
        return tuple(name_of(found) for found in reversed(chain[1:]))

    def failure(self, urn: str, text: str) -> Failure:
        """Return why the report does not know everything of one resource."""
        return Failure(text, name_of(urn), urn, self.parents(urn))

    def _parent(self, urn: str) -> str | None:
        states = [state for step in self.steps.get(urn, ()) for state in (step.new_state, step.old_state)]
        return next((state.parent for state in states if state.parent), None)


def report_of(preview: Preview) -> Report:
    """Return what the preview says about the machines of this package's resources."""
    resources, settings = Resources(preview), _gates(preview)
    failures = list(_failures(preview, resources))
    failed = {failure.urn for failure in failures}
    rows = []
    for urn in resources.of(Owner.INSTANCE):
        row, problem = machine_row(urn, resources.steps.get(urn, ()), resources.lines.get(urn, ()), settings)
        rows += [replace(row, parents=resources.parents(urn))] if row else []
        if problem and urn not in failed:
            failures.append(resources.failure(urn, problem))
    rows.sort(key=_order)
    urns = [step.urn for step in preview.steps] + [d.urn for d in preview.diagnostics if d.urn]
    return Report(
        project=urns[0].split("::")[1] if urns else None,
        stack=approval.stack_of(urns[0]) if urns else None,
        rows=tuple(rows),
        fleets=tuple(_fleets(resources)),
        others=dict(sorted(_others(resources).items())),
        failures=tuple(dict.fromkeys(failures)),
        unread=sum(any(line.word is Word.NO_LIVE_CHECKS for line in resources.lines.get(row.urn, ())) for row in rows),
        kept_tokens=tuple(_kept(rows, settings)),
        pace=_pace(preview),
    )


def foreign_errors(preview: Preview) -> list[str]:
    """Return the lines of errors that the report does not repeat: programs and other providers may quote values."""
    resources = Resources(preview)
    texts = (d.text for d in preview.diagnostics if d.severity == "error" and not resources.is_ours(d.urn))
    return [line for text in texts for line in text.splitlines()]


def _order(row: MachineRow) -> tuple[int, int, tuple[str, ...]]:
    approved = _LEAST_APPROVED.index(row.approval) if row.approval else 0
    return _SEVERITY.index(row.action), approved, (*row.parents, row.resource)


def _failures(preview: Preview, resources: Resources) -> Iterator[Failure]:
    for diagnostic in preview.diagnostics:
        line = lines.parse(diagnostic.text)
        if _is_failure(diagnostic, line) or (diagnostic.severity == "error" and not resources.is_ours(diagnostic.urn)):
            yield _failure(diagnostic, resources)
    for urn in resources.of(Owner.DOUBTFUL):
        yield resources.failure(urn, _DOUBTFUL)
    if preview.maybe_corrupt:
        yield Failure("the engine says that resources of this stack may be corrupt")
    shown = Counter(step.op for step in preview.steps)
    missing = sorted(op for op, number in preview.change_summary.items() if op not in QUIET and number > shown[op])
    if missing:
        yield Failure(f"the preview counts more steps than it shows ({', '.join(missing)})")


def _is_failure(diagnostic: Diagnostic, line: Line) -> bool:
    """Whether an error ends the preview; a closed gate's is a line about a machine, and the preview goes on."""
    return diagnostic.severity == "error" and line.word is Word.NOTE


def _failure(diagnostic: Diagnostic, resources: Resources) -> Failure:
    """Say what failed. The texts of other providers and of programs may hold values, so they are not repeated."""
    urn = diagnostic.urn
    if urn is None:
        return Failure("the program or the engine failed; its message stands in the preview")
    foreign = f"{type_of(urn)} failed; its message stands in the preview"
    return resources.failure(urn, diagnostic.text if resources.is_ours(urn) else foreign)


def _fleets(resources: Resources) -> Iterator[FleetLine]:
    for urn in resources.of(Owner.FLEET):
        if type_of(urn) == FLEET:
            found = (line for line in resources.lines.get(urn, ()) if line.word is Word.FLEET)
            yield from (FleetLine(urn, name_of(urn), line.detail, resources.parents(urn)) for line in found)


def _pace(preview: Preview) -> str | None:
    """Return the line on the stack's row, which has no URN in a preview's JSON."""
    found = (diagnostic.text for diagnostic in preview.diagnostics if not diagnostic.urn)
    return next((text.removeprefix(REBUILDS) for text in found if text.startswith(REBUILDS)), None)


def _others(resources: Resources) -> Counter[str]:
    """Count the steps of other resources but the engine's own; a fleet's machines are counted, it is not."""
    counted = [urn for urn in resources.of(Owner.OTHER) if not type_of(urn).startswith("pulumi:")]
    return Counter(step.op for urn in counted for step in resources.steps.get(urn, ()) if step.op not in _UNCOUNTED)


def _kept(rows: list[MachineRow], settings: GateSettings | None) -> list[str]:
    """Return the approved tokens that rebuilds of this preview need."""
    needed = {approval.digest_of(row.token) for row in rows if row.token and row.approval is Approval.APPROVED}
    return sorted(
        token for token in (settings.approved_rebuilds if settings else ()) if approval.digest_of(token) in needed
    )


def _gates(preview: Preview) -> GateSettings | None:
    """Return the stack's gates; None where a setting cannot be used: secret, wrong, or not known to this version."""
    gates = resolve_gates(preview.config)
    return None if gates.wrong_together or gates.unknown else gates
