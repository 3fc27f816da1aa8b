"""As many operations at once as the engine sends, not the four that the SDK serves."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import pytest

from driver import Stack, copied_stack, more_machines, new_stack
from zec_pulumi.simulator import Simulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.engine

MACHINES = [f"12721680877512331{number}" for number in (12, 13, 14, 20, 21, 22)]
REBUILD_SECONDS = 4.0
STOCK_POOL = 4
WORLD, IDS = more_machines(*(f"m{number}" for number in range(12)))
MANY = list(IDS.values())
OTHERWISE_BUILT = """
import concurrent.futures.thread as pool
import threading

worker = pool._worker


def otherwise(*arguments):
    del threading.current_thread()._args
    worker(*arguments)


pool._worker = otherwise
"""
"""Found by every Python process when it starts: its pools' threads no longer lead to their pool."""


@pytest.fixture(scope="session")
def recorded_many(tmp_path_factory: pytest.TempPathFactory, engine_folder: Path) -> Callable[[str], Stack]:
    """A stack to copy, by SDK: it has recorded twelve machines."""

    @functools.cache
    def made(sdk: str) -> Stack:
        with Simulator(WORLD) as cloud:
            stack = new_stack(tmp_path_factory.mktemp("many"), cloud, engine_folder, sdk)
            stack.declare(**{name: {"instance_id": id_} for name, id_ in IDS.items()}).up().ok()
            return stack

    return made


@pytest.fixture
def many(tmp_path: Path, recorded_many: Callable[[str], Stack], sdk: str) -> Iterator[Stack]:
    """A stack with twelve recorded machines, on a cloud that takes a moment to answer."""
    with Simulator(WORLD, rebuild_seconds=0.4, stop_seconds=0.2) as cloud:
        cloud.add_fault(action="DescribeInstances", effect={"type": "delay", "seconds": 0.5})
        yield copied_stack(recorded_many(sdk), tmp_path, cloud)


def read_together(stack: Stack, *command: str) -> tuple[int, str]:
    """Run a command; return how many machines it read in one request at most, and what it printed."""
    before = len(stack.cloud.requests())
    text = stack.run(*command).ok().text
    made = [r for r in stack.cloud.requests()[before:] if r["action"] == "DescribeInstances"]
    assert {id_ for request in made for id_ in request["instanceIds"]} == set(MANY)
    return max(len(request["instanceIds"]) for request in made), text


@pytest.mark.everywhere
def test_more_than_four_machines_are_rebuilt_at_once(tmp_path: Path, engine_folder: Path, sdk: str) -> None:
    """The last reset is accepted before the first reinstall can have ended."""
    with Simulator(rebuild_seconds=REBUILD_SECONDS, stop_seconds=0.2) as cloud:
        stack = new_stack(tmp_path, cloud, engine_folder, sdk)
        stack.declare(**{f"m{i}": {"instance_id": id_, "adopt": "never"} for i, id_ in enumerate(MACHINES)})
        stack.up("--parallel", str(len(MACHINES))).ok()
        resets = [entry["at"] for entry in cloud.ledger() if entry["action"] == "ResetInstance"]
    assert len(resets) == len(MACHINES)
    assert max(resets) - min(resets) < REBUILD_SECONDS


@pytest.mark.everywhere
def test_a_refresh_reads_more_than_four_machines_at_once(many: Stack) -> None:
    """Its reads are queued before the pool can grow, and are read together all the same."""
    together, text = read_together(many, "refresh", "--yes", "--skip-preview", "--parallel", str(len(MANY)))
    assert together > STOCK_POOL
    assert "warning" not in text


@pytest.mark.everywhere
def test_where_the_pool_cannot_grow_all_is_done_by_four_and_that_is_said_once(many: Stack) -> None:
    """An SDK or a Python that is built otherwise: its stock behaviour stays."""
    (many.folder / "otherwise").mkdir()
    (many.folder / "otherwise" / "sitecustomize.py").write_text(OTHERWISE_BUILT)
    many.environment["PYTHONPATH"] = str(many.folder / "otherwise")
    together, text = read_together(many, "refresh", "--yes", "--skip-preview", "--parallel", str(len(MANY)))
    assert together <= STOCK_POOL
    assert text.partition("Diagnostics:")[2].count("serves 4 operations at a time") == 1

    many.declare(**{name: {"instance_id": IDS[name], "rebuild_token": "1"} for name in list(IDS)[:5]})
    text = many.up("--parallel", "5").ok().text
    assert text.partition("Diagnostics:")[2].count("serves 4 operations at a time") == 1
    assert many.actions().count("ResetInstance") == 5
