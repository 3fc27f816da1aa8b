"""What a reader is meant to run runs as it is printed, in its order, from an empty home."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from driver import ROOT
from tests.support import readers

if TYPE_CHECKING:
    from pathlib import Path

README = ROOT / "README.md"
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/*.md"))]
"""All but those of the examples, which tests/examples/test_readmes.py runs."""
WITH_STEPS = [page for page in PAGES if page != README and any(block.is_step for block in readers.blocks(page))]
PROGRAMS = [block for page in PAGES for block in readers.blocks(page) if block.is_program]
ELSEWHERE = {
    "docs/testing.md": "tests/docs/test_testing_page.py",
    "docs/terraform.md": "tests/terraform/test_example.py",
}
"""Pages whose programs belong together, and the test that runs them."""
PLAIN = [block for block in PROGRAMS if "import zec_pulumi" not in block.text and block.page not in ELSEWHERE]
MUTATION = re.compile(r"^\S+Z (StopInstances|ResetInstance) (\d+) ", flags=re.MULTILINE)
WEB_1, WEB_2 = "1272168087751233112", "1272168087751233113"
READY = "make playground\npulumi up --yes\n"
"""How a reader of a page in docs/ begins: with a stack that has recorded web-1."""


def named(page: Path) -> str:
    """Return the name of a page, for a test's id."""
    return str(page.relative_to(ROOT))


def rebuilds(*machines: str) -> list[tuple[str, str]]:
    """Return what the simulator prints of rebuilds of these machines, in their order."""
    return [(action, machine) for machine in machines for action in ("StopInstances", "ResetInstance")]


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_a_block_is_run_or_marked_as_one_that_is_read(page: Path) -> None:
    """Its language tells; a block of another language, or in a place where none is found, is a mistake."""
    found = readers.blocks(page)
    assert len(readers.FENCE.findall(page.read_text("utf-8"))) == 2 * len(found)
    for block in found:
        assert block.is_step or block.is_program or block.language in readers.SHOWN, block.place


@pytest.mark.engine
def test_the_readme_runs_as_it_is_printed(tmp_path: Path) -> None:
    """From the playground to the rebuild of the reader's own program; what it starts ends and leaves nothing."""
    steps = [block for block in readers.blocks(README) if block.is_step]
    (tmp_path / "files").mkdir()
    home = tmp_path / "home"
    ran = readers.run(readers.script(steps, tmp_path / "files"), home)
    assert ran.returncode == 0, ran.stdout
    assert ran.stdout.count("nothing is wiped") >= 2, ran.stdout
    assert re.findall(r"boot disk of \d+ \((web-\d).*\) will be wiped", ran.stdout)
    assert MUTATION.findall((home / "playground.log").read_text("utf-8")) == rebuilds(WEB_1, WEB_2)
    assert list(home.glob("zec-*")) == []


@pytest.mark.engine
@pytest.mark.slow
@pytest.mark.parametrize("page", WITH_STEPS, ids=named)
def test_a_page_runs_as_it_is_printed(tmp_path: Path, page: Path) -> None:
    """In the terminal of a playground whose stack has recorded web-1."""
    begin = readers.Block(named(page), 0, "sh", READY, None)
    steps = [begin, *(block for block in readers.blocks(page) if block.is_step)]
    (tmp_path / "files").mkdir()
    ran = readers.run(readers.script(steps, tmp_path / "files"), tmp_path / "home")
    assert ran.returncode == 0, ran.stdout


@pytest.mark.parametrize("program", PLAIN, ids=lambda program: program.place)
def test_a_program_that_needs_no_stack_runs_by_itself(program: readers.Block) -> None:
    """In Python alone. Programs with resources are in `test_programs.py`."""
    subprocess.run([sys.executable, "-c", program.text], check=True)
