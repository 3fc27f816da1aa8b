"""Fixture and markers for pytest: ``pytest_plugins = ["zec_pulumi.simulator.pytest_plugin"]``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from zec_pulumi.simulator.server import Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MARKERS = {
    "zec_seed": "zec_seed(seed): the cloud that zec_simulator begins this test with: a dict, or a file beside the test",
    "zec_fault": "zec_fault(**rule): a fault rule that is in force when this test begins; several add up",
}


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers."""
    for line in _MARKERS.values():
        config.addinivalue_line("markers", line)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Refuse a marker that would do nothing."""
    used = "zec_simulator" in getattr(item, "fixturenames", ())
    for name in _MARKERS:
        if item.get_closest_marker(name) is not None and not used:
            pytest.fail(f"{item.nodeid}: {name} does nothing without the fixture zec_simulator", pytrace=False)


@pytest.fixture(scope="session")
def zec_simulator_server() -> Iterator[Simulator]:
    """One server for the whole session, in each worker its own; use :func:`zec_simulator`, which resets it.

    A project overrides it in its conftest to make it otherwise, with a seed of its own for example.
    """
    with Simulator(rebuild_seconds=0.2, stop_seconds=0.1) as simulator:
        yield simulator


@pytest.fixture
def zec_simulator(zec_simulator_server: Simulator, request: pytest.FixtureRequest) -> Iterator[Simulator]:
    """A simulator as seeded, whose reinstalls take 0.2 seconds and stops 0.1.

    Its clock is real, so that a client that only polls gets there by itself; ``zec_simulator.advance(60)`` moves it,
    ``zec_simulator.settle()`` to the end of everything under way. For a clock that stands still make a
    ``Simulator(clock="manual")``.
    """
    marker = request.node.get_closest_marker("zec_seed")
    usual = None if marker is None else zec_simulator_server.seed
    zec_simulator_server.reset(None if marker is None else _seed(request.path, *marker.args, **marker.kwargs))
    # As they are read: those of the module and the class first, then from top to bottom.
    for fault in reversed(list(request.node.iter_markers("zec_fault"))):
        zec_simulator_server.add_fault(*fault.args, **fault.kwargs)
    yield zec_simulator_server
    if usual is not None:
        zec_simulator_server.reset(usual)


def _seed(test: Path, seed: str | Path | dict[str, Any]) -> Path | dict[str, Any]:
    return seed if isinstance(seed, dict) else test.parent / seed
