"""Checks that the Pulumi engine is installed, is recent enough, and has its programs for Python."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from zec_pulumi.cli.doctor.finding import Finding, ok, problem, version_of, warning
from zec_pulumi.cli.process import run

if TYPE_CHECKING:
    from collections.abc import Mapping

CHECK = "engine"
OLDEST = (3, 259)
LAUNCHER = "pulumi-resource-pulumi-python"
LANGUAGE_HOST = "pulumi-language-python"

_INSTALL = "install Pulumi 3.259 or newer: https://www.pulumi.com/docs/install/"


def check(environ: Mapping[str, str], folder: Path) -> list[Finding]:
    """Find ``pulumi`` on PATH and ask for its version."""
    path = environ.get("PATH")
    program = shutil.which("pulumi", path=path)
    if program is None:
        return [problem(CHECK, "there is no pulumi on PATH", _INSTALL)]
    ran = run([program, "version"], environ, folder)
    version = ran.output.strip()
    if not ran.succeeded or not version_of(version):
        return [problem(CHECK, f"{program} does not say its version: {ran.reason}", _INSTALL)]
    if version_of(version) < OLDEST:
        return [problem(CHECK, f"{program} is {version}, too old", _INSTALL)]
    return [ok(CHECK, f"pulumi {version} ({program})"), *_companions(Path(program), path)]


def _companions(program: Path, path: str | None) -> list[Finding]:
    """Find the programs the engine starts for Python, beside itself or on PATH."""
    beside = f"{path or ''}:{program.resolve().parent}"
    missing = [name for name in (LAUNCHER, LANGUAGE_HOST) if shutil.which(name, path=beside) is None]
    if LAUNCHER in missing:
        text = f"{LAUNCHER} is neither on PATH nor beside {program}; dynamic providers cannot start"
        return [problem(CHECK, text, "install Pulumi whole, by its installer")]
    if missing:
        text = f"{LANGUAGE_HOST} is neither on PATH nor beside {program}; only Automation API programs can run"
        return [warning(CHECK, text, "install Pulumi whole, by its installer")]
    return []
