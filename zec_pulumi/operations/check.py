"""The engine's ``check``: wrong inputs are refused, and of a new resource the row says what ``up`` will do.

The engine does not diff new resources, so these are assessed here. Existing ones are assessed in ``diff``, which alone
knows what is recorded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from zec_pulumi.errors import ZecError
from zec_pulumi.operations.assess import assess_and_show
from zec_pulumi.operations.error_boundary import naming
from zec_pulumi.planning.input_rules import input_findings
from zec_pulumi.planning.inputs import Recorded, Wanted, parse_wanted, type_findings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zec_pulumi.operations.context import Call, Process


def check(
    process: Process,
    call: Call,
    olds: Mapping[str, Any],
    inputs: dict[str, Any],
    *,
    dry_run: bool,
    settings: str | None = None,
    secrets: frozenset[str] | None = None,
    demand: object = None,
) -> list[str]:
    """Return everything that is wrong with the inputs, one finding a sentence; empty when they may be recorded.

    Args:
        process: What this process shares.
        call: The engine's call.
        olds: The recorded inputs; empty for a resource that the stack does not hold.
        inputs: What the program gives, by property key.
        dry_run: Whether this is a preview.
        settings: The stack's own ``zec:`` configuration as the program sends it: a JSON object by full key. None where
            it did not arrive; then every rebuild is refused.
        secrets: The property keys of the inputs that the program gives as secrets; None when they did not come.
        demand: What the program tells of the engine's places; None where it did not arrive.
    """
    process.places.declare(call.urn, demand)
    process.checked.add(call.urn, dry_run=dry_run, settings=settings, secrets=secrets)
    try:
        wanted = parse_wanted(inputs)
    except ValidationError as error:
        return type_findings(error)
    findings = input_findings(wanted, backup_by_stack=process.checked.gates(call.urn).backup)
    duplicate = process.declared.declare(wanted.instance_id, call.urn) if wanted.instance_id else None
    findings += [duplicate] if duplicate else []
    if not findings and not olds:
        findings = _new_resource(process, call, wanted, dry_run=dry_run)
    return findings


def _new_resource(process: Process, call: Call, wanted: Wanted, *, dry_run: bool) -> list[str]:
    """Show what creating the resource will do; return why it is refused."""
    try:
        with naming(wanted.instance_id):
            return assess_and_show(process, call, wanted, Recorded(), {}, dry_run=dry_run).refusals
    except ZecError as error:
        return [str(error)]
