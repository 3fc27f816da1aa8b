"""When waits look at their machines."""

from __future__ import annotations

import pytest

from tests.support.clock import UPTIME, FakeClock
from zec_pulumi.cloud.schedule import EARLY_SECONDS, MIDDLE_SECONDS, NEAR_END, PollSchedule


@pytest.mark.parametrize(
    ("elapsed", "expected"),
    [
        (None, 5.0),
        (0.0, 5.0),
        (EARLY_SECONDS - 1, 5.0),
        (EARLY_SECONDS, MIDDLE_SECONDS),
        (NEAR_END * 300 - 1, MIDDLE_SECONDS),
        (NEAR_END * 300, 5.0),
        (900.0, 5.0),
    ],
)
def test_a_rebuild_is_polled_often_at_first_and_near_its_end(elapsed: float | None, expected: float) -> None:
    """Of one that usually takes five minutes."""
    schedule = PollSchedule(FakeClock(), 5.0)
    schedule.join()
    schedule.learn(300.0)
    assert schedule.until_poll(None if elapsed is None else UPTIME - elapsed) == expected


@pytest.mark.parametrize("interval", [7.0, 31.0, 60.0])
def test_the_middle_is_left_alone_for_half_a_minute_or_one_interval(interval: float) -> None:
    """It is a whole number of intervals, so that one request still serves all."""
    schedule = PollSchedule(FakeClock(), interval)
    schedule.join()
    schedule.learn(300.0)
    pause = schedule.until_poll(UPTIME - 100.0)
    assert pause % interval == 0
    assert interval <= pause <= max(interval, MIDDLE_SECONDS)


def test_a_rebuild_of_unknown_length_is_polled_in_every_interval() -> None:
    """It could end at any time."""
    schedule = PollSchedule(FakeClock(), 5.0)
    schedule.join()
    assert schedule.until_poll(UPTIME - 100.0) == 5.0


def test_a_lone_wait_has_its_interval() -> None:
    """Counted from its beginning, not from the beginning of the process."""
    clock = FakeClock()
    schedule = PollSchedule(clock, 5.0)
    clock.sleep(3.3)
    schedule.join()
    assert schedule.until_poll() == 5.0


def test_a_wait_that_joins_looks_when_the_others_do() -> None:
    """One request then serves all of them."""
    clock = FakeClock()
    schedule = PollSchedule(clock, 5.0)
    schedule.join()
    clock.sleep(1.0)
    schedule.join()
    assert schedule.until_poll() == 4.0


def test_a_slow_answer_does_not_shift_the_beat() -> None:
    """The time that reading took is part of the interval."""
    clock = FakeClock()
    schedule = PollSchedule(clock, 5.0)
    schedule.join()
    clock.sleep(0.7)
    assert schedule.until_poll() == pytest.approx(4.3)


def test_a_look_just_before_a_beat_is_not_made_twice() -> None:
    """The next one is a whole interval later."""
    clock = FakeClock()
    schedule = PollSchedule(clock, 5.0)
    schedule.join()
    clock.sleep(4.9)
    assert schedule.until_poll() == pytest.approx(5.1)


def test_the_beat_begins_anew_when_all_have_left() -> None:
    """The next lone wait has its interval again."""
    clock = FakeClock()
    schedule = PollSchedule(clock, 5.0)
    schedule.join()
    schedule.leave()
    clock.sleep(7.0)
    schedule.join()
    assert schedule.until_poll() == 5.0


def test_a_beat_has_five_parts_and_nobody_waits_for_one_alone() -> None:
    """What comes within the same part is done at its end; where there is no wait, at once."""
    clock = FakeClock()
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
    schedule = PollSchedule(FakeClock(), 5.0)
    schedule.join()
    for seconds in (300.0, 200.0, 400.0):
        schedule.learn(seconds)
    assert schedule.until_poll(UPTIME - NEAR_END * 200 + 1) == MIDDLE_SECONDS
    assert schedule.until_poll(UPTIME - NEAR_END * 200) == 5.0
