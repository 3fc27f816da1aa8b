"""Drives plain `pulumi` commands, each in a process of its own, against the simulator; for tests and benchmarks."""

from __future__ import annotations

import atexit
import contextlib
import functools
import json
import os
import shutil
import signal
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from checkout import copy_example
from zec_pulumi.simulator import Simulator, default_world

ROOT = Path(__file__).parents[1]
PROGRAM = ROOT / "tests" / "engine" / "programs" / "any"
SDKS = {"newest": ROOT / ".venv" / "bin", "oldest": ROOT / ".venv-sdk-oldest" / "bin"}
OTHER_PYTHONS = ROOT / ".venv-pythons"
PYTHONS = {ready.parent.name: ready.parent / "bin" for ready in sorted(OTHER_PYTHONS.glob("*/ready"))}
"""What `tools/pythons.py` made: `3.12-oldest` is Python 3.12 with the oldest SDK."""
WEB_1 = "1272168087751233112"

COMMAND_SECONDS = 120.0
_NOT_INHERITED = ("PULUMI_", "ZENLAYER", "COV_", "CI") + (() if "COVER_PLUGINS" in os.environ else ("COVERAGE_",))
"""Coverage in the plugins and language hosts makes their tests half as slow again: `make test-all` wants it."""

RESOURCE_TYPE = "pulumi-python:dynamic/zec:InstanceOsImage"


@dataclass(frozen=True)
class Ran:
    """What one command printed, and how it ended."""

    code: int
    stdout: str
    stderr: str

    @property
    def text(self) -> str:
        """Return both streams."""
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


def let_interrupts_through() -> None:
    """Let SIGINT reach the programs that are started from here.

    A shell starts background jobs with SIGINT ignored, and every program below inherits that. The engine ends its
    plugins with SIGINT and waits five seconds for those that ignore it.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def ended(process: subprocess.Popen[str], seconds: float = COMMAND_SECONDS) -> Ran:
    """Wait for a started command, so long at most, and return how it ended."""
    try:
        stdout, stderr = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return Ran(process.returncode, stdout, stderr)


def plugins(folder: Path) -> list[int]:
    """Return the plugin processes of a stack, found by the home that its commands run with."""
    home, found = str(folder / "home" / ".pulumi"), []
    for process in psutil.process_iter(["cmdline"]):
        with contextlib.suppress(psutil.Error):
            if "pulumi.dynamic" in (process.info["cmdline"] or ()) and process.environ().get("PULUMI_HOME") == home:
                found.append(process.pid)
    return found


def of_machines(ledger: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the accepted mutations of machines; those of tags are left out."""
    return [entry for entry in ledger if entry["action"] not in ("ModifyResourceTags", "DeleteTags")]


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
        """Run one `pulumi` command to its end."""
        with self.start(*arguments) as process:
            return ended(process)

    def environ(self) -> dict[str, str]:
        """Return the environment that every command of this stack runs in."""
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(_NOT_INHERITED)}
        environment = {
            **inherited,
            "PATH": f"{self.python}:{self.engine}:{os.environ['PATH']}",
            "HOME": str(self.folder / "home"),
            "PULUMI_HOME": str(self.folder / "home" / ".pulumi"),
            "PULUMI_BACKEND_URL": f"file://{self.folder / 'backend'}",
            "PULUMI_STACK": self.name,
            "PULUMI_CONFIG_PASSPHRASE": "test",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PYTHONWARNINGS": "ignore",
            **self.cloud.environment(),
            **self.environment,
        }
        return {k: v for k, v in environment.items() if v != ""}

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start one `pulumi` command; :func:`ended` waits for it."""
        return subprocess.Popen(
            ["pulumi", *arguments, "--non-interactive", "--color", "never"],
            cwd=self.folder,
            env=self.environ(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def declare(self, **resources: dict[str, Any]) -> Stack:
        """Say what the program declares: the arguments of InstanceOsImage, by resource name."""
        named = {name.replace("_", "-"): arguments for name, arguments in resources.items()}
        (self.folder / "program" / "resources.json").write_text(json.dumps(named))
        return self

    def configure(self, **settings: str) -> Stack:
        """Write configuration values, in plain text; they stand until the next call."""
        return self.only({**self.settings(), **settings})

    def only(self, settings: dict[str, Any]) -> Stack:
        """Write these configuration values in place of all others."""
        lines = "".join(f"  {key}: {json.dumps(value)}\n" for key, value in settings.items())
        salt = [line for line in self._config_lines() if line.startswith("encryptionsalt")]
        self._config.write_text("\n".join([*salt, f"config:\n{lines}"]))
        return self

    def adopt(self, instance_id: str = WEB_1, **arguments: Any) -> Stack:
        """Declare one resource, `web`, for a machine that already is as described, and record it."""
        self.declare(web={"instance_id": instance_id, **arguments}).up().ok()
        assert self.actions() == []
        return self

    def rows(self, *arguments: str) -> list[str]:
        """Return the diagnostics of a JSON preview that stand on rows of this package's resources."""
        by_name = rows_of(self.run("preview", "--json", *arguments).stdout)
        return [row for rows in by_name.values() for row in rows]

    def preview(self, *arguments: str) -> Ran:
        """Show what would be done."""
        return self.run("preview", *arguments)

    def up(self, *arguments: str) -> Ran:
        """Do it."""
        return self.run("up", "--yes", "--skip-preview", *arguments)

    def refresh(self, *arguments: str) -> Ran:
        """Read the machines."""
        return self.run("refresh", "--yes", "--skip-preview", *arguments)

    def destroy(self, *arguments: str) -> Ran:
        """Forget everything."""
        return self.run("destroy", "--yes", "--skip-preview", *arguments)

    def state(self) -> dict[str, dict[str, Any]]:
        """Return the recorded resources of this package, by name."""
        exported = json.loads(self.run("stack", "export").ok().stdout)
        resources = exported["deployment"].get("resources", [])
        return {r["urn"].rpartition("::")[2]: r for r in resources if r["type"] == RESOURCE_TYPE}

    def actions(self) -> list[str]:
        """Return the accepted mutations of machines, in order: the cloud's own word. Those of tags are left out."""
        return [entry["action"] for entry in of_machines(self.cloud.ledger())]

    @property
    def _config(self) -> Path:
        return self.folder / f"Pulumi.{self.name}.yaml"

    def _config_lines(self) -> list[str]:
        return self._config.read_text().splitlines() if self._config.exists() else []

    def settings(self) -> dict[str, Any]:
        """Return the configuration values that are written."""
        pairs = [line.strip().split(": ", 1) for line in self._config_lines() if line.startswith("  ")]
        return {key: json.loads(value) for key, value in pairs}


