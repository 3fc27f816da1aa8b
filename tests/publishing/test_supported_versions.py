"""What is supported is stated in pyproject.toml; every other place that names a version agrees with it."""

from __future__ import annotations

import re

import pytest
import yaml

import engine
from driver import ROOT
from supported import OLDEST_PULUMI, PYTHONS

OLDEST, NEWEST = PYTHONS[0], PYTHONS[-1]
PULUMI = re.compile(r"\b3\.2\d\d\b")
PAGES = ["README.md", "CONTRIBUTING.md", "docs/configuration.md", "docs/upgrading.md", "docs/doctor.md"]


def test_the_package_installs_on_the_oldest_python() -> None:
    """The classifiers and `requires-python` begin at the same version."""
    assert f'requires-python = ">={OLDEST}"' in (ROOT / "pyproject.toml").read_text("utf-8")


@pytest.mark.parametrize("page", PAGES)
def test_a_page_names_no_other_version(page: str) -> None:
    """The oldest Pulumi, and the oldest and the newest Python."""
    text = (ROOT / page).read_text("utf-8")
    assert set(PULUMI.findall(text)) <= {OLDEST_PULUMI}
    assert set(re.findall(r"Python (3\.\d+)", text)) <= {OLDEST, NEWEST}


def test_the_page_about_versions_names_both_ends() -> None:
    """Of Python, the engine and the SDK."""
    text = (ROOT / "docs" / "upgrading.md").read_text("utf-8")
    rows = {row.split("|")[1].strip(): row for row in text.splitlines() if row.startswith("| ")}
    assert f"| {OLDEST} | {NEWEST} |" in rows["Python"]
    for row in ("Pulumi engine", "Pulumi SDK"):
        assert f"| {OLDEST_PULUMI} |" in rows[row]


def test_the_doctor_refuses_what_is_older_and_nothing_else() -> None:
    """Its sentences and its comparisons."""
    folder = ROOT / "zec_pulumi" / "cli" / "doctor"
    sources = "\n".join(file.read_text("utf-8") for file in folder.glob("*.py"))
    assert set(re.findall(r"[Pp]ulumi[ >='v]*(3\.\d+)\b", sources)) == {OLDEST_PULUMI}
    major, minor = OLDEST_PULUMI.split(".")
    assert f"OLDEST = ({major}, {minor})" in sources
    assert set(re.findall(r"version_info < \((\d+, \d+)\)", sources)) == {OLDEST.replace(".", ", ")}


def test_the_engine_that_tests_install_is_the_oldest() -> None:
    """So that what passes here passes with every other."""
    assert str(engine.VERSION) == f"{OLDEST_PULUMI}.0"
    modules = (ROOT / "tools" / "engine" / "go.mod").read_text("utf-8")
    assert set(re.findall(r"github\.com/pulumi/pulumi/(?:pkg|sdk)/v3 v(\S+)", modules)) == {f"{OLDEST_PULUMI}.0"}


def test_the_workflow_runs_the_tests_with_every_python() -> None:
    """From the oldest to the newest."""
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "tests.yml").read_text("utf-8"))
    assert workflow["jobs"]["tests"]["strategy"]["matrix"]["python"] == list(PYTHONS)


def test_types_and_lint_are_those_of_the_oldest_python() -> None:
    """Newer syntax is found before a user finds it."""
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    assert f'python_version = "{OLDEST}"' in text
    assert f'target-version = "py{OLDEST.replace(".", "")}"' in text
