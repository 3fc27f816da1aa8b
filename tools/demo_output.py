"""What the demo shows of the engine's output: each resource and each message once. Pure.

The engine's plain output repeats a resource's row with every message, and the messages once more below the rows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROW = re.compile(
    r" (?P<operation>\S) +(?P<resource>\S+:\S+ \S+) (?P<status>[a-z]*)(?: \([\d.hms]+\))?"
    r" *(?P<diff>\[diff: [^\]]*\])?(?:; )?(?P<message>.*)"
)
"""A resource's row, as in `` ~  pkg:mod:Type web-1 updating (5s) [diff: ~imageId]; DEPLOYING``."""

STACK = "pulumi:pulumi:Stack "
COUNTS = "Resources:"
STYLES = {"+": "green", "~": "yellow", "-": "red"}


@dataclass(frozen=True)
class Line:
    """One line to show; ``text`` may need to be wrapped, and then goes on under its beginning."""

    text: str
    indent: int = 4
    style: str = ""


@dataclass
class Transcript:
    """What was shown already, over all commands of a demo."""

    _messages: set[str] = field(default_factory=set)

    def shown(self, output: Iterable[str]) -> Iterator[Line]:
        """Yield what is new in a command's output, as it comes; without any row, how many resources there are."""
        begun = ""
        counts: list[str] | None = None
        for line in output:
            row = ROW.fullmatch(line)
            if counts is not None:
                counts.append(line.strip())
            elif line == COUNTS:
                counts = []
            elif row and not row["resource"].startswith(STACK):
                if row["resource"] != begun:
                    begun = row["resource"]
                    head = f"{row['operation']} {begun} {row['status']} {row['diff'] or ''}"
                    yield Line(head.rstrip(), indent=2, style=STYLES.get(row["operation"], ""))
                yield from self._message(row["message"])
        if not begun:
            yield from (Line(count) for count in counts or [] if count and "Duration" not in count)

    def _message(self, text: str) -> Iterator[Line]:
        known = text.replace("is wiped now", "will be wiped")
        if text and known not in self._messages:
            self._messages.add(known)
            yield Line(text, style="yellow" if text.startswith("warning: ") else "")
