"""`make demo`: it tells the truth, and leaves nothing running."""

from __future__ import annotations

import contextlib
import os
import re
import select
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from driver import ROOT

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.engine


def start(scratch: Path, *options: str) -> subprocess.Popen[str]:
    """Start the demo in a process group of its own; everything it starts inherits TMPDIR."""
    return subprocess.Popen(
        [sys.executable, str(ROOT / "tools" / "demo.py"), *options],
        env={
            **os.environ,
            "TMPDIR": str(scratch),
            "PULUMI_CONFIG_PASSPHRASE_FILE": "/nowhere",
            "PYTHONUNBUFFERED": "1",
            "COLUMNS": "80",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def left_running(scratch: Path) -> list[str]:
    """Return the command lines of processes that inherited this TMPDIR and still run."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):  # it ended meanwhile, or is another user's
            if process.environ().get("TMPDIR") == str(scratch):
                found.append(" ".join(process.cmdline()))
    return found


def test_the_demo_ends_well_and_its_ledger_shows_one_rebuild(tmp_path: Path) -> None:
    """All six steps in 80 columns, one StopInstances and one ResetInstance in the table, nothing left running."""
    with start(tmp_path) as demo:
        text, _ = demo.communicate(timeout=120)
    assert demo.returncode == 0, text
    assert re.findall(r"^(\d)/6  ", text, flags=re.MULTILINE) == list("123456")
    assert max(map(len, text.splitlines())) <= 80
    table = text[text.index("What the cloud was asked to change in all") :]
    assert [row.split()[3] for row in table.splitlines() if re.match(r"│ \d", row)] == [
        "StopInstances",
        "ResetInstance",
    ]
    assert "imageId was changed outside Pulumi" in text
    assert left_running(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_with_steps_it_waits_for_enter_after_each(tmp_path: Path) -> None:
    """A second step begins once Enter was pressed, and not before; where nobody can press it, it goes on."""
    with start(tmp_path, "--step") as demo:
        assert demo.stdout is not None
        assert demo.stdin is not None
        for line in demo.stdout:
            if line.startswith("Enter goes on"):
                break
        assert select.select([demo.stdout], [], [], 3.0)[0] == []
        text, _ = demo.communicate(input="\n", timeout=120)
    assert demo.returncode == 0, text
    assert re.findall(r"^(\d)/6  ", text, flags=re.MULTILINE) == list("23456")
    assert text.count("Enter goes on") == 5


@pytest.mark.slow
def test_ctrl_c_in_the_middle_of_a_rebuild_leaves_nothing_running(tmp_path: Path) -> None:
    """SIGINT to the demo's process group ends it with 130 and one line."""
    with start(tmp_path) as demo:
        assert demo.stdout is not None
        for line in demo.stdout:
            if "DEPLOYING" in line:
                break
        assert left_running(tmp_path)
        os.killpg(demo.pid, signal.SIGINT)
        rest, _ = demo.communicate(timeout=20)
    assert demo.returncode == 130, rest
    assert rest.splitlines()[-1] == "demo: interrupted; nothing is left running"
    assert "Traceback" not in rest
    assert left_running(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [0.3, 1.0, 2.0, 3.5, 5.0])
def test_ctrl_c_at_any_moment_leaves_nothing_running(tmp_path: Path, seconds: float) -> None:
    """While it loads, sets up, or between two commands."""
    with start(tmp_path) as demo:
        time.sleep(seconds)
        os.killpg(demo.pid, signal.SIGINT)
        text, _ = demo.communicate(timeout=20)
    assert demo.returncode == 130, text
    assert "Traceback" not in text
    assert left_running(tmp_path) == []
    assert list(tmp_path.iterdir()) == []
