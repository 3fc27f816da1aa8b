"""What the demo's steps act on: a simulated cloud, a project in a temporary folder, and a voice."""

from __future__ import annotations

import contextlib
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

import engine
from checkout import ROOT, copy_example
from demo_pulumi import Pulumi, StepFailedError
from zec_pulumi.simulator import Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator

WEB_1 = "1272168087751233112"
OLD_IMAGE = "ubuntu2204_20240712"

# Slow enough to watch, fast enough for half a minute.
REBUILD_SECONDS = 4.0
STOP_SECONDS = 1.5
POLL_INTERVAL = "0.5"

_console = Console(highlight=False, soft_wrap=True)


def say(text: str, *, style: str = "bold") -> None:
    """Print one line of the demo's own."""
    _console.print(text, style=style, markup=False)


@dataclass
class Stage:
    """The cloud and the commands; ``place`` is which of the steps is being told, such as ``step 2 of 6``."""

    cloud: Simulator
    commands: Pulumi
    place: str = ""

    def tell(self, text: str) -> None:
        """Say what a step shows."""
        say(f"\n{self.place[0].upper()}{self.place[1:]}: {text}", style="bold cyan")

    def pulumi(self, *arguments: str) -> None:
        """Show a command and run it."""
        say(f"\n$ pulumi {' '.join(arguments)}")
        self.commands.run(*arguments)

    def expect(self, *, image: str, rebuilds: int) -> None:
        """Hold the cloud's own view against what the step said.

        Raises:
            StepFailedError: They differ.
        """
        actions = [entry["action"] for entry in self.cloud.ledger()]
        if actions != ["StopInstances", "ResetInstance"] * rebuilds:
            raise StepFailedError(f"the cloud was asked for: {', '.join(actions) or 'nothing'}")
        now = self.cloud.instance(WEB_1)
        if (now["status"], now["imageId"]) != ("RUNNING", image):
            raise StepFailedError(f"web-1 is {now['status']} on {now['imageId']}, not RUNNING on {image}")

    def show_ledger(self) -> None:
        """Print every mutation that the cloud accepted."""
        say("\nWhat the cloud was really asked to do, from its own ledger:\n")
        table = Table("#", "Action", "Instance", "Parameters")
        for entry in self.cloud.ledger():
            parameters = "\n".join(f"{name} = {value}" for name, value in entry["parameters"].items())
            table.add_row(str(entry["sequence"]), entry["action"], entry["instanceId"], parameters)
        _console.print(table)


@contextlib.contextmanager
def staged() -> Iterator[Stage]:
    """Yield a stage whose stack exists and is empty; everything of it is gone afterwards.

    Raises:
        StepFailedError: There is no engine, or it does not run.
    """
    scratch = tempfile.TemporaryDirectory(prefix="zec-demo-", ignore_cleanup_errors=True)
    with scratch as name, Simulator(rebuild_seconds=REBUILD_SECONDS, stop_seconds=STOP_SECONDS) as cloud:
        folder = Path(name)
        for sub in ("home", "backend"):
            (folder / sub).mkdir()
        copy_example("quickstart", folder / "project")
        stage = Stage(cloud, Pulumi(_engine_folder(), folder, cloud))
        stage.pulumi("stack", "init", "demo")
        stage.pulumi("config", "set", "zec:pollInterval", POLL_INTERVAL)
        yield stage


def _engine_folder() -> Path:
    found = engine.find()
    if found is None:
        raise StepFailedError("no Pulumi engine; `make engine` says what to install")
    return engine.with_language_host(found, ROOT / ".cache" / "engine")
