"""The Automation API: the script of docs/recipes.md, whose program is within it."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from driver import ROOT, Ran, ended
from tests.support import readers

if TYPE_CHECKING:
    from driver import Stack

pytestmark = [pytest.mark.engine, pytest.mark.slow]

(SCRIPT,) = [block.text for block in readers.blocks(ROOT / "docs" / "recipes.md") if block.file == "deploy.py"]
HAS, WANTED = "ubuntu2404_20240712", "debian12_20240712"
GATE = 'stack.set_config("zec:requireApproval", auto.ConfigValue("true"))\n'


@pytest.fixture
def elsewhere(stack: Stack) -> Stack:
    """A shell in which `python3` is no Python that has the package: nobody activated the environment."""
    bare = stack.folder / "bare"
    bare.mkdir()
    (bare / "python3").write_text("#!/bin/sh\necho this python3 has no zec_pulumi >&2\nexit 1\n")
    (bare / "python3").chmod(0o755)
    stack.environment["PATH"] = f"{bare}:{stack.engine}:/usr/bin:/bin"
    return stack


def run(stack: Stack, script: str) -> Ran:
    """Run a script with the stack's Python, and return how it ended."""
    assert GATE in script
    pace = GATE + 'stack.set_config("zec:pollInterval", auto.ConfigValue("0.1"))\n'
    command = [str(stack.python / "python3"), "-c", script.replace(GATE, pace)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=stack.folder, env=stack.environ(), stdout=pipe, stderr=pipe, text=True) as it:
        return ended(it)


def test_a_program_within_a_script_is_gated_and_rebuilds_once(elsewhere: Stack) -> None:
    """It records the machine, refuses another image with the token that approves it, and rebuilds with that token."""
    assert "nothing is wiped" in run(elsewhere, SCRIPT).ok().stdout
    changed = SCRIPT.replace(HAS, WANTED)
    refused = run(elsewhere, changed)
    assert refused.code != 0
    assert "CommandError" in refused.stderr
    (token,) = set(re.findall(r"add (\S+) to zec:approvedRebuilds", refused.text))
    assert elsewhere.actions() == []
    approved = f'stack.set_config("zec:approvedRebuilds", auto.ConfigValue("{token}"))\n{GATE}'
    assert f"RUNNING on {WANTED}" in run(elsewhere, changed.replace(GATE, approved)).ok().stdout
    assert elsewhere.actions() == ["StopInstances", "ResetInstance"]


def test_a_script_that_names_no_python_is_served_by_the_first_on_path(elsewhere: Stack) -> None:
    """So the recipe names it: else the engine says that it cannot start the provider, and nothing is done."""
    ran = run(elsewhere, SCRIPT.replace(", opts=options", ""))
    assert ran.code != 0
    assert "this python3 has no zec_pulumi" in ran.text
    assert elsewhere.actions() == []
