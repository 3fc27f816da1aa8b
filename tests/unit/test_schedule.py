"""When waits look at their machines."""

from __future__ import annotations

import pytest

from zec_pulumi.cloud.schedule import EARLY_SECONDS, MIDDLE_INTERVALS, NEAR_END, PollSchedule, intervals


class Hands:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.time = 1000.0

    def now(self) -> float:
        raise AssertionError("the beat must not follow the wall clock, which can be set back")

    def monotonic(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


@pytest.mark.parametrize(
    ("elapsed", "expected"),
    [
        (None, 1),
        (0.0, 1),
        (EARLY_SECONDS - 1, 1),
        (EARLY_SECONDS, MIDDLE_INTERVALS),
        (NEAR_END * 300 - 1, MIDDLE_INTERVALS),
        (NEAR_END * 300, 1),
        (900.0, 1),
    ],
)
def test_a_rebuild_is_looked_at_often_at_first_and_near_its_end(elapsed: float | None, expected: int) -> None:
    """Of one that usually takes five minutes."""
    assert intervals(elapsed, 300.0) == expected


def test_a_rebuild_of_unknown_length_is_looked_at_on_every_beat() -> None:
    """It could end at any time."""
    assert intervals(100.0, None) == 1


def test_a_lone_wait_has_its_interval() -> None:
    """Counted from its beginning, not from the beginning of the process."""
    clock = Hands()
    schedule = PollSchedule(clock, 5.0)
    clock.sleep(3.3)
    schedule.join()
    assert schedule.until_poll() == 5.0
    assert schedule.until_poll(MIDDLE_INTERVALS) == 15.0


def test_a_wait_that_joins_looks_when_the_others_do() -> None:
    """One request then serves all of them."""
    clock = Hands()
    schedule = PollSchedule(clock, 5.0)
    schedule.join()
    clock.sleep(1.0)
    schedule.join()
    assert schedule.until_poll() == 4.0


def test_a_slow_answer_does_not_shift_the_beat() -> None:
    """The time that reading took is part of the interval."""
    clock = Hands()
    schedule = PollSchedule(clock, 5.0)
    schedule.join()
    clock.sleep(0.7)
    assert schedule.until_poll() == pytest.approx(4.3)


def test_a_look_just_before_a_beat_is_not_made_twice() -> None:
    """The next one is a whole interval later."""
    clock = Hands()
    schedule = PollSchedule(clock, 5.0)
    schedule.join()
    clock.sleep(4.9)
    assert schedule.until_poll() == pytest.approx(5.1)


def test_the_beat_begins_anew_when_all_have_left() -> None:
    """The next lone wait has its interval again."""
    clock = Hands()
    schedule = PollSchedule(clock, 5.0)
    schedule.join()
    schedule.leave()
    clock.sleep(7.0)
    schedule.join()
    assert schedule.until_poll() == 5.0


def test_a_beat_has_five_parts_and_nobody_waits_for_one_alone() -> None:
    """What comes within the same part is done at its end; where there is no wait, at once."""
    clock = Hands()
    schedule = PollSchedule(clock, 5.0)
    assert schedule.until_slot() == 0.0
    schedule.join()
    assert schedule.until_slot() == 1.0
    clock.sleep(3.2)
    assert schedule.until_slot() == pytest.approx(0.8)
    schedule.leave()
    assert schedule.until_slot() == 0.0


def test_the_fastest_rebuild_known_is_the_usual_one() -> None:
    """A slow one must not make the end of a fast one be seen late."""
    schedule = PollSchedule(Hands(), 5.0)
    assert schedule.usual is None
    for seconds in (300.0, 200.0, 400.0):
        schedule.learn(seconds)
    assert schedule.usual == 200.0
