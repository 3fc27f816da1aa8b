"""The engine, the Python it will start, and the journal."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from zec_pulumi import __version__
from zec_pulumi.journal.journal import Journal
from zec_pulumi.planning.causes import Cause
from zec_pulumi.time.clock import SystemClock


def test_no_engine_is_a_problem(patient: Any) -> None:
    """With where to get it."""
    (patient.root / "bin" / "pulumi").unlink()
    finding = patient.one("engine")
    assert (finding.level, "https://www.pulumi.com" in finding.fix) == ("problem", True)


@pytest.mark.parametrize(("version", "level"), [("v3.258.9", "problem"), ("v3.259.0", "ok"), ("v4.0.0-beta", "ok")])
def test_the_engines_version_is_compared(patient: Any, version: str, level: str) -> None:
    """3.259 is the oldest that is supported."""
    patient.pulumi(version)
    finding = patient.one("engine")
    assert finding.level == level
    assert version in finding.text


@pytest.mark.parametrize(
    ("name", "level"), [("pulumi-resource-pulumi-python", "problem"), ("pulumi-language-python", "warning")]
)
def test_a_missing_companion_of_the_engine_is_named(patient: Any, name: str, level: str) -> None:
    """Without the launcher nothing works; without the language host the Automation API does."""
    (patient.root / "bin" / name).unlink()
    findings = [finding for finding in patient.examine() if finding.check == "engine"]
    assert [finding.level for finding in findings] == ["ok", level]
    assert name in findings[1].text


def test_a_companion_beside_the_engine_is_found(patient: Any) -> None:
    """As the engine looks for it: beside its own binary, not beside a link to it."""
    real = patient.root / "real"
    real.mkdir()
    for name in ("pulumi", "pulumi-resource-pulumi-python", "pulumi-language-python"):
        (patient.root / "bin" / name).rename(real / name)
    (patient.root / "bin" / "pulumi").symlink_to(real / "pulumi")
    assert patient.one("engine").level == "ok"


def test_the_virtualenv_option_is_relative_to_the_program(patient: Any) -> None:
    """The classic failure: it lies beside Pulumi.yaml, and the program in a folder below."""
    patient.declare("runtime: {name: python, options: {virtualenv: venv}}\nmain: app\n")
    (patient.project / "app").mkdir()
    patient.python(patient.project / "venv" / "bin" / "python")
    finding = patient.one("python")
    assert finding.level == "problem"
    assert str(patient.project / "app" / "venv") in finding.text
    assert "python3 -m venv" in finding.fix


def test_the_virtualenv_option_wins_over_everything(patient: Any) -> None:
    """The engine hands it over before the user's own variable is looked at."""
    patient.declare("runtime: {name: python, options: {virtualenv: venv}}\n")
    patient.python(patient.project / "venv" / "bin" / "python")
    patient.environ.update({"PULUMI_RUNTIME_VIRTUALENV": "/nowhere", "PULUMI_PYTHON_CMD": "/nowhere"})
    assert str(patient.project / "venv" / "bin" / "python") in patient.one("python").text
    assert patient.one("provider").level == "ok"


@pytest.mark.parametrize(
    ("variable", "value", "file"),
    [
        ("PULUMI_RUNTIME_VIRTUALENV", "envs/a", "envs/a/bin/python"),
        ("PULUMI_RUNTIME_TOOLCHAIN", "uv", ".venv/bin/python"),
        ("PULUMI_PYTHON_CMD", "", "own-python"),
    ],
)
def test_the_variables_of_the_launcher_are_obeyed(patient: Any, variable: str, value: str, file: str) -> None:
    """As its script reads them."""
    path = patient.project / file
    patient.python(path)
    patient.environ[variable] = value or str(path)
    finding = patient.one("python")
    assert finding.text.startswith(f"the engine will start {path}")
    assert patient.one("provider").level == "ok"


def test_poetry_is_asked_for_its_environment(patient: Any) -> None:
    """In the program's folder."""
    patient.declare("runtime: {name: python, options: {toolchain: poetry}}\n")
    patient.python(patient.root / "poetry" / "bin" / "python")
    patient.program("poetry", f"echo {patient.root / 'poetry'}")
    assert str(patient.root / "poetry" / "bin" / "python") in patient.one("python").text


def test_the_real_question_is_answered_by_a_real_python(patient: Any) -> None:
    """The one of this test run has the package and the SDK; without its packages it has neither."""
    patient.program("python3", f'exec "{sys.executable}" "$@"')
    assert patient.one("provider").text == f"zec_pulumi {__version__} can be imported"
    patient.program("python3", f'exec "{sys.executable}" -I -S "$@"')
    assert "ModuleNotFoundError: No module named 'pulumi'" in patient.one("provider").text


def test_a_python_without_the_package_is_a_problem(patient: Any) -> None:
    """Named with the environment that has it."""
    patient.program("python3", 'echo "ModuleNotFoundError: No module named zec_pulumi" >&2; exit 1')
    finding = patient.one("provider")
    assert finding.level == "problem"
    assert finding.text.endswith("ModuleNotFoundError: No module named zec_pulumi")
    assert f"{patient.root / 'bin' / 'python3'} -m pip install" in finding.fix


def test_no_python_at_all_is_a_problem(patient: Any) -> None:
    """The one that was asked for is named."""
    patient.environ["PULUMI_PYTHON_CMD"] = "python-of-nowhere"
    finding = patient.one("python")
    assert (finding.level, "python-of-nowhere" in finding.text) == ("problem", True)


@pytest.mark.parametrize(
    ("answer", "check", "level"),
    [
        ({"sdk": "3.258.0", "package": __version__}, "sdk", "problem"),
        ({"sdk": "3.300.1", "package": __version__}, "sdk", "ok"),
        ({"sdk": "3.300.1", "package": "0.0.1"}, "provider", "warning"),
        ("hello", "provider", "problem"),
    ],
)
def test_versions_are_those_of_the_engines_python(patient: Any, answer: Any, check: str, level: str) -> None:
    """Not those of the Python this command runs in."""
    patient.program("python3", f"echo '{json.dumps(answer)}'")
    assert patient.one(check).level == level


def test_a_program_in_another_language_is_a_problem(patient: Any) -> None:
    """Dynamic providers in Python serve Python programs only."""
    patient.declare("runtime: nodejs\n")
    finding = patient.one("python")
    assert (finding.level, "nodejs" in finding.text) == ("problem", True)


def test_the_journal_is_tried_and_nothing_is_left(patient: Any) -> None:
    """Not even the folder that up would make."""
    assert patient.one("journal").level == "ok"
    assert list(patient.home.iterdir()) == []


def test_a_journal_that_cannot_be_written_is_a_problem(patient: Any) -> None:
    """A file in the place of the folder refuses even root."""
    (patient.home / ".pulumi").write_text("")
    finding = patient.one("journal")
    assert (finding.level, "PULUMI_HOME" in finding.fix) == ("problem", True)


def test_an_attempt_nobody_knows_the_end_of_is_a_warning(patient: Any) -> None:
    """With the command that closes it; one that is known is none."""
    folder = patient.home / ".pulumi" / "zec_pulumi"
    journal = Journal(folder, SystemClock())
    for attempt in ("known", "lost"):
        journal.intend(attempt, "1272168087751233112", "urn", (Cause("userData"),), None)
    journal.note("1272168087751233112", "known", "accepted")
    finding = patient.one("attempts")
    assert (finding.level, "lost" in finding.text, "known" in finding.text.split()) == ("warning", True, False)
    assert "zec-pulumi attempts close lost" in finding.fix
