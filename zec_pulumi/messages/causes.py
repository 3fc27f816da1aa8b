"""The sentence of a cause, and the causes of a sentence."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, get_args

from zec_pulumi.messages.quoting import ID, MASK, NAME, OUTSIDE, quoted_id, quoted_name, unquoted
from zec_pulumi.planning.causes import CAUSES, Cause, Change

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_DRIFT = rf" \({OUTSIDE}\)"
_VALUE = rf"(?:{ID}(?: \((?!{OUTSIDE}\)){NAME}\))?)"
_TRIGGER = "|".join(sorted(CAUSES - {"adopt"}))
_CHANGE = "|".join(get_args(Change))
_CAUSE = rf'(?:adopt is "never"|(?:{_TRIGGER}) (?:{_CHANGE}|{_VALUE} → {_VALUE}(?:{_DRIFT})?))'
CAUSES_PATTERN = rf"{_CAUSE}(?:, {_CAUSE})*"
"""A pattern for what :func:`sentences` returns."""

_NEXT = re.compile(rf"({_CAUSE})(?:, |\Z)")
_PARTS = re.compile(rf"(?P<trigger>\w+) (?P<old>{_VALUE}) → (?P<new>{_VALUE})(?P<drift>{_DRIFT})?")
_CHANGES: dict[str, Change] = {change: change for change in get_args(Change)}
_NAMED = re.compile(rf"(?P<id>{ID})(?: \((?P<name>{NAME})\))?")


def sentence(cause: Cause, names: Mapping[str, str] | None = None) -> str:
    """Return the cause for people, from what is on the machine to what will be.

    ``names`` are the names of the ids that have one.
    """
    if cause.trigger not in CAUSES:
        return cause.trigger
    if cause.trigger == "adopt":
        return 'adopt is "never"'
    if cause.old is None and cause.new is None:
        return f"{cause.trigger} {cause.change}"
    old, new = (_value(value, names or {}) for value in (cause.old, cause.new))
    return f"{cause.trigger} {old} → {new}{f' ({OUTSIDE})' if cause.drift else ''}"


def sentences(causes: Iterable[Cause], names: Mapping[str, str] | None = None) -> str:
    """Return all causes in one line."""
    return ", ".join(sentence(cause, names) for cause in causes)


def read_sentences(text: str) -> tuple[tuple[Cause, ...], dict[str, str]]:
    """Return the causes in a line that matches ``CAUSES_PATTERN``, and the names of their ids.

    Raises:
        ValueError: one id has two names.
    """
    names: dict[str, str] = {}
    return tuple(_read(found, names) for found in _NEXT.findall(text)), names


def _read(text: str, names: dict[str, str]) -> Cause:
    found = _PARTS.fullmatch(text)
    if found is None:
        trigger, _, change = text.partition(" ")
        return Cause(trigger) if trigger == "adopt" else Cause(trigger, change=_CHANGES[change])
    old, new = (_read_value(found[part], names) for part in ("old", "new"))
    return Cause(found["trigger"], old, new, drift=found["drift"] is not None)


def _read_value(text: str, names: dict[str, str]) -> str | None:
    found = _NAMED.fullmatch(text)
    if found is None:
        return None
    value = unquoted(found["id"])
    # Two ids that the engine masked look alike, and each has a name of its own.
    masked = MASK in found["id"] and not found["id"].startswith('"')
    if value is not None and found["name"] is not None and not masked:
        name = unquoted(found["name"]) or ""
        if names.setdefault(value, name) != name:
            raise ValueError(f"{value} has two names")
    return value


def _value(value: str | None, names: Mapping[str, str]) -> str:
    name = names.get(value) if value is not None else None
    return f"{quoted_id(value)} ({quoted_name(name)})" if name else quoted_id(value)
