"""The engine's ``diff``: whether anything is to be done, and what ``up`` will do to an existing machine.

The engine also diffs while it refreshes: then nothing is shown and nothing is read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zec_pulumi.errors import PlanRefusedError
from zec_pulumi.messages import plan as plan_messages
from zec_pulumi.operations.assess import assess_and_show
from zec_pulumi.operations.error_boundary import naming
from zec_pulumi.operations.results import Compared
from zec_pulumi.planning.inputs import SCRIPT_KEYS, Wanted, parse_recorded, parse_wanted
from zec_pulumi.planning.plan import Kind, NeverRun
from zec_pulumi.planning.record import inputs_only

if TYPE_CHECKING:
    from zec_pulumi.operations.context import Call, Process


def diff(process: Process, call: Call, olds: dict[str, Any], news: dict[str, Any]) -> Compared:
    """Return whether anything is to be done; ``olds`` are the recorded outputs, ``news`` the program's inputs.

    Raises:
        PlanRefusedError: in ``up``, the plan is refused.
        ZecError: the instance does not exist, or cannot be read.
    """
    wanted, recorded = parse_wanted(news), parse_recorded(olds)
    if wanted.instance_id not in (None, recorded.instance_id):
        return Compared(changes=True, replaced=("instanceId",))
    changed = _inputs_differ(call, wanted, olds) or recorded.attempt is not None
    dry_run = process.checked.take(call.urn)
    if dry_run is None:
        return Compared(changed)
    with naming(wanted.instance_id):
        assessment = assess_and_show(process, call, wanted, recorded, olds, dry_run=dry_run)
    if assessment.refusals:
        raise PlanRefusedError("\n".join(assessment.refusals))
    plan = assessment.plan
    said = plan.undecided or assessment.errors or NeverRun() in plan.notes
    if changed and plan.kind is Kind.NONE and not said:
        call.info(plan_messages.record())
    return Compared(changed or plan.kind is not Kind.NONE)


def _inputs_differ(call: Call, wanted: Wanted, olds: dict[str, Any]) -> bool:
    """Whether the program's inputs differ from the recorded ones; the engine's own comparison includes the provider."""
    # Nothing is left out that takes a script out, and nothing taken for one that only the machine has.
    compared = {*inputs_only(wanted.given()), *SCRIPT_KEYS}
    recorded = call.old_inputs or {key: olds[key] for key in compared if key in olds}
    return wanted.given() != parse_wanted(inputs_only(recorded)).given() or bool(wanted.unknown)
