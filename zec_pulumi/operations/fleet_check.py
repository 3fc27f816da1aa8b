"""Judges a whole fleet before any of its machines is touched, as each machine is judged by itself.

The engine checks a machine only when those before it are done. So in ``up`` a fleet's plan, on which all of them
depend, is judged with what the program wants of each and what the stack's state held when ``up`` began.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pulumi.dynamic import CheckFailure, CheckResult
from pydantic import Field, ValidationError

from zec_pulumi import engine
from zec_pulumi.api import Instance, ZecError
from zec_pulumi.fleet_provider import FLEET_KEY, MEMBERS_KEY
from zec_pulumi.operations import context as session
from zec_pulumi.operations import refreshed
from zec_pulumi.operations.assess import Case, Verdict
from zec_pulumi.operations.claims import claims
from zec_pulumi.operations.error_boundary import answering
from zec_pulumi.operations.fleet_progress import fleets
from zec_pulumi.operations.preview import not_found, outlook
from zec_pulumi.planning.input_rules import input_findings
from zec_pulumi.planning.inputs import Model, Recorded, Wanted, parse_recorded, parse_wanted, type_findings
from zec_pulumi.planning.record import inputs_only
from zec_pulumi.program import urns
from zec_pulumi.program.rollout import Rollout

if TYPE_CHECKING:
    from zec_pulumi.messages.fleet import Outlook


class _Order(Model):
    urn: str
    canaries: tuple[str, ...]
    others: tuple[str, ...]
    at_once: int
    ignored: frozenset[str] = frozenset()


class _Asked(Model):
    """``records`` are outputs by URN, None when the stack's state could not be read; ``error`` says why."""

    wanted: dict[str, dict[str, Any]] = Field(repr=False)
    records: dict[str, dict[str, Any]] | None = Field(default=None, repr=False)
    error: str | None = None


def check(news: dict[str, Any]) -> CheckResult:
    """Return what is wrong with the machines of a fleet; in a preview nothing is, each is checked by itself there."""
    with answering("Check"):
        order, asked = news.get(FLEET_KEY), news.get(MEMBERS_KEY)
        if not isinstance(order, str):
            return CheckResult({}, [])
        fleet = _Order.model_validate_json(order)
        row = engine.Call(fleet.urn, None, {})
        fleets.announce(fleet.urn, row, Rollout(fleet.canaries, fleet.others, fleet.at_once))
        if not isinstance(asked, str):
            return CheckResult({}, [])
        known = _Asked.model_validate_json(asked)
        if known.records is None:
            row.warn(
                f"the stack's own record cannot be read ({known.error}), so before the first machine is touched only"
                " inputs and instances are checked; the rest is when a machine's turn comes"
            )
        records = None if known.records is None else refreshed.over(known.records)
        return CheckResult({}, [CheckFailure("", text) for text in _Judge(fleet, known.wanted, records).findings()])


@dataclass(frozen=True)
class _Judge:
    """``wanted`` are inputs by name, ``records`` outputs by URN, None when they are not known."""

    fleet: _Order
    wanted: dict[str, dict[str, Any]] = field(repr=False)
    records: dict[str, dict[str, Any]] | None = field(repr=False)

    def findings(self) -> list[str]:
        """Return why machines are refused, each with its name.

        Raises:
            ZecError: the API or the journal cannot be read.
        """
        outlooks, findings = {}, []
        for name, inputs in self.wanted.items():
            try:
                found = self._judged(urns.member_urn(self.fleet.urn, name), inputs)
            except ZecError as error:
                raise ZecError(f"{name}: {error}; nothing of the fleet was touched") from error
            if isinstance(found, list):
                findings += [f"{name}: {text}" for text in found]
            else:
                outlooks[urns.member_urn(self.fleet.urn, name)] = found
        if not findings:
            for urn, one in outlooks.items():
                fleets.judged(urn, one)
        return findings

    def _judged(self, urn: str, inputs: dict[str, Any]) -> list[str] | Outlook:
        """Return why the machine is refused, or else what is planned for it."""
        record = (self.records or {}).get(urn)
        ignored = self.fleet.ignored if record else frozenset()
        kept = inputs_only({key: value for key, value in (record or {}).items() if {key, "*"} & ignored})
        given = {key: value for key, value in inputs.items() if not {key, "*"} & ignored}
        try:
            wanted = parse_wanted({**given, **kept})
        except ValidationError as error:
            return type_findings(error)
        findings = input_findings(wanted)
        instance_id = wanted.instance_id
        if findings or instance_id is None:
            return findings
        claimed = claims.claim(instance_id, urn)
        if claimed:
            return [claimed]
        live = session.current().reader.glimpse(instance_id)
        if live is None:
            return [not_found(instance_id)]
        if self.records is None:
            return []
        verdicts = [_verdict(urn, wanted, before, live) for before in self._records(urn, instance_id)]
        kindest = min(verdicts, key=lambda verdict: bool(verdict.refusals))
        return kindest.refusals or outlook(kindest, record or {})

    def _records(self, urn: str, instance_id: str) -> list[dict[str, Any]]:
        """Return the records that the engine may find for a machine, an empty one where it finds none.

        By an alias it finds one under another URN. Whether there is an alias is not known here.
        """
        records = self.records or {}
        recorded = records.get(urn)
        if recorded is not None:
            return [recorded if recorded.get("instanceId") == instance_id else {}]
        return [{}, *(one for one in records.values() if one.get("instanceId") == instance_id)]


def _verdict(urn: str, wanted: Wanted, before: dict[str, Any], live: Instance) -> Verdict:
    recorded = parse_recorded(before) if before else Recorded()
    return Case(urn, wanted, recorded, before, live, dry_run=False).judge()
