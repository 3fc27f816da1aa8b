"""One row of a report, from the steps and lines of one resource. What could be a wipe is never taken for less."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from zec_pulumi.cli.report.approvals import approval_of, is_masked, mask_hint
from zec_pulumi.cli.report.model import Action, Approval, Gate, MachineRow
from zec_pulumi.cli.report.preview_json import DELETES, MAKES, QUIET, State
from zec_pulumi.messages.parse import Line, Word
from zec_pulumi.program.urns import name_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zec_pulumi.cli.report.preview_json import Step
    from zec_pulumi.planning.gates import GateSettings

_ACTIONS = {
    Word.REBUILD: Action.REBUILD,
    Word.UNDECIDED: Action.UNDECIDED,
    Word.QUESTION: Action.UNDECIDED,
    Word.JOIN: Action.JOIN,
    Word.ADOPT: Action.ADOPT,
    Word.CHANGE: Action.CHANGE,
    Word.RECORD: Action.RECORD,
}
_SEVERITY = list(Action)
_NO_LINE = (
    "no line of the preview says what happens to its machine; was the preview made by this engine and this version"
    " of zec_pulumi?"
)
_UNREADABLE = "this version of zec-pulumi does not understand a line of the preview; use the version the stack uses"


def machine_row(
    urn: str, steps: Sequence[Step], found: Sequence[Line], settings: GateSettings | None
) -> tuple[MachineRow | None, str | None]:
    """Return the row of one resource, and why it cannot be relied on.

    Args:
        urn: The resource's.
        steps: What the engine would do to it.
        found: Its lines.
        settings: The gates of the stack; None where they cannot be read.

    Returns:
        The row, None when there is nothing to say; the problem, None when there is none.
    """
    plans = sorted((line for line in found if line.word in _ACTIONS), key=_severity)
    notes = [line.detail for line in found if line.word is Word.NOTE]
    problem = _UNREADABLE if any(line.unreadable for line in found) else None
    if plans:
        notes = [line.detail for line in plans[1:]] + notes
        row = _planned(urn, steps, found, plans[0], tuple(notes))
        return _with_approval(row, plans[0], found, settings), problem
    action, problem = _without_a_line(steps, problem)
    if action is Action.NONE and not notes:
        return None, problem
    old, new = _states(steps)
    row = MachineRow(
        urn,
        name_of(urn),
        action,
        instance_id=_instance_id(old, new),
        instance_name=old.text("instanceName"),
        notes=tuple(notes),
    )
    return row, problem


def _severity(line: Line) -> int:
    return _SEVERITY.index(_ACTIONS[line.word])


def _planned(urn: str, steps: Sequence[Step], found: Sequence[Line], plan: Line, notes: tuple[str, ...]) -> MachineRow:
    old, new = _states(steps)
    instance_id = plan.instance_id or _instance_id(old, new)
    action = Action.UNDECIDED if plan.unreadable else _ACTIONS[plan.word]
    rebuilt = action is Action.REBUILD
    replaced = any(step.op in MAKES for step in steps) and old.id not in (None, instance_id)
    return MachineRow(
        urn,
        name_of(urn),
        action,
        instance_id=instance_id,
        instance_name=plan.instance_name or (old.text("instanceName") if old.id == instance_id else None),
        disk_gib=plan.disk_gib,
        causes=plan.causes,
        names=plan.names,
        undecided=plan.undecided,
        gates=tuple(Gate(line.gate, line.detail) for line in found if line.gate),
        detail=None if rebuilt else plan.detail,
        notes=(*plan.consequences, *notes),
        forgets=old.id if replaced else None,
        backup=rebuilt and plan.backup,
    )


def _with_approval(row: MachineRow, plan: Line, found: Sequence[Line], settings: GateSettings | None) -> MachineRow:
    """Return the row with whether its rebuild is approved, its token, and what a reader must know of both."""
    if row.action is not Action.REBUILD:
        return row
    decided, why = approval_of(plan, found, settings)
    token = next((line.token for line in found if line.token), None)
    hint = mask_hint(token) if token and decided is Approval.NEEDED else None
    notes = tuple(note for note in (why, hint) if note)
    return replace(row, approval=decided, token=None if is_masked(token) else token, notes=(*notes, *row.notes))


def _without_a_line(steps: Sequence[Step], problem: str | None) -> tuple[Action, str | None]:
    """Return what a row without a plan's line means. Whatever could be a wipe is undecided, and a problem."""
    operations = {step.op for step in steps}
    if operations - DELETES - QUIET:
        return Action.UNDECIDED, problem or _NO_LINE
    if operations & DELETES and "same" not in operations:
        return Action.FORGET, problem
    return Action.NONE, problem


def _instance_id(old: State, new: State) -> str | None:
    """Return the id of the instance that is meant; one that is not known yet is not the one before."""
    return new.text("instanceId") if "instanceId" in new.inputs else old.id


def _states(steps: Sequence[Step]) -> tuple[State, State]:
    """Return the resource before and after, of the step that makes or changes it if there is one."""
    steps = sorted(steps, key=lambda step: (step.op in DELETES, step.op == "refresh"))
    return (steps[0].old_state, steps[0].new_state) if steps else (State(), State())
