"""Causes as states and journals keep them, and the sentences that older releases recorded in their place."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zec_pulumi.planning.causes import CAUSES, READABLE, Cause, Change, all_readable, dump_causes, load_causes
from zec_pulumi.planning.inputs import Attempt

VALUES = st.from_regex(r"[^\s→]{1,20}", fullmatch=True).filter(lambda text: text != "none")
WITH_VALUES = st.builds(Cause, st.sampled_from(READABLE), st.none() | VALUES, VALUES, st.booleans())
WITHOUT = st.builds(Cause, st.sampled_from(sorted(CAUSES)))
# What release 0.1.0 did not record.
CHANGES = st.sampled_from(get_args(Change))
WITH_MORE = st.builds(
    Cause, st.sampled_from(["userData", "password"]), change=CHANGES, beside=st.booleans()
) | st.builds(Cause, st.just("keyId"), VALUES, st.none(), st.booleans(), beside=st.booleans())


def sentence(cause: Cause) -> str:
    """What release 0.1.0 recorded of a cause: not to be adapted when the code changes."""
    if cause.new is None:
        return f"{cause.trigger} changed" if cause.trigger != "adopt" else 'adopt is "never"'
    if cause.drift:
        return f"{cause.trigger} was changed outside Pulumi: {cause.new} → {cause.old or 'none'}, and goes back"
    return f"{cause.trigger} {cause.old or 'none'} → {cause.new}"


@pytest.mark.parametrize(
    ("recorded", "cause"),
    [
        ("imageId a → b", Cause("imageId", "a", "b")),
        ("keyId none → key-1", Cause("keyId", None, "key-1")),
        ("imageId was changed outside Pulumi: a → b, and goes back", Cause("imageId", "b", "a", drift=True)),
        ("keyId was changed outside Pulumi: a → none, and goes back", Cause("keyId", None, "a", drift=True)),
        ("userData changed", Cause("userData")),
        ('adopt is "never"', Cause("adopt")),
        ({"trigger": "userData"}, Cause("userData")),
        ({"trigger": "imageId", "old": "a", "new": "b"}, Cause("imageId", "a", "b")),
        ({"trigger": "userData", "change": "taken out"}, Cause("userData", change="taken out")),
        ({"trigger": "keyId", "old": "key-1"}, Cause("keyId", "key-1")),
        ({"trigger": "imageId", "old": None, "new": "b", "drift": True}, Cause("imageId", None, "b", drift=True)),
    ],
)
def test_a_recorded_cause_is_read(recorded: str | dict[str, Any], cause: Cause) -> None:
    """In the form of this release and in the words of older ones."""
    assert load_causes([recorded]) == (cause,)


def test_old_and_new_forms_may_stand_side_by_side() -> None:
    """As in a journal that two releases wrote."""
    assert load_causes(["userData changed", {"trigger": "imageId", "new": "b"}]) == (
        Cause("userData"),
        Cause("imageId", None, "b"),
    )


@given(st.lists(WITH_VALUES | WITHOUT | WITH_MORE))
def test_what_is_recorded_is_read_back(causes: list[Cause]) -> None:
    """Through JSON, and only what is given is written."""
    recorded = json.loads(json.dumps(dump_causes(causes)))
    assert load_causes(recorded) == tuple(causes)
    assert [cause.beside for cause in load_causes(recorded)] == [cause.beside for cause in causes]
    assert not any(value in (None, False, "changed") for cause in recorded for value in cause.values())


@given(WITH_VALUES | WITHOUT)
def test_what_an_older_release_recorded_is_read_back(cause: Cause) -> None:
    """Every cause that it could record, whatever its values are made of."""
    assert load_causes([sentence(cause)]) == (cause,)


@given(
    st.text()
    | st.sampled_from(READABLE)
    | st.builds("{} {}".format, st.sampled_from(READABLE), st.text("a→, \n:") | st.text())
)
def test_a_sentence_is_read_as_exactly_what_it_says_or_not_at_all(text: str) -> None:
    """What is not read keeps its text, and never counts as shown by the machine."""
    (cause,) = load_causes([text])
    if cause.trigger == text:
        assert not all_readable([cause])
    else:
        assert sentence(cause) == text


@pytest.mark.parametrize(
    "recorded",
    [
        "imageId",
        "imageId a",
        "imageId a → b → c",
        "imageId a → b in other words\n",
        {"trigger": "imageId"},
        {"trigger": "imageId", "old": "a"},
        {"trigger": "imageId", "old": 1, "new": "b"},
        {"trigger": "imageId", "old": "a", "new": 2},
        {"trigger": "imageId", "old": "a", "new": "b", "drift": "no"},
        {"trigger": "imageId", "old": "a", "new": "b", "later": True},
        {"trigger": "imageId", "old": "a", "new": "b", "change": "lost"},
        {"trigger": "imageId", "old": "a", "new": "b", "beside": "yes"},
        {"trigger": "disk", "old": "a", "new": "b"},
        {"old": "a", "new": "b"},
        None,
        7,
        ["imageId a → b"],
    ],
)
def test_what_cannot_be_read_is_never_taken_for_what_the_machine_shows(recorded: object) -> None:
    """Unknown is never harmless; and it survives being recorded again."""
    causes = load_causes([recorded])
    assert len(causes) == 1
    assert not all_readable(causes)
    assert load_causes(dump_causes(causes)) == causes


def test_causes_that_are_no_list_are_one_that_cannot_be_read() -> None:
    """A state that somebody edited by hand."""
    assert load_causes("imageId a → b") != ()
    assert not all_readable(load_causes({"imageId": "a"}))


@pytest.mark.parametrize(
    ("causes", "readable"),
    [
        ((), True),
        ((Cause("imageId", "a", "b"),), True),
        ((Cause("keyId", None, "k"), Cause("timezone", "UTC", "Z"), Cause("enableAgent", "on", "off")), True),
        ((Cause("imageId", "b", "a", drift=True),), True),
        ((Cause("userData"),), False),
        ((Cause("rebuildToken"),), False),
        ((Cause("imageId", "a", "b"), Cause("password")), False),
        ((Cause("adopt"),), False),
    ],
)
def test_one_cause_that_the_machine_does_not_show_is_enough(causes: tuple[Cause, ...], *, readable: bool) -> None:
    """What is read then does not tell whether the rebuild happened."""
    assert all_readable(causes) is readable


def test_an_attempt_is_recorded_with_its_causes_as_objects() -> None:
    """And reads both forms."""
    attempt = Attempt.model_validate({"id": "a", "startedAt": 0.0, "causes": ["imageId a → b"]})
    assert attempt.causes == (Cause("imageId", "a", "b"),)
    assert attempt.model_dump(mode="json", exclude_none=True)["causes"] == [
        {"trigger": "imageId", "old": "a", "new": "b"}
    ]
