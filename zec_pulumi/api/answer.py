"""The border: what the cloud answers, before any of it is believed.

One answer passes five files, in this order. Behind the last one the package holds only what was read here.

1. ``transport.py``: bytes. Time and size are limited, no redirect is followed, every failure is an error of ours.
2. ``answer.py``, this file: JSON. Strict and not too deep; every text in it is one clean line of limited length.
3. ``envelope.py``: a result, the API's own error, or something that is not the API's.
4. ``models.py``: types. Ids have the form of ids, addresses are addresses; a field that decides must be there.
5. ``pages.py``: rows. None twice, none that nobody asked for, as many as the answer counts.

What does not pass is an error that says so. It is never taken for "gone", "empty" or "done".
"""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from zec_pulumi.text import printable

MAX_TEXT = 300
"""Characters of one text. Ids have some 40, names 64; of a message the rest is cut."""

MAX_DEPTH = 32
"""Objects and lists inside each other. Real answers have some five."""

ID = r"[!-~]{1,128}"
"""The form of ids, request ids included: printable ASCII without blanks, so that a sentence cannot hide in one."""

_ID = re.compile(ID)
_LEAST_SECRET = 4


def json_object(body: bytes, secrets: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the JSON object that ``body`` holds, its texts clean; an empty one if it holds none. Never raises.

    Refused as a whole: another encoding than UTF-8, NaN and infinity, a name that an object has twice, more than
    :data:`MAX_DEPTH` levels. ``secrets`` are masked wherever a text repeats them.
    """
    try:
        value = json.loads(body.decode("utf-8-sig"), object_pairs_hook=_object, parse_constant=_refused)
        cleaned = _cleaned(value, secrets, MAX_DEPTH)
    except (ValueError, RecursionError, MemoryError):
        return {}
    return cleaned if isinstance(cleaned, dict) else {}


def clean(text: str, secrets: tuple[str, ...] = ()) -> str:
    """Return ``text`` as one printable line of :data:`MAX_TEXT` characters at most, with ``secrets`` masked.

    A text that is changed never becomes an id, nor a status that anybody knows: what stands for what was taken out is
    a blank, U+FFFD, or the dots at the end.
    """
    for secret in secrets:
        text = text.replace(secret, "***") if len(secret) >= _LEAST_SECRET else text
    return printable(text) if len(text) <= MAX_TEXT else f"{printable(text[:MAX_TEXT])}..."


def id_or_nothing(value: object) -> str:
    """Return ``value`` if it is a text with the form of an id, else an empty text."""
    return value if isinstance(value, str) and _ID.fullmatch(value) else ""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands twice in an object")
    return found


def _refused(_name: str) -> NoReturn:
    raise ValueError("not a number of JSON")


def _cleaned(value: Any, secrets: tuple[str, ...], levels: int) -> Any:
    if isinstance(value, str):
        return clean(value, secrets)
    if isinstance(value, (dict, list)) and not levels:
        raise ValueError("too deep")
    if isinstance(value, dict):
        return {name: _cleaned(item, secrets, levels - 1) for name, item in value.items()}
    if isinstance(value, list):
        return [_cleaned(item, secrets, levels - 1) for item in value]
    return value
