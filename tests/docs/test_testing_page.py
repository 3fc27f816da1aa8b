"""The tests in docs/testing.md pass as they stand, in a project of their own."""

from __future__ import annotations

import os
import re
import subprocess
from typing import TYPE_CHECKING

import pytest

import engine
from checkout import copy_example
from driver import ROOT, SDKS, WEB_1
from zec_pulumi.simulator import Simulator, assert_rebuilt

if TYPE_CHECKING:
    from pathlib import Path

PAGE = (ROOT / "docs" / "testing.md").read_text("utf-8")
CONFTEST, STACK, API, UNITTEST = re.findall(r"^```python\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)


def run(folder: Path, *arguments: str, **environment: str) -> str:
    """Run pytest in a folder, as strictly as it can be, and return what it says."""
    strict = ("--strict-markers", "--strict-config", "-W", "error", "-p", "no:cacheprovider")
    done = subprocess.run(
        [str(SDKS["newest"] / "python"), "-m", "pytest", "-q", *strict, *arguments, str(folder)],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project's folder of tests with the plugin."""
    folder = tmp_path / "tests"
    folder.mkdir()
    (folder / "conftest.py").write_text(CONFTEST)
    return folder


@pytest.mark.parametrize("workers", [(), pytest.param(("-n", "1"), marks=pytest.mark.slow)], ids=["alone", "xdist"])
def test_seeds_and_faults_work_as_the_page_says(project: Path, workers: tuple[str, ...]) -> None:
    """In one process and in a worker."""
    (project / "test_api.py").write_text(API)

    assert "3 passed" in run(project, *workers)


def test_a_unittest_works_as_the_page_says(project: Path) -> None:
    """Without the plugin."""
    (project / "conftest.py").unlink()
    (project / "test_unit.py").write_text(UNITTEST)

    assert "1 passed" in run(project)


@pytest.mark.engine
@pytest.mark.parametrize(
    ("chosen", "passed"), [("lost_answer", "1 passed"), pytest.param("", "3 passed", marks=pytest.mark.slow)]
)
def test_a_stack_is_tested_as_the_page_says(project: Path, tmp_path: Path, chosen: str, passed: str) -> None:
    """With the real engine: left alone, rebuilt once, and once although the answer was lost.

    What the user has beside it is neither read nor changed: stack files with another endpoint, a backend, a home.
    """
    found = engine.find()
    assert found is not None, "no Pulumi engine: run make engine"
    folder = engine.with_language_host(found, ROOT / ".cache" / "engine")
    (project / "test_stack.py").write_text(STACK)
    copy_example("quickstart", project / "infra")
    for stack in ("dev", "test"):
        settings = "config:\n  zenlayercloud:domain: 127.0.0.1:9\n  zec:token: mine\n"
        (project / "infra" / f"Pulumi.{stack}.yaml").write_text(settings)
    mine = tmp_path / "mine"

    said = run(
        project,
        "-k",
        chosen,
        PATH=f"{SDKS['newest']}:{folder}:{os.environ['PATH']}",
        HOME=str(mine),
        PULUMI_HOME=str(mine / ".pulumi"),
        PULUMI_BACKEND_URL=f"file://{mine}",
        PULUMI_STACK="dev",
        ZENLAYER_TOKEN="mine",
    )

    assert passed in said, said
    assert not mine.exists()


def test_a_failure_looks_as_the_page_says() -> None:
    """The words of the example are those of the code."""
    with Simulator(clock="manual") as sim, pytest.raises(AssertionError) as caught:
        assert_rebuilt(sim, WEB_1)

    first, entry = str(caught.value).splitlines()
    assert first == f"web-1 ({WEB_1}): expected 1 rebuild, found 0 rebuilds; the ledger has:"
    assert entry.strip() == "no entry"
    assert re.sub("found .*;", "found 2 rebuilds;", first) in PAGE
