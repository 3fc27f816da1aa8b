"""Tables of ids for people and pipes. An id is never cut and never broken over two lines."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zec_pulumi.cli.output import console, write_lines
from zec_pulumi.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import Console

NARROWEST = 12
"""Characters that a wrapping column must have to be readable."""

GAP = "  "

_NO_BREAK = "\N{NO-BREAK SPACE}"


@dataclass(frozen=True)
class Column:
    """A column; the text of a ``whole`` one is never wrapped."""

    title: str
    whole: bool = False


def write_table(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    """Write a table to standard output: wrapped to the terminal's width, one line a row into a pipe.

    Where a terminal is too narrow for the whole columns, each row becomes a paragraph that begins with its first two.
    """
    shown = [[printable(cell) for cell in row] for row in rows]
    terminal = console()
    if terminal is None:
        write_lines(_aligned(columns, shown))
    elif _least_width(columns, shown) <= terminal.width:
        _write_rich(terminal, columns, shown)
    else:
        write_lines(line for row in shown for line in _paragraph(columns, row, terminal.width))


def _aligned(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> Iterable[str]:
    lines = [[column.title for column in columns], *rows]
    widths = [max(len(line[place]) for line in lines) for place in range(len(columns))]
    for line in lines:
        yield GAP.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()


def _least_width(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> int:
    longest = [max(len(cell) for cell in cells) for cells in zip([c.title for c in columns], *rows, strict=True)]
    least = [width if column.whole else min(width, NARROWEST) for column, width in zip(columns, longest, strict=True)]
    return sum(least) + len(GAP) * (len(columns) - 1)


def _write_rich(terminal: Console, columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    from rich.table import Table  # noqa: PLC0415 only there where it is installed
    from rich.text import Text  # noqa: PLC0415 the same

    table = Table(box=None, pad_edge=False, padding=(0, len(GAP), 0, 0), header_style="bold")
    for column in columns:
        table.add_column(column.title, no_wrap=column.whole, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    terminal.print(table)


def _paragraph(columns: Sequence[Column], row: Sequence[str], width: int) -> list[str]:
    named = [f"{column.title} {cell}" for column, cell in zip(columns[2:], row[2:], strict=True) if cell]
    # A fact stays on one line; between facts there may be a break.
    facts = ", ".join(fact.replace(" ", _NO_BREAK) for fact in named)
    lines = textwrap.wrap(facts, max(width - len(GAP), 1), break_long_words=False, break_on_hyphens=False)
    return [GAP.join(row[:2]).rstrip(), *(f"{GAP}{line}".replace(_NO_BREAK, " ") for line in lines)]
