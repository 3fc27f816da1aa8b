"""Values that a program gives: they arrive as meant, or are refused in a sentence that does not show them."""

from __future__ import annotations

import asyncio
import base64
import dataclasses
import datetime as dt
import enum
from decimal import Decimal
from email.mime.text import MIMEText
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pulumi
import pytest
from pydantic import ValidationError

import zec_pulumi as zec
from zec_pulumi.planning.input_rules import input_findings
from zec_pulumi.planning.inputs import parse_wanted, type_findings
from zec_pulumi.program.inputs import INPUTS, REFUSED_KEY
from zec_pulumi.program.values import sendable

if TYPE_CHECKING:
    from zec_pulumi.program.inputs import InputSpec

SPECS = {spec.name: spec for spec in INPUTS}
TEXTS = [spec for spec in INPUTS if spec.type == "string"]


class Image(enum.Enum):
    """Not a string, though its value is one."""

    NOBLE = "s3cret"


class Region(str, enum.Enum):
    """A string."""

    TOKYO = "Asia/Tokyo"


async def later(value: Any) -> Any:
    return value


WRONG: dict[str, Any] = {
    "bytes": b"s3cret",
    "bytearray": bytearray(b"s3cret"),
    "datetime": dt.datetime(2026, 1, 2, tzinfo=dt.timezone.utc),
    "date": dt.date(2026, 1, 2),
    "path": Path("s3cret"),
    "Decimal": Decimal("7.5"),
    "NaN": float("nan"),
    "int": 12345678,
    "bool": True,
    "list": ["s3cret"],
    "set": {"s3cret"},
    "dict": {"s3cret": "s3cret"},
    "generator": (c for c in "s3cret"),
    "enum": Image.NOBLE,
    "message": MIMEText("s3cret"),
    "asset": pulumi.StringAsset("s3cret"),
    "class": Image,
    "function": later,
    "lone surrogate": "s3cret\ud800",
    "NUL": "s3cret\0",
    "repr of an object": f"{object()} s3cret",
}


def as_output(spec: InputSpec, value: Any) -> Any:
    """What arrives of a value that an output brings."""

    async def resolved() -> Any:
        output: pulumi.Output[Any] = sendable(spec, pulumi.Output.secret("x").apply(lambda _: value))
        assert await output.is_secret()
        return await output.future()

    return asyncio.run(resolved())


@pytest.mark.parametrize("value", WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("spec", TEXTS, ids=lambda spec: spec.name)
def test_what_is_no_text_is_refused_by_name_and_without_its_value(spec: InputSpec, value: Any) -> None:
    """In every input that takes text."""
    with pytest.raises((TypeError, ValueError)) as caught:
        sendable(spec, value)
    sentence = str(caught.value)
    assert sentence.startswith(f"{spec.name}: ")
    assert "\n" not in sentence
    assert "s3cret" not in sentence
    if spec.name != "instance_id":  # its number is shown as it must be written
        assert "12345678" not in sentence


@pytest.mark.parametrize("value", WRONG.values(), ids=WRONG)
def test_what_an_output_brings_is_refused_in_check(value: Any) -> None:
    """Its value is not there yet when the constructor runs, so the sentence travels in its place."""
    arrived = as_output(SPECS["user_data"], value)
    with pytest.raises(ValidationError) as caught:
        parse_wanted({"instanceId": "1", "userData": arrived})
    (finding,) = type_findings(caught.value)
    assert finding.startswith("user_data: ")
    assert "s3cret" not in finding


@pytest.mark.parametrize(
    ("name", "value", "remedy"),
    [
        ("user_data", b"", "user_data_base64=base64.b64encode"),
        ("user_data_base64", b"", "write base64.b64encode"),
        ("image_id", b"", "write value.decode()"),
        ("user_data", Path(), "read the file"),
        ("user_data", pulumi.FileAsset("a"), "read the file"),
        ("user_data", [], "join"),
        ("user_data", MIMEText(""), "as_string"),
        ("rebuild_token", dt.date(2026, 1, 2), "isoformat"),
        ("rebuild_token", 7, "put it in quotes"),
        ("instance_id", 12, "write '12', in quotes"),
        ("timezone", dt.timezone.utc, "give its name"),
        ("image_id", Image.NOBLE, ".value"),
        ("rebuild_on", "timezone", "put it in brackets"),
        ("rebuild_on", {"timezone"}, "write sorted(value)"),
        ("rebuild_on", [b"timezone"], "item 1: must be a string, not bytes"),
        ("enable_agent", 2, "must be True or False"),
        ("rebuild_protection", [], "must be True or False"),
        ("health", zec.health.tcp, "what zec_pulumi.health.tcp, http, ssh or command returns"),
        ("health", {"kind": "tcp", "port": float("inf")}, "port: must be a finite number"),
        ("health", {"kind": "tcp", "port": 10**400}, "port: is too large a number"),
        ("health", {"kind": "command", "command": [b""]}, "command: item 1: must be text"),
        ("health", {1: 2}, "keys are no strings"),
    ],
)
def test_the_sentence_says_what_to_write_instead(name: str, value: Any, remedy: str) -> None:
    """At once for a plain value, and for one that an output brings."""
    with pytest.raises((TypeError, ValueError)) as caught:
        sendable(SPECS[name], value)
    assert remedy in str(caught.value)
    assert remedy in as_output(SPECS[name], value)[REFUSED_KEY]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("user_data", "#!/bin/sh\necho <3 at 0x1f\n"),
        ("user_data", "caf\u00e9 \U0001f600"),
        ("timezone", Region.TOKYO),
        ("enable_agent", False),
        ("enable_agent", "true"),
        ("rebuild_on", []),
        ("rebuild_on", ["timezone", "password"]),
        ("image_id", None),
    ],
)
def test_what_is_meant_arrives(name: str, value: Any) -> None:
    """Unchanged."""
    assert sendable(SPECS[name], value) == value
    assert as_output(SPECS[name], value) == value


