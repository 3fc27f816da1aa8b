"""How soon the end of a rebuild in the cloud is told."""

from __future__ import annotations

import random
import statistics
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from benchmarks.fleets import NOBLE, Fleet, fleet
from benchmarks.result import Result
from zec_pulumi.settings.options import DEFAULT_POLL_INTERVAL

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MACHINES = 100
FASTEST_SECONDS, SLOWEST_SECONDS = 15.0, 40.0
LOOK_SECONDS = 0.1
SEED = 20240712


def lag(engine: Path) -> Iterator[Result]:
    """Rebuild machines whose reinstalls take random times, as in a real cloud, so that no beat fits them all."""
    # What is looked at near the end of a rebuild, and at first, is looked at so often.
    with fleet(MACHINES, engine, rebuild_seconds=SLOWEST_SECONDS, poll_seconds=DEFAULT_POLL_INTERVAL) as machines:
        machines.adopted()
        machines.declare(NOBLE)
        with _random_ends(machines) as ends:
            machines.up()
        told = machines.told()
    late = sorted(told[id_] - at for id_, at in ends.items())
    p95 = late[int(0.95 * len(late))]
    yield Result(
        f"told after the end in the cloud, {len(late)} machines: median, 95th percentile, most",
        f"{statistics.median(late):.1f} s, {p95:.1f} s, {late[-1]:.1f} s",
        f"median and 95th percentile ≤ {DEFAULT_POLL_INTERVAL:g} s, zec:pollInterval",
    )


@contextmanager
def _random_ends(machines: Fleet) -> Iterator[dict[str, float]]:
    """Give every reinstall that begins another length; yield when each ends."""
    ends: dict[str, float] = {}
    chance, over = random.Random(SEED), threading.Event()  # noqa: S311 the same lengths in every run

    def scatter() -> None:
        while not over.wait(LOOK_SECONDS):
            for reset in machines.resets():
                id_, seconds = reset["instanceId"], chance.uniform(FASTEST_SECONDS, SLOWEST_SECONDS)
                if id_ not in ends:
                    pending = machines.cloud.instance(id_)["pending"]
                    machines.cloud.patch_instance(id_, pending={**pending, "afterSeconds": seconds})
                    ends[id_] = machines.cloud.now() + seconds

    thread = threading.Thread(target=scatter)
    thread.start()
    try:
        yield ends
    finally:
        over.set()
        thread.join()
