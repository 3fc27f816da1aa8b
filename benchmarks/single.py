"""What a program, a single rebuild and a report cost."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.fleets import JAMMY, NOBLE
from benchmarks.result import Result, counted
from driver import ROOT, WEB_1, Stack, new_stack
from tests.support.world import POLL_SECONDS as INTERVAL_SECONDS
from tests.support.world import World
from zec_pulumi.simulator import Simulator
from zec_pulumi.simulator.cloud import Timing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.stack import Outcome

STATUS_READ = "DescribeInstancesStatus"
IMPORTS = 15
REBUILDS = 1000
LONG_SECONDS = 300.0
STOP_SECONDS = 5.0
ANSWER_SECONDS = 0.1
TERRAFORM_CALLS = 41
POLL_SECONDS = 0.5
REBUILD_SECONDS = 5.0


def imports(_engine: Path) -> Iterator[Result]:
    """Compare importing the package with `import pulumi`, in turn, each in a process of its own."""
    pairs = [(_seconds("import zec_pulumi; zec_pulumi.Fleet"), _seconds("import pulumi")) for _ in range(IMPORTS)]
    ratio = statistics.median(ours / theirs for ours, theirs in pairs)
    yield Result("import of all that programs use ÷ `import pulumi`, median", f"{ratio:.2f}", "≤ 1.20")


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
        yield Result("API calls of a preview of one changed resource", counted(calls), "≤ 3")
        calls = _calls(stack, "up", "--yes", "--skip-preview")
        polls = calls.pop(STATUS_READ, 0)
        yield Result("API calls of one rebuild, status reads apart", f"{counted(calls)} (+ {polls} polls)", "≤ 8")
        reset = next(entry for entry in cloud.ledger() if entry["action"] == "ResetInstance")
        told = next(r["at"] for r in reversed(cloud.requests()) if r["action"] == "DescribeInstances")
        late = told - reset["at"] - REBUILD_SECONDS
        yield Result("success told after the cloud finished", f"{late:.2f} s", f"≤ {POLL_SECONDS} s + 1 s")


def long_rebuild(_engine: Path) -> Iterator[Result]:
    """Count the API calls of an up, its preview included, that rebuilds one machine in five minutes as recorded.

    On a clock that takes no time, with the real client and provider, the simulator, and no engine between them.
    """
    with World("DEPLOYING", Counter()) as world:
        world.cloud.timing = Timing(LONG_SECONDS, STOP_SECONDS)
        stack, cloud = world.stacks[0], world.cloud
        for image_id in (NOBLE, JAMMY):
            before = len(cloud.requests.entries())
            stack.preview({"imageId": image_id})
            stack.up({"imageId": image_id})
            calls = Counter(request["action"] for request in cloud.requests.entries()[before:])
            known = "whose usual length the record knows" if image_id == JAMMY else "of unknown length"
            promise = f"≤ {TERRAFORM_CALLS}, what Zenlayer's Terraform provider makes" if image_id == JAMMY else ""
            what = f"API calls of one rebuild of {LONG_SECONDS / 60:g} minutes {known}, preview included"
            yield Result(what, counted(calls), promise)


def marked_rebuild(_engine: Path) -> Iterator[Result]:
    """Compare one rebuild with the tag on the instance and without: API calls and time, where each answer takes 0.1 s.

    On a clock that takes no time, as :func:`long_rebuild`. The time is the mean over power-offs that end at any moment
    between two polls: one that ends just before a poll would make an answer more cost a whole interval, or nothing.
    """
    for shown, program, promise in (
        ("a change that the API shows", {"imageId": NOBLE}, "no call, no time"),
        (
            "a change that it does not show",
            {"imageId": JAMMY, "rebuildToken": "2"},
            "2 to 3 mutations and 1 read, whose answer is all the time it takes",
        ),
    ):
        (tagged, slow), (plain, quick) = (_rebuilt_on_average(program, marks) for marks in ("true", "false"))
        more = tagged - plain
        what = f"what the tag costs a rebuild of {LONG_SECONDS / 60:g} minutes for {shown}"
        yield Result(what, f"API calls {counted(more) if more else 0}; {slow - quick:.1f} s", promise)


def _rebuilt_on_average(program: dict[str, str], marks: str) -> tuple[Counter[str], float]:
    """Return the API calls of an ``up`` that rebuilds a recorded machine, and how long it takes on average."""
    moments = round(INTERVAL_SECONDS / ANSWER_SECONDS)
    runs = [_rebuilt(program, marks, STOP_SECONDS + moment * ANSWER_SECONDS) for moment in range(moments)]
    return runs[0][0], statistics.fmean(seconds for _, seconds in runs)


def _rebuilt(program: dict[str, str], marks: str, stop_seconds: float) -> tuple[Counter[str], float]:
    """Rebuild a recorded machine; return the API calls of ``up``, and how long it took."""
    with World("DEPLOYING", Counter()) as world:
        world.cloud.timing = Timing(LONG_SECONDS, stop_seconds)
        stack, cloud = world.stacks[0], world.cloud
        stack.settings = {"zec:markAttempts": marks}
        _succeeded(stack.up({"imageId": JAMMY, "rebuildToken": "1"}))
        before, began = len(cloud.requests.entries()), world.clock.monotonic()
        cloud.faults.add({"action": "*", "effect": {"type": "delay", "seconds": ANSWER_SECONDS, "carriedOut": True}})
        _succeeded(stack.up({"rebuildToken": "1", **program}))
        calls = Counter(request["action"] for request in cloud.requests.entries()[before:])
        return calls, world.clock.monotonic() - began


def _succeeded(outcome: Outcome) -> None:
    if outcome.end != "succeeded":
        raise RuntimeError(outcome.text)


def large_report(_engine: Path) -> Iterator[Result]:
    """Time `zec-pulumi report`, start included, on a preview as large as the engine's own with 1000 rebuilds."""
    recorded = json.loads((ROOT / "tests" / "report" / "recorded" / "gated.json").read_text("utf-8"))
    web = next(step for step in recorded["steps"] if step["urn"].endswith("::web"))
    said = [line for line in recorded["diagnostics"] if line["urn"] == web["urn"]]
    padding = {"stackTrace": [{"sourcePosition": f"project:///a/file/of/the/program.py#{n}"} for n in range(60)]}
    names = [f"{web['urn']}-{number}" for number in range(REBUILDS)]
    many = {
        **recorded,
        "steps": [{**web, "urn": urn, "oldState": {**web["oldState"], **padding}} for urn in names],
        "diagnostics": [{**line, "urn": urn} for urn in names for line in said],
    }
    command = [sys.executable, "-c", "from zec_pulumi.cli.main import main; main()", "report", "-", "--format"]
    seconds = []
    for form in ("terminal", "markdown", "json"):
        started = time.perf_counter()
        subprocess.run([*command, form], input=json.dumps(many), stdout=subprocess.DEVNULL, text=True, check=True)
        seconds.append(time.perf_counter() - started)
    yield Result(f"report of {REBUILDS} rebuilds, slowest format", f"{max(seconds):.2f} s", "< 2 s")


def _seconds(program: str) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", program], check=True)
    return time.perf_counter() - started


def _calls(stack: Stack, *command: str) -> Counter[str]:
    before = len(stack.cloud.requests())
    stack.run(*command).ok()
    return Counter(request["action"] for request in stack.cloud.requests()[before:])
