"""Many machines rebuilt at once, with a backup of each: wall time against one backup and one rebuild, and API calls."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from benchmarks.fleets import JAMMY, NOBLE, STOP_SECONDS, Fleet, fleet
from benchmarks.result import Result, counted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MACHINES = 100
IN_A_ZONE = 4
"""A zone has room for five images, one of which may be another's."""
SECONDS = 10.0
POLL_SECONDS = 0.5
ONE = STOP_SECONDS + 2 * SECONDS
"""What the cloud itself takes for one machine: powering off, the image, the reinstall."""


def backups(engine: Path) -> Iterator[Result]:
    """Rebuild a hundred machines of one fleet in as many places, each with a backup of ten seconds; and one alone."""
    with _adopted(1, engine) as machines:
        one = _declare(machines, NOBLE, backup=True).up()
    with _adopted(MACHINES, engine) as machines:
        up = _declare(machines, NOBLE, backup=True).up()
        actions = [entry["action"] for entry in machines.cloud.ledger()]
        plain = _declare(machines, JAMMY).up()
    if (actions.count("CreateImage"), actions.count("ResetInstance")) != (MACHINES, MACHINES):
        raise AssertionError("not every machine was rebuilt with a backup")
    yield Result(
        f"`up` of {MACHINES} rebuilds of a fleet with backups, `--parallel {MACHINES}` ÷ `up` of one",
        f"{up.seconds:.1f} s ÷ {one.seconds:.1f} s = {up.seconds / one.seconds:.2f}; the cloud alone takes {ONE:g} s",
        "≤ 1.25",
    )
    yield Result("their reads per machine", f"{up.reads / MACHINES:.2f} ({counted(up.calls)})")
    yield Result(
        f"the same without backups; what backups of {SECONDS:g} s add",
        f"{plain.seconds:.1f} s; {up.seconds - plain.seconds:.1f} s",
    )
    yield Result("their reads per machine", f"{plain.reads / MACHINES:.2f} ({counted(plain.calls)})")


@contextmanager
def _adopted(count: int, engine: Path) -> Iterator[Fleet]:
    """Give a fleet that is recorded as it is."""
    with fleet(
        count, engine, rebuild_seconds=SECONDS, poll_seconds=POLL_SECONDS, machines_in_a_zone=IN_A_ZONE
    ) as machines:
        _declare(machines, JAMMY).up()
        yield machines


def _declare(machines: Fleet, image_id: str, **more: bool) -> Fleet:
    ids = {f"m{number}": instance_id for number, instance_id in enumerate(machines.ids)}
    machines.stack.declare(site={"instances": ids, "image_id": image_id, "max_unavailable": MACHINES, **more})
    return machines
