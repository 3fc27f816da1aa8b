"""The engine's places: whether rebuilds wait for one, and what the stack's row says then."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from typing import Any

import pytest
from pulumi.runtime.settings import SETTINGS

from tests.support.clock import FakeClock
from tests.support.row import FakeRow
from zec_pulumi.errors import ZecError
from zec_pulumi.messages import places as sentences
from zec_pulumi.messages.fleet import Outlook
from zec_pulumi.operations.fleet_progress import FleetBoard
from zec_pulumi.operations.places import Places
from zec_pulumi.planning.plan import Kind
from zec_pulumi.program import places as program_places
from zec_pulumi.program import urns
from zec_pulumi.program.rollout import Rollout

FLEET = "urn:pulumi:dev::shop::zec:index:Fleet::web"
WIPED = Outlook(Kind.REBUILD, took=60.0)
ADOPTED = Outlook(Kind.ADOPT)


class Command:
    """One command of the engine on a stack."""

    def __init__(self, places: int) -> None:
        self.row, self.fleet_row = FakeRow(), FakeRow()
        self.fleets = FleetBoard(FakeClock(), ticking=lambda: False)
        self.places = Places(self.fleets)
        self.number = places

    def fleet(self, machines: int, max_unavailable: int) -> None:
        names = [f"f{number}" for number in range(machines)]
        rollout = Rollout.of(names, max_unavailable, 0)
        self.fleets.announce(FLEET, self.fleet_row, Rollout((), rollout.others, rollout.at_once, self.number))

    def check(self, urn: str, machines: int, *, waits: bool = False) -> None:
        self.places.declare(urn, {"places": float(self.number), "machines": float(machines), "waits": waits})

    def preview(self, outlooks: dict[str, Outlook], waits: tuple[str, ...] = ()) -> list[str]:
        for urn, outlook in outlooks.items():
            self.check(urn, len(outlooks), waits=urn in waits)
            self.fleets.planned(urn, outlook)
            self.places.previewed(urn, outlook, self.row)
        return self.row.of("info")


def alone(count: int, outlook: Outlook = WIPED) -> dict[str, Outlook]:
    return {f"m{number}": outlook for number in range(count)}


def in_fleet(count: int) -> dict[str, Outlook]:
    return {urns.member_urn(FLEET, f"f{number}"): WIPED for number in range(count)}


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (
            sentences.planned(100, 100, 8, 13, None),
            (
                "rebuilds: 100 planned, the engine runs 8 operations at a time:"
                " about 1 h 5 min at 5 min a rebuild (assumed, as none is recorded);"
                " PULUMI_PARALLEL=100 or --parallel 100 runs all at once"
            ),
        ),
        (
            sentences.planned(30, 12, 1, 30, 60.0, undecided=True),
            (
                "rebuilds: at least 30 planned, the engine runs 1 operation at a time:"
                " about 30 min at 1 min a rebuild (the median of those recorded);"
                " PULUMI_PARALLEL=12 or --parallel 12 runs 12 at a time, as many as the program allows"
            ),
        ),
        (
            sentences.waiting(9, 8),
            (
                "rebuilds: at least 9 planned, the engine runs 8 operations at a time;"
                " PULUMI_PARALLEL=N or --parallel N changes that"
            ),
        ),
    ],
)
def test_the_line_says_how_many_at_a_time_how_long_and_what_changes_it(line: str, text: str) -> None:
    """What ``up`` does not know it does not say."""
    assert line == text


def test_a_preview_says_it_once_when_all_machines_are_assessed() -> None:
    """The time is that of the recorded rebuilds; machines that are not rebuilt do not count."""
    command = Command(places=2)
    lines = command.preview({**alone(5), "same": ADOPTED})
    assert lines == [sentences.planned(5, 5, 2, 3, 60.0)]
    command.places.previewed("m4", WIPED, command.row)
    assert command.preview({**alone(5), "later": WIPED}) == lines


def test_before_the_last_machine_nothing_is_said() -> None:
    """The number would be wrong."""
    command = Command(places=2)
    for urn in alone(5):
        command.check(urn, machines=6)
        command.places.previewed(urn, WIPED, command.row)
    assert command.row.lines == []


@pytest.mark.parametrize("rebuilds", [0, 1, 2])
def test_rebuilds_that_all_find_a_place_are_not_mentioned(rebuilds: int) -> None:
    """There is nothing to gain."""
    assert Command(places=2).preview({**alone(rebuilds), "same": ADOPTED, "too": ADOPTED}) == []


def test_what_only_up_knows_makes_it_at_least() -> None:
    """A machine whose image is not known yet may be rebuilt, too."""
    undecided = Outlook(Kind.ADOPT, undecided=True)
    assert Command(places=2).preview({**alone(3), "open": undecided}) == [
        sentences.planned(3, 3, 2, 2, 60.0, undecided=True)
    ]


def test_machines_that_wait_for_each_other_want_no_place_of_their_own() -> None:
    """A chain of ``depends_on`` is not made faster by the setting."""
    machines = alone(6)
    assert Command(places=2).preview(machines, waits=tuple(machines)[1:]) == []
    lines = Command(places=2).preview(machines, waits=tuple(machines)[3:])
    assert lines == [sentences.planned(6, 3, 2, 3, 60.0)]


def test_a_fleet_says_it_on_its_own_row_and_the_stack_does_not() -> None:
    """Once in one command."""
    command = Command(places=2)
    command.fleet(6, max_unavailable=3)
    assert command.preview({**in_fleet(6), **alone(6)}) == []
    assert "the engine runs 2 operations at a time, max_unavailable allows 3" in command.fleet_row.lines[0]


def test_fleets_and_machines_that_only_together_want_more_are_told_by_the_stack() -> None:
    """The time is not less than that of the fleet, whose lanes are longer."""
    command = Command(places=2)
    command.fleet(6, max_unavailable=1)
    assert command.preview({**in_fleet(6), **alone(2)}) == [sentences.planned(8, 3, 2, 6, 60.0)]
    alone_in_stack = Command(places=2)
    alone_in_stack.fleet(6, max_unavailable=2)
    assert alone_in_stack.preview(in_fleet(6)) == []


def test_up_says_it_while_it_runs_when_the_first_rebuild_finds_no_place() -> None:
    """It knows no more than the engine has come to."""
    command = Command(places=2)
    for urn in alone(5):
        command.check(urn, machines=5)
        command.places.planned(urn, WIPED, command.row)
    assert command.row.lines == command.row.of("progress") == [sentences.waiting(3, 2)]


def test_up_says_nothing_while_each_rebuild_finds_a_place() -> None:
    """Of machines in a chain the next comes when the one before is done, or has failed."""
    command = Command(places=2)
    for urn in alone(5):
        command.check(urn, machines=5)
        command.places.planned(urn, WIPED, command.row)
        command.places.planned("same", ADOPTED, command.row)
        with pytest.raises(ZecError), command.places.working(urn):
            raise ZecError("no")
    assert command.row.lines == []


@pytest.mark.parametrize("told", [None, "", {}, {"places": 0, "machines": 1, "waits": False}, [8], 8.0])
def test_without_the_programs_word_nothing_is_said_and_nothing_fails(told: Any) -> None:
    """An SDK that does not tell it, or a transform that dropped or changed it."""
    command = Command(places=1)
    for urn in alone(5):
        command.places.declare(urn, told)
        command.places.previewed(urn, WIPED, command.row)
        command.places.planned(urn, WIPED, command.row)
    assert command.row.lines == []


@pytest.mark.parametrize(("parallel", "places"), [(None, None), (-1, 1), (0, 1), (1, 1), (7, 7)])
def test_the_program_knows_the_engines_places(
    monkeypatch: pytest.MonkeyPatch, parallel: int | None, places: int | None
) -> None:
    """The engine takes anything below 1 as 1."""
    monkeypatch.setattr(SETTINGS, "parallel", parallel)
    assert program_places.read() == places


def test_a_program_tells_how_many_machines_it_declares(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first that is sent has the number of all; each program counts for itself."""
    monkeypatch.setattr(SETTINGS, "parallel", 8)

    async def program(machines: int) -> Any:
        told = [program_places.declare(waits=number > 0) for number in range(machines)]
        return [await one() for one in told]

    for machines in (3, 1):
        assert asyncio.run(program(machines)) == [
            {"places": 8, "machines": machines, "waits": number > 0} for number in range(machines)
        ]
    assert asyncio.run(program_places.declare(waits=False)()) is None


PROGRAM = """
import json, pulumi
from pulumi.runtime.settings import SETTINGS

class Mocks(pulumi.runtime.Mocks):
    def new_resource(self, args):
        asked[args.name] = args.inputs.get("demand")
        return args.name, dict(args.inputs)

    def call(self, args):
        return {}

asked = {}
pulumi.runtime.set_mocks(Mocks())
SETTINGS.parallel = 3
import zec_pulumi as zec

@pulumi.runtime.test
def declare():
    first = zec.InstanceOsImage("first", instance_id="1")
    zec.InstanceOsImage("then", instance_id="2", opts=pulumi.ResourceOptions(depends_on=[first]))
    other = pulumi.ComponentResource("a:b:C", "c")
    zec.InstanceOsImage("with", instance_id="3", opts=pulumi.ResourceOptions(depends_on=other))

declare()
print(json.dumps(asked))
"""


def test_a_machine_waits_for_those_that_it_depends_on() -> None:
    """Other resources are no rebuilds."""
    ran = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    asked = json.loads(ran.stdout)
    assert {name: told["waits"] for name, told in asked.items() if told} == {
        "first": False,
        "then": True,
        "with": False,
    }
