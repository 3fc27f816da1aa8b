"""A finding: one line of the doctor's output, and its fix."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from zec_pulumi.api import ApiError

if TYPE_CHECKING:
    from zec_pulumi.api import TransportError

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
    """Return a finding that does not stop ``up``."""
    return Finding("warning", check, text, fix)


def problem(check: str, text: str, fix: str) -> Finding:
    """Return a finding that will stop ``up``."""
    return Finding("problem", check, text, fix)


def explanation(error: ApiError | TransportError) -> tuple[str, str]:
    """Return what happened and what to do next."""
    if isinstance(error, ApiError):
        return error.summary, error.next_step or "run again; if it stays, give the request id to Zenlayer's support"
    return error.summary, error.next_step or "run again; if it stays, check the network on the way"


def version_of(text: str) -> tuple[int, ...]:
    """Return the numbers of a version such as ``v3.259.0``, for comparing; empty when it has none."""
    match = re.search(r"\d+(?:\.\d+)*", text)
    return tuple(int(number) for number in match[0].split(".")) if match else ()
