"""Whether Pulumi is logged in, and has the passphrase of the stack's secrets."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

import engine
from driver import ROOT

LOGIN = "PULUMI_ACCESS_TOKEN must be set for login during non-interactive CLI sessions"


def encrypted(patient: Any, folder: str = ".") -> None:
    """Declare a project whose stack dev has a passphrase."""
    (patient.project / folder).mkdir(exist_ok=True)
    (patient.project / folder / "Pulumi.dev.yaml").write_text("encryptionsalt: v1:x\nconfig: {}\n")
    patient.declare(f"runtime: python\nstackConfigDir: {folder}\n")


def test_who_is_logged_in_is_said(patient: Any) -> None:
    assert patient.one("backend").text == "logged in as tester"


def test_no_login_is_a_problem_said_once(patient: Any) -> None:
    """With the ways to log in; the stack cannot be read then, and why is not repeated."""
    patient.declare("runtime: python\n")
    patient.program("pulumi", f'[ "$1" = version ] && echo v3.259.0 && exit; echo "error: {LOGIN}" >&2; exit 3')
    finding = patient.one("backend", "prod")
    assert (finding.level, LOGIN in finding.text) == ("problem", True)
    assert all(word in finding.fix for word in ("pulumi login", "PULUMI_BACKEND_URL", "PULUMI_ACCESS_TOKEN"))
    assert patient.one("stack config", "prod").text == "not read: Pulumi is not logged in"


def test_a_password_in_the_backends_address_is_not_shown(patient: Any) -> None:
    patient.program("pulumi", "echo 'error: cannot reach postgres://me:S3cret@db/pulumi' >&2; exit 1")
    assert patient.one("backend").text.endswith("cannot reach postgres://***@db/pulumi")


def test_a_passphrase_that_is_not_given_is_a_warning(patient: Any) -> None:
    """In a terminal up asks for it; a pipeline fails."""
    encrypted(patient)
    finding = patient.one("passphrase")
    assert (finding.level, "stack dev" in finding.text) == ("warning", True)
    assert "PULUMI_CONFIG_PASSPHRASE_FILE" in finding.fix


@pytest.mark.parametrize("value", ["s3cret", ""])
def test_a_passphrase_may_be_empty(patient: Any, value: str) -> None:
    """As the engine takes it."""
    encrypted(patient)
    patient.environ["PULUMI_CONFIG_PASSPHRASE"] = value
    finding = patient.one("passphrase")
    assert (finding.level, finding.text) == ("ok", "given by PULUMI_CONFIG_PASSPHRASE")


@pytest.mark.parametrize(("name", "level"), [("phrase", "ok"), ("none", "problem")])
def test_the_file_of_the_passphrase_is_looked_for(patient: Any, name: str, level: str) -> None:
    encrypted(patient)
    (patient.project / "phrase").write_text("s3cret")
    patient.environ["PULUMI_CONFIG_PASSPHRASE_FILE"] = name
    assert patient.one("passphrase").level == level


def test_the_stacks_file_is_looked_for_where_the_project_keeps_it(patient: Any) -> None:
    """And by the last part of the stack's whole name."""
    encrypted(patient, "stacks")
    assert patient.one("passphrase", "organization/test/dev").level == "warning"


@pytest.mark.parametrize("text", ["config: {}", "secretsprovider: awskms://alias/x", "[", "- a"])
def test_a_stack_without_a_passphrase_needs_none(patient: Any, text: str) -> None:
    """Its secrets are kept by somebody else, or its file is not for the doctor to judge."""
    encrypted(patient)
    (patient.project / "Pulumi.dev.yaml").write_text(text)
    assert [finding for finding in patient.examine() if finding.check == "passphrase"] == []


@pytest.mark.engine
def test_the_real_pulumi_answers_as_the_doctor_understands(patient: Any) -> None:
    """From no login to a stack with a passphrase."""
    found = engine.find()
    assert found is not None, "no Pulumi engine: run make engine"
    folder = engine.with_language_host(found, ROOT / ".cache" / "engine")
    (patient.root / "bin" / "pulumi").unlink()
    (patient.root / "backend").mkdir()
    patient.declare("runtime: python\n")
    patient.environ["PATH"] = f"{folder}:{patient.environ['PATH']}"
    patient.environ.update({"PULUMI_HOME": str(patient.home / ".pulumi"), "PULUMI_SKIP_UPDATE_CHECK": "true"})
    assert LOGIN in patient.one("backend").text

    patient.environ["PULUMI_BACKEND_URL"] = f"file://{patient.root / 'backend'}"
    given = {**patient.environ, "PULUMI_CONFIG_PASSPHRASE": "test"}
    subprocess.run(["pulumi", "stack", "init", "dev"], env=given, cwd=patient.project, check=True, capture_output=True)
    findings = {finding.check: finding.level for finding in patient.examine()}
    assert (findings["backend"], findings["stack config"], findings["passphrase"]) == ("ok", "ok", "warning")
