"""Preview and refresh of ever more machines."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from benchmarks.fleets import NOBLE, fleet
from benchmarks.result import Result, counted
from tests.support.stack import FakeCall, Stack
from tests.support.world import WEB, World
from zec_pulumi.operations.check import check

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CURVE = (1, 100, 500, 1000)
SLOW_ANSWERS = 500
ANSWER_SECONDS = 0.1
FEW_CALLS = 10
LARGEST, LARGEST_CALLS = 5000, 60


def previews(engine: Path) -> Iterator[Result]:
    """Preview a change of every machine, and refresh all."""
    for count in CURVE:
        with fleet(count, engine, rebuild_seconds=1.0, poll_seconds=1.0) as machines:
            machines.adopted()
            refresh = machines.run("refresh", "--yes", "--skip-preview", "--parallel", str(count))
            preview = machines.declare(NOBLE).run("preview", "--suppress-progress")
        promised = f"≤ {FEW_CALLS} calls" if count == SLOW_ANSWERS else ""
        yield Result(
            f"preview of {count} changed", f"{preview.seconds:.1f} s, API calls {counted(preview.calls)}", promised
        )
        yield Result(f"refresh of {count}", f"{refresh.seconds:.1f} s, API calls {counted(refresh.calls)}")


def largest(_engine: Path) -> Iterator[Result]:
    """Count the API calls of a preview that will rebuild 5,000 machines of one zone, which the stack does not hold yet.

    With the real client and provider, the simulator, and no engine between them.
    """
    with World("DEPLOYING", Counter()) as world:
        cloud, wanted = world.cloud, {"imageId": NOBLE}
        like = cloud.world.instances[WEB]
        ids = [f"15{number:017d}" for number in range(LARGEST)]
        cloud.world.instances.update({one: like.model_copy(update={"instance_id": one}) for one in ids})
        for number, instance_id in enumerate(ids):
            call = FakeCall(Stack(world, f"web-{number}", instance_id, world.homes))
            inputs = {"instanceId": instance_id, **wanted}
            findings = check(world.process, call, {}, inputs, dry_run=True, settings="{}")
            if findings:
                raise RuntimeError(findings[0])
        calls = Counter(request["action"] for request in cloud.requests.entries())
    yield Result(f"preview of {LARGEST:,} changed", f"API calls {counted(calls)}", f"≤ {LARGEST_CALLS} calls")


def live_checks(engine: Path) -> Iterator[Result]:
    """Preview many changed machines of one zone on a cloud that answers slowly, with and without live checks."""
    with fleet(SLOW_ANSWERS, engine, rebuild_seconds=1.0, poll_seconds=1.0) as machines:
        machines.adopted()
        machines.declare(NOBLE).cloud.add_fault(action="*", effect={"type": "delay", "seconds": ANSWER_SECONDS})
        checked = machines.run("preview")
        machines.stack.environment.update(ZENLAYERCLOUD_ACCESS_KEY_ID="", ZENLAYERCLOUD_ACCESS_KEY_PASSWORD="")
        unchecked = machines.run("preview")
    yield Result(
        f"preview of {SLOW_ANSWERS} ÷ the same without live checks, answers after 100 ms",
        f"{checked.seconds / unchecked.seconds:.2f}",
        "≤ 1.30",
    )
