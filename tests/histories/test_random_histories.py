"""Random histories, judged after every step. A history that breaks a claim is shrunk, and gets a name in test_found."""

from __future__ import annotations

import pytest

from tests.histories.machine import play

FEW, MANY = 30, 2500


def test_no_claim_breaks_in_random_histories() -> None:
    """Every claim holds after every step of every history."""
    play(FEW)


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_no_claim_breaks_in_thousands_of_histories() -> None:
    """The same, longer."""
    play(MANY)
