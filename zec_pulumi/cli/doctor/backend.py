"""Checks that Pulumi is logged in to a backend, and that it has the passphrase of the stack's secrets."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import yaml

from zec_pulumi.cli.doctor.finding import Finding, ok, problem, warning
from zec_pulumi.cli.process import run

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from zec_pulumi.cli.doctor.project import Project

BACKEND = "backend"
PASSPHRASE = "passphrase"  # noqa: S105 the name of the check

_VALUE, _FILE = "PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"
_LOG_IN = (
    "run `pulumi login`, or set PULUMI_BACKEND_URL to where the stacks are kept; a pipeline on Pulumi Cloud sets"
    " PULUMI_ACCESS_TOKEN"
)
_SET_IT = f"set {_FILE} to a file that holds it, or {_VALUE}"


def check(environ: Mapping[str, str], folder: Path) -> list[Finding]:
    """Ask Pulumi who is logged in; empty where there is no Pulumi. The backend's address may hold a password."""
    program = shutil.which("pulumi", path=environ.get("PATH"))
    if program is None:
        return []
    ran = run([program, "whoami", "--non-interactive", "--color", "never"], environ, folder)
    if ran.succeeded:
        return [ok(BACKEND, f"logged in as {ran.output.strip()}")]
    return [problem(BACKEND, f"there is none to keep stacks in: {ran.reason}", _LOG_IN)]


def check_passphrase(
    stack: str | None, project: Project | None, environ: Mapping[str, str], folder: Path
) -> list[Finding]:
    """Check that the passphrase is given; empty for a stack that has none, and where the stack is not known."""
    name = stack or _selected(environ, folder)
    if project is None or name is None or not _has_passphrase(project, name):
        return []
    if _VALUE in environ:
        return [ok(PASSPHRASE, f"given by {_VALUE}")]
    if _FILE not in environ:
        text = f"stack {name} has one, and it is not given: up asks for it, and fails where nobody can answer"
        return [warning(PASSPHRASE, text, _SET_IT)]
    if os.access(folder / environ[_FILE], os.R_OK):
        return [ok(PASSPHRASE, f"given by {_FILE}")]
    return [problem(PASSPHRASE, f"the file that {_FILE} names cannot be read", _SET_IT)]


def _selected(environ: Mapping[str, str], folder: Path) -> str | None:
    program = shutil.which("pulumi", path=environ.get("PATH"))
    if program is None:
        return None
    ran = run([program, "stack", "--show-name", "--non-interactive", "--color", "never"], environ, folder)
    return ran.output.strip() if ran.succeeded else None


def _has_passphrase(project: Project, stack: str) -> bool:
    """Whether the stack's file holds the salt that the engine derives the key with."""
    file = project.stack_files / f"Pulumi.{stack.rpartition('/')[2]}.yaml"
    try:
        settings = yaml.safe_load(file.read_text("utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        return False
    return isinstance(settings, dict) and "encryptionsalt" in settings
