"""A simulator and a client of it, whose waits move a clock instead of taking time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from zec_pulumi.api import AccessKey, Client, Endpoint, Timeouts
from zec_pulumi.simulator import Simulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class MovingClock:
    """The machine's wall clock for signatures; sleep passes at once and is written down."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self.skew = 0.0

    def now(self) -> float:
        return time.time() + self.skew

    def monotonic(self) -> float:
        return sum(self.slept)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


@pytest.fixture(scope="session")
def running_simulator() -> Iterator[Simulator]:
    with Simulator(clock="manual") as simulator:
        yield simulator


@pytest.fixture
def sim(running_simulator: Simulator) -> Simulator:
    running_simulator.reset()
    return running_simulator


@pytest.fixture
def clock() -> MovingClock:
    return MovingClock()


@pytest.fixture
def endpoint(sim: Simulator) -> Endpoint:
    return Endpoint(sim.host, "http")


@pytest.fixture
def key(sim: Simulator) -> AccessKey:
    return AccessKey(sim.access_key_id, sim.access_key_password)


@pytest.fixture
def client(key: AccessKey, endpoint: Endpoint, clock: MovingClock) -> Iterator[Client]:
    with Client(
        key, endpoint, clock=clock, timeouts=Timeouts(connect=2.0, read=0.3), random_fraction=lambda: 0.0
    ) as client:
        yield client


@pytest.fixture
def actions(sim: Simulator) -> Callable[[], list[str]]:
    """Return the actions that arrived at the simulator, in order."""
    return lambda: [request["action"] for request in sim.requests()]
