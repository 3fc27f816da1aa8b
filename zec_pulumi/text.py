"""Text from outside: what makes it safe to show, and what a text cannot be meant to hold."""

from __future__ import annotations

import re

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

_OUTPUT_AS_TEXT = re.compile(r"Calling \[?\w+\]? on an \[?Output\b|<pulumi\.output\.\w+ object at 0x")
"""What the SDKs of all languages answer for an Output's text, and what ``repr`` of one is, also in a list."""
_OBJECT_AS_TEXT = re.compile(
    r"<(?:[\w.]+ object|(?:coroutine|generator|async_generator) object [^<>]*|(?:function|bound method) .*?)"
    r" at 0x[0-9a-fA-F]+>"
)

_SURROGATE = re.compile("[\ud800-\udfff]")


_PIPELINE_COMMAND = re.compile(r"(^ *):(?=:.*::)|#(?=#\w*\[)")
"""``::add-mask::x`` at the beginning of a line, ``##[add-mask]x`` and ``##vso[…]`` anywhere in it."""


def printable(text: str) -> str:
    """Return ``text`` on one line, without characters that control a terminal or hide, and no command to a pipeline.

    Line breaks and white space of other kinds become blanks. Control characters, bidirectional overrides, lone
    surrogates and whatever else :meth:`str.isprintable` refuses become U+FFFD. So does one character of what GitHub and
    Azure would take for a command in a log, and obey.
    """
    line = text
    if not text.isprintable():
        line = "".join(c if c.isprintable() else " " if c.isspace() else REPLACEMENT for c in text)
    return _PIPELINE_COMMAND.sub(rf"\1{REPLACEMENT}", line)


def text_finding(text: str) -> str | None:
    """Return why a program cannot mean ``text``, None when it can; the sentence shows nothing of the text."""
    if _OUTPUT_AS_TEXT.search(text):
        return (
            "holds an Output that was turned into text, so its value is missing; build the text with"
            " pulumi.Output.format(...) or .apply(...)"
        )
    if _OBJECT_AS_TEXT.search(text):
        return "holds a Python object that was turned into text, and not the object's value"
    if _SURROGATE.search(text):
        return "holds a lone surrogate, which is half a character; decode the text with the encoding that it has"
    if "\0" in text:
        return "holds a NUL character, which no text has; take it out"
    return None
