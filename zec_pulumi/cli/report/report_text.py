"""The sentences that the report shows alike in a terminal and in Markdown."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from zec_pulumi.cli.report.model import Action, Approval, MachineRow, Report
from zec_pulumi.messages.places import REBUILDS
from zec_pulumi.messages.plan import CONSEQUENCES
from zec_pulumi.text import printable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from zec_pulumi.cli.report.model import Failure, FleetLine
    from zec_pulumi.planning.causes import Cause

WIPED = f"A rebuild wipes a machine's boot disk: {CONSEQUENCES}."

HOW_TO_APPROVE = "To approve all that wait (leave out what you do not approve; what is approved already stays in):"

APPROVALS: Mapping[Approval, str] = {
    Approval.UNGATED: "will be wiped by up: this stack requires no approval",
    Approval.UNPROVEN: "not approved, and may be wiped by up",
    Approval.NEEDED: "waits for approval: up refuses it until then",
    Approval.REFUSED: "a gate refuses it in up",
    Approval.APPROVED: "approved",
}

TITLES: Mapping[Action, str] = {
    Action.UNDECIDED: "Undecided, may be wiped",
    Action.JOIN: "Joined: up waits for a rebuild that was started",
    Action.ADOPT: "Adopted as they are",
    Action.CHANGE: "Changed in place",
    Action.FORGET: "Forgotten by the stack, not touched",
    Action.RECORD: "Only recorded, not touched",
    Action.NONE: "Unchanged, with a warning",
}
"""The headings of everything but rebuilds, the worst first."""

_COUNTS = {
    Approval.UNGATED: "not approved",
    Approval.UNPROVEN: "not proven to be approved",
    Approval.NEEDED: "waiting for approval",
    Approval.REFUSED: "refused by a gate",
    Approval.APPROVED: "approved",
}


def headline(report: Report) -> str:
    """Return the counts that matter on one line, the worst first."""
    rebuilds = len(report.of(Action.REBUILD))
    counts = [f"{len(found)} {word}" for kind, word in _COUNTS.items() if (found := report.rebuilds(kind))]
    parts = [f"{count(rebuilds, 'boot disk')} to wipe ({', '.join(counts)})"] if rebuilds else []
    undecided = len(report.of(Action.UNDECIDED))
    if undecided:
        parts.append(f"{count(undecided, 'machine')} undecided, may be wiped")
    if report.failures:
        parts.insert(0, "the preview failed or cannot be read in full")
    return "; ".join(parts) or "no boot disk is wiped"


def fleet(found: FleetLine) -> str:
    """Return the summary of a fleet's machines."""
    return f"fleet {label(found)}: {found.detail}"


def pace(report: Report) -> str:
    """Return how fast the rebuilds go, empty where none waits for a place of the engine's."""
    return f"{REBUILDS}{report.pace}" if report.pace else ""


def label(found: MachineRow | FleetLine | Failure) -> str:
    """Return a resource's name with those of the components that hold it in front: ``site-a/web``."""
    return "/".join((*found.parents, found.resource or ""))


def count(number: int, noun: str) -> str:
    """Return ``1 machine``, ``2 machines``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def place(report: Report) -> str:
    """Return project and stack."""
    return f"{report.project}/{report.stack}" if report.stack else "no stack"


def cause(found: Cause, names: Mapping[str, str]) -> str:
    """Return one cause for people; ``names`` are those of ids."""
    if found.trigger == "adopt":
        return 'adopt is "never"'
    if found.old is None and found.new is None:
        return f"{found.trigger} {found.change}"
    change = f"{found.trigger} {_value(found.old, names)} → {_value(found.new, names)}"
    return f"{change} (drift: it was changed outside Pulumi, and goes back)" if found.drift else change


def approval(row: MachineRow) -> str:
    """Return whether a rebuild may happen, and which gates refuse it."""
    word = APPROVALS[row.approval or Approval.UNGATED]
    if row.approval is Approval.REFUSED:
        return f"refused in up by {', '.join(gate.name for gate in row.gates) or 'a gate'}"
    if row.approval is Approval.NEEDED and row.token is None:
        return f"{word}, and names the token"
    return word


def detail(row: MachineRow) -> str:
    """Return what happens to a machine that is not rebuilt."""
    usual = {Action.FORGET: "the machine is not touched", Action.RECORD: "no trigger changed"}
    text = row.detail or usual.get(row.action, "")
    return f"{text}; the stack forgets {row.forgets}, which is not touched" if row.forgets else text


def others(report: Report) -> str:
    """Return the count of other resources' steps, empty when there are none."""
    counts = ", ".join(f"{number} {operation}" for operation, number in report.others.items())
    return f"Other resources: {counts}." if counts else ""


def unread(report: Report) -> str:
    """Return the sentence about live checks, empty when they were made."""
    if not report.unread:
        return ""
    return (
        f"Live checks were not made for {count(report.unread, 'machine')}: the preview had no Zenlayer credentials."
        " Disk sizes, names and tokens may be missing."
    )


def approve_command(report: Report, tokens: Sequence[str] | None = None) -> str:
    """Return the command that approves ``tokens`` (None: all that wait) and keeps what other rebuilds here need."""
    chosen = report.tokens if tokens is None else tokens
    value = shlex.quote(",".join([*report.kept_tokens, *chosen]))
    return printable(f"pulumi config set --stack {shlex.quote(report.stack or '')} zec:approvedRebuilds {value}")


def _value(value: str | None, names: Mapping[str, str]) -> str:
    if value is None:
        return "none"
    return f"{value} ({names[value]})" if value in names else value
