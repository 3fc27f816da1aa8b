"""Programs that hypothesis writes, with preview, report, up and a second up. A failure is shrunk, and gets a name."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from programs.life import Player
from programs.written import lives

if TYPE_CHECKING:
    from programs.written import Life

FEW, MANY = 80, 3000


def run(number: int) -> Counter[str]:
    """Play that many lives, always the same ones; return what happened."""
    tally: Counter[str] = Counter()

    @settings(
        max_examples=number,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        print_blob=False,
        phases=[Phase.generate, Phase.shrink],
    )
    @given(lives())
    def play(life: Life) -> None:
        Player(life, tally).play()

    play()
    print("\n" + "\n".join(f"{what}: {count}" for what, count in sorted(tally.items())))  # noqa: T201 the report
    return tally


def test_what_is_announced_holds_for_programs_that_nobody_wrote() -> None:
    """And the programs are of use: they wipe, wait for approval, and are refused."""
    tally = run(FEW)
    assert min(tally[what] for what in ("resets", "approved resets", "refused", "idle second ups")) > 0


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_what_is_announced_holds_for_thousands_of_programs() -> None:
    """The same, longer."""
    run(MANY)
