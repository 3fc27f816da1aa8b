"""Random histories, judged after every step. A history that breaks a claim is shrunk, and gets a name in test_found."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from tests.histories.machine import TALLY, Histories

FEW, MANY, STEPS = 30, 5000, 12


def run(histories: int) -> None:
    """Run that many histories, always the same ones."""
    TALLY.clear()
    run_state_machine_as_test(
        Histories,
        settings=settings(settings.get_profile("fixed"), max_examples=histories, stateful_step_count=STEPS),
    )
    print("\n" + "\n".join(f"{what}: {number}" for what, number in sorted(TALLY.items())))  # noqa: T201 the report


def test_no_claim_breaks_in_random_histories() -> None:
    """Every claim holds after every step of every history."""
    run(FEW)


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_no_claim_breaks_in_thousands_of_histories() -> None:
    """The same, longer."""
    run(MANY)
