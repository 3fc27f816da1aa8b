"""The example's stacks with their state in a real PostgreSQL server, on two runners that share nothing else."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

import engine
from checkout import copy_example
from driver import ROOT, SDKS, Stack
from zec_pulumi.simulator import Simulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.scale.conftest import Server

pytestmark = [pytest.mark.engine, pytest.mark.slow]

JAMMY, NOBLE = "ubuntu2204_20240712", "ubuntu2404_20240712"
WEB_1, WEB_2, BATCH_1, EDGE_1 = (f"12721680877512331{n}" for n in (12, 13, 14, 20))


@pytest.fixture
def cloud() -> Iterator[Simulator]:
    """A simulated cloud with fast transitions in real time."""
    with Simulator(rebuild_seconds=0.4, stop_seconds=0.2) as simulator:
        yield simulator


@pytest.fixture
def runner(tmp_path: Path, cloud: Simulator, postgres: Server) -> Callable[..., Stack]:
    """Return a runner, with a folder and a home of its own, for a stack of the example."""
    found = engine.find()
    assert found is not None, "no Pulumi engine: run make engine"
    folder_of_engine = engine.with_language_host(found, ROOT / ".cache" / "engine")

    def make(number: int, zone: str) -> Stack:
        folder = tmp_path / str(number)
        copy_example("sharded_by_zone", folder)
        (folder / "home").mkdir()
        stack = Stack(folder, cloud, folder_of_engine, SDKS["newest"], name=f"{zone}-0")
        stack.environment["PULUMI_BACKEND_URL"] = postgres.url
        return stack

    return make


def begin(stack: Stack, zone: str) -> Stack:
    """Make the stack as its first runner does, record the machines as they are, and want an image."""
    stack.run("stack", "init", stack.name).ok()
    stack.configure(**{"zec-sharded:zone": zone, "zec:pollInterval": "0.1"}).up().ok()
    return stack.configure(**{"zec-sharded:imageId": JAMMY})


def test_two_stacks_in_one_database_from_beginning_to_end(runner: Callable[..., Stack], postgres: Server) -> None:
    """Adopted, refreshed, changed outside, rebuilt and forgotten; each knows its own machines only."""
    one, two = begin(runner(1, "asia-east-1a"), "asia-east-1a"), begin(runner(2, "asia-east-1b"), "asia-east-1b")
    assert "3 instances" in one.preview().ok().text
    one.up().ok()
    assert {entry["instanceId"] for entry in one.cloud.ledger()} == {WEB_2}
    two.up().ok()
    assert {entry["instanceId"] for entry in one.cloud.ledger()} == {WEB_2, EDGE_1}
    done = one.actions()
    for stack in (one, two):
        stack.preview("--expect-no-changes").ok()
        stack.refresh("--expect-no-changes").ok()
    assert set(one.state()) == {"web-1", "web-2", "batch-1"}
    assert set(two.state()) == {"edge-1"}
    assert not list(one.folder.rglob("*.checkpoint.json")), "state is on the runner's disk"

    one.cloud.patch_instance(BATCH_1, imageId=NOBLE)
    one.refresh().ok()
    assert "(changed outside Pulumi)" in one.preview().ok().text
    one.configure(**{"zec-sharded:imageId": NOBLE}).up().ok()
    rebuilt = one.cloud.ledger()[len(done) :]
    assert [e["instanceId"] for e in rebuilt if e["action"] == "ResetInstance"] == [WEB_1, WEB_2]

    for stack in (one, two):
        stack.destroy().ok()
        stack.run("stack", "rm", "--yes").ok()
    assert len(one.cloud.ledger()) == len(done) + len(rebuilt)
    assert not [row for row in postgres.ask("select key from pulumi_state") if "/stacks/" in row and ".bak" not in row]


def test_another_runner_goes_on_with_the_same_stack(runner: Callable[..., Stack]) -> None:
    """A fresh container: what the first recorded is all it has, and that is enough to touch nothing."""
    first = begin(runner(1, "asia-east-1b"), "asia-east-1b")
    first.up().ok()
    done = first.actions()
    second = runner(2, "asia-east-1b")
    shutil.copy(first.folder / f"Pulumi.{first.name}.yaml", second.folder)
    second.preview("--expect-no-changes").ok()
    second.up("--expect-no-changes").ok()
    assert second.actions() == done
    second.destroy().ok()
    second.run("stack", "rm", "--yes").ok()


def test_two_runners_never_run_one_stack_at_once(runner: Callable[..., Stack]) -> None:
    """The second is refused while the first works, and touches nothing."""
    first = begin(runner(1, "asia-east-1b"), "asia-east-1b")
    second = runner(2, "asia-east-1b")
    shutil.copy(first.folder / f"Pulumi.{first.name}.yaml", second.folder)
    first.cloud.add_fault(action="ResetInstance", effect={"type": "never_ends"})
    with first.start("up", "--yes", "--skip-preview") as process:
        try:
            while "ResetInstance" not in first.actions():
                assert process.poll() is None, "the first up has ended"
            assert "the stack is currently locked by" in second.up().failed().text
        finally:
            process.send_signal(2)
            try:
                process.communicate(timeout=60)
            except subprocess.TimeoutExpired:
                process.kill()
    assert first.actions() == ["StopInstances", "ResetInstance"]
    first.run("stack", "rm", "--yes", "--force").ok()
