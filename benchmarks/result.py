"""What a benchmark tells: one row of the table."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections import Counter

HEAD = "| what | measured | promise |\n| --- | --- | --- |"


@dataclass(frozen=True)
class Result:
    """One row: what was measured, what came out, and what is promised; nothing where it is only reported."""

    what: str
    measured: str
    promise: str = ""

    def __str__(self) -> str:
        return f"| {self.what} | {self.measured} | {self.promise} |"


def counted(calls: Counter[str]) -> str:
    """Return API calls in words: how many, and of which action."""
    return f"{calls.total()}: " + ", ".join(f"{count} {name}" for name, count in sorted(calls.items()))


def where_and_when() -> str:
    """Return what every table of results begins with: the day and the machine."""
    machine = f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
    return f"{date.today()}, {machine}"  # noqa: DTZ011 the user's own day