def new_stack(folder: Path, cloud: Simulator, engine: Path, sdk: str) -> Stack:
    """Return an empty stack in an empty folder, whose program is data: see :meth:`Stack.declare`."""
    shutil.copytree(_empty(engine), folder, dirs_exist_ok=True)
    return Stack(folder, cloud, engine, {**SDKS, **PYTHONS}[sdk])


def copied_stack(made: Stack, folder: Path, cloud: Simulator) -> Stack:
    """Return a copy of a stack, in an empty folder and for another cloud that has the same machines."""
    shutil.copytree(made.folder, folder, dirs_exist_ok=True)
    return Stack(folder, cloud, made.engine, made.python)


def rows_of(preview: str) -> dict[str, list[str]]:
    """Return the diagnostics of a JSON preview that stand on rows of this package's resources, by resource name."""
    rows: dict[str, list[str]] = {}
    for one in json.loads(preview).get("diagnostics", []):
        if RESOURCE_TYPE in one.get("urn", ""):
            rows.setdefault(one["urn"].rpartition("::")[2], []).append(one["message"])
    return rows


def more_machines(*names: str) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the seed's world with more machines like web-1, and the ids of these by name."""
    world, ids = default_world(), {name: f"15{number:017d}" for number, name in enumerate(names)}
    web_1 = next(machine for machine in world["instances"] if machine["instanceId"] == WEB_1)
    world["instances"] += [{**web_1, "instanceId": id_, "instanceName": name} for name, id_ in ids.items()]
    return world, ids


def example_stack(name: str, folder: Path, cloud: Simulator, engine: Path) -> Stack:
    """Return an empty stack of a copy of an example, by its folder's name."""
    copy_example(name, folder)
    return init(Stack(folder, cloud, engine, SDKS["newest"]))


def init(stack: Stack) -> Stack:
    """Make the stack of a project; return it, with the pace of tests."""
    for name in ("backend", "home"):
        (stack.folder / name).mkdir()
    stack.run("stack", "init", stack.name).ok()
    return stack.configure(**{"zec:pollInterval": "0.1"})


@functools.cache
def _empty(engine: Path) -> Path:
    """Return a folder to copy: `pulumi stack init` makes the same one each time."""
    folder = Path(tempfile.mkdtemp(prefix="zec-stack-"))
    atexit.register(shutil.rmtree, folder)
    shutil.copytree(PROGRAM, folder / "program")
    (folder / "Pulumi.yaml").write_text("name: any\nruntime: python\nmain: program\n")
    with Simulator(clock="manual") as cloud:
        init(Stack(folder, cloud, engine, SDKS["newest"]))
    return folder
