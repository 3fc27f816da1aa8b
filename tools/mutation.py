"""Mutation testing: small wrong changes of the modules that decide about wipes; the fast tests must notice each.

    python tools/mutation.py [--sample N] [--jobs N] [MODULE ...]

Works on a copy in a temporary folder. Prints the score of each module and every survivor as a line of code.
"""

from __future__ import annotations

import argparse
import ast
import concurrent.futures
import copy
import queue
import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
MODULES = (
    "planning/plan",
    "planning/causes",
    "planning/gates",
    "journal/recovery",
    "rebuild/rebuild",
    "rebuild/power",
    "rebuild/send",
    "rebuild/wait",
    "cloud/coalescer",
    "cloud/poller",
    "cloud/schedule",
)
STAGES = (
    ("tests/unit/test_plan.py", "tests/unit/test_plan_decisions.py", "tests/unit/test_sentences.py"),
    ("tests/unit/test_coalescer.py", "tests/unit/test_schedule.py", "tests/unit/test_live.py"),
    ("tests/rebuild", "--ignore=tests/rebuild/test_fault_table.py"),
    ("tests/rebuild/test_fault_table.py",),
    ("tests/histories", "-m", "not slow"),
)
"""Cheap tests first: what these notice needs no others."""
TIMEOUT_SECONDS = 180
SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Continue: ast.Break,
}


@dataclass(frozen=True)
class Mutant:
    """One wrong version of a module: which line, what became of it, and the whole source."""

    module: str
    line: int
    before: str
    after: str
    source: str


def mutants(module: str) -> Iterator[Mutant]:
    """Yield every mutant of a module of the package."""
    tree = ast.parse((ROOT / "zec_pulumi" / f"{module}.py").read_text())
    for number, node in enumerate(ast.walk(tree)):
        for change in range(_changes(node)):
            other = copy.deepcopy(tree)
            target = next(found for index, found in enumerate(ast.walk(other)) if index == number)
            _change(target, change)
            before, after = ast.unparse(tree).splitlines(), ast.unparse(other).splitlines()
            differing = [pair for pair in zip(before, after, strict=False) if pair[0] != pair[1]]
            if differing:
                line = getattr(node, "lineno", 0)
                yield Mutant(module, line, differing[0][0].strip(), differing[0][1].strip(), ast.unparse(other))


def _changes(node: ast.AST) -> int:
    """Return in how many ways a node can be made wrong."""
    if isinstance(node, ast.Compare):
        return len(node.ops)
    swapped = isinstance(node, ast.BoolOp | ast.BinOp | ast.Continue) and type(getattr(node, "op", node)) in SWAPS
    negated = isinstance(node, ast.If | ast.IfExp | ast.While) and not isinstance(node.test, ast.Compare)
    constant = isinstance(node, ast.Constant) and isinstance(node.value, bool | int | float)
    returned = isinstance(node, ast.Return) and node.value is not None and not isinstance(node.value, ast.Constant)
    typing_only = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    return int((swapped or negated or constant or returned) and not typing_only)


def _change(node: ast.AST, which: int) -> None:
    match node:
        case ast.Compare():
            swapped: Any = SWAPS[type(node.ops[which])]()
            node.ops[which] = swapped
        case ast.BoolOp() | ast.BinOp():
            node.op = SWAPS[type(node.op)]()  # type: ignore[assignment]
        case ast.If() | ast.IfExp() | ast.While():
            node.test = ast.UnaryOp(ast.Not(), node.test)
        case ast.Constant(value=bool()):
            node.value = not node.value
        case ast.Constant():
            node.value = (node.value or 0) + 1  # type: ignore[operator]
        case ast.Return():
            node.value = ast.Constant(None)
        case ast.Continue():
            node.__class__ = ast.Break  # type: ignore[assignment]


def killed(mutant: Mutant, folder: Path) -> bool:
    """Whether the tests notice the mutant; a hanging test notices it, too."""
    file = folder / "zec_pulumi" / f"{mutant.module}.py"
    original = file.read_text()
    file.write_text(mutant.source)
    try:
        return fails(folder)
    finally:
        file.write_text(original)


def fails(folder: Path) -> bool:
    """Whether any of the tests fails on the copy as it is."""
    pytest = [sys.executable, "-B", "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "--timeout=30"]
    try:
        return any(
            subprocess.run(
                [*pytest, *tests], cwd=folder, capture_output=True, timeout=TIMEOUT_SECONDS, check=False
            ).returncode
            for tests in STAGES
        )
    except subprocess.TimeoutExpired:
        return True


def main() -> int:
    """Run the mutants that the command line asks for; return 1 when one survives, 2 when the tests fail anyway."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modules", nargs="*", default=MODULES, metavar="MODULE")
    parser.add_argument("--sample", type=int, help="at most so many mutants of each module, always the same ones")
    parser.add_argument("--jobs", type=int, default=1)
    arguments = parser.parse_args()
    chosen: list[Mutant] = []
    for module in arguments.modules:
        found = list(mutants(module))
        some = random.Random(module).sample(found, min(arguments.sample or len(found), len(found)))  # noqa: S311 reproducible on purpose
        print(f"{module}: {len(some)} of {len(found)} mutants", flush=True)
        chosen += some
    with tempfile.TemporaryDirectory(prefix="mutation-") as temporary:
        return _run(chosen, Path(temporary), arguments.jobs)


def _run(chosen: list[Mutant], temporary: Path, jobs: int) -> int:
    folders: queue.Queue[Path] = queue.Queue()
    for number in range(jobs):
        folder = temporary / str(number)
        for name in ("zec_pulumi", "tests", "tools"):
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "pyproject.toml", folder)
        folders.put(folder)

    if fails(temporary / "0"):
        print("the tests fail without any mutant: nothing can be measured")
        return 2

    def judged(mutant: Mutant) -> tuple[Mutant, bool]:
        folder = folders.get()
        try:
            return mutant, killed(mutant, folder)
        finally:
            folders.put(folder)

    total, dead = Counter[str](), Counter[str]()
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for mutant, is_dead in pool.map(judged, chosen):
            total[mutant.module] += 1
            dead[mutant.module] += is_dead
            if not is_dead:
                print(f"survives: {mutant.module}.py:{mutant.line}: {mutant.before}  ->  {mutant.after}", flush=True)
    for module in total:
        print(f"{module}: {dead[module]} of {total[module]} killed")
    print(f"score: {dead.total()} of {total.total()}, {100 * dead.total() / max(1, total.total()):.1f} %")
    return int(dead != total)


if __name__ == "__main__":
    sys.exit(main())
