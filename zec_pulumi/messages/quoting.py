"""How ids and names stand in a sentence: as they are where nobody can misread that, else quoted. Pure functions.

People choose names, so a name may hold whatever a sentence of ours holds. Quoted, it ends where its quotes end.
"""

from __future__ import annotations

import json
import re

NOTHING = "none"
OUTSIDE = "changed outside Pulumi"
"""Stands in brackets, as names do, behind what goes back."""

MASK = "[secret]"
"""What the engine shows instead of a secret value, wherever that value occurs. Written by us, it is always quoted."""

_WORD = r"[\w./+@~=-]+"
_ID = r"[\w./:+@~=-]+"
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_MASKED_WORD = rf"(?:[\w./+@~=-]|{re.escape(MASK)})+"
ID = rf"(?:{_QUOTED}|(?:[\w./:+@~=-]|{re.escape(MASK)})+)"
"""A pattern for what :func:`quoted_id` returns, also when the engine masked a part of it."""
NAME = rf"(?:{_QUOTED}|{_MASKED_WORD}(?: {_MASKED_WORD})*)"
"""A pattern for what :func:`quoted_name` returns, also when the engine masked a part of it.

A colon is quoted: ``not known yet: keyId`` is no name.
"""

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
    # The engine takes "<{%" for a colour, and everything up to the next "%}>" for its name, which it does not show.
    # A pipeline takes "##[" and what is like it for a command, wherever it stands in a line.
    return json.dumps(text, ensure_ascii=not text.isprintable()).replace("<{%", r"\u003c{%").replace("##", r"#\u0023")
