"""How long operations may take, and what a row shows meanwhile."""

from __future__ import annotations

import pytest

from tests.support.clock import FakeClock
from tests.support.row import FakeRow
from zec_pulumi.errors import StopReason
from zec_pulumi.progress import Progress
from zec_pulumi.time.deadline import Deadline, duration


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (59.9, "59s"), (60, "1m00s"), (185, "3m05s"), (3599, "59m59s"), (3600, "1h00m"), (90061, "25h01m")],
)
def test_a_duration_for_people(seconds: float, text: str) -> None:
    """Two units at most, rounded down."""
    assert duration(seconds) == text


def test_a_deadline_passes() -> None:
    """To the second, and stays passed."""
    clock = FakeClock()
    deadline = Deadline(clock, 10)
    clock.sleep(9.5)
    assert (deadline.elapsed, deadline.remaining, deadline.expired) == (9.5, 0.5, False)
    clock.sleep(0.5)
    assert deadline.expired
    clock.sleep(100)
    assert (deadline.remaining, deadline.expired) == (0, True)


def test_a_part_never_outlasts_the_whole() -> None:
    """Five minutes for a stop are less when less is left."""
    clock = FakeClock()
    deadline = Deadline(clock, 100)
    clock.sleep(80)
    assert deadline.within(300).seconds == 20
    assert deadline.within(5).seconds == 5


def test_a_phase_is_shown_once() -> None:
    """In a log of a pipeline each line is kept for ever."""
    row = FakeRow()
    progress = Progress(row, FakeClock(), ticking=lambda: False)
    for text in ("powering off", "powering off", "DEPLOYING", "powering off"):
        progress.phase(text)
    assert row.lines == ["powering off", "DEPLOYING", "powering off"]


def test_a_phase_ticks_where_a_person_watches() -> None:
    """With the time since it began, not since the operation did."""
    row, clock = FakeRow(), FakeClock()
    progress = Progress(row, clock, ticking=lambda: True)
    progress.phase("powering off")
    clock.sleep(100)
    progress.phase("DEPLOYING")
    clock.sleep(65)
    progress.phase("DEPLOYING")
    assert row.lines == ["powering off", "DEPLOYING", "DEPLOYING 1m05s"]


def test_the_row_tells_whether_the_work_is_still_wanted() -> None:
    """Whoever shows progress can ask."""
    row = FakeRow()
    progress = Progress(row, FakeClock(), ticking=lambda: True)
    assert progress.stop_reason() is None
    row.halt = StopReason.CANCELLED
    assert progress.stop_reason() is StopReason.CANCELLED


def test_a_wall_clock_that_is_set_changes_no_duration() -> None:
    """Set back in the middle, it does not make an operation end before it began."""
    clock = FakeClock()
    deadline = Deadline(clock, 60.0)
    begin = deadline.now
    clock.set_wall(-3600.0)
    clock.sleep(30.0)
    assert deadline.now - begin == 30.0
    assert (deadline.elapsed, deadline.remaining) == (30.0, 30.0)
