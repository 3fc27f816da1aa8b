"""Stacks of the real engine on the simulated cloud."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import engine
from driver import PYTHONS, ROOT, SDKS, WEB_1, Stack, new_stack
from zec_pulumi.simulator import Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def engine_folder() -> Path:
    """The engine, able to run Python projects."""
    found = engine.find()
    assert found is not None, "no Pulumi engine: run make engine"
    return engine.with_language_host(found, ROOT / ".cache" / "engine")


@pytest.fixture
def cloud() -> Iterator[Simulator]:
    """A simulated cloud with fast transitions in real time."""
    with Simulator(rebuild_seconds=0.4, stop_seconds=0.2) as simulator:
        yield simulator


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what is marked so with each SDK, and the long way with each Python as well."""
    if metafunc.definition.get_closest_marker("everywhere"):
        pythons = (pytest.param(name, marks=pytest.mark.slow) for name in PYTHONS)
        metafunc.parametrize("sdk", [*SDKS, *pythons])


@pytest.fixture
def sdk() -> str:
    """Which SDK the program and the provider run on; parametrize it to change, or mark the test ``everywhere``."""
    return "newest"


@pytest.fixture
def stack(tmp_path: Path, cloud: Simulator, engine_folder: Path, sdk: str) -> Stack:
    """An empty stack of its own for a test."""
    return new_stack(tmp_path, cloud, engine_folder, sdk)


@pytest.fixture(scope="module")
def shared_stack(tmp_path_factory: pytest.TempPathFactory, engine_folder: Path) -> Iterator[Stack]:
    """One stack with web-1 recorded, for tests that leave machine and record as they were."""
    with Simulator(rebuild_seconds=0.4, stop_seconds=0.2) as simulator:
        made = new_stack(tmp_path_factory.mktemp("shared"), simulator, engine_folder, "newest")
        yield made.adopt(image_id="ubuntu2204_20240712")


@pytest.fixture
def web_1() -> str:
    """The instance that most stories are about: RUNNING on Ubuntu 22.04 with a key."""
    return WEB_1
