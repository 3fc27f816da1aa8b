"""Runs ``pulumi``, ``poetry`` and Python to learn about them."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_LOGIN = re.compile(r"://[^/\s]*@")

SECONDS = 60.0
"""How long a program may take to answer; the first import on a cold disk is slow."""


@dataclass(frozen=True)
class ProcessResult:
    """How a program ended; one that could not be started, or took too long, has failed."""

    succeeded: bool
    output: str
    errors: str

    @property
    def reason(self) -> str:
        """The last line of standard error: of a traceback, the exception. A password in an address is masked."""
        lines = [line.strip() for line in self.errors.splitlines() if line.strip()]
        return _LOGIN.sub("://***@", lines[-1].removeprefix("error: ")) if lines else "it says nothing"


def run(command: Sequence[str], environ: Mapping[str, str], folder: Path) -> ProcessResult:
    """Run a program to its end, without a terminal."""
    try:
        done = subprocess.run(  # noqa: S603 the user's own pulumi, poetry and python, without a shell
            command,
            cwd=folder,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return ProcessResult(succeeded=False, output="", errors=f"it did not answer within {SECONDS:g} s")
    except OSError as error:
        return ProcessResult(succeeded=False, output="", errors=f"it cannot be started: {error.strerror}")
    return ProcessResult(done.returncode == 0, done.stdout, done.stderr)
