"""A pytest fixture: ``pytest_plugins = ["zec_pulumi.simulator.pytest_plugin"]``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from zec_pulumi.simulator.server import Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def zec_simulator_server() -> Iterator[Simulator]:
    """One server for the whole session; use :func:`zec_simulator`, which returns it to its seed."""
    with Simulator(rebuild_seconds=0.2, stop_seconds=0.1) as simulator:
        yield simulator


@pytest.fixture
def zec_simulator(zec_simulator_server: Simulator) -> Simulator:
    """A simulator as seeded, whose reinstalls take 0.2 seconds and stops 0.1.

    Its clock is real, so that a client that only polls gets there by itself; ``zec_simulator.advance(60)``
    ends everything under way at once. For a clock that stands still make a ``Simulator(clock="manual")``.
    """
    zec_simulator_server.reset()
    return zec_simulator_server
