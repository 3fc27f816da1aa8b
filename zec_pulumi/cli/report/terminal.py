"""The report for a terminal: blocks that fit any width, with ids and tokens never cut."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zec_pulumi.cli import layout
from zec_pulumi.cli.layout import ALARM, CARE, COMMAND, FINE, QUIET, STRONG, Paragraph
from zec_pulumi.cli.report import report_text
from zec_pulumi.cli.report.model import Action, Approval, FailOn, MachineRow, Report

if TYPE_CHECKING:
    from collections.abc import Iterator

MIN_WIDTH = 40
_EMPTY = Paragraph("")
_COLOURS = {
    Approval.UNGATED: ALARM,
    Approval.UNPROVEN: ALARM,
    Approval.NEEDED: CARE,
    Approval.REFUSED: CARE,
    Approval.APPROVED: FINE,
}


def render(report: Report, width: int) -> list[layout.Line]:
    """Return the lines with their styles, wrapped to ``width`` cells between words."""
    return list(layout.paragraphs(_paragraphs(report), max(width, MIN_WIDTH)))


def show(report: Report) -> None:
    """Write the report to standard output."""
    layout.show(render(report, layout.terminal_width()))


def _paragraphs(report: Report) -> Iterator[Paragraph]:
    rebuilds = report.of(Action.REBUILD)
    bad = report.exit_code(FailOn.UNAPPROVED)
    yield Paragraph(f"{report_text.place(report)}: {report_text.headline(report)}", ALARM if bad else FINE)
    for fleet in report.fleets:
        yield Paragraph(report_text.fleet(fleet), indent=2)
    if report.pace:
        yield Paragraph(report_text.pace(report), indent=2)
    for failure in report.failures:
        label = f"{report_text.label(failure)}: " if failure.resource else ""
        yield Paragraph(f"failed: {label}{failure.text}", ALARM, indent=2)
    if rebuilds:
        yield from (_EMPTY, Paragraph("To be rebuilt", ALARM), Paragraph(report_text.WIPED))
        for row in rebuilds:
            yield from _rebuild(row)
    for action, title in report_text.TITLES.items():
        rows = report.of(action)
        if rows:
            yield from (_EMPTY, Paragraph(title, CARE if action is Action.UNDECIDED else FINE))
        for row in rows:
            yield from _other(row)
    yield from _end(report)


def _rebuild(row: MachineRow) -> Iterator[Paragraph]:
    disk = f", {row.disk_gib} GiB" if row.disk_gib is not None else ""
    style = _COLOURS[row.approval or Approval.UNGATED]
    yield Paragraph(f"{_machine(row)}{disk}, resource {report_text.label(row)}", STRONG, indent=2)
    for found in row.causes:
        yield Paragraph(report_text.cause(found, row.names), indent=4)
    if row.undecided:
        yield Paragraph(f"not known yet: {', '.join(row.undecided)}", indent=4)
    yield Paragraph(report_text.approval(row), style, indent=4)
    if row.token and row.approval is not Approval.APPROVED:
        yield Paragraph(f"token {row.token}", style, indent=4)
    yield from _notes(row)


def _other(row: MachineRow) -> Iterator[Paragraph]:
    detail = report_text.detail(row)
    text = f"{_machine(row)}, resource {report_text.label(row)}"
    yield Paragraph(f"{text}: {detail}" if detail else text, indent=2)
    yield from _notes(row)


def _notes(row: MachineRow) -> Iterator[Paragraph]:
    if row.action is Action.REBUILD and row.forgets:
        yield Paragraph(f"the stack forgets {row.forgets}, which is not touched", indent=4)
    for note in row.notes:
        yield Paragraph(f"note: {note}", CARE, indent=4)


def _machine(row: MachineRow) -> str:
    shown = row.instance_id or "instance not known here"
    return f"{shown} ({row.instance_name})" if row.instance_name else shown


def _end(report: Report) -> Iterator[Paragraph]:
    for text in (report_text.unread(report), report_text.others(report)):
        if text:
            yield from (_EMPTY, Paragraph(text, QUIET))
    if report.tokens:
        yield from (
            _EMPTY,
            Paragraph(report_text.HOW_TO_APPROVE),
            Paragraph(report_text.approve_command(report), COMMAND, indent=2, whole=True),
        )
