"""Tables of tests: each cell is one. A part of them is for every day, all of them for `make test-all`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from _pytest.mark import ParameterSet

APART = 3


def for_every_day(
    cells: Iterable[tuple[str, str, str]], columns: int, always: frozenset[str]
) -> Iterator[ParameterSet]:
    """Yield the cells of a table of so many columns as parameters: those that repeat others are slow.

    For every day are cells with one of the names in ``always``, and of the others each third, so that every row and
    every column has some.
    """
    for number, cell in enumerate(cells):
        row, column = divmod(number, columns)
        daily = always & set(cell) or (row + column) % APART == 0
        yield pytest.param(*cell, marks=() if daily else pytest.mark.slow)
