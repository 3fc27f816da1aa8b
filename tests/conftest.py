"""For all tests."""

from __future__ import annotations

import secrets
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from driver import let_interrupts_through

if TYPE_CHECKING:
    from pathlib import Path

# A busy machine makes no test fail: time belongs to the benchmarks.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")
# For long runs: always the same examples, and nothing kept between two of them.
settings.register_profile(
    "fixed", derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck), print_blob=False
)


def pytest_configure() -> None:
    """Have every program that a test starts end when it is told to."""
    let_interrupts_through()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files whose tests may take longest: else one of them runs alone at the end."""
    longest: Counter[Path] = Counter()
    for item in items:
        for mark in item.iter_markers("timeout"):
            longest[item.path] = max(longest[item.path], int(mark.args[0]))
    items.sort(key=lambda item: -longest[item.path])


@pytest.fixture
def new_seed(pytestconfig: pytest.Config) -> int:
    """A seed for examples that nobody has seen. A test that fails prints it; --hypothesis-seed gives it again."""
    given = pytestconfig.getoption("--hypothesis-seed")
    seed = secrets.randbits(32) if given in (None, "random") else int(given)
    print(f"\nthe same examples again: --hypothesis-seed={seed}")  # noqa: T201 for whoever repeats them
    return seed
