"""What the demo's steps act on: a simulated cloud, a project in a temporary folder, and a voice."""

from __future__ import annotations

import contextlib
import tempfile
import textwrap
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

import engine
from checkout import ROOT, copy_example
from demo_output import Transcript
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

WIDEST = 100

_console = Console(highlight=False)
_console.width = min(_console.width, WIDEST)


def say(text: str, *, style: str = "bold", indent: int = 0) -> None:
    """Print one line of the demo's own; where it is too long for the terminal, it goes on in the next."""
    for line in textwrap.wrap(text, _console.width - indent, break_on_hyphens=False):
        _console.print(" " * indent + line, style=style, markup=False, soft_wrap=True)


@dataclass
class Stage:
    """The cloud and the commands; ``place`` is which of the steps is being told, such as ``2/6``."""

    cloud: Simulator
    commands: Pulumi
    place: str = ""
    _transcript: Transcript = field(default_factory=Transcript)

    def tell(self, text: str) -> None:
        """Say what a step shows."""
        _console.print()
        say(f"{self.place}  {text}", style="bold cyan")

    def pulumi(self, *arguments: str) -> None:
        """Show a command, run it, and show what is new in its output."""
        say(f"$ pulumi {' '.join(arguments)}")
        with contextlib.closing(self.commands.run(*arguments)) as output:
            for line in self._transcript.shown(output):
                say(line.text, style=line.style, indent=line.indent)

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
        _console.print()
        say("What the cloud was asked to change in all, from its own ledger:")
        table = Table("#", "Action", "Instance", "Parameters")
        for entry in self.cloud.ledger():
            parameters = "\n".join(f"{name} = {value}" for name, value in entry["parameters"].items())
            table.add_row(str(entry["sequence"]), entry["action"], entry["instanceId"], parameters)
        _console.print(table)


@contextlib.contextmanager
def staged() -> Iterator[Stage]:
    """Yield a stage whose stack ``demo`` exists and is empty; everything of it is gone afterwards.

    Raises:
        StepFailedError: There is no engine, or it does not run.
    """
    with (
        scratch_folder("zec-demo-") as folder,
        Simulator(rebuild_seconds=REBUILD_SECONDS, stop_seconds=STOP_SECONDS) as cloud,
    ):
        yield Stage(cloud, with_stack("demo", folder, cloud))


@contextlib.contextmanager
def scratch_folder(prefix: str) -> Iterator[Path]:
    """Yield an empty folder, which is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True) as name:
        yield Path(name)


def with_stack(name: str, folder: Path, cloud: Simulator) -> Pulumi:
    """Return the engine with a copy of the quickstart in ``folder``, and an empty stack of it.

    Raises:
        StepFailedError: There is no engine, or it does not run.
    """
    found = engine.find()
    if found is None:
        raise StepFailedError("no Pulumi engine; `make engine` says what to install")
    commands = Pulumi(engine.with_language_host(found, ROOT / ".cache" / "engine"), folder, cloud)
    for sub in ("home", "backend"):
        (folder / sub).mkdir()
    copy_example("quickstart", folder / "project")
    for set_up in (("stack", "init", name), ("config", "set", "zec:pollInterval", POLL_INTERVAL)):
        list(commands.run(*set_up))
    return commands
