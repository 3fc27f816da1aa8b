"""Many machines on a cloud with a limit that nobody tells the package: how much is refused, and how long it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.fleets import NOBLE, fleet
from benchmarks.result import Result, counted
from zec_pulumi.settings.options import DEFAULT_POLL_INTERVAL

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MACHINES = 1000
PER_SECOND = 10
REBUILD_SECONDS = 10.0


def limited(engine: Path) -> Iterator[Result]:
    """Rebuild a thousand machines where every request over the limit is refused, reads and mutations alike.

    The engine saves its state once: else it would be what limits, and not the cloud.
    """
    with fleet(MACHINES, engine, rebuild_seconds=REBUILD_SECONDS, poll_seconds=DEFAULT_POLL_INTERVAL) as machines:
        machines.adopted()
        machines.cloud.add_fault(
            action="*", above_per_second=PER_SECOND, effect={"type": "rate_limit", "retry_after": 1}
        )
        up = machines.saved_once().declare(NOBLE).up()
        rebuilt = len(machines.resets())
    sent, least = up.calls.total(), 2 * MACHINES / PER_SECOND
    yield Result(
        f"{rebuilt} rebuilds, {PER_SECOND} requests/s at most: refused",
        f"{up.refused} of {sent} = {up.refused / sent:.1%}",
        "< 2 %",
    )
    yield Result("their time; what the mutations alone take at that rate", f"{up.seconds:.0f} s; {least:.0f} s")
    yield Result("their API calls", counted(up.calls))
