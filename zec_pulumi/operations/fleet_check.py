"""Checks a whole fleet before any of its machines is touched, as each machine is checked by itself.

The engine checks a machine only when those before it are done. So in ``up`` a fleet's plan, on which all of them
depend, is checked with what the program wants of each and what the stack's state held when ``up`` began. The engine
may have refreshed since, perhaps through another process: then the records are judged as a refresh makes them now.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import Field, ValidationError

from zec_pulumi.errors import ZecError
from zec_pulumi.operations.assess import Assessment, Case, outlook
from zec_pulumi.planning.gates import strictest
from zec_pulumi.planning.input_rules import input_findings
from zec_pulumi.planning.inputs import Model, Recorded, Wanted, parse_recorded, parse_wanted, type_findings
from zec_pulumi.planning.record import after_refresh, inputs_only
from zec_pulumi.program import urns
from zec_pulumi.program.rollout import Rollout
from zec_pulumi.rebuild.validation import instance_not_found
from zec_pulumi.settings.options import gates_from_program

if TYPE_CHECKING:
    from zec_pulumi.api import Instance
    from zec_pulumi.messages.fleet import Outlook
    from zec_pulumi.operations.context import Call, Process
    from zec_pulumi.planning.gates import GateSettings


class _Order(Model):
    urn: str
    canaries: tuple[str, ...]
    others: tuple[str, ...]
    at_once: int
    places: int | None = None
    ignored: frozenset[str] = frozenset()


class _Members(Model):
    """``records`` are outputs by URN, None when the stack's state could not be read; ``error`` says why."""

    wanted: dict[str, dict[str, Any]] = Field(repr=False)
    records: dict[str, dict[str, Any]] | None = Field(default=None, repr=False)
    error: str | None = None


def check(
    process: Process,
    call: Call,
    order: str,
    members: str | None,
    *,
    settings: str | None = None,
    refreshed: bool = False,
) -> list[str]:
    """Return what is wrong with the instances of a fleet; nothing in a preview, which checks each by itself.

    Args:
        process: What this process shares.
        call: The engine's call.
        order: The fleet's URN and order, as JSON.
        members: What is wanted and recorded of its instances, as JSON; None in a preview.
        settings: The stack's own ``zec:`` configuration as the program sends it, as in :func:`check.check`.
        refreshed: Whether the engine has refreshed the fleet's plan in this command; another process may have done it.

    Raises:
        ZecError: the API or the journal cannot be read.
    """
    fleet = _Order.model_validate_json(order)
    row = call.on_row(fleet.urn)
    process.fleets.announce(fleet.urn, row, Rollout(fleet.canaries, fleet.others, fleet.at_once, fleet.places))
    if members is None:
        return []
    known = _Members.model_validate_json(members)
    if known.records is None:
        row.warn(
            f"the stack's own record cannot be read ({known.error}), so before the first machine is touched only"
            " inputs and instances are checked; the rest is checked when each machine comes"
        )
    gates = strictest(process.options.gates, gates_from_program(settings))
    follows = refreshed or process.refreshed
    return _FleetAssessment(process, fleet, known.wanted, known.records, follows, gates).findings()


@dataclass(frozen=True)
class _FleetAssessment:
    """``wanted`` are inputs by name, ``gates`` the stack's; ``records`` are outputs by URN, None when not known.

    ``follows`` says that the engine has refreshed since the records were written.
    """

    process: Process
    fleet: _Order
    wanted: dict[str, dict[str, Any]] = field(repr=False)
    records: dict[str, dict[str, Any]] | None = field(repr=False)
    follows: bool
    gates: GateSettings

    def findings(self) -> list[str]:
        """Return why machines are refused, each with its name.

        Raises:
            ZecError: the API or the journal cannot be read.
        """
        outlooks, findings = {}, []
        for name, inputs in self.wanted.items():
            try:
                found = self._assess(urns.member_urn(self.fleet.urn, name), inputs)
            except ZecError as error:
                raise ZecError(f"{name}: {error}; nothing of the fleet was touched") from error
            if isinstance(found, list):
                findings += [f"{name}: {text}" for text in found]
            else:
                outlooks[urns.member_urn(self.fleet.urn, name)] = found
        if not findings:
            for urn, one in outlooks.items():
                self.process.fleets.planned(urn, one)
        return findings

    def _assess(self, urn: str, inputs: dict[str, Any]) -> list[str] | Outlook:
        """Return why the machine is refused, or else what is planned for it."""
        record = self._held((self.records or {}).get(urn))
        ignored = self.fleet.ignored if record else frozenset()
        kept = inputs_only({key: value for key, value in record.items() if {key, "*"} & ignored})
        given = {key: value for key, value in inputs.items() if not {key, "*"} & ignored}
        try:
            wanted = parse_wanted({**given, **kept})
        except ValidationError as error:
            return type_findings(error)
        findings = input_findings(wanted, backup_by_stack=self.gates.backup)
        instance_id = wanted.instance_id
        if findings or instance_id is None:
            return findings
        duplicate = self.process.declared.declare(instance_id, urn)
        if duplicate:
            return [duplicate]
        live = self.process.reader.instance_cached(instance_id)
        if live is None:
            return [instance_not_found(instance_id, self.process.reader)]
        if self.records is None:
            return []
        assessments = [self._assessment(urn, wanted, before, live) for before in self._records(urn, instance_id)]
        kindest = min(assessments, key=lambda assessment: bool(assessment.refusals))
        return kindest.refusals or outlook(kindest, record)

    def _records(self, urn: str, instance_id: str) -> list[dict[str, Any]]:
        """Return the records that the engine may find for a machine, an empty one where it finds none.

        By an alias it finds one under another URN. Whether there is an alias is not known here.
        """
        records = self.records or {}
        recorded = records.get(urn)
        if recorded is not None:
            return [self._held(recorded) if recorded.get("instanceId") == instance_id else {}]
        return [{}, *(self._held(one) for one in records.values() if one.get("instanceId") == instance_id)]

    def _held(self, recorded: dict[str, Any] | None) -> dict[str, Any]:
        """Return a record as the engine holds it; empty where there is none, or a refresh dropped it."""
        if not recorded or not self.follows or "attempt" in recorded or "instanceId" not in recorded:
            return recorded or {}
        live = self.process.reader.instance_cached(recorded["instanceId"])
        return after_refresh(recorded, inputs_only(recorded), live, None) if live else {}

    def _assessment(self, urn: str, wanted: Wanted, before: dict[str, Any], live: Instance) -> Assessment:
        recorded = parse_recorded(before) if before else Recorded()
        return Case(self.process, urn, wanted, recorded, before, live, self.gates, dry_run=False).assess()
