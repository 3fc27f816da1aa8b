"""Plays a life: preview, report, up and a second up of each program, and what the ledger says of them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from programs.preview import document
from tests.support.points import Disturbance, kill
from tests.support.world import WEB, World
from zec_pulumi.cli.report import Action, Approval, FailOn, Report, read, report_of
from zec_pulumi.messages.quoting import MASK
from zec_pulumi.planning.approval import digest_of
from zec_pulumi.planning.causes import READABLE, as_text

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Mapping

    from programs.program import Gates, Program
    from programs.written import Life, Round
    from tests.support.stack import Outcome, Stack

SHOWN = {
    "imageId": "imageId",
    "keyId": "keyId",
    "timezone": "timeZone",
    "enableAgent": "enableAgent",
    "instanceName": "instanceName",
}
"""What the cloud calls the causes that a machine shows."""

_SETTLED = frozenset({"RUNNING", "STOPPED", "REINSTALL_FAILED"})
_APPROVED = re.compile(r"approved by (\S+)")


@dataclass
class Shown:
    """What a preview announced: the report's exit status and its row of the machine."""

    report: Report
    code: int
    end: str

    @property
    def action(self) -> Action:
        """What the row says that ``up`` does."""
        return self.report.rows[0].action if self.report.rows else Action.NONE


