"""Every README of an example, as it stands: its commands from an empty home, what it shows, and what it leaves."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

import engine
from checkout import left_behind
from driver import ROOT
from tests.examples import walkthrough
from tests.examples.walkthrough import commands, plain
from tests.support import readers

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.examples.walkthrough import Done

WEB_1 = ["StopInstances 12", "ResetInstance 12"]
WEB_1_AND_BATCH_1 = [*WEB_1, "ResetInstance 14"]  # batch-1 is off already
BACKED_UP = ["StopInstances 12", "CreateImage 12", "ResetInstance 12"]
DONE = {
    "quickstart": WEB_1,
    "several_machines": WEB_1_AND_BATCH_1,
    "fleet": WEB_1_AND_BATCH_1,
    "first_boot_script": WEB_1,
    "after_a_rebuild": WEB_1,
    "health_gate": WEB_1,
    "undo": [*BACKED_UP, *WEB_1, *BACKED_UP, "DeleteImages", *BACKED_UP],
    "terraform_state": WEB_1,
    "sharded_by_zone": WEB_1_AND_BATCH_1,
    "terraform_bridged": ["CreateZecInstances 01", "StopInstances 01", "ResetInstance 01", "ReleaseInstances 01"],
}
"""What each README does to machines, in order, with the end of the id: the cloud's own word."""
EVERY_DAY = {"quickstart"}
"""The others do what these do, or other tests of every day do it; they run in `make test-all`."""
RUNS = [pytest.param(name, marks=() if name in EVERY_DAY else pytest.mark.slow) for name in DONE]
FIRST = "cd examples/{} && . ../simulated.sh"
LAST = 'kill "$ZEC_SIMULATOR"; rm -r "$PULUMI_HOME"; cd ../..'
BRIDGE = ROOT / "tests" / "terraform" / "bridge"


def readme(name: str) -> Path:
    """Return the page of an example."""
    return ROOT / "examples" / name / "README.md"


def files(folder: Path) -> set[str]:
    """Return the files of a checkout, its environment and caches aside."""
    found = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    return {name for name in found if name.startswith("examples/") and "__pycache__" not in name}


@pytest.fixture
def walk(tmp_path: Path) -> Callable[[str], Done]:
    """Run a README from an empty home: it must show what was printed, and leave nothing."""

    def run(name: str) -> Done:
        found = engine.find()
        assert found is not None, "no Pulumi engine: run make engine"
        real = engine.with_language_host(found, ROOT / ".cache" / "engine")
        temporary, tools = tmp_path / "temporary", tmp_path / "tools"
        temporary.mkdir()
        environment = {"TMPDIR": str(temporary), "PATH": f"{recorder(tools)}:{os.environ['PATH']}"}
        if name == "terraform_bridged":
            real = without_the_bridge(tmp_path / "engine", real)
            environment["PYTHONPATH"] = str(BRIDGE)
        checkout = walkthrough.checkout(tmp_path / "checkout", name, real)
        before = files(checkout)
        done = walkthrough.run(checkout, readme(name), **environment)
        for command, status, output in done.outputs:
            assert bool(status) is command.fails, f"{command.line}\n{output}"
            for line in command.shown:
                assert plain(line) in plain(output), f"{command.line}\n{output}"
        assert files(checkout) == before
        assert list(temporary.iterdir()) == []
        return done

    return run


def recorder(folder: Path) -> Path:
    """Return a folder with an ssh-keygen: the real one would edit the known_hosts of whoever runs the tests."""
    folder.mkdir()
    (folder / "ssh-keygen").write_text(f'#!/bin/sh\necho "$@" >> {folder}/called\n')
    (folder / "ssh-keygen").chmod(0o755)
    return folder


def without_the_bridge(folder: Path, real: Path) -> Path:
    """Return an engine that has nothing to fetch: the bridge's SDK is stood in for, see tests/terraform/bridge."""
    folder.mkdir()
    for tool in real.iterdir():
        (folder / tool.name).symlink_to(tool)
    (folder / "pulumi").unlink()
    (folder / "pulumi").write_text(
        f'#!/bin/sh\ncase "$1 $2" in\n"package add"|"install ") ;;\n*) exec "{real}/pulumi" "$@" ;;\nesac\n'
    )
    (folder / "pulumi").chmod(0o755)
    return folder


def test_every_example_is_run_and_is_in_the_table() -> None:
    """A new example needs a line above and one in the table that says what to read it for."""
    programs = {file.parent.name for file in (ROOT / "examples").glob("*/Pulumi.yaml") if not left_behind(file)}
    assert set(DONE) == programs
    table = (ROOT / "examples" / "README.md").read_text("utf-8")
    for page in (ROOT / "examples").glob("*/README.md"):
        assert f"| [{page.parent.name}]({page.parent.name}/README.md) |" in table


@pytest.mark.parametrize("page", sorted((ROOT / "examples").rglob("README.md")), ids=lambda page: page.parent.name)
def test_a_block_is_run_or_marked_as_one_that_is_read(page: Path) -> None:
    """Only the programs' READMEs have commands to run; those of the others are for a place that is not here."""
    found = readers.blocks(page)
    assert len(readers.FENCE.findall(page.read_text("utf-8"))) == 2 * len(found)
    for block in found:
        assert (block.language == "sh" and page.parent.name in DONE) or block.language in readers.SHOWN, block.place


@pytest.mark.parametrize("name", DONE)
def test_a_readme_begins_with_the_three_lines_that_make_it_run_and_ends_clean(name: str) -> None:
    """The first line is the cloud, the third the first `up`; the last one removes all of it."""
    lines = [command.line for command in commands(readme(name))]
    assert lines[0] == FIRST.format(name)
    assert lines[2].endswith("pulumi up --yes --skip-preview")
    assert lines[-1].replace('"$WEB" ', "") == LAST
    assert lines[-2] == "pulumi destroy --yes --skip-preview --remove"
    assert not any("#" in line for line in lines), "zsh passes an interactive comment to the command"


@pytest.mark.engine
@pytest.mark.parametrize("name", RUNS)
def test_a_readme_runs_as_it_stands(walk: Callable[[str], Done], name: str, tmp_path: Path) -> None:
    """Each command ends as the page shows, from a home that is empty; the machines of the page are rebuilt, once."""
    assert walk(name).actions == DONE[name]
    if name == "after_a_rebuild":
        assert (tmp_path / "tools" / "called").read_text() == "-R 203.0.113.11\n", "once, for the one rebuild"
