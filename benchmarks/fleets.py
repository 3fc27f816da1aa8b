"""Stacks with many machines, and what a command on one of them costs."""

from __future__ import annotations

import shutil
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
MUTATIONS = ("StopInstances", "CreateImage", "ResetInstance")
STOP_SECONDS = 1.0
SAMPLE_SECONDS = 0.5
LONGEST_SECONDS = 3600.0
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
    def mutations(self) -> int:
        """Return the calls that change a machine."""
        return sum(self.calls[action] for action in MUTATIONS)

    @property
    def reads(self) -> int:
        """Return the calls that were no mutations."""
        return sum(count for action, count in self.calls.items() if action not in MUTATIONS)


class Fleet:
    """A stack with many machines on a cloud of its own."""

    def __init__(self, stack: Stack, cloud: Simulator, ids: list[str]) -> None:
        self.stack = stack
        self.cloud = cloud
        self.ids = ids

    def declare(self, image_id: str, **more: Any) -> Fleet:
        """Want this image on every machine."""
        machines = {f"m{n}": {"instance_id": id_, "image_id": image_id, **more} for n, id_ in enumerate(self.ids)}
        self.stack.declare(**machines)
        return self

    def saved_once(self) -> Fleet:
        """Have the engine save its state at the end of a command only, and not before and after each operation.

        A thousand operations then come as fast as the program declares them, instead of as fast as the engine writes.
        """
        self.stack.environment.update(PULUMI_EXPERIMENTAL="1", PULUMI_SKIP_CHECKPOINTS="1")
        return self

    def adopted(self) -> Fleet:
        """Have every machine recorded as it is; that is not measured, so it is done as fast as can be."""
        before = dict(self.stack.environment)
        self.saved_once().declare(JAMMY).up()
        self.stack.environment = before
        return self

    def run(self, *command: str) -> Run:
        """Run a command and measure it."""
        before = len(self.cloud.requests())
        with _watched(self.stack) as peak:
            started = time.perf_counter()
            with self.stack.start(*command) as process:
                done = ended(process, LONGEST_SECONDS)
            seconds = time.perf_counter() - started
        done.ok()
        made = self.cloud.requests()[before:]
        refused = sum(request["status"] == 429 for request in made)  # noqa: PLR2004 Too Many Requests
        return Run(seconds, Counter(r["action"] for r in made), refused, peak.memory_mib, peak.cpu_seconds)

    def up(self) -> Run:
        """Bring every machine to what is declared, all at once."""
        return self.up_by_default("--parallel", str(len(self.ids)))

    def up_by_default(self, *arguments: str) -> Run:
        """Bring every machine to what is declared, in the places that the engine has by default."""
        return self.run("up", "--yes", "--skip-preview", "--suppress-progress", *arguments)

    def resets(self) -> list[dict[str, Any]]:
        """Return the resets that the cloud accepted, in order."""
        return [entry for entry in self.cloud.ledger() if entry["action"] == "ResetInstance"]

    def told(self) -> dict[str, float]:
        """Return when each machine was last read by its id: a rebuild is told as soon as that has verified it."""
        return {
            id_: request["at"]
            for request in self.cloud.requests()
            if request["action"] == "DescribeInstances"
            for id_ in request["instanceIds"]
        }


@contextmanager
def fleet(
    machines: int, engine: Path, *, rebuild_seconds: float, poll_seconds: float, machines_in_a_zone: int | None = None
) -> Iterator[Fleet]:
    """Give an empty stack, and so many machines, which run :data:`JAMMY`: of one zone, or of as many as they fill."""
    world = default_world()
    first = next(machine for machine in world["instances"] if machine["instanceName"] == "web-1")
    ids = [f"14{number:017d}" for number in range(machines)]
    zone_ids = [first["zoneId"]] * machines
    if machines_in_a_zone:
        zone_ids = [f"region-{number // machines_in_a_zone}a" for number in range(machines)]
        zone = world["zones"][0]
        world["zones"] += [{**zone, "zoneId": id_, "regionId": id_[:-1]} for id_ in dict.fromkeys(zone_ids)]
    world["instances"] += [
        {**first, "instanceId": id_, "zoneId": zone_id} for id_, zone_id in zip(ids, zone_ids, strict=True)
    ]
    with (
        tempfile.TemporaryDirectory() as scratch,
        Simulator(world, rebuild_seconds=rebuild_seconds, stop_seconds=STOP_SECONDS) as cloud,
    ):
        stack = new_stack(Path(scratch), cloud, engine, "newest").configure(**{"zec:pollInterval": str(poll_seconds)})
        yield Fleet(stack, cloud, ids)


@contextmanager
def with_provider(name: str, machines: int, engine: Path, *, rebuild_seconds: float) -> Iterator[Fleet]:
    """Give the same with the provider of a folder beside this file in place of the package's."""
    with fleet(machines, engine, rebuild_seconds=rebuild_seconds, poll_seconds=1.0) as made:
        program = made.stack.folder / "program"
        shutil.copytree(Path(__file__).with_name(name), program, dirs_exist_ok=True)
        made.stack.environment.update(TEXTBOOK_TOKEN=made.cloud.token, PYTHONPATH=str(program))
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
