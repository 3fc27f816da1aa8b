"""The engine's ``check`` and ``diff``: wrong inputs are refused, and the row says what ``up`` will do.

New resources are judged in ``check``, because the engine does not diff them; existing ones in ``diff``, because only
``diff`` knows what is recorded. The engine also diffs while it refreshes: then nothing is said and nothing is read.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from pulumi.dynamic import CheckFailure, CheckResult, DiffResult
from pydantic import ValidationError

from zec_pulumi.api import Instance, MissingCredentialsError, ZecError
from zec_pulumi.engine import PROVIDER_KEY, Call
from zec_pulumi.messages.fleet import Outlook
from zec_pulumi.messages.plan import NO_LIVE_CHECKS
from zec_pulumi.operations import context as session
from zec_pulumi.operations.assess import Case, Verdict
from zec_pulumi.operations.claims import claims
from zec_pulumi.operations.error_boundary import answering
from zec_pulumi.operations.fleet_progress import fleets
from zec_pulumi.planning.input_rules import input_findings
from zec_pulumi.planning.inputs import DRY_RUN_KEY, Recorded, Wanted, parse_recorded, parse_wanted, type_findings
from zec_pulumi.planning.plan import Kind
from zec_pulumi.planning.record import inputs_only, last_rebuild_seconds

if TYPE_CHECKING:
    from collections.abc import Mapping


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
        claimed = claims.claim(wanted.instance_id, call.urn) if wanted.instance_id else None
        findings += [claimed] if claimed else []
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
        verdict = Case(call.urn, wanted, recorded, olds, _live(call, wanted, dry_run=dry_run), dry_run).judge()
        _show(call, verdict)
        if dry_run:
            fleets.judged(call.urn, outlook(verdict, olds))
        if verdict.refusals:
            call.fail("\n".join(verdict.refusals))
        return DiffResult(changes=changed or verdict.plan.kind is not Kind.NONE)


def _judge_new(call: Call, wanted: Wanted, *, dry_run: bool) -> list[str]:
    """Say what creating the resource will do; return why it is refused."""
    try:
        verdict = Case(call.urn, wanted, Recorded(), {}, _live(call, wanted, dry_run=dry_run), dry_run).judge()
    except ZecError as error:
        return [str(error)]
    _show(call, verdict)
    if dry_run:
        fleets.judged(call.urn, outlook(verdict, {}))
    return verdict.refusals


def outlook(verdict: Verdict, before: Mapping[str, Any]) -> Outlook:
    """Return what a fleet needs to know of the verdict on one of its machines, ``before`` its recorded outputs."""
    plan = verdict.plan
    return Outlook(
        plan.kind, undecided=bool(plan.undecided), closed=bool(verdict.errors), took=last_rebuild_seconds(before)
    )


def not_found(instance_id: str) -> str:
    """Return what to tell when an instance does not exist."""
    return (
        f"instance_id: instance {instance_id} was not found in this account. If it was released, run"
        " pulumi refresh to drop it from the state; else correct the id or the credentials"
    )


def _show(call: Call, verdict: Verdict) -> None:
    for text in verdict.infos:
        call.info(text)
    for text in verdict.warnings:
        call.warn(text)
    for text in verdict.errors:
        call.error(text)


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
        call.warn(f"{NO_LIVE_CHECKS}{error}")
        return None
    live = reader.glimpse(wanted.instance_id)
    if live is None:
        raise ZecError(not_found(wanted.instance_id))
    return live


def _inputs_differ(call: Call, wanted: Wanted, olds: dict[str, Any]) -> bool:
    """Whether the program's inputs differ from the recorded ones; the engine's own comparison includes the provider."""
    recorded = call.old_inputs or {key: olds[key] for key in inputs_only(wanted.given()) if key in olds}
    return wanted.given() != parse_wanted(inputs_only(recorded)).given() or bool(wanted.unknown)


def _refused(inputs: dict[str, Any], findings: list[str]) -> CheckResult:
    # The engine prints a failing property's raw value, secrets included: so no property is named to it.
    return CheckResult(inputs, [CheckFailure("", finding) for finding in findings])
