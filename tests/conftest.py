"""For all tests."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

from driver import let_interrupts_through

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
