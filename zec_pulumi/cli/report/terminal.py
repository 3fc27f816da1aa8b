"""The report for a terminal: blocks that fit any width, with ids and tokens never cut."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from zec_pulumi.cli.output import console, write_lines
from zec_pulumi.cli.report import report_text
from zec_pulumi.cli.report.model import Action, Approval, FailOn, MachineRow, Report
from zec_pulumi.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

MIN_WIDTH = 40
_ALARM, _CARE, _FINE, _QUIET = "bold red", "yellow", "green", "dim"
_COMMAND = "cyan"
_COLOURS = {
    Approval.UNGATED: _ALARM,
    Approval.UNPROVEN: _ALARM,
    Approval.NEEDED: _CARE,
    Approval.REFUSED: _CARE,
    Approval.APPROVED: _FINE,
}

Styled = tuple[str, str]


def render(report: Report, width: int) -> list[Styled]:
    """Return the lines with their styles, wrapped to ``width`` columns between words."""
    wrapped: list[Styled] = []
    for style, indent, text in _lines(report):
        space = " " * indent
        if style == _COMMAND:  # to be copied: the terminal itself breaks it
            wrapped.append((style, f"{space}{text}"))
            continue
        parts = textwrap.wrap(
            printable(text),
            max(width, MIN_WIDTH),
            initial_indent=space,
            subsequent_indent=f"{space}  " if indent else "",
            break_long_words=False,
            break_on_hyphens=False,
        )
        wrapped += [(style, part) for part in parts or [""]]
    return wrapped


def show(report: Report, width: int) -> None:
    """Write the report: in colour on a terminal where rich is installed, else as plain text."""
    lines = render(report, width)
    terminal = console()
    if terminal is None:
        write_lines(text for _, text in lines)
        return
    for style, text in lines:
        terminal.print(text, style=style or None, soft_wrap=True)


def _lines(report: Report) -> Iterator[tuple[str, int, str]]:
    rebuilds = report.of(Action.REBUILD)
    bad = report.exit_code(FailOn.UNAPPROVED)
    yield (_ALARM if bad else _FINE), 0, f"{report_text.place(report)}: {report_text.headline(report)}"
    for fleet in report.fleets:
        yield "", 2, report_text.fleet(fleet)
    if report.pace:
        yield "", 2, report_text.pace(report)
    for failure in report.failures:
        yield _ALARM, 2, f"failed: {f'{report_text.label(failure)}: ' if failure.resource else ''}{failure.text}"
    if rebuilds:
        yield from (("", 0, ""), (_ALARM, 0, "To be rebuilt"), ("", 0, report_text.WIPED))
        for row in rebuilds:
            yield from _rebuild(row)
    for action, title in report_text.TITLES.items():
        rows = report.of(action)
        if rows:
            yield from (("", 0, ""), (_CARE if action is Action.UNDECIDED else _FINE, 0, title))
        for row in rows:
            yield from _other(row)
    yield from _end(report)


def _rebuild(row: MachineRow) -> Iterator[tuple[str, int, str]]:
    disk = f", {row.disk_gib} GiB" if row.disk_gib is not None else ""
    style = _COLOURS[row.approval or Approval.UNGATED]
    yield "bold", 2, f"{_machine(row)}{disk}, resource {report_text.label(row)}"
    for found in row.causes:
        yield "", 4, report_text.cause(found, row.names)
    if row.undecided:
        yield "", 4, f"not known yet: {', '.join(row.undecided)}"
    yield style, 4, report_text.approval(row)
    if row.token and row.approval is not Approval.APPROVED:
        yield style, 4, f"token {row.token}"
    yield from _notes(row)


def _other(row: MachineRow) -> Iterator[tuple[str, int, str]]:
    detail = report_text.detail(row)
    yield "", 2, f"{_machine(row)}, resource {report_text.label(row)}{f': {detail}' if detail else ''}"
    yield from _notes(row)


def _notes(row: MachineRow) -> Iterator[tuple[str, int, str]]:
    if row.action is Action.REBUILD and row.forgets:
        yield "", 4, f"the stack forgets {row.forgets}, which is not touched"
    for note in row.notes:
        yield _CARE, 4, f"note: {note}"


def _machine(row: MachineRow) -> str:
    shown = row.instance_id or "instance not known here"
    return f"{shown} ({row.instance_name})" if row.instance_name else shown


def _end(report: Report) -> Iterator[tuple[str, int, str]]:
    for text in (report_text.unread(report), report_text.others(report)):
        if text:
            yield from (("", 0, ""), (_QUIET, 0, text))
    if report.tokens:
        yield from (
            ("", 0, ""),
            ("", 0, report_text.HOW_TO_APPROVE),
            (_COMMAND, 2, report_text.approve_command(report)),
        )
