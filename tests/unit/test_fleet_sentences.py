"""What a fleet's own row says, word for word."""

from __future__ import annotations

from dataclasses import replace

import pytest

from zec_pulumi.messages import durations
from zec_pulumi.messages import fleet as fleet_sentences
from zec_pulumi.messages.fleet import Outlook
from zec_pulumi.planning.plan import Kind
from zec_pulumi.program.rollout import Rollout

WIPED = Outlook(Kind.REBUILD)
NOTHING = Outlook(Kind.NONE)
ASSUMED = "(assumed, as none is recorded)"


def plan(outlooks: list[Outlook], max_unavailable: int = 1, canary: int = 0, places: int | None = None) -> str | None:
    """The line about machines m0, m1, …."""
    named = {f"m{number}": outlook for number, outlook in enumerate(outlooks)}
    rollout = replace(Rollout.of(tuple(named), max_unavailable, canary), places=places)
    return fleet_sentences.plan(rollout, named)


@pytest.mark.parametrize(
    ("outlooks", "max_unavailable", "canary", "line"),
    [
        (
            [Outlook(Kind.REBUILD, took=240.0)] * 97 + [Outlook(Kind.ADOPT)] * 3,
            2,
            1,
            (
                "fleet: 97 of 100 instances will be wiped, 3 adopted; canary m0 first,"
                " then 48 waves of 2 (max_unavailable);"
                " about 3 h 16 min at 4 min a rebuild (the median of those recorded)"
            ),
        ),
        (
            [WIPED] * 3,
            1,
            0,
            (
                "fleet: 3 of 3 instances will be wiped; 3 one after the other (max_unavailable);"
                f" about 15 min at 5 min a rebuild {ASSUMED}"
            ),
        ),
        (
            [WIPED] * 3,
            3,
            0,
            f"fleet: 3 of 3 instances will be wiped; 3 at once; about 5 min at 5 min a rebuild {ASSUMED}",
        ),
        (
            [WIPED] * 3,
            1,
            2,
            (
                "fleet: 3 of 3 instances will be wiped; canaries m0, m1 first, then 1 other;"
                f" about 15 min at 5 min a rebuild {ASSUMED}"
            ),
        ),
        (
            [WIPED] * 5,
            4,
            4,
            (
                "fleet: 5 of 5 instances will be wiped; 4 canaries first, then 1 other;"
                f" about 10 min at 5 min a rebuild {ASSUMED}"
            ),
        ),
        (
            [WIPED, NOTHING],
            1,
            0,
            f"fleet: 1 of 2 instances will be wiped, 1 unchanged; about 5 min at 5 min a rebuild {ASSUMED}",
        ),
        (
            [Outlook(Kind.REBUILD, closed=True), WIPED],
            2,
            0,
            (
                "fleet: 2 of 2 instances will be wiped, gates refuse 1 of them; 2 at once;"
                f" about 5 min at 5 min a rebuild {ASSUMED}"
            ),
        ),
        (
            [Outlook(Kind.JOIN), Outlook(Kind.CHANGE), Outlook(Kind.ADOPT, undecided=True)],
            1,
            0,
            (
                "fleet: none of 3 instances will be wiped, 1 changed in place, 1 joined, 1 undecided;"
                f" about 5 min at 5 min a rebuild {ASSUMED}"
            ),
        ),
        ([Outlook(Kind.ADOPT)] * 2, 1, 0, "fleet: none of 2 instances will be wiped, 2 adopted"),
        ([NOTHING] * 2, 1, 0, None),
    ],
)
def test_the_plan_of_a_fleet(outlooks: list[Outlook], max_unavailable: int, canary: int, line: str | None) -> None:
    """How many are wiped, in which order, and how long that takes; nothing when nothing is to be done."""
    assert plan(outlooks, max_unavailable, canary) == line


@pytest.mark.parametrize(
    ("places", "line"),
    [
        (
            8,
            (
                "fleet: 41 of 41 instances will be wiped; canary m0 first, then 5 waves of 8;"
                " the engine runs 8 operations at a time, max_unavailable allows 20:"
                " PULUMI_PARALLEL=20 or --parallel 20 runs as many;"
                f" about 30 min at 5 min a rebuild {ASSUMED}"
            ),
        ),
        (
            1,
            (
                "fleet: 41 of 41 instances will be wiped; canary m0 first, then 40 one after the other;"
                " the engine runs 1 operation at a time, max_unavailable allows 20:"
                " PULUMI_PARALLEL=20 or --parallel 20 runs as many;"
                f" about 3 h 25 min at 5 min a rebuild {ASSUMED}"
            ),
        ),
        (
            20,
            (
                "fleet: 41 of 41 instances will be wiped; canary m0 first, then 2 waves of 20 (max_unavailable);"
                f" about 15 min at 5 min a rebuild {ASSUMED}"
            ),
        ),
    ],
)
def test_a_fleet_that_allows_more_than_the_engine_runs_says_so(places: int, line: str) -> None:
    """And names the setting; order and time are those of the engine's places."""
    assert plan([WIPED] * 41, 20, 1, places) == line


def test_a_fleet_that_wipes_no_more_than_the_engine_runs_says_nothing_of_it() -> None:
    """However many ``max_unavailable`` would allow."""
    assert "engine" not in str(plan([WIPED] * 8 + [NOTHING] * 50, 50, 0, 8))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.2, "1 s"),
        (40, "40 s"),
        (60, "1 min"),
        (840, "14 min"),
        (3570, "60 min"),
        (3600, "1 h"),
        (15000, "4 h 10 min"),
    ],
)
def test_an_estimate_is_as_precise_as_it_can_be(seconds: float, text: str) -> None:
    """Seconds below a minute, minutes from then on."""
    assert durations.roughly(seconds) == text


def test_the_progress_of_a_fleet() -> None:
    """The time left comes first, where a narrow terminal still shows it; at the end there is none."""
    assert fleet_sentences.progress(37, 100, 2, 0, 840) == "about 14 min left, rebuilt 37/100, 2 running, 0 failed"
    assert fleet_sentences.progress(100, 100, 0, 0, 0) == "rebuilt 100/100, 0 running, 0 failed"


def test_the_typical_time_is_the_median_of_the_known() -> None:
    """One slow machine does not spoil it."""
    assert durations.typical([300.0, None, 280.0, 9000.0]) == 300.0
    assert durations.typical([None]) is None
