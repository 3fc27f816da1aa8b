"""`make playground`: what it prints makes any shell ready, and Ctrl-C leaves nothing."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from driver import ROOT

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.engine, pytest.mark.slow]

PASTED = re.compile(r"^(?:(?:export|cd) .*\n)+", flags=re.MULTILINE)
COMMANDS = re.compile(r"^pulumi .*$", flags=re.MULTILINE)


def test_what_it_prints_makes_any_shell_ready_and_ctrl_c_removes_all(tmp_path: Path) -> None:
    """The lines and commands as they are printed; only the questions are answered."""
    with subprocess.Popen(
        [sys.executable, str(ROOT / "tools" / "playground.py")],
        env={**os.environ, "TMPDIR": str(tmp_path), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as playground:
        assert playground.stdout is not None
        guide = ""
        for line in playground.stdout:
            guide += line
            if "Ctrl-C ends it" in line:
                break
        pasted = PASTED.search(guide)
        assert pasted is not None, guide
        commands = [command.replace("pulumi up", "pulumi up --yes") for command in COMMANDS.findall(guide)]
        user = subprocess.run(
            ["bash", "-ec", "\n".join([pasted[0], *commands])],
            env={"HOME": str(tmp_path / "nobody"), "PATH": os.environ["PATH"]},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert user.returncode == 0, user.stdout + user.stderr
        playground.send_signal(signal.SIGINT)
        rest, _ = playground.communicate(timeout=20)
    assert playground.returncode == 0
    assert re.findall(r"^\S+Z (\w+) 1272168087751233112 ", rest, flags=re.MULTILINE) == [
        "StopInstances",
        "ResetInstance",
    ]
    assert "nothing of it is left" in rest
    assert max(map(len, guide.replace(pasted[0], "").splitlines())) <= 80
    assert [path.name for path in tmp_path.iterdir() if path.name != "nobody"] == []
