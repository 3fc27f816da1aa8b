"""The parts of a decision, one behaviour each: what the table of decisions does not tell apart."""

from __future__ import annotations

import dataclasses

import pytest

from zec_pulumi.planning.plan import Cause, Kind, Plan, all_readable

NAMES = {"img-1": "Ubuntu 22.04", "img-2": "Ubuntu 24.04"}


@pytest.mark.parametrize(
    ("causes", "readable"),
    [
        ((), True),
        (("imageId a → b",), True),
        (("keyId none → k", "timezone UTC → Asia/Tokyo", "enableAgent on → off"), True),
        (("imageId was changed outside Pulumi: a → b, and goes back",), True),
        (("userData changed",), False),
        (("rebuildToken changed",), False),
        (("imageId a → b", "password changed"), False),
        (('adopt is "never"',), False),
    ],
)
def test_one_cause_that_the_machine_does_not_show_is_enough(causes: tuple[str, ...], *, readable: bool) -> None:
    """What is read then does not tell whether the rebuild happened."""
    assert all_readable(causes) is readable


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("img-1", "img-2", "imageId img-1 (Ubuntu 22.04) → img-2 (Ubuntu 24.04)"),
        ("img-1", "img-3", "imageId img-1 (Ubuntu 22.04) → img-3"),
        ("img-0", "img-2", "imageId img-0 → img-2 (Ubuntu 24.04)"),
        (None, "img-2", "imageId none → img-2 (Ubuntu 24.04)"),
        ("img-0", "img-3", "imageId img-0 → img-3"),
    ],
)
def test_people_are_told_the_names_of_ids_that_have_one(old: str | None, new: str, told: str) -> None:
    """An id without a name is told as it is."""
    assert Cause("imageId", old, new).told(NAMES) == told


def test_a_cause_without_values_is_told_without_names() -> None:
    """User data is never shown."""
    assert Cause("userData").told(NAMES) == "userData changed"


def test_drift_is_told_as_drift_with_names() -> None:
    """From what the program says to what the machine was changed to."""
    told = Cause("imageId", "img-1", "img-2", drift=True).told(NAMES)
    assert told == "imageId was changed outside Pulumi: img-2 (Ubuntu 24.04) → img-1 (Ubuntu 22.04), and goes back"


@pytest.mark.parametrize("decided", [Cause("userData"), Plan(Kind.NONE)])
def test_what_was_decided_cannot_be_changed_afterwards(decided: Cause | Plan) -> None:
    """What the preview showed and a gate approved is what is carried out."""
    name = dataclasses.fields(decided)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(decided, name, None)
