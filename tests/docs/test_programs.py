"""Whole programs in the README and the pages run as they stand."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

import engine
from driver import ROOT, new_stack
from tests.support import readers
from zec_pulumi.simulator import Simulator

if TYPE_CHECKING:
    from pathlib import Path

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PROGRAMS = [
    block for page in PAGES for block in readers.blocks(page) if block.is_program and "import zec_pulumi" in block.text
]


@pytest.mark.engine
@pytest.mark.slow
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.place)
def test_a_whole_program_previews_as_it_stands(tmp_path: Path, program: readers.Block) -> None:
    """It needs no setting that the page does not mention, and whoever copies it wipes nothing."""
    found = engine.find()
    assert found is not None, "no Pulumi engine: run make engine"
    with Simulator() as cloud:
        stack = new_stack(tmp_path, cloud, engine.with_language_host(found, ROOT / ".cache" / "engine"), "newest")
        (tmp_path / "program" / "__main__.py").write_text(program.text)
        shown = json.loads(stack.preview("--json").ok().stdout)
    messages = [d["message"] for d in shown["diagnostics"]]
    assert any("nothing is wiped" in message for message in messages)
    assert not any("boot disk of" in message for message in messages)
