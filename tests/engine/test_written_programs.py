"""Programs that hypothesis writes on the real engine, with every resource option: preview, report, up, second up."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import Phase, given, seed, settings

from driver import ROOT, new_stack
from programs.engine_case import SPREAD, Case, EngineCase, cases
from zec_pulumi.simulator import Simulator

pytestmark = pytest.mark.engine

MANY = 15
"""Each case is two programs with seven machines."""


def play(engine_folder: Path, case: Case, tally: Counter[str]) -> None:
    """Play one case on a new stack."""
    folder = Path(tempfile.mkdtemp(prefix="written-"))
    with Simulator(rebuild_seconds=0.4, stop_seconds=0.2) as cloud:
        stack = new_stack(folder, cloud, engine_folder, "newest")
        shutil.copy(ROOT / "tests" / "engine" / "programs" / "written" / "__main__.py", folder / "program")
        EngineCase(case, stack, tally).play()
    shutil.rmtree(folder)


@pytest.mark.slow  # each provider of a program's own is a process more; test_programs and test_gates have one of each
def test_what_is_announced_holds_with_options_of_every_kind(engine_folder: Path) -> None:
    """By the ledger: what a stack requires approval for waits, what is approved is wiped, and nothing else is."""
    tally: Counter[str] = Counter()
    play(engine_folder, SPREAD, tally)
    assert tally["resets"] > 1


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_what_is_announced_holds_for_hundreds_of_resources(engine_folder: Path) -> None:
    """The same for programs that hypothesis writes, always the same ones."""
    play_many(engine_folder)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_what_is_announced_holds_for_resources_that_nobody_has_seen(engine_folder: Path, new_seed: int) -> None:
    """The same with other programs each time."""
    play_many(engine_folder, new_seed)


def play_many(engine_folder: Path, new_seed: int | None = None) -> None:
    """Play cases that hypothesis writes: always the same ones, or those of a seed."""
    tally: Counter[str] = Counter()

    @settings(settings.get_profile("fixed"), max_examples=MANY, phases=[Phase.generate])
    @given(cases())
    def play_one(case: Case) -> None:
        play(engine_folder, case, tally)

    (play_one if new_seed is None else seed(new_seed)(play_one))()
    print("\n" + "\n".join(f"{what}: {count}" for what, count in sorted(tally.items())))  # noqa: T201 the report
