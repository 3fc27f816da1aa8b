"""The engine's own launcher of dynamic providers, beside what doctor says of it."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

import engine


@pytest.mark.engine
@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"PULUMI_PYTHON_CMD": "other-python"},
        {"PULUMI_RUNTIME_VIRTUALENV": "venv", "PULUMI_PYTHON_CMD": "other-python"},
        {"PULUMI_RUNTIME_VIRTUALENV": "venv/", "PULUMI_RUNTIME_TOOLCHAIN": "uv"},
        {"PULUMI_RUNTIME_TOOLCHAIN": "uv"},
        {"PULUMI_RUNTIME_TOOLCHAIN": "poetry"},
        {"PULUMI_RUNTIME_TOOLCHAIN": "pip"},
    ],
)
def test_doctor_and_launcher_choose_the_same_python(patient: Any, variables: dict[str, str]) -> None:
    """Every Python here writes down that it was started."""
    found = engine.find()
    assert found is not None, "no Pulumi engine: run make engine"
    for path in (
        "bin/python3",
        "bin/other-python",
        "project/venv/bin/python",
        "project/.venv/bin/python",
        "p/bin/python",
    ):
        patient.python(patient.root / path)
        script = (patient.root / path).read_text()
        (patient.root / path).write_text(f'{script}echo "$0" >> {patient.root / "started"}\n')
    patient.program("poetry", f"echo {patient.root / 'p'}")
    patient.environ.update(variables)

    launcher = [str(found / "pulumi-resource-pulumi-python"), "127.0.0.1:1"]
    subprocess.run(launcher, cwd=patient.project, env=patient.environ, capture_output=True, check=True)
    text = patient.one("python").text

    by_launcher, by_doctor = (patient.root / "started").read_text().split()
    assert by_doctor == by_launcher
    assert by_launcher in text
