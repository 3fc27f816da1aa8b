"""How far a fleet is, told by its machines."""

from __future__ import annotations

import pytest

from tests.support.clock import FakeClock
from tests.support.row import FakeRow
from zec_pulumi.api import ZecError
from zec_pulumi.messages.fleet import Outlook
from zec_pulumi.operations.fleet_progress import FleetBoard
from zec_pulumi.planning.plan import Kind
from zec_pulumi.program import urns
from zec_pulumi.program.rollout import Rollout

FLEET = "urn:pulumi:dev::shop::zec:index:Fleet::web"
WIPED = Outlook(Kind.REBUILD, took=100.0)


@pytest.fixture
def row() -> FakeRow:
    return FakeRow()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def fleets(row: FakeRow, clock: FakeClock) -> FleetBoard:
    """A fleet of four, one canary, two at once, of which m3 is adopted."""
    made = FleetBoard(clock, ticking=lambda: True)
    made.announce(FLEET, row, Rollout.of(("m0", "m1", "m2", "m3"), 2, 1))
    for name in ("m0", "m1", "m2"):
        made.planned(urn(name), WIPED)
    assert row.lines == []
    made.planned(urn("m3"), Outlook(Kind.ADOPT))
    return made


def urn(name: str) -> str:
    return urns.member_urn(FLEET, name)


def test_the_plan_is_told_once_all_machines_are_judged(fleets: FleetBoard, row: FakeRow) -> None:
    """Not before; the fleet's row says it."""
    assert fleets
    assert [line.split(";")[0] for line in row.of("warning")] == ["fleet: 3 of 4 instances will be wiped, 1 adopted"]


def test_a_plan_that_wipes_nothing_is_no_warning(row: FakeRow, clock: FakeClock) -> None:
    """Adopting is what a reviewer need not look for."""
    fleets = FleetBoard(clock, ticking=lambda: True)
    fleets.announce(FLEET, row, Rollout.of(("m0",), 1, 0))
    fleets.planned(urn("m0"), Outlook(Kind.ADOPT))
    assert row.of("info") == ["fleet: none of 1 instances will be wiped, 1 adopted"]


def test_each_beginning_and_end_is_shown_with_the_time_left(fleets: FleetBoard, row: FakeRow, clock: FakeClock) -> None:
    """At first by the recorded times, then by those of this run."""
    with fleets.working(urn("m0")):
        clock.sleep(40)
    with fleets.working(urn("m1")):
        clock.sleep(10)
        with fleets.working(urn("m2")):
            clock.sleep(30)
    assert row.of("progress") == [
        "about 3 min left, rebuilt 0/3, 1 running, 0 failed",
        "about 40 s left, rebuilt 1/3, 0 running, 0 failed",
        "about 40 s left, rebuilt 1/3, 1 running, 0 failed",
        "about 40 s left, rebuilt 1/3, 2 running, 0 failed",
        "rebuilt 2/3, 1 running, 0 failed",
        "rebuilt 3/3, 0 running, 0 failed",
    ]


def test_after_a_failure_only_what_runs_is_waited_for(fleets: FleetBoard, row: FakeRow) -> None:
    """The engine starts nothing new, so the rest is no part of the time left."""
    with pytest.raises(ZecError), fleets.working(urn("m0")):
        raise ZecError("no")
    assert row.of("progress")[-1] == "rebuilt 0/3, 0 running, 1 failed"


def test_in_a_pipe_only_the_ends_are_told(row: FakeRow, clock: FakeClock) -> None:
    """There every line stays."""
    fleets = FleetBoard(clock, ticking=lambda: False)
    fleets.announce(FLEET, row, Rollout.of(("m0",), 1, 0))
    fleets.planned(urn("m0"), WIPED)
    with fleets.working(urn("m0")):
        assert row.of("progress") == []
    assert row.of("progress") == ["rebuilt 1/1, 0 running, 0 failed"]


@pytest.mark.parametrize("other", [urn("m3"), urn("m9"), "urn:pulumi:dev::shop::x::m0", ""])
def test_what_is_not_rebuilt_in_a_fleet_shows_nothing(fleets: FleetBoard, row: FakeRow, other: str) -> None:
    """An adopted machine of it, and every resource beside it."""
    with fleets.working(other):
        pass
    fleets.planned("urn:pulumi:dev::shop::x::m0", WIPED)
    assert row.of("progress") == []
    assert len(row.lines) == 1
