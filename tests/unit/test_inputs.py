"""What the engine hands over becomes typed inputs; what is wrong with it is said without showing it."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from zec_pulumi.planning.inputs import UNKNOWN, Wanted, parse_recorded, parse_wanted, type_findings
from zec_pulumi.program.inputs import snake


def findings(properties: dict[str, Any]) -> list[str]:
    with pytest.raises(ValidationError) as caught:
        parse_wanted(properties)
    return type_findings(caught.value)


@pytest.mark.parametrize("value", [1272168087751233112.0, 1272168087751233112, 5.0])
def test_a_number_is_no_instance_id(value: float) -> None:
    """The engine makes a float of it, and 19 digits do not fit into one."""
    assert findings({"instanceId": value}) == [
        "instance_id: must be a string; as a number it loses digits on its way, so put it in quotes"
    ]


def test_a_boolean_is_no_instance_id() -> None:
    """Nor is it text."""
    assert findings({"instanceId": True}) == ["instance_id: input should be a valid string"]


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("imageId", "image_id"),
        ("userDataBase64", "user_data_base64"),
        ("enableAgent", "enable_agent"),
        ("rebuildOn", "rebuild_on"),
        ("adopt", "adopt"),
        ("powerOff", "power_off"),
        ("password", "password"),
    ],
)
def test_findings_name_the_python_input_and_never_its_value(key: str, name: str) -> None:
    """A wrong value may be a secret in the wrong place."""
    (finding,) = findings({key: {"s3cret": "s3cret"}})
    assert finding.startswith(f"{name}: ")
    assert "s3cret" not in finding


def test_all_findings_come_at_once() -> None:
    """One run tells everything."""
    assert len(findings({"instanceId": 1.0, "adopt": "perhaps", "enableAgent": "s3cret"})) == 3


def test_none_is_the_same_as_omitted() -> None:
    """The constructor hands over None, the engine drops it."""
    assert parse_wanted({"instanceId": "1", "imageId": None}) == parse_wanted({"instanceId": "1"})


def test_keys_of_another_release_are_ignored() -> None:
    """Older and newer state must not break this one."""
    recorded = parse_recorded(
        {"instanceId": "1", "somethingNew": 1, "applied": {"imageId": "a", "newer": True}, "__provider": "gAS"}
    )
    assert (recorded.instance_id, recorded.applied.image_id) == ("1", "a")


@pytest.mark.parametrize("value", [UNKNOWN, [UNKNOWN], {"a": [UNKNOWN]}])
def test_what_is_not_known_yet_is_set_aside(value: Any) -> None:
    """Wherever in the value the unknown part is."""
    wanted = parse_wanted({"instanceId": "1", "imageId": value})
    assert (wanted.image_id, wanted.unknown) == (None, frozenset({"imageId"}))


def test_an_unknown_element_makes_the_whole_list_unknown() -> None:
    """Half a rebuild_on would decide wrongly."""
    wanted = parse_wanted({"rebuildOn": ["password", UNKNOWN]})
    assert (wanted.rebuild_on, wanted.unknown) == ((), frozenset({"rebuildOn"}))


def test_recorded_values_are_never_unknown() -> None:
    """A preview before the first up records unknown outputs: they count as absent."""
    assert parse_recorded({"instanceId": "1", "imageId": UNKNOWN}).image_id is None


def test_both_spellings_of_the_agent_are_one_trigger() -> None:
    """Python's, and the API's."""
    assert parse_wanted({"rebuildOn": ["enable_agent"]}) == parse_wanted({"rebuildOn": ["enableAgent"]})


def test_the_order_of_rebuild_on_is_no_difference() -> None:
    """It is a set, as far as anybody can tell."""
    ways = (["password", "timezone"], ["timezone", "password"])
    assert len({str(parse_wanted({"rebuildOn": way}).given()) for way in ways}) == 1


def test_an_omitted_option_is_given_as_its_default() -> None:
    """Writing a default out in the program is no change."""
    explicit = {"adopt": "auto", "powerOff": "graceful", "rebuildProtection": False, "rebuildOn": []}
    assert parse_wanted(explicit).given() == Wanted().given()


def test_the_script_is_the_same_in_both_spellings() -> None:
    """Text as UTF-8, or Base64 for any bytes."""
    text = parse_wanted({"userData": "é\n"})
    assert text.first_boot_script == parse_wanted({"userDataBase64": "w6kK"}).first_boot_script == b"\xc3\xa9\n"


def test_printing_inputs_shows_nothing() -> None:
    """Neither in a log nor in a traceback."""
    wanted = parse_wanted({"password": "s3cret-Aa", "userData": "s3cret"})
    assert f"{wanted} {wanted!r} {[wanted]}" == "Wanted(…) Wanted(…) [Wanted(…)]"


@pytest.mark.parametrize(
    ("key", "name"), [("imageId", "image_id"), ("userDataBase64", "user_data_base64"), ("adopt", "adopt")]
)
def test_a_property_key_in_python(key: str, name: str) -> None:
    """For messages: users write Python."""
    assert snake(key) == name
