"""Programs that hypothesis writes, with preview, report, up and a second up. A failure is shrunk, and gets a name."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from hypothesis import Phase, given, seed, settings

from programs.life import Player
from programs.written import lives

if TYPE_CHECKING:
    from programs.written import Life

FEW, MANY = 80, 1500


def run(number: int, new_seed: int | None = None) -> Counter[str]:
    """Play that many lives, always the same ones or those of a seed; return what happened."""
    tally: Counter[str] = Counter()

    @settings(settings.get_profile("fixed"), max_examples=number, phases=[Phase.generate, Phase.shrink])
    @given(lives())
    def play(life: Life) -> None:
        Player(life, tally).play()

    (play if new_seed is None else seed(new_seed)(play))()
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


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_what_is_announced_holds_for_programs_that_nobody_has_seen(new_seed: int) -> None:
    """The same with others each time."""
    run(MANY, new_seed)
