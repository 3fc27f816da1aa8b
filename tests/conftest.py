"""For all tests."""

from __future__ import annotations

from driver import let_interrupts_through


def pytest_configure() -> None:
    """Have every program that a test starts end when it is told to."""
    let_interrupts_through()
