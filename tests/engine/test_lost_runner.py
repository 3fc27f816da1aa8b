"""A job that is killed with its container's disk, and the next one elsewhere: the lines of the page, as they stand."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from driver import COMMAND_SECONDS, ROOT, WEB_1, Stack, copied_stack, ended
from kill_trap import end_all
from zec_pulumi.simulator import Simulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.engine

JAMMY = "ubuntu2204_20240712"
WITH_SCRIPT = {"instance_id": WEB_1, "image_id": JAMMY, "user_data": "#!/bin/sh\n"}
SECTION = (ROOT / "docs" / "cancelled-jobs.md").read_text("utf-8").split("## Try it")[1]
LINES = SECTION.split("```bash\n")[1].split("```")[0]


@pytest.fixture
def slow_cloud() -> Iterator[Simulator]:
    """A cloud whose reinstalls end when the test says so."""
    with Simulator(rebuild_seconds=3600, stop_seconds=0.2) as simulator:
        yield simulator


def run(stack: Stack, folder: Path) -> str:
    """Run the lines of the page, and end the reinstall once the first job's disk is gone; return what they print."""
    folder.mkdir()
    environment = {**stack.environ(), "TMPDIR": str(folder)}
    del environment["PULUMI_HOME"]
    script = subprocess.Popen(
        ["bash", "-eu", "-c", LINES],
        cwd=stack.folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    until, homes = time.monotonic() + COMMAND_SECONDS, set()
    while script.poll() is None and time.monotonic() < until:
        homes |= set(folder.iterdir())
        if len(homes) > 1:
            # The second job has its home, so the first one's is gone.
            break
        time.sleep(0.05)
    assert sum(home.exists() for home in homes) == 1
    stack.cloud.advance(3700)
    return ended(script).ok().text


def test_the_next_job_on_another_runner_joins(
    recorded: Callable[[str], Stack], slow_cloud: Simulator, tmp_path: Path
) -> None:
    """The change is not readable, and nothing but the machine tells of the first job. Judged by the ledger."""
    stack = copied_stack(recorded("newest"), tmp_path / "stack", slow_cloud)
    stack.declare(web=WITH_SCRIPT)
    text = run(stack, tmp_path / "tmp")
    assert re.search(r"join: rebuild accepted \w+ ago", text), text
    assert stack.actions() == ["StopInstances", "ResetInstance"]
    state = stack.state()["web"]["outputs"]
    assert state["status"] == "RUNNING"
    assert "attempt" not in state
    stack.preview("--expect-no-changes").ok()
    assert stack.actions() == ["StopInstances", "ResetInstance"]


def job_that_is_killed(stack: Stack) -> None:
    """Run an up for a script, and kill it while the instance is reinstalled."""
    stack.declare(web=WITH_SCRIPT)
    job = stack.start("up", "--yes", "--skip-preview")
    until = time.monotonic() + COMMAND_SECONDS
    while not any(".done." in value for _, value in stack.cloud.tags()) and time.monotonic() < until:
        time.sleep(0.05)
    end_all(stack.folder)
    ended(job)
    stack.run("cancel", "--yes", "--stack", stack.name).ok()


@pytest.mark.parametrize("lost", [False, True])
def test_what_was_added_to_the_program_of_a_killed_job_is_done_before_up_succeeds(
    recorded: Callable[[str], Stack], slow_cloud: Simulator, tmp_path: Path, *, lost: bool
) -> None:
    """A password is set, and a time zone refused: with the first job's disk, or on another runner by the tag alone."""
    stack = copied_stack(recorded("newest"), tmp_path / "stack", slow_cloud)
    job_that_is_killed(stack)
    if lost:
        shutil.rmtree(stack.folder / "home")
        (stack.folder / "home").mkdir()
    stack.declare(web={**WITH_SCRIPT, "timezone": "Asia/Tokyo"})
    assert "timezone: only a rebuild can change this" in stack.preview().failed().text
    stack.declare(web={**WITH_SCRIPT, "password": "Abcdef-123"})
    assert "join: rebuild accepted" in stack.preview().ok().text
    slow_cloud.advance(3700)
    stack.up().ok()
    assert stack.actions() == ["StopInstances", "ResetInstance", "ResetInstancePassword"]
    stack.preview("--expect-no-changes").ok()


def test_the_next_job_on_another_runner_says_what_a_reverted_change_has_done(
    recorded: Callable[[str], Stack], slow_cloud: Simulator, tmp_path: Path
) -> None:
    """The first job was killed with its disk while the instance was reinstalled, and the change was taken back."""
    stack = copied_stack(recorded("newest"), tmp_path / "stack", slow_cloud)
    job_that_is_killed(stack)
    shutil.rmtree(stack.folder / "home")
    (stack.folder / "home").mkdir()
    stack.declare(web={"instance_id": WEB_1, "image_id": JAMMY})
    assert (
        "for a change that your program no longer asks for: its tag zec-pulumi-attempt says so"
        in stack.up().failed().text
    )
    slow_cloud.advance(3700)
    for said in (stack.preview(), stack.up()):
        assert "may be running a first-boot script or a password that your program no longer has" in said.ok().text
    assert stack.actions() == ["StopInstances", "ResetInstance"]
