"""Stacks of the real engine on the simulated cloud."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import pytest

import engine
from driver import PYTHONS, ROOT, SDKS, WEB_1, Stack, copied_stack, new_stack
from zec_pulumi.simulator import Simulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
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
    """Run what is marked so with the newest SDK, and the long way with each SDK and each Python."""
    if metafunc.definition.get_closest_marker("everywhere"):
        others = (pytest.param(name, marks=pytest.mark.slow) for name in (*SDKS, *PYTHONS) if name != "newest")
        metafunc.parametrize("sdk", ["newest", *others])


@pytest.fixture
def sdk() -> str:
    """Which SDK the program and the provider run on; parametrize it to change, or mark the test ``everywhere``."""
    return "newest"


@pytest.fixture
def stack(tmp_path: Path, cloud: Simulator, engine_folder: Path, sdk: str) -> Stack:
    """An empty stack of its own for a test."""
    return new_stack(tmp_path, cloud, engine_folder, sdk)


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory, engine_folder: Path) -> Callable[[str], Stack]:
    """A stack to copy, by SDK: it has recorded web-1 as it is."""

    @functools.cache
    def made(sdk: str) -> Stack:
        with Simulator() as cloud:
            stack = new_stack(tmp_path_factory.mktemp("recorded"), cloud, engine_folder, sdk)
            return stack.adopt(image_id="ubuntu2204_20240712")

    return made


@pytest.fixture
def adopted(tmp_path: Path, cloud: Simulator, recorded: Callable[[str], Stack], sdk: str) -> Stack:
    """A stack of its own for a test, which has recorded web-1 as it is."""
    return copied_stack(recorded(sdk), tmp_path, cloud)


@pytest.fixture
def web_1() -> str:
    """The instance that most stories are about: RUNNING on Ubuntu 22.04 with a key."""
    return WEB_1
