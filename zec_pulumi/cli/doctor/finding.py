"""What a check says: one line, and how to mend it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from zec_pulumi.api import ApiError, Code
from zec_pulumi.api.advice import ADVICE

if TYPE_CHECKING:
    from zec_pulumi.api import ZecError

Level = Literal["ok", "warning", "problem"]
"""A problem keeps ``up`` from working; a warning may, or could not be checked."""


@dataclass(frozen=True)
class Finding:
    """One line of the report; ``fix`` says what to do and is empty when all is well."""

    level: Level
    check: str
    text: str
    fix: str = ""


def ok(check: str, text: str) -> Finding:
    """Return a finding that nothing is wrong."""
    return Finding("ok", check, text)


def warning(check: str, text: str, fix: str) -> Finding:
    """Return a finding that need not stop anybody."""
    return Finding("warning", check, text, fix)


def problem(check: str, text: str, fix: str) -> Finding:
    """Return a finding that will stop ``up``."""
    return Finding("problem", check, text, fix)


def explained(error: ZecError) -> tuple[str, str]:
    """Return what went wrong and what to do: the two halves of an API error's sentence."""
    text = str(error)
    if isinstance(error, ApiError):
        known = next((code for code in Code if code.value == error.code), None)
        fix = ADVICE[known].next_step if known else "run again; if it stays, give the request id to Zenlayer's support"
        return text.removesuffix(f"; {fix}"), fix
    what, _, fix = text.rpartition("; ")
    return (what, fix) if what else (text, "run again; if it stays, check the network on the way")


def version_of(text: str) -> tuple[int, ...]:
    """Return the numbers of a version such as ``v3.259.0``, for comparing; empty when it has none."""
    match = re.search(r"\d+(?:\.\d+)*", text)
    return tuple(int(number) for number in match[0].split(".")) if match else ()