def test_a_value_inside_a_list_may_be_an_output_or_a_coroutine() -> None:
    """Each is looked at when it is known."""

    async def resolved() -> list[Any]:
        items = sendable(SPECS["rebuild_on"], [pulumi.Output.from_input("timezone"), later(b"s3cret")])
        return [await item.future() for item in items]

    good, bad = asyncio.run(resolved())
    assert good == "timezone"
    assert "not bytes" in bad[REFUSED_KEY]


async def _texts_of_an_output() -> dict[str, str]:
    output = pulumi.Output.from_input("x")
    return {
        "f-string": f"#!/bin/sh\necho {output}",
        "str": str(output),
        "repr": repr(output),
        "list in an f-string": f"{[output]}",
        "one line": str(output).partition("\n")[0],
        "another SDK": "echo Calling [toString] on an [Output<T>] is not supported.",
    }


TURNED_INTO_TEXT = asyncio.run(_texts_of_an_output())


@pytest.mark.parametrize("text", TURNED_INTO_TEXT.values(), ids=TURNED_INTO_TEXT)
@pytest.mark.parametrize("spec", TEXTS, ids=lambda spec: spec.name)
def test_an_output_that_was_turned_into_text_is_refused(spec: InputSpec, text: str) -> None:
    """By the constructor, and by check for what transforms or outputs bring."""
    with pytest.raises(ValueError, match=r"pulumi\.Output\.format"):
        sendable(spec, text)
    if not spec.choices:
        findings = input_findings(parse_wanted({"instanceId": "1", spec.key: text}))
        assert any(finding.startswith(f"{spec.name}: ") and "Output.format" in finding for finding in findings)


def test_an_output_as_text_is_found_in_base64_and_in_the_command_of_a_health_gate() -> None:
    """A script can be encoded before it is given, and a gate has arguments."""
    text = TURNED_INTO_TEXT["f-string"]
    (finding,) = input_findings(
        parse_wanted({"instanceId": "1", "userDataBase64": base64.b64encode(text.encode()).decode()})
    )
    assert "Output.format" in finding
    with pytest.raises(ValueError, match=r"command: .*Output\.format"):
        zec.health.command(["check", text])
    recorded = dataclasses.replace(zec.health.command(["check"]), command=("check", text))
    (finding,) = input_findings(parse_wanted({"instanceId": "1", "health": recorded.properties()}))
    assert finding.startswith("health: ")


def test_a_coroutine_is_an_input_like_an_output() -> None:
    """The SDK takes both."""

    async def resolved() -> Any:
        return await sendable(SPECS["rebuild_token"], later(dt.date(2026, 1, 2))).future()

    assert "isoformat" in asyncio.run(resolved())[REFUSED_KEY]
