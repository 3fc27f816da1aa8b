"""Shows findings: to a person, line by line into a pipe, or as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from zec_pulumi.cli import layout
from zec_pulumi.cli.layout import Column, Span
from zec_pulumi.cli.output import write_json, write_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from zec_pulumi.cli.doctor.finding import Finding

VERSION = 1
"""Version of the JSON; it rises when a reader of the older one would misread the newer."""

_STYLES = {"ok": layout.FINE, "warning": layout.CARE, "problem": layout.ALARM}


def show_json(findings: Sequence[Finding]) -> None:
    """Write ``{"version", "ok", "findings": [{"level", "check", "text", "fix"}]}``."""
    write_json({"version": VERSION, "ok": healthy(findings), "findings": [asdict(finding) for finding in findings]})


def show_text(findings: Sequence[Finding]) -> None:
    """Write a table to a terminal, else one line for each finding, and the sum at the end."""
    columns = (Column(whole=True), Column(whole=True), Column())
    layout.show(layout.table(columns, [row for finding in findings for row in _rows(finding)]))
    write_lines(["", summary(findings)])


def healthy(findings: Sequence[Finding]) -> bool:
    """Whether there is no problem; warnings do not count."""
    return all(finding.level != "problem" for finding in findings)


def summary(findings: Sequence[Finding]) -> str:
    """Return how many problems and warnings there are."""
    levels = [finding.level for finding in findings]
    return f"{_number(levels.count('problem'), 'problem')}, {_number(levels.count('warning'), 'warning')}"


def _number(count: int, noun: str) -> str:
    return f"{count or 'no'} {noun}{'' if count == 1 else 's'}"


def _rows(finding: Finding) -> Iterator[tuple[str | Span, ...]]:
    level = Span(finding.level, _STYLES[finding.level])
    if finding.fix and layout.is_terminal():
        yield level, finding.check, finding.text
        yield "", "", Span(f"fix: {finding.fix}", layout.STRONG)
    else:
        yield level, finding.check, f"{finding.text}; fix: {finding.fix}" if finding.fix else finding.text
