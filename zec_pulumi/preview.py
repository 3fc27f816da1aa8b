"""The engine's ``check`` and ``diff``: wrong inputs are refused, and the row says what ``up`` will do.

New resources are judged in ``check``, because the engine does not diff them; existing ones in ``diff``, because only
``diff`` knows what is recorded. The engine also diffs while it refreshes: then nothing is said and nothing is read.
"""

from __future__ import annotations

import threading
from typing import Any

from pulumi.dynamic import CheckFailure, CheckResult, DiffResult
from pydantic import ValidationError

from zec_pulumi import gates, recovery, sentences, session
from zec_pulumi.answering import answering
from zec_pulumi.api import Instance, MissingCredentialsError, ZecError
from zec_pulumi.engine import PROVIDER_KEY, Call
from zec_pulumi.inputs import DRY_RUN_KEY, Recorded, Wanted, parse_recorded, parse_wanted, type_findings
from zec_pulumi.plan import Kind, Plan, plan_create, plan_update
from zec_pulumi.preflight import check_password_in_place, check_rebuild
from zec_pulumi.record import inputs_only
from zec_pulumi.rules import input_findings

_PREFLIGHT_INPUTS = frozenset({"imageId", "keyId", "password", "timezone", "enableAgent"})


class _Dry:
    """Which resources were checked and not diffed yet, and whether that was in a preview."""

    def __init__(self) -> None:
        self._checked: dict[str, bool] = {}
        self._lock = threading.Lock()

    def checked(self, urn: str, *, dry_run: bool) -> None:
        with self._lock:
            self._checked[urn] = dry_run

    def take(self, urn: str) -> bool | None:
        """Return whether the check was in a preview; None when there was none: the engine refreshes."""
        with self._lock:
            return self._checked.pop(urn, None)


_dry = _Dry()


def check(olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
    """Return the inputs to record, or everything that is wrong with them."""
    with answering("Check") as call:
        dry_run = bool(news.get(DRY_RUN_KEY))
        _dry.checked(call.urn, dry_run=dry_run)
        inputs = {key: value for key, value in news.items() if key not in (DRY_RUN_KEY, PROVIDER_KEY)}
        try:
            wanted = parse_wanted(inputs)
        except ValidationError as error:
            return _refused(inputs, type_findings(error))
        findings = input_findings(wanted)
        if not findings and not olds:
            findings = _judge_new(call, wanted, dry_run=dry_run)
        return _refused(inputs, findings)


def diff(olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
    """Return whether anything is to be done; existing machines are judged here."""
    with answering("Diff") as call:
        wanted, recorded = parse_wanted(news), parse_recorded(olds)
        if wanted.instance_id not in (None, recorded.instance_id):
            return DiffResult(changes=True, replaces=["instanceId"])
        changed = _inputs_differ(call, wanted, olds) or recorded.attempt is not None
        dry_run = _dry.take(call.urn)
        if dry_run is None:
            return DiffResult(changes=changed)
        live = _live(call, wanted, dry_run=dry_run)
        plan = plan_update(wanted, recorded, live)
        if live is not None:
            remembered = recovery.recall(session.current().journal, wanted, recorded, plan, olds, tidy=False)
            if remembered.question:
                _ask(call, remembered.question, dry_run=dry_run)
                return DiffResult(changes=True)
            if remembered.recorded:
                recorded = remembered.recorded
                plan = plan_update(wanted, recorded, live)
        if plan.refusal:
            call.fail(plan.refusal)
        findings = _live_findings(wanted, plan, live)
        if findings:
            call.fail("\n".join(findings))
        if plan.kind is Kind.JOIN:
            call.warn(sentences.join(recorded, live, session.current().clock.now() if live else 0.0))
        _say(call, wanted, plan, live, dry_run=dry_run)
        return DiffResult(changes=changed or plan.kind is not Kind.NONE)


def _ask(call: Call, question: str, *, dry_run: bool) -> None:
    """Put the journal's question on the row; up stops at it."""
    if not dry_run:
        call.fail(question)
    call.error(question)


def _judge_new(call: Call, wanted: Wanted, *, dry_run: bool) -> list[str]:
    """Say what creating the resource will do, or return why it is refused."""
    try:
        live = _live(call, wanted, dry_run=dry_run)
    except ZecError as error:
        return [str(error)]
    plan = plan_create(wanted, live)
    if plan.refusal:
        return [plan.refusal]
    try:
        findings = _live_findings(wanted, plan, live)
    except ZecError as error:
        return [str(error)]
    refusal = gates.refusal(wanted, plan)
    if refusal and not dry_run and not findings:
        findings = [refusal]
    if live is not None:
        remembered = recovery.recall(session.current().journal, wanted, Recorded(), plan, {}, tidy=False)
        if remembered.question:
            _ask(call, remembered.question, dry_run=dry_run)
            return findings
        if remembered.recorded:
            call.warn(sentences.join(remembered.recorded, live, session.current().clock.now()))
            return findings
    if not findings:
        _say(call, wanted, plan, live, dry_run=dry_run)
    return findings


def _live(call: Call, wanted: Wanted, *, dry_run: bool) -> Instance | None:
    """Return the machine; None in a preview without credentials, or while its id is not known.

    Raises:
        ZecError: it does not exist, or cannot be read.
    """
    if wanted.instance_id is None:
        return None
    try:
        reader = session.current().reader
    except MissingCredentialsError as error:
        if not dry_run:
            raise
        call.warn(f"live checks were not made: {error}")
        return None
    live = reader.instance(wanted.instance_id)
    if live is None:
        raise ZecError(
            f"instance_id: instance {wanted.instance_id} was not found in this account. If it was released, run"
            " pulumi refresh to drop it from the state; else correct the id or the credentials"
        )
    return live


def _live_findings(wanted: Wanted, plan: Plan, live: Instance | None) -> list[str]:
    """Return why the API would refuse what this plan sends; a plan that sends nothing validates nothing."""
    if live is None or wanted.unknown & _PREFLIGHT_INPUTS:
        return []
    if plan.kind is Kind.REBUILD:
        return list(check_rebuild(wanted, live, session.current().reader).findings)
    if "password" in plan.changes:
        return check_password_in_place(live)
    return []


def _say(call: Call, wanted: Wanted, plan: Plan, live: Instance | None, *, dry_run: bool) -> None:
    """Put the plan, its warnings and a closed gate on the row."""
    refusal = gates.refusal(wanted, plan)
    will = "will be wiped" if dry_run else "is wiped now"
    line = sentences.line(plan, live, wanted.instance_id, "would be wiped" if refusal else will)
    if line and (plan.kind is Kind.REBUILD or plan.undecided):
        call.warn(line)
    elif line:
        call.info(line)
    for note in plan.notes:
        call.warn(note)
    if refusal and dry_run:
        call.error(refusal)
    elif refusal:
        call.fail(refusal)


def _inputs_differ(call: Call, wanted: Wanted, olds: dict[str, Any]) -> bool:
    """Whether the program's inputs differ from the recorded ones; the engine's own comparison includes the provider."""
    recorded = call.old_inputs or {key: olds[key] for key in inputs_only(wanted.given()) if key in olds}
    return wanted.given() != parse_wanted(inputs_only(recorded)).given() or bool(wanted.unknown)


def _refused(inputs: dict[str, Any], findings: list[str]) -> CheckResult:
    # The engine prints a failing property's raw value, secrets included: so no property is named to it.
    return CheckResult(inputs, [CheckFailure("", finding) for finding in findings])
