"""Paragraphs and tables for people, in a terminal of any width or in a pipe.

Text wraps between words. An id, a token or a command is never cut: it stands whole, even where it is too long.
"""

from __future__ import annotations

import os
import shutil
import sys
import unicodedata
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING

from zec_pulumi.cli.output import write, write_lines
from zec_pulumi.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

ALARM, CARE, FINE, QUIET, STRONG, COMMAND = "1;31", "33", "32", "2", "1", "36"
"""Styles: the parameters of the terminal's sequence for bold red, yellow, green, dim, bold and cyan."""

NARROWEST = 12
"""Cells that a wrapping column must have to be readable."""

PIPE_WIDTH = 100
"""Where paragraphs wrap in a pipe or a file."""

_GAP = "  "
_NO_BREAK = "\N{NO-BREAK SPACE}"


@dataclass(frozen=True)
class Span:
    """Text in a style; empty for none."""

    text: str
    style: str = ""


@dataclass(frozen=True)
class Paragraph:
    """A paragraph. If it is indented, all lines but the first hang by two more cells; a ``whole`` one is one line."""

    text: str
    style: str = ""
    indent: int = 0
    whole: bool = False


@dataclass(frozen=True)
class Column:
    """A column; the text of a ``whole`` one is never wrapped."""

    title: str = ""
    whole: bool = False


Line = list[Span]


def is_terminal() -> bool:
    """Whether standard output is a terminal."""
    return sys.stdout.isatty()


def show(lines: Iterable[Line]) -> None:
    """Write lines to standard output: in colour to a terminal, unless ``NO_COLOR`` is set or it knows none."""
    if is_terminal() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb":
        write("".join("".join(map(_in_colour, line)) + "\n" for line in lines))
    else:
        write_lines(plain(lines))


def plain(lines: Iterable[Line]) -> Iterator[str]:
    """Yield lines without their styles."""
    return ("".join(span.text for span in line) for line in lines)


def paragraphs(texts: Iterable[Paragraph], width: int) -> Iterator[Line]:
    """Yield the lines of paragraphs, wrapped to ``width`` cells."""
    for one in texts:
        space, text = " " * one.indent, printable(one.text)
        hang = "  " if one.indent else ""
        for part in [text] if one.whole else _wrap(text, width - one.indent, hang=hang):
            yield [Span(f"{space}{part}", one.style)]


def terminal_width() -> int:
    """Return the width of the terminal, and :data:`PIPE_WIDTH` where there is none."""
    return shutil.get_terminal_size((PIPE_WIDTH, 24)).columns


def table(columns: Sequence[Column], rows: Iterable[Sequence[str | Span]]) -> Iterator[Line]:
    """Yield the lines of a table: wrapped to the terminal's width, one line a row in a pipe.

    Where a terminal is too narrow for the whole columns, each row becomes a paragraph that begins with its first two.
    """
    titles = [[Span(column.title, STRONG) for column in columns]] if any(column.title for column in columns) else []
    cells = [[_span(cell) for cell in row] for row in rows]
    widths = [max(_cells(row[place].text) for row in [*titles, *cells]) for place in range(len(columns))]
    if not is_terminal():
        yield from _grid([*titles, *cells], widths)
        return
    least = [width if column.whole else min(width, NARROWEST) for column, width in zip(columns, widths, strict=True)]
    room = terminal_width() - len(_GAP) * (len(columns) - 1)
    if sum(least) > room:
        for row in cells:
            yield from _card(columns, row, terminal_width())
        return
    while sum(widths) > room:
        widths[max(range(len(widths)), key=lambda place: widths[place] - least[place])] -= 1
    yield from _grid([*titles, *cells], widths)


def _grid(rows: Iterable[Sequence[Span]], widths: Sequence[int]) -> Iterator[Line]:
    for row in rows:
        parts = [list(_wrap(cell.text, width, fold=True)) for cell, width in zip(row, widths, strict=True)]
        for texts in zip_longest(*parts, fillvalue=""):
            *padded, last = [
                Span(text + " " * (width - _cells(text)), cell.style)
                for text, cell, width in zip(texts, row, widths, strict=True)
            ]
            yield [part for span in padded for part in (span, Span(_GAP))] + [Span(last.text.rstrip(), last.style)]


def _card(columns: Sequence[Column], row: Sequence[Span], width: int) -> Iterator[Line]:
    """Yield a row as a paragraph. A fact with a title stays on one line; between facts there may be a break."""
    if row[0].text:
        yield [row[0], Span(_GAP), row[1]]
    named = [
        f"{column.title} {cell.text}".replace(" ", _NO_BREAK) if column.title else cell.text
        for column, cell in zip(columns[2:], row[2:], strict=True)
        if cell.text
    ]
    for line in _wrap(", ".join(named), width - len(_GAP)):
        yield [Span(f"{_GAP}{line}".replace(_NO_BREAK, " "), row[-1].style)]


def _span(cell: str | Span) -> Span:
    return Span(printable(cell)) if isinstance(cell, str) else Span(printable(cell.text), cell.style)


def _in_colour(span: Span) -> str:
    text = printable(span.text)
    return f"\x1b[{span.style}m{text}\x1b[0m" if span.style and text.strip() else text


def _wrap(text: str, width: int, *, hang: str = "", fold: bool = False) -> Iterator[str]:
    """Yield the lines of ``text``, all but the first behind ``hang``; only ``fold`` cuts a word that is too long."""
    line, before = "", ""
    for word in text.split(" "):
        if line and _cells(f"{before}{line} {word}") > width:
            yield f"{before}{line}"
            line, before = "", hang
        rest = word
        while fold and _cells(rest) > width:
            cut = next((place for place in range(1, len(rest)) if _cells(rest[: place + 1]) > width), len(rest))
            yield rest[:cut]
            rest = rest[cut:]
        line = f"{line} {rest}" if line else rest
    yield f"{before}{line}"


def _cells(text: str) -> int:
    """Return how many cells of a terminal ``text`` takes: characters of East Asia take two."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
