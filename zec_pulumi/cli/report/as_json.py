"""The report as JSON, for programs. Its schema is ``report.schema.json``, beside this file."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from zec_pulumi.cli.report import report_text
from zec_pulumi.cli.report.model import Action, Approval, MachineRow, Report

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zec_pulumi.planning.causes import Cause

VERSION = 1
"""Rises when something is taken away or changes its meaning; additions do not raise it."""


def document(report: Report) -> dict[str, Any]:
    """Return the report as plain values."""
    return {
        "version": VERSION,
        "project": report.project,
        "stack": report.stack,
        "headline": report_text.headline(report),
        "complete": not report.failures,
        "counts": {action.value: len(report.of(action)) for action in Action},
        "approvals": {approval.value: len(report.rebuilds(approval)) for approval in Approval},
        "machines": [_machine(row) for row in report.rows],
        "fleets": [asdict(fleet) | {"parents": list(fleet.parents)} for fleet in report.fleets],
        "pace": report.pace,
        "tokens": report.tokens,
        "keptTokens": list(report.kept_tokens),
        "withoutLiveChecks": report.unread,
        "otherSteps": dict(report.others),
        "failures": [asdict(failure) | {"parents": list(failure.parents)} for failure in report.failures],
    }


def _machine(row: MachineRow) -> dict[str, Any]:
    return {
        "urn": row.urn,
        "resource": row.resource,
        "parents": list(row.parents),
        "action": row.action.value,
        "instanceId": row.instance_id,
        "instanceName": row.instance_name,
        "diskGib": row.disk_gib,
        "backup": row.backup,
        "approval": row.approval.value if row.approval else None,
        "token": row.token,
        "causes": [_cause(cause, row.names) for cause in row.causes],
        "undecided": list(row.undecided),
        "gates": [asdict(gate) for gate in row.gates],
        "detail": report_text.detail(row) or None,
        "notes": list(row.notes),
        "forgets": row.forgets,
    }


def _cause(cause: Cause, names: Mapping[str, str]) -> dict[str, Any]:
    old, new = (None if value is None else {"id": value, "name": names.get(value)} for value in (cause.old, cause.new))
    return {"trigger": cause.trigger, "old": old, "new": new, "drift": cause.drift}
