"""`zec-pulumi doctor` as a program: in a terminal, in a pipe, as JSON."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from zec_pulumi.cli.main import main

COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def broken(patient: Any) -> None:
    """Break two things, with a secret at hand."""
    patient.environ["ZENLAYERCLOUD_ACCESS_KEY_PASSWORD"] = "S3cretOfTheTest"
    (patient.root / "bin" / "pulumi").unlink()


def test_health_is_exit_status_0(patient: Any) -> None:
    """One line for each finding, and the sum at the end."""
    code, text = patient.run("doctor")
    assert code == 0
    assert text.endswith("\n\nno problems, no warnings\n")
    assert all(line.startswith("ok ") for line in text.split("\n\n", maxsplit=1)[0].splitlines())


def test_a_problem_is_exit_status_1_and_names_its_fix_on_its_line(patient: Any) -> None:
    """No colour and no wrapping in a pipe, and no secret."""
    broken(patient)
    code, text = patient.run("doctor")
    problems = [line for line in text.splitlines() if line.startswith("problem")]
    assert code == 1
    assert len(problems) == 2
    assert all("; fix: " in line for line in problems)
    assert text.endswith("2 problems, no warnings\n")
    assert "\x1b" not in text
    assert "S3cret" not in text


@pytest.mark.parametrize("columns", [80, 200])
def test_a_terminal_gets_a_table_of_its_width(patient: Any, columns: int) -> None:
    """Nothing is lost by wrapping."""
    broken(patient)
    code, text = patient.run("doctor", columns=columns)
    plain = COLOUR.sub("", text)
    assert code == 1
    assert max(map(len, plain.splitlines())) <= columns
    assert "check that the access key password belongs to the access key id" in " ".join(plain.split())
    assert text != plain
    assert "S3cret" not in text


def test_json_has_every_finding(patient: Any) -> None:
    """With a version, for scripts."""
    broken(patient)
    code, text = patient.run("doctor", "--json")
    shown = json.loads(text)
    assert (code, shown["version"], shown["ok"]) == (1, 1, False)
    assert all(set(finding) == {"level", "check", "text", "fix"} for finding in shown["findings"])
    assert all(bool(finding["fix"]) == (finding["level"] != "ok") for finding in shown["findings"])


def test_help_teaches(capsys: pytest.CaptureFixture[str]) -> None:
    """What it looks at, the exit status, and examples."""
    with pytest.raises(SystemExit):
        main(["doctor", "--help"])
    text = capsys.readouterr().out
    assert all(word in text for word in ("Examples:", "--stack prod", "exit status"))
