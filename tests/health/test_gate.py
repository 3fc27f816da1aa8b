"""A health gate from its first probe to its end: real sockets, and a clock that is moved."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.clock import FakeClock
from tests.support.row import FakeRow
from zec_pulumi import health
from zec_pulumi.errors import StopReason, UnhealthyError
from zec_pulumi.health.gate import address_findings, pass_gate
from zec_pulumi.progress import Progress
from zec_pulumi.time.deadline import Deadline

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.health.conftest import Server
    from zec_pulumi.api import Instance
    from zec_pulumi.health import HealthGate


class World(FakeRow):
    """Clock and row of one gate; ``after`` is what happens while it sleeps for the n-th time."""

    def __init__(self, live: Instance) -> None:
        super().__init__()
        self.live = live
        self.clock = FakeClock(on_sleep=self._slept)
        self.after: dict[int, Callable[[], object]] = {}

    def _slept(self) -> None:
        self.after.get(len(self.clock.slept), lambda: None)()

    def pass_gate(self, gate: HealthGate, seconds: float = 3600.0) -> None:
        progress = Progress(self, self.clock, ticking=lambda: False)
        pass_gate(gate, self.live, self.clock, progress, Deadline(self.clock, seconds))

    def refused(self, gate: HealthGate, seconds: float = 3600.0) -> str:
        with pytest.raises(UnhealthyError) as caught:
            self.pass_gate(gate, seconds)
        return str(caught.value)


@pytest.fixture
def world(machine: Callable[..., Instance]) -> World:
    return World(machine())


@pytest.fixture
def listening(serve: Callable[..., Server]) -> int:
    """The port of a server that says something and hangs up."""
    return serve(b"hello\r\n").port


def test_a_healthy_machine_passes_after_as_many_probes_as_asked_for(world: World, listening: int) -> None:
    """Each an interval apart, and counted on the row."""
    world.pass_gate(health.tcp(listening, successes=3, interval=7))
    assert world.clock.slept == [7, 7]
    what = f"tcp {listening} on 127.0.0.1"
    assert world.lines == [f"healthy 1/3: {what}", f"healthy 2/3: {what}", f"healthy: {what}"]


def test_a_machine_that_comes_up_later_passes_then(world: World, tmp_path: Path) -> None:
    """The row says why it was not healthy, once."""
    up = tmp_path / "up"
    world.after[3] = up.touch
    world.pass_gate(health.command(["test", "-e", str(up)]))
    assert world.clock.slept == [5, 5, 5, 5]
    assert world.lines == [
        "not healthy yet: exit status 1",
        "healthy 1/2: command test",
        "healthy: command test",
    ]


def test_successes_count_in_a_row_only(world: World, tmp_path: Path) -> None:
    """A service that falls over again begins anew."""
    up = tmp_path / "up"
    up.touch()
    world.after[1] = up.unlink
    world.after[2] = up.touch
    world.pass_gate(health.command(["test", "-e", str(up)]))
    assert len(world.clock.slept) == 3


def test_a_gate_ends_with_its_deadline(world: World, closed_port: int) -> None:
    """Exactly then, with what was said last."""
    said = world.refused(health.tcp(closed_port, interval=20, deadline=50))
    assert said == (
        f"its health gate (tcp {closed_port} on 127.0.0.1) did not pass within 50s; the last probe said:"
        " connection refused"
    )
    assert world.clock.slept == [20, 20, 10]


def test_a_gate_ends_with_the_operation_when_that_is_earlier(world: World, closed_port: int) -> None:
    """The text says whose deadline it was."""
    said = world.refused(health.tcp(closed_port), seconds=12)
    assert "did not pass within 12s that were left of the operation's deadline" in said
    assert world.clock.elapsed == 12


def test_an_operation_without_time_left_probes_once(world: World, listening: int) -> None:
    """So that the failure can say something of the machine."""
    assert world.refused(health.tcp(listening), seconds=0).endswith("the last 1 of 2 probes succeeded")
    assert world.clock.slept == []


@pytest.mark.parametrize("halt", StopReason)
def test_a_halt_ends_the_wait(world: World, closed_port: int, halt: StopReason) -> None:
    """At the next look, long before the deadline."""
    world.after[2] = lambda: setattr(world, "halt", halt)
    said = world.refused(health.tcp(closed_port))
    assert said == f"{halt.value} before its health gate (tcp {closed_port} on 127.0.0.1) had passed"
    assert len(world.clock.slept) == 2


def test_no_address_is_no_reason_to_wait(machine: Callable[..., Instance]) -> None:
    """It will not come by waiting."""
    world = World(machine(privateIpAddresses=[]))
    assert world.refused(health.tcp(22, address="private")) == "it has no private address to probe tcp on"
    assert world.clock.slept == []


def test_a_missing_address_is_a_finding(machine: Callable[..., Instance]) -> None:
    """Of the address that the gate asks for; a command may do without."""
    live = machine(publicIpAddresses=[])
    (finding,) = address_findings(health.http("/"), live)
    assert finding.startswith("health: instance zec-1 has no public address to probe http on; give the health gate")
    for gate in (health.http("/", address="private"), health.command(["true"]), None):
        assert address_findings(gate, live) == []
