"""Stacks of the examples' own projects, on the simulated cloud."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import engine
from driver import ROOT, Stack, example_stack
from zec_pulumi.simulator import Simulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def cloud() -> Iterator[Simulator]:
    """A simulated cloud with fast transitions in real time."""
    with Simulator(rebuild_seconds=0.4, stop_seconds=0.2) as simulator:
        yield simulator


@pytest.fixture
def example(tmp_path: Path, cloud: Simulator) -> Callable[[str], Stack]:
    """Return a copy of an example, by its folder's name, with an empty stack."""

    def copy(name: str) -> Stack:
        found = engine.find()
        assert found is not None, "no Pulumi engine: run make engine"
        return example_stack(name, tmp_path / name, cloud, engine.with_language_host(found, ROOT / ".cache" / "engine"))

    return copy
