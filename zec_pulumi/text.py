"""Makes text from outside safe to show: names, API messages and what programs print are other people's words."""

from __future__ import annotations

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def printable(text: str) -> str:
    """Return ``text`` on one line, without characters that control a terminal or hide.

    Line breaks and white space of other kinds become blanks. Control characters, bidirectional overrides, lone
    surrogates and whatever else :meth:`str.isprintable` refuses become U+FFFD.
    """
    return "".join(c if c.isprintable() else " " if c.isspace() else REPLACEMENT for c in text)
