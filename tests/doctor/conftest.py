"""A patient: a folder, an environment with stand-ins for the programs, and a simulated cloud."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.clock import FakeClock
from zec_pulumi import __version__
from zec_pulumi.cli.doctor.command import examine
from zec_pulumi.simulator import Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from zec_pulumi.cli.doctor.finding import Finding


@dataclass
class Patient:
    """A set-up that is healthy until a test breaks it."""

    root: Path
    cloud: Simulator
    environ: dict[str, str] = field(default_factory=dict)

    @property
    def project(self) -> Path:
        """The folder `pulumi up` would be run in."""
        return self.root / "project"

    @property
    def home(self) -> Path:
        """The user's home directory."""
        return self.root / "home"

    def program(self, name: str, script: str) -> Path:
        """Put a shell script on PATH."""
        path = self.root / "bin" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path

    def pulumi(
        self, version: str = "v3.259.0", config: Any = None, error: str = "", resources: Sequence[Any] = ()
    ) -> None:
        """Put a `pulumi` on PATH that knows its version and one stack: its configuration and its resources."""
        answer = f"echo '{error}' >&2; exit 1" if error else f"cat <<'END'\n{json.dumps(config or {})}\nEND"
        state = f"cat <<'END'\n{json.dumps({'deployment': {'resources': resources}})}\nEND"
        known = f'"version "*) echo {version}; exit;; "whoami "*) echo tester; exit;; '
        known += f'"stack export") {state}\nexit;; "stack "*) echo dev; exit;;'
        self.program("pulumi", f'case "$1 $2" in {known} esac\n{answer}')

    def declare(self, text: str) -> None:
        """Write Pulumi.yaml."""
        (self.project / "Pulumi.yaml").write_text(f"name: test\n{text}")

    def python(self, path: Path) -> None:
        """Put a Python at a path that says at once what the real one says after importing it all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\necho '{json.dumps({'sdk': '3.272.0', 'package': __version__})}'\n")
        path.chmod(0o755)

    def examine(self, stack: str | None = None, *, ahead: float = 0.0) -> list[Finding]:
        """Let the doctor look."""
        return examine(stack, self.environ, self.home, self.project, FakeClock(wall=time.time() + ahead))

    def one(self, check: str, stack: str | None = None, *, ahead: float = 0.0) -> Finding:
        """Return the only finding of a check."""
        found = [finding for finding in self.examine(stack, ahead=ahead) if finding.check == check]
        assert len(found) == 1, found
        return found[0]

    def run(self, *arguments: str, columns: int | None = None) -> tuple[int, str]:
        """Run `zec-pulumi` as a user: in a terminal of so many columns, or into a pipe."""
        code = "import sys; from zec_pulumi.cli.main import main; sys.exit(main())"
        command = [sys.executable, "-c", code, *arguments]
        environ = {**self.environ, "TERM": "xterm", "COLUMNS": str(columns or 80)}
        if columns is None:
            done = subprocess.run(
                command, env=environ, cwd=self.project, capture_output=True, text=True, timeout=60, check=False
            )
            return done.returncode, done.stdout + done.stderr
        return _in_terminal(command, environ, self.project)


def _in_terminal(command: list[str], environ: dict[str, str], folder: Path) -> tuple[int, str]:
    master, slave = os.openpty()
    with subprocess.Popen(command, env=environ, cwd=folder, stdin=slave, stdout=slave, stderr=slave) as process:
        os.close(slave)
        text = b"".join(iter(lambda: _read(master), b""))
    os.close(master)
    return process.returncode, text.decode().replace("\r\n", "\n")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux says so when the other end is closed
        return b""


@pytest.fixture(scope="session")
def running_cloud() -> Iterator[Simulator]:
    with Simulator(clock="manual") as simulator:
        yield simulator


@pytest.fixture
def patient(tmp_path: Path, running_cloud: Simulator) -> Patient:
    running_cloud.reset()
    made = Patient(tmp_path, running_cloud)
    for folder in (made.project, made.home):
        folder.mkdir()
    made.pulumi()
    made.program("pulumi-resource-pulumi-python", "")
    made.program("pulumi-language-python", "")
    made.python(tmp_path / "bin" / "python3")
    made.environ.update({"PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin", "HOME": str(made.home)})
    made.environ.update(running_cloud.environment())
    return made