@dataclass
class Player:
    """One life in one world."""

    life: Life
    tally: Counter[str]
    runs: int = 0
    kept: list[str] = field(default_factory=list)
    used: list[str] = field(default_factory=list)

    def play(self) -> None:
        """Play it.

        Raises:
            ClaimBrokenError: a claim does not hold.
        """
        with World("DEPLOYING", self.tally) as self.world:
            self.tally["lives"] += 1
            self.stack, self.other = self.world.stacks
            if self.life.found:
                self._by_hand(self.life.found)
            program = self.life.program
            for number, one in enumerate(self.life.rounds):
                program = program.changed(one.changes, one.ignored) if number else program
                self._round(program, one)

    def _round(self, program: Program, one: Round) -> None:
        if one.drift and self.runs:
            self._by_hand(one.drift)
        self._before(one.first)
        self.tally["programs"] += 1
        tokens = self._tokens(program, one) if one.gates.approval else {}
        shown = self._preview(self.stack, program, one.gates, tokens)
        outcome, wiped = self._announced_up(shown, program, one.gates, tokens, one.struck)
        resets = self._resets()
        if one.struck and (outcome.end == "killed" or self.stack.halt):
            shown = self._preview(self.stack, program, one.gates, tokens)
            outcome, again = self._announced_up(shown, program, one.gates, tokens, None)
            if wiped and again:
                self.world.breaks(f"1: a second reset after {one.struck}: {outcome}")
            resets = self._resets()
        self._again(program, one.gates, tokens, outcome, resets)

    def _announced_up(
        self, shown: Shown, program: Program, gates: Gates, tokens: Mapping[str, str], struck: str | None
    ) -> tuple[Outcome, bool]:
        """Run up, hold it against what was shown, and return how it ended and whether the machine was wiped."""
        self.tally[f"report {shown.code}"] += 1
        self.tally[f"row {shown.action.value}"] += 1
        before, approved = self._machine(), {digest_of(one) for one in tokens.get("zec:approvedRebuilds", "").split()}
        if struck:
            what, _, where = struck.partition(" ")
            self.world.points.armed = Disturbance(where, 1, kill if what == "killed" else self.stack.told_to_stop)
        outcome = self._up(program, gates, tokens)
        self.world.points.armed = None
        return outcome, self._judge(shown, program, gates, before, outcome, approved)

    def _before(self, first: str | None) -> None:
        if first == "refresh":
            self.stack.refresh()
        elif first == "destroy":
            self.stack.destroy()
        elif first == "rename":
            self.stack.generation += 1
            self.stack.outputs, self.stack.inputs = {}, {}

    def _tokens(self, program: Program, one: Round) -> dict[str, str]:
        """Return the setting of the approved tokens, empty for none."""
        asked = self._preview(self.stack, program, one.gates, {}).report.tokens
        chosen: dict[str, list[str]] = {
            "none": [],
            "shown": asked,
            "shown and kept": asked + self.kept,
            "kept": [token for token in self.kept if token not in asked],
            "used": self.used,
            "foreign": self._preview(self.other, program, one.gates, {}).report.tokens
            if one.tokens == "foreign"
            else [],
            "masked": [token.replace("dev", MASK).replace(WEB, MASK) for token in asked],
        }
        if one.tokens == "foreign":
            chosen["foreign"] = self._preview(self.other, program, one.gates, {}).report.tokens
        self.kept += asked
        return {"zec:approvedRebuilds": " ".join(chosen[one.tokens])} if chosen[one.tokens] else {}

    def _preview(self, stack: Stack, program: Program, gates: Gates, tokens: Mapping[str, str]) -> Shown:
        sent = self._prepare(stack, program, gates, tokens, dry_run=True)
        mutations = self.world.judge.mutations_sent()
        outcome = stack.preview(sent)
        self.world.judge.sent_nothing(mutations, "preview")
        if "a defect in" in outcome.text:
            self.world.breaks(f"5: {outcome.text}")
        content = document(stack, {"instanceId": WEB, **sent}, outcome, gates.of_stack(tokens), gates.masked or "")
        report = report_of(read(content))
        return Shown(report, report.exit_code(FailOn.UNAPPROVED), outcome.end)

    def _up(self, program: Program, gates: Gates, tokens: Mapping[str, str]) -> Outcome:
        outcome = self.stack.up(self._prepare(self.stack, program, gates, tokens, dry_run=False))
        if "a defect in" in outcome.text:
            self.world.breaks(f"5: {outcome.text}")
        self.world.judge.nothing_broken()
        return outcome

    def _prepare(
        self, stack: Stack, program: Program, gates: Gates, tokens: Mapping[str, str], *, dry_run: bool
    ) -> dict[str, Any]:
        """Configure the stack for one run of the program; return the inputs that ``check`` gets."""
        self.runs += 1
        stack.settings = gates.of_stack(tokens) if gates.sent else None
        stack.configured, stack.secrets = gates.of_provider(tokens), program.secrets
        return program.sent(self.runs, stack.inputs, dry_run=dry_run)

    def _judge(
        self,
        shown: Shown,
        program: Program,
        gates: Gates,
        before: Mapping[str, Any],
        outcome: Outcome,
        approved: set[str | None],
    ) -> bool:
        """Say whether the machine was wiped, after the claims about it."""
        wiped = bool(self._resets() > before["resets"])
        self.tally["resets"] += wiped
        self.tally[f"up {outcome.end}"] += 1
        if wiped and outcome.end == "failed" and not self.stack.halt:
            self.world.breaks(f"5: a reset without faults did not succeed: {outcome.text}")
        announced = shown.action in (Action.REBUILD, Action.UNDECIDED)
        if wiped and (not announced or shown.end != "succeeded"):
            self.world.breaks(f"announced: a wipe that the row calls {shown.action}: {shown}, {outcome}")
        if wiped and shown.code == 0:
            self._approved(shown, gates, approved)
        if wiped:
            self._gates_held(program, gates, outcome, approved)
        settled = before["status"] in _SETTLED
        row = shown.report.rows[0] if shown.report.rows else None
        sure = row and row.action is Action.REBUILD and not row.undecided and program.knows_all
        if row and sure and settled and outcome.end == "succeeded":
            passes = row.approval in (Approval.UNGATED, Approval.APPROVED) and shown.code != 1
            if passes and not wiped:
                self.world.breaks(f"a wipe that was announced did not happen: {shown}")
            if wiped:
                self._causes(row.causes, before, gates.masked or "")
        return wiped

    def _approved(self, shown: Shown, gates: Gates, approved: set[str | None]) -> None:
        row = shown.report.rows[0]
        token = digest_of(row.token) if row.token else None
        if not gates.approval or row.approval is not Approval.APPROVED or (token and token not in approved):
            self.world.breaks(f"announced: a wipe, and the report ended with 0: {shown}")
        self.tally["approved resets"] += 1

    def _gates_held(self, program: Program, gates: Gates, outcome: Outcome, approved: set[str | None]) -> None:
        protected = self.stack.program.get("rebuildProtection")
        if gates.closed or protected:
            self.world.breaks(f"gates: a reset behind a closed gate: {gates} {program}")
        said = [found[1] for line in outcome.lines if (found := _APPROVED.search(line))]
        if not gates.approval:
            return
        digests = {digest_of(token) for token in said}
        if not digests or not digests <= approved:
            self.world.breaks(f"gates: a reset that nobody approved: {said}")
        if digests & {digest_of(token) for token in self.used}:
            self.world.breaks(f"gates: an approval let a second reset through: {said}")
        self.used += said

    def _causes(self, causes: Any, before: Mapping[str, Any], masked: str) -> None:
        """What the row said changes on the machine is what has changed there."""
        after = self._machine()
        changed = {
            (name, *(MASK if masked and one[name] == masked else as_text(one[name]) for one in (before, after)))
            for name in READABLE
            if before[name] != after[name]
        }
        told = {(cause.trigger, cause.old, cause.new) for cause in causes if cause.trigger in READABLE}
        # A failed machine is rebuilt for what the program changed, though it shows it.
        if told != changed and not (before["status"] == "REINSTALL_FAILED" and changed <= told):
            self.world.breaks(f"causes: the row said {told}, and the machine changed by {changed}")

    def _again(self, program: Program, gates: Gates, tokens: Mapping[str, str], outcome: Outcome, resets: int) -> None:
        """Claim 4: another up sends nothing and changes nothing, and its preview is quiet."""
        mutations = self.world.judge.mutations_sent()
        second = self._up(program, gates, tokens)
        if self._resets() > resets:
            self.world.breaks(f"4: a second up wiped: {outcome} {second}")
        if outcome.end == "failed":
            self.tally["refused"] += 1
            return
        if self.world.judge.mutations_sent() != mutations or second.changes or second.end != "succeeded":
            self.world.breaks(f"4: a second up is not idle: {second}")
        self.tally["idle second ups"] += 1
        if not program.knows_all:
            return
        shown = self._preview(self.stack, program, gates, tokens)
        if shown.code != 0 or shown.action is not Action.NONE:
            self.world.breaks(f"4: a preview of what is done is not quiet: {shown}")

    def _by_hand(self, fields: Mapping[str, Any]) -> None:
        self.world.by_hand(**fields)

    def _resets(self) -> int:
        return self.world.resets()

    def _machine(self) -> dict[str, Any]:
        machine = self.world.machine
        shown = {name: machine[field] for name, field in SHOWN.items()}
        return {
            **shown,
            "enableAgent": bool(shown["enableAgent"]),
            "status": machine["status"],
            "resets": self._resets(),
        }
