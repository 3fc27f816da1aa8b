"""What a program says about a fleet's machines, brought into one form."""

from __future__ import annotations

from typing import Any

import pytest

from zec_pulumi.program.fleet_members import members

COMMON = {"image_id": "ubuntu2404", "key_id": "key-1", "user_data": None}


def test_a_dictionary_names_them_and_a_list_names_them_by_their_ids() -> None:
    """None is omitted, so that a new argument of a later release changes no stack."""
    inputs = {"image_id": "ubuntu2404", "key_id": "key-1"}
    assert members({"web-1": "1", "web-2": "2"}, COMMON) == {
        "web-1": {**inputs, "instance_id": "1"},
        "web-2": {**inputs, "instance_id": "2"},
    }
    assert members(["1", "2"], COMMON) == {name: {**inputs, "instance_id": name} for name in ("1", "2")}


def test_an_instances_own_inputs_take_the_place_of_the_fleets() -> None:
    """Of key and password, and of the two forms of a script, the own one displaces the other."""
    own: Any = {"instance_id": "1", "password": "p", "user_data_base64": "eA==", "instance_name": "a"}
    assert members({"a": own}, {**COMMON, "user_data": "#!/bin/sh"}) == {
        "a": {"image_id": "ubuntu2404", **own},
    }
    assert members({"a": {"instance_id": "1", "image_id": "debian12"}}, COMMON)["a"]["image_id"] == "debian12"


@pytest.mark.parametrize(
    ("wrong", "error", "text"),
    [
        ({}, ValueError, "at least one"),
        ([], ValueError, "at least one"),
        ({"a": "1", "b": "1"}, ValueError, "'a' and 'b' are the same instance, 1"),
        (["1", "2", "1"], ValueError, "the list has 1 more than once"),
        ({"a": 12}, TypeError, r"instances\['a'\]: instance_id: must be a string, not int: write '12', in quotes"),
        ({"a": {"instance_id": 12}}, TypeError, "write '12', in quotes"),
        ([12], TypeError, "write '12', in quotes"),
        ({"a": {"image_id": "x"}}, TypeError, "instance_id is missing"),
        ({"a": None}, TypeError, "instance_id is missing"),
        (
            {"a": {"instance_id": "1", "imageId": "x"}},
            TypeError,
            r"\['a'\]: there is no input 'imageId'; did you mean 'image_id'\?",
        ),
        ({1: "1"}, TypeError, "a name must be a string"),
        ({"": "1"}, TypeError, "a name must be a string"),
        ("1272168087751233112", TypeError, "a dictionary of ids by name, or a list of ids"),
        ([object()], TypeError, "a list holds plain ids"),
        ([""], TypeError, "a list holds plain ids"),
    ],
)
def test_what_cannot_be_is_refused_at_once(wrong: Any, error: type[Exception], text: str) -> None:
    """Before anything is registered."""
    with pytest.raises(error, match=text):
        members(wrong, COMMON)
