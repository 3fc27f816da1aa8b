"""In which order a fleet's machines take their turn."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zec_pulumi.program.rollout import Rollout

NAMES = tuple(f"m{number}" for number in range(10))


@st.composite
def rollouts(draw: Any) -> Rollout:
    names = [f"m{number}" for number in range(draw(st.integers(1, 40)))]
    canaries = draw(st.integers(0, len(names)) | st.lists(st.sampled_from(names), unique=True))
    return Rollout.of(names, draw(st.integers(1, 50)), canaries)


@pytest.mark.parametrize(
    ("max_unavailable", "machines", "at_once"),
    [
        (1, 10, 1),
        (3, 10, 3),
        (30, 10, 10),
        ("10%", 10, 1),
        ("10%", 29, 2),
        ("10%", 9, 1),
        ("1%", 1, 1),
        ("100%", 7, 7),
        ("34%", 6, 2),
    ],
)
def test_a_percentage_is_rounded_down_and_at_least_one(max_unavailable: int | str, machines: int, at_once: int) -> None:
    """A fleet that could not begin would be of no use, and more than asked for is never down."""
    assert Rollout.of([f"m{i}" for i in range(machines)], max_unavailable, 0).at_once == at_once


@pytest.mark.parametrize("wrong", [0, -1, "0%", "101%", "10", "10.5%", "%", "", "ten%", "-5%"])
def test_a_max_unavailable_out_of_range_is_a_value_error(wrong: int | str) -> None:
    """The sentence says what it may be."""
    with pytest.raises(ValueError, match=r"a number of instances from 1, or a percentage from '1%' to '100%', not"):
        Rollout.of(NAMES, wrong, 0)


@pytest.mark.parametrize("wrong", [1.5, None, True, [1]])
def test_a_max_unavailable_of_another_type_is_a_type_error(wrong: Any) -> None:
    """A fraction is not taken for a number of machines."""
    with pytest.raises(TypeError, match="max_unavailable must be"):
        Rollout.of(NAMES, wrong, 0)


@pytest.mark.parametrize(
    ("canary", "canaries"),
    [(0, ()), (2, ("m0", "m1")), ("m7", ("m7",)), (["m7", "m2"], ("m7", "m2")), (["m1", "m1"], ("m1",)), ([], ())],
)
def test_canaries_are_a_number_a_name_or_names(canary: Any, canaries: tuple[str, ...]) -> None:
    """A number takes the first ones."""
    rollout = Rollout.of(NAMES, 2, canary)
    assert rollout.canaries == canaries
    assert sorted(rollout.order) == sorted(NAMES)


@pytest.mark.parametrize("wrong", ["web-9", ["m1", "web-9"]])
def test_an_unknown_canary_is_named(wrong: Any) -> None:
    """It is a slip of the pen."""
    with pytest.raises(ValueError, match="the fleet has no instance 'web-9'"):
        Rollout.of(NAMES, 2, wrong)


@pytest.mark.parametrize(
    ("wrong", "error"), [(-1, ValueError), (11, ValueError), (True, TypeError), (1.0, TypeError), (None, TypeError)]
)
def test_a_canary_that_is_no_number_of_machines_is_refused(wrong: Any, error: type[Exception]) -> None:
    """More canaries than machines are a mistake, too."""
    with pytest.raises(error, match="canary must be"):
        Rollout.of(NAMES, 2, wrong)


@given(rollouts())
def test_never_more_than_allowed_are_under_way_and_canaries_end_first(rollout: Rollout) -> None:
    """Played through: each machine begins when those it waits for have ended, and all of them are done in the end."""
    done: set[str] = set()
    while len(done) < len(rollout.order):
        ready = [n for n in rollout.order if n not in done and done.issuperset(rollout.after(n))]
        assert 0 < len(ready) <= rollout.at_once
        assert set(ready) <= set(rollout.canaries) or done.issuperset(rollout.canaries)
        done.add(ready[-1])


@given(rollouts())
def test_every_machine_comes_after_those_it_waits_for(rollout: Rollout) -> None:
    """So that resources can be made in this order."""
    made: set[str] = set()
    for name in rollout.order:
        assert made.issuperset(rollout.after(name))
        made.add(name)


def test_waves_count_the_machines_that_are_rebuilt() -> None:
    """One that is adopted takes no time, and a lane is as long as what is rebuilt in it."""
    rollout = Rollout.of(NAMES, 3, 1)
    assert rollout.waves(NAMES) == (1, 3)
    assert rollout.waves(["m1", "m4", "m7"]) == (0, 3)
    assert rollout.waves(["m1", "m2", "m3"]) == (0, 1)
    assert rollout.waves([]) == (0, 0)


@pytest.mark.parametrize(("places", "waves"), [(None, 3), (3, 3), (2, 4), (1, 7)])
def test_the_engines_places_limit_as_well(places: int | None, waves: int) -> None:
    """Seven of m1 to m8 in three lanes; a lane that is longer than the others stays so."""
    rollout = replace(Rollout.of(NAMES, 3, 1), places=places)
    rebuilt = NAMES[1:8]
    assert rollout.waves(rebuilt) == (0, waves)
    assert rollout.seconds(dict.fromkeys(rebuilt, 60.0)) == waves * 60
    assert rollout.short_of_places(rebuilt) == (places in (1, 2))
    assert not rollout.short_of_places(NAMES[1:2])
    assert rollout.waves(["m1", "m4", "m7"]) == (0, 3)


def test_the_time_is_that_of_the_canaries_and_the_longest_lane() -> None:
    """Lanes run side by side."""
    rollout = Rollout.of(NAMES, 3, 2)
    assert rollout.seconds(dict.fromkeys(NAMES, 60.0)) == 60 + 3 * 60
    assert rollout.seconds({"m0": 10.0, "m1": 20.0, "m2": 5.0, "m5": 7.0, "m3": 11.0}) == 20 + 12
    assert rollout.seconds({}) == 0
