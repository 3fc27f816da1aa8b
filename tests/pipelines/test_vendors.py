"""The pipelines as their vendors' own schemas and actionlint see them."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from driver import ROOT, SDKS

if TYPE_CHECKING:
    from pathlib import Path

GITHUB = sorted((ROOT / "examples" / "gitops" / "github").glob("*.yml"))
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
