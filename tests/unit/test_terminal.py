"""Whether the engine redraws rows: its standard output and its options tell."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

ASKS = "import sys; from zec_pulumi.engine.terminal import is_interactive; sys.exit(3 if is_interactive() else 4)"


def redraws(folder: Path, *options: str, terminal: bool) -> bool:
    """Run a command named `pulumi` with `options`, on a terminal or in a pipe; return what a plugin of it finds."""
    engine = folder / "pulumi"
    engine.write_text(f"#!/bin/sh\n'{sys.executable}' -c '{ASKS}'\nexit $?\n")
    engine.chmod(0o700)
    ours, theirs = os.openpty()
    environment = {name: value for name, value in os.environ.items() if name != "CI"}
    try:
        output = theirs if terminal else subprocess.DEVNULL
        code = subprocess.run([engine, "up", *options], env=environment, stdout=output, check=False).returncode
    finally:
        os.close(ours)
        os.close(theirs)
    return {3: True, 4: False}[code]


def test_rows_are_redrawn_on_a_terminal(tmp_path: Path) -> None:
    """There progress may tick."""
    assert redraws(tmp_path, "--yes", terminal=True)


def test_in_a_pipe_each_line_stays(tmp_path: Path) -> None:
    """There only a new phase is worth one."""
    assert not redraws(tmp_path, "--yes", terminal=False)


@pytest.mark.parametrize("option", ["--non-interactive", "--diff", "--diff=true"])
def test_with_options_that_print_lines_each_line_stays_on_a_terminal_too(tmp_path: Path, option: str) -> None:
    """`pulumi up --diff` redraws nothing: ticking would print a line for each poll."""
    assert not redraws(tmp_path, "--yes", option, terminal=True)
