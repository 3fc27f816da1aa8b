"""Many machines rebuilt at once: wall time against the cloud's own, API calls, memory and CPU time."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING

from benchmarks.fleets import JAMMY, MIB, NOBLE, STOP_SECONDS, Fleet, Run, fleet, with_provider
from benchmarks.result import Result, counted
from zec_pulumi.settings.options import DEFAULT_POLL_INTERVAL

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MACHINES = 100
MANY = 1000
WAITING = 500
POLL_SECONDS = 0.5
REBUILD_SECONDS = 10.0
WAITING_SECONDS = 60.0
DEFAULT_PLACES = 4 * (os.cpu_count() or 1)
ONE_REBUILD = STOP_SECONDS + REBUILD_SECONDS
"""What the cloud itself takes for one machine, by the simulator's clock: the floor for any number of them."""


def at_once(engine: Path) -> Iterator[Result]:
    """Rebuild a hundred machines in as many places and in the engine's, and let it do updates that do nothing."""
    own = _idle_seconds(MACHINES, engine)
    with fleet(MACHINES, engine, rebuild_seconds=REBUILD_SECONDS, poll_seconds=POLL_SECONDS) as machines:
        machines.adopted()
        unchanged = machines.up().seconds
        preview = machines.declare(NOBLE).run("preview")
        up = machines.up()
        by_default = machines.declare(JAMMY).up_by_default()
    turns = math.ceil(MACHINES / DEFAULT_PLACES)
    yield Result(
        f"{MACHINES} rebuilds with the engine's default places; what the cloud alone takes, {DEFAULT_PLACES} at a time",
        f"{by_default.seconds:.1f} s; {turns} turns of {ONE_REBUILD:g} s = {turns * ONE_REBUILD:g} s",
    )
    yield Result(
        f"{MACHINES} rebuilds with `--parallel {MACHINES}`; what the cloud alone takes",
        f"{up.seconds:.1f} s; {ONE_REBUILD:g} s",
    )
    yield Result(
        "the same, less the cloud's time and the engine's own for as many updates that do nothing",
        _beyond(up, own),
        "≤ 1 s",
    )
    yield Result(
        "the same, less the cloud's time and an `up` that changes nothing",
        _beyond(up, unchanged),
    )
    yield Result("their mutations per machine", f"{up.mutations / MACHINES:g}", "2")
    yield Result(
        "their reads per machine, preview included",
        f"{(preview.reads + up.reads) / MACHINES:.2f} ({counted(preview.calls + up.calls)})",
        "≤ 1",
    )


def _beyond(up: Run, own_seconds: float) -> str:
    rest = up.seconds - ONE_REBUILD - own_seconds
    return f"{up.seconds:.1f} s less {ONE_REBUILD:g} s less {own_seconds:.1f} s = {rest:.1f} s"


def textbook_provider(engine: Path) -> Iterator[Result]:
    """Rebuild the same hundred as Pulumi's own examples would do it."""
    with with_provider("textbook", MACHINES, engine, rebuild_seconds=REBUILD_SECONDS) as machines:
        machines.adopted()
        up = machines.declare(NOBLE).up()
    yield Result(
        f"the textbook provider: {MACHINES} rebuilds ÷ one rebuild by the cloud's clock",
        f"{up.seconds:.0f} s ÷ {ONE_REBUILD:g} s = {up.seconds / ONE_REBUILD:.1f}",
    )
    yield Result("its reads per machine", f"{up.reads / MACHINES:.2f}")


def growth(engine: Path) -> Iterator[Result]:
    """Rebuild a hundred and a thousand machines in one stack each, all at once: the engine saves its state once."""
    few, many = (_saved_once(count, engine) for count in (MACHINES, MANY))
    yield Result(
        f"reads of {MANY} rebuilds in one stack ÷ of {MACHINES}",
        f"{many.reads} ÷ {few.reads} = {many.reads / few.reads:.1f}",
        f"< {MANY // MACHINES}",
    )
    yield Result(f"time of {MANY} rebuilds in one stack", f"{many.seconds:.0f} s")
    yield Result("the plugin's memory and CPU time in it", _cost(many))


def engine_alone(engine: Path) -> Iterator[Result]:
    """Save the whole state before and after each operation, as the engine does, for idle updates and real ones."""
    own = {count: _idle_seconds(count, engine) for count in (MACHINES, WAITING, MANY)}
    yield Result(
        "the engine's own time for updates that do nothing, by their number",
        ", ".join(f"{count}: {seconds:.0f} s" for count, seconds in own.items()),
    )
    with fleet(MANY, engine, rebuild_seconds=WAITING_SECONDS, poll_seconds=DEFAULT_POLL_INTERVAL) as machines:
        run = _rebuilt(machines.adopted())
    rest, one = run.seconds - own[MANY], STOP_SECONDS + WAITING_SECONDS
    yield Result(
        f"(time of {MANY} rebuilds in one stack, its state saved as usual, less the engine's own) ÷ one rebuild",
        f"({run.seconds:.0f} s less {own[MANY]:.0f} s) ÷ {one:g} s = {rest / one:.2f}",
    )
    yield Result("their reads per machine", f"{run.reads / MANY:.2f} ({counted(run.calls)})")
    yield Result("the plugin's memory and CPU time in it", _cost(run))


def waiting(engine: Path) -> Iterator[Result]:
    """Let so many rebuilds wait at the same time."""
    with fleet(WAITING, engine, rebuild_seconds=WAITING_SECONDS, poll_seconds=POLL_SECONDS) as machines:
        run = _rebuilt(machines.adopted().saved_once())
        begun = [reset["at"] for reset in machines.resets()]
    if max(begun) - min(begun) > WAITING_SECONDS:
        raise AssertionError("they did not wait at the same time: the machine is too busy for this")
    yield Result(f"the plugin's memory while {WAITING} rebuilds wait", _megabytes(run), "< 250 MB")


def _saved_once(count: int, engine: Path) -> Run:
    with fleet(count, engine, rebuild_seconds=REBUILD_SECONDS, poll_seconds=POLL_SECONDS) as machines:
        return _rebuilt(machines.adopted().saved_once())


def _rebuilt(machines: Fleet) -> Run:
    run = machines.declare(NOBLE).up()
    rebuilt = len(machines.resets())
    if rebuilt != len(machines.ids):
        raise AssertionError(f"{rebuilt} of {len(machines.ids)} machines were rebuilt")
    return run


def _cost(run: Run) -> str:
    return f"{_megabytes(run)}, {run.cpu_seconds:.0f} s"


def _megabytes(run: Run) -> str:
    return f"{run.memory_mib * MIB / 1e6:.0f} MB"


def _idle_seconds(count: int, engine: Path) -> float:
    with with_provider("nothing", count, engine, rebuild_seconds=REBUILD_SECONDS) as machines:
        machines.adopted()
        return machines.declare(NOBLE).up().seconds
