"""The project's own GitHub workflows and forms, as GitHub reads them."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest
import yaml

from driver import ROOT, SDKS

if TYPE_CHECKING:
    from pathlib import Path

GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
FORMS = sorted(path for path in (GITHUB / "ISSUE_TEMPLATE").glob("*.yml") if path.name != "config.yml")
USES = re.compile(r"^\s*-? *uses: (\S+)(.*)$", flags=re.MULTILINE)


def accepted(*arguments: str) -> None:
    """Check files against a schema that comes with check-jsonschema, so nothing is fetched."""
    ran = subprocess.run(
        [str(SDKS["newest"] / "check-jsonschema"), *arguments], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize(
    ("schema", "files"),
    [
        ("github-workflows", WORKFLOWS),
        ("github-issue-forms", FORMS),
        ("github-issue-config", [GITHUB / "ISSUE_TEMPLATE" / "config.yml"]),
        ("dependabot", [GITHUB / "dependabot.yml"]),
    ],
)
def test_github_accepts_the_files(schema: str, files: list[Path]) -> None:
    """By its own schemas."""
    accepted("--builtin-schema", f"vendor.{schema}", *map(str, files))


@pytest.mark.slow  # built with Go, which `make test` does not ask for
def test_actionlint_finds_nothing() -> None:
    """It knows expressions, contexts, permissions and shell steps, which a schema does not."""
    command = ROOT / ".cache" / "actionlint" / "actionlint"
    assert command.exists(), "no actionlint: run make .cache/actionlint/actionlint"
    ran = subprocess.run([command, "-no-color", *WORKFLOWS], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_an_action_is_named_by_its_commit_and_its_full_version(workflow: Path) -> None:
    """A tag can be moved by somebody else; a commit cannot."""
    named = USES.findall(workflow.read_text("utf-8"))
    assert named
    for action, comment in named:
        if not action.startswith("./"):
            assert re.fullmatch(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}", action), action
            assert re.fullmatch(r" # v\d+\.\d+\.\d+", comment), f"{action}{comment}"


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_may_read_only_unless_it_says_so(workflow: Path) -> None:
    """The default is the least."""
    assert yaml.safe_load(workflow.read_text("utf-8"))["permissions"] == {"contents": "read"}


def test_only_the_job_that_publishes_gets_an_identity() -> None:
    """It runs nothing of the checkout, in an environment that a person can guard."""
    jobs = {
        (workflow.name, name): job
        for workflow in WORKFLOWS
        for name, job in yaml.safe_load(workflow.read_text("utf-8"))["jobs"].items()
    }
    trusted = [key for key, job in jobs.items() if "id-token" in job.get("permissions", {})]
    assert trusted == [("release.yml", "publish")]
    publish = jobs["release.yml", "publish"]
    assert publish["environment"]["name"] == "pypi"
    assert [step for step in publish["steps"] if "run" in step] == []


def test_nothing_is_published_that_was_not_tested_and_checked() -> None:
    """The tag's own tests, and the release command's word about it."""
    jobs = yaml.safe_load((GITHUB / "workflows" / "release.yml").read_text("utf-8"))["jobs"]
    assert set(jobs["publish"]["needs"]) == {"tests", "build"}
    assert any("tools/release.py --tag" in step.get("run", "") for step in jobs["build"]["steps"])


def test_the_forms_lead_to_pages_that_exist() -> None:
    """They name them from the repository's own address."""
    files = [*FORMS, GITHUB / "PULL_REQUEST_TEMPLATE.md"]
    paths = [path for file in files for path in re.findall(r"\.\./blob/main/([\w./-]+)", file.read_text("utf-8"))]
    assert paths
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_every_make_target_of_a_workflow_exists() -> None:
    """`make` does what the steps say."""
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = [target for file in WORKFLOWS for target in re.findall(r"\bmake ([a-z-]+)", file.read_text("utf-8"))]
    assert targets
    for target in targets:
        assert f"\n{target}:" in makefile, target
