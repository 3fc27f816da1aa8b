"""Random histories that nobody has seen: the others are always the same, and hide what lies beside them."""

from __future__ import annotations

import pytest

from tests.histories.machine import play

MANY = 2500


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_no_claim_breaks_in_histories_that_nobody_has_seen(new_seed: int) -> None:
    """Every claim holds after every step of every history."""
    play(MANY, new_seed)
