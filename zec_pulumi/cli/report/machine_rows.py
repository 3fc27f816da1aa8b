"""One row of a report, from the steps and lines of one resource. What could be a wipe is never taken for less."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zec_pulumi.cli.report.model import Action, Approval, Gate, MachineRow
from zec_pulumi.cli.report.preview_json import DELETES, MAKES, State, Step
from zec_pulumi.messages.parse import Line, Word
from zec_pulumi.planning import approval
from zec_pulumi.planning.gates import GateName
from zec_pulumi.planning.inputs import SCRIPT_KEYS, Wanted
from zec_pulumi.planning.user_data import same_content
from zec_pulumi.program.urns import name_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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
_TRIGGERS = frozenset({"instanceId", "imageId", "keyId", "rebuildToken"})
_NO_LINE = (
    "no line of the preview says what happens to its machine; was the preview made by this engine and this version"
    " of zec_pulumi?"
)
_UNREADABLE = "this version of zec-pulumi does not understand a line of the preview; use the version the stack uses"


def machine_row(
    urn: str, steps: Sequence[Step], found: Sequence[Line], approved: frozenset[str]
) -> tuple[MachineRow | None, str | None]:
    """Return the row of one resource, and why it cannot be relied on.

    Args:
        urn: The resource's.
        steps: What the engine would do to it.
        found: Its lines.
        approved: The approved tokens; empty where the stack requires no approval.

    Returns:
        The row, None when there is nothing to say; the problem, None when there is none.
    """
    plans = sorted((line for line in found if line.word in _ACTIONS), key=_severity)
    notes = [line.detail for line in found if line.word is Word.NOTE]
    problem = _UNREADABLE if any(line.unreadable for line in found) else None
    if plans:
        notes = [line.detail for line in plans[1:]] + notes
        return _planned(urn, steps, found, plans[0], tuple(notes), approved), problem
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


def _planned(
    urn: str,
    steps: Sequence[Step],
    found: Sequence[Line],
    plan: Line,
    notes: tuple[str, ...],
    approved: frozenset[str],
) -> MachineRow:
    old, new = _states(steps)
    instance_id = plan.instance_id or _instance_id(old, new)
    action = Action.UNDECIDED if plan.unreadable else _ACTIONS[plan.word]
    gates = tuple(Gate(line.gate, line.detail) for line in found if line.gate)
    rebuilt = action is Action.REBUILD
    replaced = any(step.op in MAKES for step in steps) and old.id not in (None, instance_id)
    return MachineRow(
        urn,
        name_of(urn),
        action,
        instance_id=instance_id,
        instance_name=plan.instance_name or (old.text("instanceName") if old.id == instance_id else None),
        disk_gib=plan.disk_gib,
        approval=_approval(urn, instance_id, plan, gates, approved) if rebuilt else None,
        token=next((line.token for line in found if line.token), None) if rebuilt else None,
        causes=plan.causes,
        names=plan.names,
        undecided=plan.undecided,
        gates=gates,
        detail=None if rebuilt else plan.detail,
        notes=(*plan.consequences, *notes),
        forgets=old.id if replaced else None,
    )


def _approval(
    urn: str, instance_id: str | None, plan: Line, gates: Sequence[Gate], approved: frozenset[str]
) -> Approval:
    if gates and all(gate.name == GateName.REQUIRE_APPROVAL for gate in gates):
        return Approval.NEEDED
    if gates or plan.closed:
        return Approval.REFUSED
    place = (approval.stack_of(urn), instance_id)
    return Approval.APPROVED if any(approval.meant_for(token) == place for token in approved) else Approval.UNGATED


def _without_a_line(steps: Sequence[Step], problem: str | None) -> tuple[Action, str | None]:
    """Return what a row without a plan's line means. Whatever could be a wipe is undecided, and a problem."""
    operations = {step.op for step in steps}
    if operations & MAKES or any(step.op == "update" and _asks_for_a_rebuild(step) for step in steps):
        return Action.UNDECIDED, problem or _NO_LINE
    if "update" in operations:
        return Action.RECORD, problem
    if operations & DELETES and "same" not in operations:
        return Action.FORGET, problem
    return Action.NONE, problem


def _asks_for_a_rebuild(step: Step) -> bool:
    """Whether an update could be a rebuild: a trigger differs visibly, or nothing visible explains it."""
    old, new = step.old_state.inputs, step.new_state.inputs
    differing = {key for key in old.keys() | new.keys() if old.get(key) != new.get(key)}
    listed = new.get("rebuildOn")
    extra = set(listed) if isinstance(listed, list) else set()
    # An input that the program omitted is recorded as the machine has it: to give it that value asks for nothing.
    had = step.old_state
    given = {
        key for key in differing & (_TRIGGERS | extra) if new.get(key) is not None and not had.shows(key, new[key])
    }
    script = bool(differing & set(SCRIPT_KEYS)) and not same_content(_script(old), _script(new))
    return bool(given or script) or not differing


def _script(inputs: Mapping[str, Any]) -> bytes | None:
    """Return the first-boot script; one that cannot be read counts by how it stands there."""
    given = {key: inputs[key] for key in SCRIPT_KEYS if inputs.get(key) is not None}
    try:
        return Wanted.model_validate(given).first_boot_script
    except ValueError:
        return repr(given).encode()


def _instance_id(old: State, new: State) -> str | None:
    """Return the id of the instance that is meant; one that is not known yet is not the one before."""
    return new.text("instanceId") if "instanceId" in new.inputs else old.id


def _states(steps: Sequence[Step]) -> tuple[State, State]:
    """Return the resource before and after, of the step that makes or changes it if there is one."""
    steps = sorted(steps, key=lambda step: (step.op in DELETES, step.op == "refresh"))
    return (steps[0].old_state, steps[0].new_state) if steps else (State(), State())
