"""The most telling cells of the kill matrix; `make kill-matrix` runs them all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kill_cells import BACKUP_POINTS, POINTS, ROLL_BACK_POINTS, Cell, Kill, matrix, telling
from kill_run import run, templates

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.engine


@pytest.fixture(scope="session")
def template(engine_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """What every cell begins with."""
    return templates(tmp_path_factory.mktemp("templates"), engine_folder)


EVERY_DAY = {
    "reset accepted, answer lost",
    "reset accepted, answer lost, done meanwhile",
    "while DEPLOYING",
    "returned, state not saved",
}
"""What ends a run after the reset. Without the journal, test_lost_runner.py and a cell with a backup show it."""


def is_for_every_day(cell: Cell) -> bool:
    """Whether a cell shows what no other test of every day does."""
    point = cell.point.name if cell.point else ""
    return point in EVERY_DAY if cell.journal else point == "image accepted, answer lost"


CELLS = [
    pytest.param(cell, id=cell.name, marks=() if is_for_every_day(cell) else pytest.mark.slow) for cell in telling()
]


@pytest.mark.parametrize("cell", CELLS)
def test_a_rebuild_that_is_cut_off_comes_to_its_end_and_wipes_once(
    cell: Cell, template: dict[str, Path], tmp_path: Path, engine_folder: Path
) -> None:
    """Up is repeated, its question answered with the truth; the simulator's ledger judges."""
    result = run(cell, template, tmp_path / "cell", engine_folder)
    assert result.faults == [], "\n".join(result.said)
    assert result.resets == 1
    assert result.ups <= 2


@pytest.mark.slow
def test_an_undisturbed_run_needs_one_up(template: dict[str, Path], tmp_path: Path, engine_folder: Path) -> None:
    """What the others are compared with."""
    result = run(Cell("update", "image"), template, tmp_path / "cell", engine_folder)
    assert (result.faults, result.resets, result.ups) == ([], 1, 0)


@pytest.mark.slow
def test_without_the_journal_the_next_up_joins_by_the_marker(
    template: dict[str, Path], tmp_path: Path, engine_folder: Path
) -> None:
    """The change is not readable, and the reinstall was seen to begin."""
    accepted = next(point for point in POINTS if point.name == "while DEPLOYING")
    cell = Cell("update", "userData", accepted, Kill.KILL, journal=False)
    result = run(cell, template, tmp_path / "cell", engine_folder)
    assert (result.faults, result.resets, result.asked) == ([], 1, 0)


def test_the_matrix_leaves_out_only_what_means_nothing() -> None:
    """Every point is met by every way to be cut off, in every operation, for every change."""
    cells = [cell for cell in matrix() if cell.journal and not cell.rehearsed]
    assert {cell.point for cell in cells} == {*POINTS, *BACKUP_POINTS, *ROLL_BACK_POINTS}
    assert {cell.kill for cell in cells} == set(Kill)
    for point in POINTS:
        changes = [(cell.operation, cell.change) for cell in cells if cell.point == point and cell.kill is Kill.KILL]
        assert len(changes) == len(set(changes)) == 7
    for point in (*BACKUP_POINTS, *ROLL_BACK_POINTS):
        here = [cell for cell in matrix() if cell.point == point]
        assert {cell.kill for cell in here} == set(point.kills)
        assert {cell.journal for cell in here} == {True, False}
