"""The pipelines as their vendors' own schemas and actionlint see them."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from driver import ROOT, SDKS

if TYPE_CHECKING:
    from pathlib import Path

GITHUB = sorted((ROOT / "examples" / "gitops" / "github").glob("*.yml"))
OUR_OWN = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
ACTION = re.compile(r"^\s*-? *uses: ([\w.-]+/[\w.-]+@.*)$", flags=re.MULTILINE)
GITLAB = [ROOT / "examples" / "gitops" / "gitlab" / ".gitlab-ci.yml"]


@pytest.mark.parametrize(("schema", "files"), [("github-workflows", GITHUB), ("gitlab-ci", GITLAB)])
def test_the_vendor_accepts_the_pipelines(schema: str, files: list[Path]) -> None:
    """The schemas come with check-jsonschema, so nothing is fetched."""
    command = [str(SDKS["newest"] / "check-jsonschema"), "--builtin-schema", f"vendor.{schema}", *map(str, files)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.slow  # built with Go, which `make test` does not ask for
def test_actionlint_finds_nothing() -> None:
    """It knows expressions, contexts, permissions and untrusted text in scripts, which a schema does not."""
    command = ROOT / ".cache" / "actionlint" / "actionlint"
    assert command.exists(), "no actionlint: run make .cache/actionlint/actionlint"
    ran = subprocess.run([command, "-no-color", *GITHUB], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_no_pipeline_is_forgotten() -> None:
    """Each file is in a vendor's check above."""
    found = sorted((ROOT / "examples" / "gitops").rglob("*.yml"))
    assert found == sorted([*GITHUB, *GITLAB])


def actions(files: list[Path]) -> set[str]:
    """Return what the files use: action, commit and version."""
    return {found for file in files for found in ACTION.findall(file.read_text("utf-8"))}


def test_an_action_is_named_by_its_commit_as_in_this_project_s_own_workflows() -> None:
    """These are kept up to date, each commit with its full version beside it."""
    assert actions(GITHUB)
    assert actions(GITHUB) <= actions(OUR_OWN)


def jobs() -> list[tuple[str, dict[str, Any]]]:
    """Return every job of every pipeline, by its name, with the settings of its file."""
    found = []
    for file in (*GITHUB, *GITLAB):
        document = yaml.safe_load(file.read_text("utf-8"))
        settings = {**document.get("env", {}), **document.get("variables", {})}
        named = document.get("jobs") or {name: document[name] for name in document["stages"]}
        found += [(name, {**job, "settings": settings}) for name, job in named.items()]
    return found


def test_every_job_has_a_limit_and_up_the_longest() -> None:
    """A platform's own limit would end an `up` in the midst of a rebuild, or let a hanging preview stay for hours."""
    limits: dict[str, set[int | str]] = {"up": {350, "6 hours"}, "comment": {5}, "note": {"5 minutes"}}
    for name, job in jobs():
        assert job.get("timeout-minutes", job.get("timeout")) in limits.get(name, {15, "15 minutes"}), name


def test_previews_speak_of_as_many_rebuilds_at_a_time_as_up_does() -> None:
    """A fleet's row says so. It is few: nothing else holds a stack without a fleet back."""
    assert {job["settings"]["PULUMI_PARALLEL"] for _, job in jobs()} == {"4"}
