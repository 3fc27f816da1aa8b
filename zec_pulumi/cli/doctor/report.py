"""Shows findings: to a person, line by line into a pipe, or as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from zec_pulumi.cli.output import console, write, write_lines
from zec_pulumi.text import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from zec_pulumi.cli.doctor.finding import Finding

VERSION = 1
"""Version of the JSON; it rises when a reader of the older one would misread the newer."""

_STYLES = {"ok": "green", "warning": "yellow", "problem": "bold red"}


def write_json(findings: Sequence[Finding]) -> None:
    """Write ``{"version", "ok", "findings": [{"level", "check", "text", "fix"}]}``."""
    rows = [asdict(finding) for finding in findings]
    write(json.dumps({"version": VERSION, "ok": healthy(findings), "findings": rows}, indent=2) + "\n")


def write_text(findings: Sequence[Finding]) -> None:
    """Write a table to a terminal, else one line for each finding, and the sum at the end."""
    terminal = console()
    if terminal is None:
        width = max(len(finding.check) for finding in findings)
        write_lines([*(_line(finding, width) for finding in findings), "", summary(findings)])
    else:
        _write_rich(terminal, findings)


def healthy(findings: Sequence[Finding]) -> bool:
    """Whether there is no problem; warnings do not count."""
    return all(finding.level != "problem" for finding in findings)


def summary(findings: Sequence[Finding]) -> str:
    """Return how many problems and warnings there are."""
    levels = [finding.level for finding in findings]
    return f"{_number(levels.count('problem'), 'problem')}, {_number(levels.count('warning'), 'warning')}"


def _number(count: int, noun: str) -> str:
    return f"{count or 'no'} {noun}{'' if count == 1 else 's'}"


def _line(finding: Finding, width: int) -> str:
    fix = f"; fix: {finding.fix}" if finding.fix else ""
    return f"{finding.level:<7}  {finding.check:<{width}}  {finding.text}{fix}"


def _write_rich(terminal: Console, findings: Sequence[Finding]) -> None:
    from rich.table import Table  # noqa: PLC0415 only there where it is installed
    from rich.text import Text  # noqa: PLC0415 the same

    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for finding in findings:
        said = Text(printable(finding.text))
        if finding.fix:
            said.append("\nfix: ", style="bold").append(printable(finding.fix))
        table.add_row(Text(finding.level, style=_STYLES[finding.level]), finding.check, said)
    terminal.print(table)
    terminal.print(f"\n{summary(findings)}")
