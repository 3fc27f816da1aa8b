"""The report as a comment of a pull request: the worst first, details folded, within the length of a comment."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from zec_pulumi.cli.report import report_text
from zec_pulumi.cli.report.model import Action, Approval, MachineRow, Report
from zec_pulumi.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from zec_pulumi.planning.causes import Cause

LIMIT = 65_536
"""Characters of a comment on GitHub; GitLab allows more. Bytes are counted here, so no way of counting exceeds it."""

_OPEN_ROWS = 20
_LONGEST = 300
_LINK = re.compile(r"(?i)(?<=:)(?=//)|(?<=\bwww)(?=\.)")
"""Where a zero-width space keeps GitHub and GitLab from making a link of an address in prose."""
_ESCAPED = {ord(c): f"\\{c}" for c in "\\`*_[]#!|~$"} | {ord("@"): "@\u200b"}


def render(report: Report) -> str:
    """Return the Markdown; lists are shortened until it fits, and each says how much of it was left out."""
    most = max(*(len(report.of(action)) for action in Action), len(report.failures), len(report.fleets))
    while True:
        text = "\n".join(_lines(report, most)) + "\n"
        if len(text.encode()) <= LIMIT or not most:
            return text
        most = most * 4 // 5


def marker(report: Report) -> str:
    """Return the first line, hidden when rendered: by it a bot finds its comment, one for each stack."""
    return f"<!-- zec-pulumi report {printable(report_text.place(report)).replace('-->', '--')} -->"


def _lines(report: Report, most: int) -> Iterator[str]:
    yield from (marker(report), f"### {_prose(report_text.place(report))}: {_prose(report_text.headline(report))}", "")
    yield from (f"- {_prose(report_text.fleet(fleet))}" for fleet in report.fleets[:most])
    yield from _omission(len(report.fleets) - most)
    yield from [f"- {_prose(report_text.pace(report))}"] if report.pace else []
    yield from [""] if report.fleets or report.pace else []
    yield from _failures(report, most)
    yield from _rebuilds(report.of(Action.REBUILD), most)
    yield from _approvals(report, most)
    for action, title in report_text.TITLES.items():
        yield from _others(title, report.of(action), most, opened=action is Action.UNDECIDED)
    for text in (report_text.unread(report), report_text.others(report)):
        if text:
            yield from (_prose(text), "")


def _failures(report: Report, most: int) -> Iterator[str]:
    if not report.failures:
        return
    yield from (
        "> [!CAUTION]",
        "> The preview failed or cannot be read in full: this may not be all that `up` would do.",
        ">",
    )
    for failure in report.failures[:most]:
        resource = f"{_code(report_text.label(failure))}: " if failure.resource else ""
        yield f"> - {resource}{_prose(failure.text)}"
    yield from _omission(len(report.failures) - most, "> ")
    yield ""


def _rebuilds(rows: Sequence[MachineRow], most: int) -> Iterator[str]:
    if not rows:
        return
    yield from ("> [!WARNING]", f"> {_prose(report_text.WIPED)}", "")
    opened = rows[: min(most, _OPEN_ROWS)]
    folded = rows[len(opened) : most]
    yield from _list(opened)
    if folded:
        yield from _details(f"{len(rows) - len(opened)} more to wipe", list(_list(folded)), len(rows) - most)
    else:
        yield from _omission(len(rows) - most)


def _list(rows: Sequence[MachineRow]) -> Iterator[str]:
    """Yield a list, not a table: on a phone a table hides its last columns, why a disk is wiped and who approves."""
    for row in rows:
        disk = f"{row.disk_gib} GiB" if row.disk_gib is not None else "disk of unknown size"
        yield "<br>".join(
            [f"- {_machine(row)}, {disk}, resource {_code(report_text.label(row))}", *_why(row), _approval(row)]
        )
    yield ""


def _why(row: MachineRow) -> Iterator[str]:
    yield from (_cause(cause, row.names) for cause in row.causes)
    if row.undecided:
        yield f"not known yet: {_code(', '.join(row.undecided))}"
    if row.forgets:
        yield f"the stack forgets {_code(row.forgets)}, which is not touched"
    yield from (f"note: {_prose(note)}" for note in row.notes)


def _approval(row: MachineRow) -> str:
    word = _prose(report_text.approval(row))
    return word if row.approval is Approval.APPROVED else f"**{word}**"


def _cause(cause: Cause, names: Mapping[str, str]) -> str:
    if cause.old is None and cause.new is None:
        return _prose(report_text.cause(cause, names))
    drift = "<br>**drift**: it was changed outside Pulumi, and goes back" if cause.drift else ""
    return f"{_code(cause.trigger)} {_value(cause.old, names)} → {_value(cause.new, names)}{drift}"


def _value(value: str | None, names: Mapping[str, str]) -> str:
    if value is None:
        return "none"
    return f"{_code(value)} ({_prose(names[value])})" if value in names else _code(value)


def _approvals(report: Report, most: int) -> Iterator[str]:
    tokens = report.tokens
    if not tokens:
        return
    shown = tokens[:most]
    yield from (report_text.HOW_TO_APPROVE, "", "```shell", report_text.approve_command(report, shown), "```", "")
    yield from _omission(len(tokens) - most)


def _others(title: str, rows: Sequence[MachineRow], most: int, *, opened: bool) -> Iterator[str]:
    if not rows:
        return
    items = [_item(row) for row in rows[:most]]
    yield from _details(f"{title}: {len(rows)}", items, len(rows) - most, opened=opened)


def _item(row: MachineRow) -> str:
    notes = "".join(f"<br>note: {_prose(note)}" for note in row.notes)
    detail = report_text.detail(row)
    return (
        f"- {_machine(row)}, resource {_code(report_text.label(row))}{f': {_prose(detail)}' if detail else ''}{notes}"
    )


def _details(summary: str, body: Sequence[str], missing: int, *, opened: bool = False) -> Iterator[str]:
    yield from (f"<details{' open' if opened else ''}><summary>{summary}</summary>", "", *body, "")
    yield from _omission(missing)
    yield from ("</details>", "")


def _omission(number: int, prefix: str = "") -> Iterator[str]:
    if number > 0:
        yield from (
            f"{prefix}… and {number} more, left out to fit into a comment; `--format json` has them all.",
            prefix,
        )


def _machine(row: MachineRow) -> str:
    shown = _code(row.instance_id) if row.instance_id else "instance not known here"
    return f"{_code(row.instance_name)} {shown}" if row.instance_name else shown


def _code(text: str) -> str:
    """Return a name or an id: in code nothing is taken for Markdown, and nobody is mentioned."""
    shown = _excerpt(text)
    if not set("`|\\") & set(shown):
        return f"`{shown}`"
    return f"<code>{_prose(shown)}</code>"


def _prose(text: str) -> str:
    return _LINK.sub("\u200b", html.escape(_excerpt(text), quote=False).translate(_ESCAPED))


def _excerpt(text: str) -> str:
    shown = printable(text)
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…"
