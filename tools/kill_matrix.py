"""The kill matrix: cuts rebuilds off at every point, brings each to its end, and counts what must never happen.

    python tools/kill_matrix.py [--jobs N] [--match TEXT]

Runs on the real engine against the simulator, which is the only judge. Exit status: 0 when every promise was kept, 1 on
a double reset, a false success, a wipe without the backup that was asked for, a wrong deletion, a backup that nobody
names, a stack that did not converge, or a plugin left behind.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

import engine
from driver import ROOT, let_interrupts_through
from kill_cells import Cell, matrix, undisturbed
from kill_run import Result, run, templates

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

COLUMNS = ("cells", "by itself", "asked", "double resets", "false successes", "other faults", "extra calls", "seconds")


def main() -> int:
    """Run it; return the exit status."""
    let_interrupts_through()
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--jobs", type=int, default=2, help="cells at once (default: 2)")
    parser.add_argument("--match", default="", help="only cells whose name contains this")
    arguments = parser.parse_args()
    found = engine.find()
    if found is None:
        print("kill matrix: no Pulumi engine: run make engine", file=sys.stderr)
        return 1
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="kill-matrix-") as folder:
        cells = [cell for cell in matrix() if arguments.match in cell.name]
        there = engine.with_language_host(found, ROOT / ".cache" / "engine")
        results = _run_all([*undisturbed(), *cells], Path(folder), there, arguments.jobs)
    calm = {(result.cell.operation, result.cell.change): result.requests for result in results if not result.cell.point}
    _report([result for result in results if result.cell.point], calm, time.monotonic() - began)
    bad = [result for result in results if result.bad]
    for result in bad:
        print(f"\n{result.cell.name}: {result.resets} resets, {'; '.join(result.faults) or 'wiped twice'}")
        print("\n".join(result.said))
    return 1 if bad else 0


def extra_calls(result: Result, calm: dict[tuple[str, str], int]) -> int:
    """Return how many API calls more than undisturbed it took, the cut-off run's included."""
    return result.requests - calm[result.cell.operation, result.cell.change]


def _run_all(cells: Sequence[Cell], folder: Path, there: Path, jobs: int) -> list[Result]:
    template = templates(folder, there)
    count = itertools.count(1)

    def one(numbered: tuple[int, Cell]) -> Result:
        number, cell = numbered
        result = run(cell, template, folder / str(number), there)
        mark = "BAD " if result.bad else ""
        print(f"{next(count)}/{len(cells)} {mark}{cell.name} ({result.seconds:.1f} s)", file=sys.stderr, flush=True)
        return result

    with ThreadPoolExecutor(jobs) as pool:
        return list(pool.map(one, enumerate(cells)))


def _report(results: Sequence[Result], calm: dict[tuple[str, str], int], seconds: float) -> None:
    table = Table("point", "kill", title="Kill matrix")
    for column in COLUMNS:
        table.add_column(column, justify="right")
    for (point, kill, after), group in itertools.groupby(results, _row):
        table.add_row(point, f"{kill}{after and ', '}{after}", *_figures(list(group), calm))
    for after in dict.fromkeys(result.cell.after for result in results):
        table.add_section()
        of_these = [result for result in results if result.cell.after == after]
        table.add_row("all", after or "with the journal", *_figures(of_these, calm))
    Console(width=170).print(table)
    print(f"{len(results)} cells in {seconds / 60:.1f} minutes; extra calls: median/most, against an undisturbed run.")
    print(f"{sum(result.left_over for result in results)} backups were left over by cuts, and are named afterwards.")


def _row(result: Result) -> tuple[str, str, str]:
    point, kill = result.cell.point, result.cell.kill
    return (point.name if point else "", kill.value if kill else "", result.cell.after)


def _figures(results: Sequence[Result], calm: dict[tuple[str, str], int]) -> Iterable[str]:
    extra = [extra_calls(result, calm) for result in results]
    false = sum(any(fault.startswith("false success") for fault in result.faults) for result in results)
    other = sum(any(not fault.startswith("false success") for fault in result.faults) for result in results)
    asked = sum(result.asked > 0 for result in results)
    return (
        str(len(results)),
        str(len(results) - asked - sum(bool(result.faults) for result in results)),
        str(asked),
        str(sum(result.wiped_twice for result in results)),
        str(false),
        str(other),
        f"{statistics.median(extra):g}/{max(extra)}",
        f"{statistics.median(result.seconds for result in results):.1f}",
    )


if __name__ == "__main__":
    sys.exit(main())
