"""How ids and names stand in a sentence: as they are where nobody can misread that, else quoted. Pure functions.

People choose names, so a name may hold whatever a sentence of ours holds. Quoted, it ends where its quotes end.
"""

from __future__ import annotations

import json
import re

NOTHING = "none"
OUTSIDE = "changed outside Pulumi"
"""Stands in brackets, as names do, behind what goes back."""

_WORD = r"[\w./+@~=-]+"
_ID = r"[\w./:+@~=-]+"
_QUOTED = r'"(?:[^"\\]|\\.)*"'
ID = rf"(?:{_QUOTED}|{_ID})"
"""A pattern for what :func:`quoted_id` returns."""
NAME = rf"(?:{_QUOTED}|{_WORD}(?: {_WORD})*)"
"""A pattern for what :func:`quoted_name` returns. A colon is quoted: ``not known yet: keyId`` is no name."""

_PLAIN_ID = re.compile(_ID)
_PLAIN_NAME = re.compile(rf"{_WORD}(?: {_WORD})*")
_NO_NAME = re.compile(rf"{NOTHING}|\d+ GiB|{OUTSIDE}")


def quoted_id(text: str | None) -> str:
    """Return an id, or a value that is one word; ``none`` for None."""
    if text is None:
        return NOTHING
    return text if text != NOTHING and _PLAIN_ID.fullmatch(text) else _quoted(text)


def quoted_name(text: str) -> str:
    """Return a name, which may have several words; one that reads like words of ours is quoted."""
    return text if _PLAIN_NAME.fullmatch(text) and not _NO_NAME.fullmatch(text) else _quoted(text)


def unquoted(text: str | None) -> str | None:
    """Return what was written as ``text``; None for ``none``, and for None.

    Raises:
        ValueError: the quotes hold what nobody has quoted here.
    """
    if text is None or text == NOTHING:
        return None
    return str(json.loads(text)) if text.startswith('"') else text


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=not text.isprintable())
