"""The real engine, driven by plain `pulumi` commands, each in a process of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from zec_pulumi.simulator import Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PROGRAMS = Path(__file__).parent / "programs"
SDKS = {"newest": ROOT / ".venv" / "bin", "oldest": ROOT / ".venv-sdk-oldest" / "bin"}
WEB_1 = "1272168087751233112"

RESOURCE_TYPE = "pulumi-python:dynamic/zec:InstanceOsImage"


@dataclass(frozen=True)
class Ran:
    """What one command printed, and how it ended."""

    code: int
    stdout: str
    stderr: str

    @property
    def text(self) -> str:
        return self.stdout + self.stderr

    def ok(self) -> Ran:
        """Return this run, which must have succeeded."""
        assert self.code == 0, self.text
        return self

    def failed(self) -> Ran:
        """Return this run, which must have failed, and without a traceback."""
        assert self.code != 0, self.text
        assert "Traceback" not in self.text, self.text
        return self


@dataclass
class Stack:
    """A stack on a file backend, its program, and the simulated cloud."""

    folder: Path
    cloud: Simulator
    engine: Path
    python: Path
    name: str = "dev"
    environment: dict[str, str] = field(default_factory=dict)

    def run(self, *arguments: str) -> Ran:
        """Run one `pulumi` command."""
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("PULUMI_", "ZENLAYER", "COV_", "CI"))}
        environment = {
            **inherited,
            "PATH": f"{self.python}:{self.engine}:{os.environ['PATH']}",
            "HOME": str(self.folder / "home"),
            "PULUMI_HOME": str(self.folder / "home" / ".pulumi"),
            "PULUMI_BACKEND_URL": f"file://{self.folder / 'backend'}",
            "PULUMI_CONFIG_PASSPHRASE": "test",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PYTHONWARNINGS": "ignore",
            **self.cloud.environment(),
            **self.environment,
        }
        done = subprocess.run(
            ["pulumi", *arguments, "--non-interactive", "--color", "never"],
            cwd=self.folder,
            env={k: v for k, v in environment.items() if v != ""},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def declare(self, **resources: dict[str, Any]) -> Stack:
        """Say what the program declares: the arguments of InstanceOsImage, by resource name."""
        named = {name.replace("_", "-"): arguments for name, arguments in resources.items()}
        return self.configure(**{"any:resources": json.dumps(named)})

    def configure(self, **settings: str) -> Stack:
        """Write configuration values, in plain text; they stand until the next call."""
        lines = "".join(f"  {key}: {json.dumps(value)}\n" for key, value in {**self._settings(), **settings}.items())
        salt = [line for line in self._config_lines() if line.startswith("encryptionsalt")]
        self._config.write_text("\n".join([*salt, f"config:\n{lines}"]))
        return self

    def preview(self, *arguments: str) -> Ran:
        return self.run("preview", *arguments)

    def up(self, *arguments: str) -> Ran:
        return self.run("up", "--yes", "--skip-preview", *arguments)

    def refresh(self, *arguments: str) -> Ran:
        return self.run("refresh", "--yes", "--skip-preview", *arguments)

    def destroy(self, *arguments: str) -> Ran:
        return self.run("destroy", "--yes", "--skip-preview", *arguments)

    def state(self) -> dict[str, dict[str, Any]]:
        """Return the recorded resources of this package, by name."""
        exported = json.loads(self.run("stack", "export").ok().stdout)
        resources = exported["deployment"].get("resources", [])
        return {r["urn"].rpartition("::")[2]: r for r in resources if r["type"] == RESOURCE_TYPE}

    def actions(self) -> list[str]:
        """Return the accepted mutations, in order: the cloud's own word."""
        return [entry["action"] for entry in self.cloud.ledger()]

    @property
    def _config(self) -> Path:
        return self.folder / f"Pulumi.{self.name}.yaml"

    def _config_lines(self) -> list[str]:
        return self._config.read_text().splitlines() if self._config.exists() else []

    def _settings(self) -> dict[str, Any]:
        pairs = [line.strip().split(": ", 1) for line in self._config_lines() if line.startswith("  ")]
        return {key: json.loads(value) for key, value in pairs}


@pytest.fixture(scope="session")
def engine_folder() -> Path:
    """The engine, able to run Python projects."""
    found = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "engine.py"), "--with-language-host", str(ROOT / ".cache" / "engine")],
        capture_output=True,
        text=True,
        check=True,
    )
    return Path(found.stdout.splitlines()[-1])


@pytest.fixture
def cloud() -> Iterator[Simulator]:
    """A simulated cloud with fast transitions in real time."""
    with Simulator(rebuild_seconds=0.4, stop_seconds=0.2) as simulator:
        yield simulator


@pytest.fixture
def sdk() -> str:
    """Which SDK the program and the provider run on; parametrize it to change."""
    return "newest"


@pytest.fixture
def stack(tmp_path: Path, cloud: Simulator, engine_folder: Path, sdk: str) -> Stack:
    """An empty stack whose program is data: see :meth:`Stack.declare`."""
    shutil.copytree(PROGRAMS / "any", tmp_path / "program")
    (tmp_path / "Pulumi.yaml").write_text("name: any\nruntime: python\nmain: program\n")
    for folder in ("backend", "home"):
        (tmp_path / folder).mkdir()
    made = Stack(tmp_path, cloud, engine_folder, SDKS[sdk])
    made.run("stack", "init", "dev").ok()
    return made.configure(**{"zec:pollInterval": "0.1"})


def one(**arguments: Any) -> dict[str, Any]:
    """Return the arguments of a resource on web-1."""
    return {"instance_id": WEB_1, **arguments}


@pytest.fixture
def web_1() -> str:
    """The instance that most stories are about: RUNNING on Ubuntu 22.04 with a key."""
    return WEB_1
