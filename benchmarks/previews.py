"""Preview and refresh of ever more machines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.fleets import NOBLE, fleet
from benchmarks.result import Result, counted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CURVE = (1, 100, 500, 1000)
SLOW_ANSWERS = 500
ANSWER_SECONDS = 0.1
FEW_CALLS = 10


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
