"""The benchmarks: ratios and counts measured in one run, printed as a Markdown table with machine and date.

``make bench``. Nothing here is a test; docs/benchmarks.md keeps the results of the last release.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1] / "tools"))

import engine
from driver import ROOT, WEB_1, Stack, new_stack
from zec_pulumi.simulator import Simulator, default_world

if TYPE_CHECKING:
    from collections.abc import Iterator

JAMMY, NOBLE = "ubuntu2204_20240712", "ubuntu2404_20240712"
STATUS_READ = "DescribeInstancesStatus"
IMPORTS = 15
REBUILDS = 1000
POLL_SECONDS = 0.5
REBUILD_SECONDS = 5.0
MACHINES = 500


@dataclass(frozen=True)
class Result:
    """One row: what was measured, what came out, and what is promised."""

    what: str
    measured: str
    promise: str


def main() -> None:
    """Run all benchmarks and print the table."""
    folder = engine.find()
    if folder is None:
        sys.exit("no Pulumi engine: run make engine")
    folder = engine.with_language_host(folder, ROOT / ".cache" / "engine")
    print(f"{date.today()}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}\n")  # noqa: DTZ011 the user's own day
    print("| what | measured | promise |\n| --- | --- | --- |")
    for result in [imports(), *one_rebuild(folder), *large_preview(folder), large_report()]:
        print(f"| {result.what} | {result.measured} | {result.promise} |", flush=True)


def imports() -> Result:
    """Compare `import zec_pulumi` with `import pulumi`, in turn, each in a process of its own."""
    pairs = [(_import_seconds("zec_pulumi"), _import_seconds("pulumi")) for _ in range(IMPORTS)]
    ratio = statistics.median(ours / theirs for ours, theirs in pairs)
    return Result("`import zec_pulumi` ÷ `import pulumi`, median", f"{ratio:.2f}", "≤ 1.20")


def one_rebuild(folder: Path) -> Iterator[Result]:
    """Count the API calls of a preview and of an up that rebuilds one machine, and time how late success is told."""
    with (
        tempfile.TemporaryDirectory() as scratch,
        Simulator(rebuild_seconds=REBUILD_SECONDS, stop_seconds=1.0) as cloud,
    ):
        stack = new_stack(Path(scratch), cloud, folder, "newest").configure(**{"zec:pollInterval": str(POLL_SECONDS)})
        stack.adopt(image_id=JAMMY)
        stack.declare(web={"instance_id": WEB_1, "image_id": NOBLE})
        calls = _calls(stack, "preview")
        yield Result("API calls of a preview of one changed resource", _shown(calls), "≤ 3")
        calls = _calls(stack, "up", "--yes", "--skip-preview")
        polls = calls.pop(STATUS_READ, 0)
        yield Result("API calls of one rebuild, status reads apart", f"{_shown(calls)} (+ {polls} polls)", "≤ 8")
        reset = next(entry for entry in cloud.ledger() if entry["action"] == "ResetInstance")
        told = next(r["at"] for r in reversed(cloud.requests()) if r["action"] == "DescribeInstances")
        late = told - reset["at"] - REBUILD_SECONDS
        yield Result("success told after the cloud finished", f"{late:.2f} s", f"≤ {POLL_SECONDS} s + 1 s")


def large_preview(folder: Path) -> Iterator[Result]:
    """Preview many changed machines of one zone on a cloud that answers slowly, with and without live checks."""
    world = default_world()
    first = next(machine for machine in world["instances"] if machine["instanceName"] == "web-1")
    ids = [f"14{number:017d}" for number in range(MACHINES)]
    world["instances"] += [{**first, "instanceId": id_} for id_ in ids]
    with tempfile.TemporaryDirectory() as scratch, Simulator(world) as cloud:
        stack = new_stack(Path(scratch), cloud, folder, "newest")
        stack.declare(**{f"m{n}": {"instance_id": id_, "image_id": JAMMY} for n, id_ in enumerate(ids)}).up().ok()
        stack.declare(**{f"m{n}": {"instance_id": id_, "image_id": NOBLE} for n, id_ in enumerate(ids)})
        cloud.add_fault(action="*", effect={"type": "delay", "seconds": 0.1})
        calls, with_checks = _timed_preview(stack)
        stack.environment.update(ZENLAYERCLOUD_ACCESS_KEY_ID="", ZENLAYERCLOUD_ACCESS_KEY_PASSWORD="")
        _, without = _timed_preview(stack)
    yield Result(f"API calls of a preview of {MACHINES} changed resources", _shown(calls), "≤ 10")
    yield Result(
        "the same preview ÷ without live checks, answers after 100 ms", f"{with_checks / without:.2f}", "≤ 1.30"
    )


def large_report() -> Result:
    """Time `zec-pulumi report`, start included, on a preview as large as the engine's own with 1000 rebuilds."""
    recorded = json.loads((ROOT / "tests" / "gitops" / "recorded" / "gated.json").read_text("utf-8"))
    web = next(step for step in recorded["steps"] if step["urn"].endswith("::web"))
    said = [line for line in recorded["diagnostics"] if line["urn"] == web["urn"]]
    padding = {"stackTrace": [{"sourcePosition": f"project:///a/file/of/the/program.py#{n}"} for n in range(60)]}
    names = [f"{web['urn']}-{number}" for number in range(REBUILDS)]
    many = {
        **recorded,
        "steps": [{**web, "urn": urn, "oldState": {**web["oldState"], **padding}} for urn in names],
        "diagnostics": [{**line, "urn": urn} for urn in names for line in said],
    }
    command = [sys.executable, "-c", "from zec_pulumi.cli import main; main()", "report", "-", "--format"]
    seconds = []
    for form in ("terminal", "markdown", "json"):
        started = time.perf_counter()
        subprocess.run([*command, form], input=json.dumps(many), stdout=subprocess.DEVNULL, text=True, check=True)
        seconds.append(time.perf_counter() - started)
    return Result(f"report of {REBUILDS} rebuilds, slowest format", f"{max(seconds):.2f} s", "< 2 s")


def _timed_preview(stack: Stack) -> tuple[Counter[str], float]:
    started = time.perf_counter()
    calls = _calls(stack, "preview")
    return calls, time.perf_counter() - started


def _import_seconds(module: str) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", f"import {module}"], check=True)
    return time.perf_counter() - started


def _calls(stack: Stack, *command: str) -> Counter[str]:
    before = len(stack.cloud.requests())
    stack.run(*command).ok()
    return Counter(request["action"] for request in stack.cloud.requests()[before:])


def _shown(calls: Counter[str]) -> str:
    return f"{calls.total()}: " + ", ".join(f"{count} {name}" for name, count in sorted(calls.items()))


if __name__ == "__main__":
    main()
