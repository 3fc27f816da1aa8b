"""The plugin's fixture and markers, in a pytest run of their own."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

from zec_pulumi.simulator import default_world

if TYPE_CHECKING:
    from pathlib import Path

CONFTEST = "pytest_plugins = ['zec_pulumi.simulator.pytest_plugin']\n"
MARKERS = """
import json, pathlib, pytest

pytestmark = pytest.mark.zec_fault(action="DescribeZones", effect={"type": "blocked"})
WEB_1 = "1272168087751233112"

@pytest.mark.zec_seed("worlds/one.json")
def test_file(zec_simulator):
    assert [item["instanceName"] for item in zec_simulator.instances()] == ["only"]
    zec_simulator.delete_instance(WEB_1)
    zec_simulator.reset()
    assert len(zec_simulator.instances()) == 1

def test_the_next_has_the_usual_world(zec_simulator):
    assert len(zec_simulator.instances()) == 11

@pytest.mark.zec_fault(action="*", effect={"type": "drop"})
@pytest.mark.zec_fault(action="*", effect={"type": "empty"})
def test_faults_add_up_in_order(zec_simulator):
    assert [rule["effect"]["type"] for rule in zec_simulator.faults()] == ["blocked", "drop", "empty"]

def test_the_next_has_only_its_own(zec_simulator):
    assert [rule["effect"]["type"] for rule in zec_simulator.faults()] == ["blocked"]
"""
WRONG = """
import pytest

@pytest.mark.zec_fault(action="*", effect={"type": "drop"})
def test_without_the_fixture():
    pass

@pytest.mark.zec_seed({"zones": []})
def test_seed_that_cannot_be(zec_simulator):
    pass

@pytest.mark.zec_fault(action="Nothing", effect={"type": "drop"})
def test_fault_that_cannot_be(zec_simulator):
    pass

@pytest.mark.zec_misspelt
def test_marker_that_does_not_exist(zec_simulator):
    pass
"""


def run(folder: Path, tests: str, *arguments: str) -> str:
    """Run these tests as strictly as can be, and return what pytest says."""
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "test_it.py").write_text(tests)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", *arguments, str(folder)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


def test_markers_are_for_one_test(tmp_path: Path) -> None:
    """A seed beside the test and faults in their order; the next test has neither."""
    world = default_world()
    world["instances"] = [{**world["instances"][0], "instanceName": "only"}]
    (tmp_path / "worlds").mkdir()
    (tmp_path / "worlds" / "one.json").write_text(json.dumps(world))

    assert "4 passed" in run(tmp_path, MARKERS, "--strict-markers")


def test_what_cannot_be_is_said(tmp_path: Path) -> None:
    """A marker without the fixture, and a seed and a rule that are none."""
    said = run(tmp_path, WRONG.partition("@pytest.mark.zec_misspelt")[0])

    assert "zec_fault does nothing without the fixture zec_simulator" in said
    assert "the seed is not usable: credentials: Field required" in said
    assert "Nothing is not an action of this simulator" in said
    assert "1 failed, 2 errors" in said or "3 errors" in said


def test_markers_are_registered(tmp_path: Path) -> None:
    """A misspelt one is found, those of the plugin are not."""
    said = run(tmp_path, WRONG, "--strict-markers")

    assert "'zec_misspelt' not found in `markers`" in said
    assert "@pytest.mark.zec_seed(seed)" in run(tmp_path, WRONG, "--markers")
    assert "@pytest.mark.zec_fault(**rule)" in run(tmp_path, WRONG, "--markers")
