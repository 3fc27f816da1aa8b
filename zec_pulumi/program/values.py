"""Input values on their way from a program to the SDK: what the SDK cannot send as meant is refused in a sentence.

A plain value is refused at once. The value of an output is not there yet: in place of a wrong one, its refusal
travels under :data:`zec_pulumi.program.inputs.REFUSED_KEY`, and ``check`` says it. No sentence shows a value.
"""

from __future__ import annotations

import datetime as dt
import inspect
import math
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from decimal import Decimal
from email.message import Message
from enum import Enum
from fractions import Fraction
from pathlib import PurePath
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pulumi

from zec_pulumi.health import HealthGate
from zec_pulumi.program.inputs import REFUSED_KEY
from zec_pulumi.text import text_finding

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from zec_pulumi.program.inputs import InputSpec

    Convert = Callable[["InputSpec", Any], Any]

_GATE = "must be what zec_pulumi.health.tcp, http, ssh or command returns, not {}"
_MAX_INTEGER = 2**53
"""The engine makes a float of every number, and larger integers do not fit into one."""


def sendable(spec: InputSpec, value: Any) -> Any:
    """Return an input as the SDK takes it; None stays None, which the SDK drops.

    Raises:
        TypeError: the value has a wrong type; the text names the input and what to write instead.
        ValueError: it cannot be meant, such as a text that holds the SDK's sentence about outputs.
    """
    try:
        return _when_known(_CONVERTERS[spec.type], spec, value)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{spec.name}: {error}") from None


def _when_known(convert: Convert, spec: InputSpec, value: Any) -> Any:
    if value is None or (isinstance(value, dict) and REFUSED_KEY in value):
        return value
    if isinstance(value, pulumi.Output):
        return value.apply(lambda known: _or_refusal(convert, spec, known))
    if inspect.isawaitable(value):
        return pulumi.Output.from_input(_awaited(convert, spec, value))
    return convert(spec, value)


async def _awaited(convert: Convert, spec: InputSpec, value: Awaitable[Any]) -> Any:
    return _or_refusal(convert, spec, await value)


def _or_refusal(convert: Convert, spec: InputSpec, value: Any) -> Any:
    try:
        return _when_known(convert, spec, value)
    except (TypeError, ValueError) as error:
        return {REFUSED_KEY: str(error)}


def _text(spec: InputSpec, value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"must be a string, not {_kind(value)}{_remedy(spec, value)}")
    finding = text_finding(value)
    if finding:
        raise ValueError(finding)
    return value


def _flag(spec: InputSpec, value: Any) -> Any:
    if isinstance(value, str):  # such as a configuration value; check() knows which texts are flags
        return _text(spec, value)
    if not isinstance(value, int) or value not in (0, 1):
        raise TypeError(f"must be True or False, not {_kind(value)}")
    return value


def _texts(spec: InputSpec, value: Any) -> list[Any]:
    if isinstance(value, str):
        raise TypeError("must be a list of strings, not a string: put it in brackets")
    if isinstance(value, (AbstractSet, Iterator)):
        raise TypeError(f"must be a list of strings, not {_kind(value)}: write sorted(value)")
    if not isinstance(value, Sequence) or isinstance(value, (bytes, bytearray, memoryview, range)):
        raise TypeError(f"must be a list of strings, not {_kind(value)}")
    return [_item(_text, spec, item, f"item {number}") for number, item in enumerate(value, start=1)]


def _health(spec: InputSpec, value: Any) -> Any:
    if isinstance(value, HealthGate):
        value = value.properties()
    if not isinstance(value, Mapping):
        raise TypeError(_GATE.format(_kind(value)))
    return _json(spec, value)


def _flag_or_settings(spec: InputSpec, value: Any) -> Any:
    return _json(spec, value) if isinstance(value, Mapping) else _flag(spec, value)


def _json(spec: InputSpec, value: Any) -> Any:
    if isinstance(value, str):
        return _text(spec, value)
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("must be a finite number")
    if isinstance(value, int) and abs(value) > _MAX_INTEGER:
        raise ValueError("is too large a number")
    if isinstance(value, (int, float)):
        return value
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise TypeError(_GATE.format("a dictionary whose keys are no strings"))
        return {_text(spec, key): _item(_json, spec, item, key) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_item(_json, spec, item, f"item {number}") for number, item in enumerate(value, start=1)]
    raise TypeError(f"must be text, a number, or a list or dictionary of them, not {_kind(value)}")


def _item(convert: Convert, spec: InputSpec, value: Any, place: str) -> Any:
    try:
        return _when_known(convert, spec, value)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{place}: {error}") from None


_CONVERTERS: dict[str, Convert] = {
    "string": _text,
    "boolean": _flag,
    "list of strings": _texts,
    "health gate": _health,
    "boolean or dictionary": _flag_or_settings,
}


def _kind(value: object) -> str:
    """Return what a value is, in words that show nothing of it."""
    return "a class" if isinstance(value, type) else type(value).__name__


def _remedy(spec: InputSpec, value: Any) -> str:
    """Return what to write in place of ``value`` where a string belongs; empty where nobody can tell."""
    if isinstance(value, (int, float)) and spec.name == "instance_id":
        return f": write {str(value)!r}, in quotes"
    remedies = _SCRIPT_REMEDIES + _REMEDIES if spec.name == "user_data" else _REMEDIES
    if spec.name == "user_data_base64":
        remedies = (((bytes, bytearray, memoryview), f"write {_ENCODED}"), *remedies)
    return next((f": {remedy}" for kinds, remedy in remedies if isinstance(value, kinds)), "")


_ENCODED = "base64.b64encode(value).decode()"
_Remedies = tuple[tuple[type | tuple[type, ...], str], ...]

_REMEDIES: _Remedies = (
    (Enum, "give its .value"),
    ((bytes, bytearray, memoryview), "write value.decode()"),
    ((bool, int, float, complex, Decimal, Fraction), "put it in quotes"),
    ((dt.date, dt.time), "write value.isoformat()"),
    (dt.tzinfo, "give its name, such as 'Asia/Tokyo'"),
    ((PurePath, UUID), "write str(value)"),
    (pulumi.Resource, "give one of its outputs, such as .id"),
)
_SCRIPT_REMEDIES: _Remedies = (
    ((bytes, bytearray, memoryview), f"give user_data_base64={_ENCODED}"),
    ((PurePath, pulumi.Asset), "read the file, with pathlib.Path(...).read_text()"),
    ((list, tuple), 'write "\\n".join(value)'),
    (Message, "write value.as_string()"),
)
