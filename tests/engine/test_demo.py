"""`make demo`: it tells the truth, and leaves nothing running."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from driver import ROOT

pytestmark = pytest.mark.engine

needs_proc = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="processes are found through /proc")


def start(scratch: Path) -> subprocess.Popen[str]:
    """Start the demo in a process group of its own; everything it starts inherits TMPDIR."""
    return subprocess.Popen(
        [sys.executable, str(ROOT / "tools" / "demo.py")],
        env={
            **os.environ,
            "TMPDIR": str(scratch),
            "PULUMI_CONFIG_PASSPHRASE_FILE": "/nowhere",
            "PYTHONUNBUFFERED": "1",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )


def left_running(scratch: Path) -> list[str]:
    """Return the processes that inherited this TMPDIR and still run."""
    return [name for process in Path("/proc").glob("[0-9]*") if (name := name_if_marked(process, scratch))]


def name_if_marked(process: Path, scratch: Path) -> str:
    """Return the command line of a process that inherited this TMPDIR, else nothing."""
    with contextlib.suppress(OSError):  # it ended meanwhile
        if f"TMPDIR={scratch}\0".encode() in (process / "environ").read_bytes():
            return (process / "cmdline").read_text()
    return ""


@needs_proc
def test_the_demo_ends_well_and_its_ledger_shows_one_rebuild(tmp_path: Path) -> None:
    """All six steps in a pipe, one StopInstances and one ResetInstance in the table, nothing left running."""
    with start(tmp_path) as demo:
        text, _ = demo.communicate(timeout=120)
    assert demo.returncode == 0, text
    assert re.findall(r"^Step (\d) of 6:", text, flags=re.MULTILINE) == list("123456")
    table = text[text.index("What the cloud was really asked to do") :]
    assert [row.split()[3] for row in table.splitlines() if re.match(r"│ \d", row)] == [
        "StopInstances",
        "ResetInstance",
    ]
    assert "imageId was changed outside Pulumi" in text
    assert left_running(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


@needs_proc
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


@needs_proc
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
