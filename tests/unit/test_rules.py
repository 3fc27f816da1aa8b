"""Rules for inputs alone, each at its boundaries. Refused is only what every source of the API refuses."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from zec_pulumi.planning.input_rules import input_findings
from zec_pulumi.planning.inputs import UNKNOWN, parse_wanted

LIMIT = 64 * 1024


def findings(**properties: Any) -> list[str]:
    return input_findings(parse_wanted({"instanceId": "1", **properties}))


def encoded(size: int) -> str:
    return base64.b64encode(b"x" * size).decode()


@pytest.mark.parametrize(
    "properties",
    [
        {},
        {"userData": ""},
        {"userData": "x" * (LIMIT - 1)},
        {"userDataBase64": encoded(LIMIT - 1)},
        {"userData": "é" * (LIMIT // 2 - 1)},
        {"instanceName": "ab"},
        {"instanceName": "a" * 63},
        {"instanceName": "web-1.example"},
        {"instanceName": "web_1/b"},
        {"password": "Abcdef-1"},
        {"password": "Abcdef-123456789"},
        {"password": "abcdef-1"},
        {"password": "a1`~!@$^*-_=+"},
        {"password": "a1|;:,.?|"},
        {"instanceId": UNKNOWN},
        {"password": UNKNOWN, "keyId": "key-1"},
        {"keyId": "key-1"},
        {"rebuildToken": ""},
    ],
)
def test_accepted(properties: dict[str, Any]) -> None:
    """Some source of the API takes it, so it is the API that decides."""
    assert findings(**properties) == []


@pytest.mark.parametrize(
    ("properties", "words"),
    [
        ({"instanceId": None}, "instance_id: give the id"),
        ({"instanceId": ""}, "instance_id: give the id"),
        ({"imageId": ""}, "image_id: is empty"),
        ({"keyId": ""}, "key_id: is empty"),
        ({"instanceId": "1\n"}, "instance_id: '1\\n' holds line breaks"),
        ({"instanceId": " 1"}, "instance_id: ' 1' holds"),
        ({"imageId": "a\u202eb"}, "image_id: 'a\\u202eb' holds"),
        ({"imageId": "a\u00a0b"}, "image_id: 'a\\xa0b' holds"),
        ({"keyId": "\x1b[2J"}, "key_id: '\\x1b[2J' holds"),
        ({"keyId": "a\n" * 900}, "key_id: 'a\\na"),
        ({"keyId": "a" * 59 + "\n"}, "key_id: '" + "a" * 59 + "\\n' holds"),
        ({"keyId": "a" * 60 + "\n"}, "key_id: '" + "a" * 60 + "'… holds"),
        ({"keyId": "key-1", "password": "Abcdef-1"}, "key_id and password: give one of them"),
        ({"userData": "x", "userDataBase64": "eA=="}, "user_data and user_data_base64: give one"),
        ({"userData": "x" * LIMIT}, "user_data: has 65536 bytes and must have fewer than 65536"),
        ({"userDataBase64": encoded(LIMIT)}, "user_data: has 65536 bytes"),
        ({"userData": "é" * (LIMIT // 2)}, "user_data: has 65536 bytes"),
        ({"userDataBase64": "eA"}, "user_data_base64: is not standard Base64"),
        ({"userDataBase64": "eA==\n"}, "user_data_base64: is not standard Base64"),
        ({"userDataBase64": "é"}, "user_data_base64: is not standard Base64"),
        ({"instanceName": "a"}, "instance_name: must have 2 to 63"),
        ({"instanceName": "a" * 64}, "instance_name: must have 2 to 63"),
        ({"instanceName": "-a"}, "instance_name: must have 2 to 63"),
        ({"instanceName": "a-"}, "instance_name: must have 2 to 63"),
        ({"instanceName": "a b"}, "instance_name: must have 2 to 63"),
        ({"instanceName": "web-1\n"}, "instance_name: must have 2 to 63"),
        ({"instanceName": "wéb"}, "instance_name: must have 2 to 63"),
        ({"password": "Abcde-1"}, "password: must have 8 to 16"),
        ({"password": "Abcdef-1234567890"}, "password: must have 8 to 16"),
        ({"password": "Abcdefg-"}, "password: must hold letters, digits and special"),
        ({"password": "1234567-"}, "password: must hold letters, digits and special"),
        ({"password": "Abcdefg1"}, "password: must hold letters, digits and special"),
        ({"password": "Abcdef-1#"}, "password: may hold letters, digits and"),
        ({"password": "Abcdef-1 "}, "password: may hold letters, digits and"),
        ({"password": "Äbcdef-1"}, "password: may hold letters, digits and"),
    ],
)
def test_refused(properties: dict[str, Any], words: str) -> None:
    """With one finding, which names the input."""
    (finding,) = findings(**properties)
    assert finding.startswith(words)


def test_everything_wrong_is_said_at_once_and_no_secret_shown() -> None:
    """A reviewer sees one preview, not five."""
    found = findings(password="s3cret#", userData="s3cret" * LIMIT, instanceName="-", imageId="")
    assert len(found) == 6
    assert "s3cret" not in " ".join(found)
