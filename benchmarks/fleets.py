"""Many machines at once: how long, with how many API calls, and how soon the end is told."""

from __future__ import annotations

import shutil
import statistics
import tempfile
import threading
import time
from collections import Counter
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from driver import Stack, ended, new_stack, plugins
from zec_pulumi.simulator import Simulator, default_world

if TYPE_CHECKING:
    from collections.abc import Iterator

JAMMY, NOBLE = "ubuntu2204_20240712", "ubuntu2404_20240712"
MUTATIONS = ("StopInstances", "ResetInstance")
TEXTBOOK = Path(__file__).with_name("textbook")
SAMPLE_SECONDS = 0.2
MIB = 1024 * 1024


@dataclass(frozen=True)
class Run:
    """What one command cost: seconds, API calls by action, refused ones, and the plugin's memory and CPU time."""

    seconds: float
    calls: Counter[str]
    refused: int
    memory_mib: float
    cpu_seconds: float

    @property
    def reads(self) -> int:
        """Return the calls that were no mutations."""
        return sum(count for action, count in self.calls.items() if action not in MUTATIONS)


class Fleet:
    """A stack with many machines on a cloud of its own."""

    def __init__(self, stack: Stack, cloud: Simulator, ids: list[str], rebuild_seconds: float) -> None:
        self.stack = stack
        self.cloud = cloud
        self.ids = ids
        self.rebuild_seconds = rebuild_seconds

    def declare(self, image_id: str, **more: Any) -> Fleet:
        """Want this image on every machine."""
        machines = {f"m{n}": {"instance_id": id_, "image_id": image_id, **more} for n, id_ in enumerate(self.ids)}
        self.stack.declare(**machines)
        return self

    def run(self, *command: str) -> Run:
        """Run a command and measure it."""
        before = len(self.cloud.requests())
        with _watched(self.stack) as peak:
            started = time.perf_counter()
            with self.stack.start(*command) as process:
                done = ended(process)
            seconds = time.perf_counter() - started
        done.ok()
        made = self.cloud.requests()[before:]
        refused = sum(request["status"] == 429 for request in made)  # noqa: PLR2004 Too Many Requests
        return Run(seconds, Counter(r["action"] for r in made), refused, peak.memory_mib, peak.cpu_seconds)

    def up(self) -> Run:
        """Bring every machine to what is declared, all at once."""
        return self.run("up", "--yes", "--skip-preview", "--parallel", str(len(self.ids)), "--suppress-progress")

    def lags(self) -> list[float]:
        """Return for each machine how many seconds after its end in the cloud the rebuild was seen verified."""
        done = {entry["instanceId"]: entry["at"] + self.rebuild_seconds for entry in self._resets()}
        seen = {
            id_: request["at"]
            for request in self.cloud.requests()
            if request["action"] == "DescribeInstances"
            for id_ in request["instanceIds"]
        }
        return sorted(seen[id_] - at for id_, at in done.items())

    def _resets(self) -> list[dict[str, Any]]:
        return [entry for entry in self.cloud.ledger() if entry["action"] == "ResetInstance"]


@contextmanager
def fleet(machines: int, engine: Path, *, rebuild_seconds: float, poll_seconds: float) -> Iterator[Fleet]:
    """Give a stack that has adopted so many machines."""
    world = default_world()
    first = next(machine for machine in world["instances"] if machine["instanceName"] == "web-1")
    ids = [f"14{number:017d}" for number in range(machines)]
    world["instances"] += [{**first, "instanceId": id_} for id_ in ids]
    with (
        tempfile.TemporaryDirectory() as scratch,
        Simulator(world, rebuild_seconds=rebuild_seconds, stop_seconds=1.0) as cloud,
    ):
        stack = new_stack(Path(scratch), cloud, engine, "newest").configure(**{"zec:pollInterval": str(poll_seconds)})
        yield Fleet(stack, cloud, ids, rebuild_seconds)


@contextmanager
def textbook(machines: int, engine: Path, *, rebuild_seconds: float) -> Iterator[Fleet]:
    """Give the same with the textbook provider."""
    with fleet(machines, engine, rebuild_seconds=rebuild_seconds, poll_seconds=1.0) as made:
        shutil.copytree(TEXTBOOK, made.stack.folder / "program", dirs_exist_ok=True)
        made.stack.environment["TEXTBOOK_TOKEN"] = made.cloud.token
        yield made


@dataclass
class _Peak:
    memory_mib: float = 0.0
    cpu_seconds: float = 0.0

    def look(self, process: psutil.Process) -> None:
        self.memory_mib = max(self.memory_mib, process.memory_info().rss / MIB)
        times = process.cpu_times()
        self.cpu_seconds = max(self.cpu_seconds, times.user + times.system)


@contextmanager
def _watched(stack: Stack) -> Iterator[_Peak]:
    """Note the most memory and CPU time that the stack's plugin had."""
    peak, over = _Peak(), threading.Event()

    def look() -> None:
        while not over.wait(SAMPLE_SECONDS):
            for pid in plugins(stack.folder):
                with suppress(psutil.Error):
                    peak.look(psutil.Process(pid))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield peak
    finally:
        over.set()
        thread.join()


def percentile(values: list[float], part: float) -> float:
    """Return the value below which that part of the sorted ``values`` lies."""
    return values[min(len(values) - 1, int(part * len(values)))] if values else float("nan")


def median(values: list[float]) -> float:
    """Return the middle one."""
    return statistics.median(values)


__all__ = ["JAMMY", "NOBLE", "Fleet", "Run", "fleet", "median", "percentile", "textbook"]
