"""Approvals that were used, on this computer's disk: they outlive the stack's record of the rebuild.

A destroyed or adopted resource starts from the same point again, and so would its approval. One file per instance of a
cloud has one line per use. It is never removed.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from zec_pulumi.journal import lines

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from zec_pulumi.time.clock import Clock

_USED, _RELEASED = "used", "released"
_DIGEST = re.compile(r"(?<![0-9a-f])[0-9a-f]{16}(?![0-9a-f])")
_NOBODY_KNOWS = "unknown"


class UsedApprovals:
    """The memory in a folder. Every method raises :class:`lines.JournalError` when the disk says no.

    ``older`` is the folder of a release that did not tell clouds apart: what was used there is used on every cloud.
    """

    def __init__(self, folder: Path, clock: Clock, older: Path | None = None) -> None:
        self._folders = [place / "approvals" for place in (older, folder) if place is not None]
        self._clock = clock

    def prepare(self, instance_id: str) -> None:
        """Find out whether a use could be written."""
        lines.prepare(self._file(instance_id))

    def use(self, instance_id: str, digest: str, attempt_id: str) -> None:
        """Write that an attempt uses up the approval with that digest; the attempt may begin when this returns."""
        self._append(instance_id, {"event": _USED, "attempt": attempt_id, "digest": digest})

    def release(self, instance_id: str, attempt_id: str) -> None:
        """Write that an attempt wiped nothing, so that its approval is good again; nothing if it had none."""
        if attempt_id in self.used(instance_id).values():
            self._append(instance_id, {"event": _RELEASED, "attempt": attempt_id})

    def used(self, instance_id: str) -> Mapping[str, str]:
        """Return the attempts by the digest of the approval that each used up.

        A line that cannot be read counts for every digest in it.
        """
        found: dict[str, str] = {}
        texts = [line.text for folder in self._folders for line in lines.read(lines.file_of(folder, instance_id))]
        for text in texts:
            event, attempt, digest = _parsed(text)
            if event == _RELEASED:
                found = {one: user for one, user in found.items() if user != attempt}
            elif event == _USED:
                found[digest] = attempt
            else:
                found.update(dict.fromkeys(_DIGEST.findall(text), _NOBODY_KNOWS))
        return found

    def _file(self, instance_id: str) -> Path:
        return lines.file_of(self._folders[-1], instance_id)

    def _append(self, instance_id: str, line: dict[str, str]) -> None:
        lines.append(self._file(instance_id), {"at": self._clock.now(), **line})


def _parsed(text: str) -> tuple[str, str, str]:
    """Return event, attempt and digest of a line; an empty event when it cannot be read."""
    try:
        line = json.loads(text)
    except (ValueError, RecursionError):
        line = None
    if not isinstance(line, dict):
        return "", "", ""
    event, attempt, digest = (line.get(key) for key in ("event", "attempt", "digest"))
    if not isinstance(attempt, str):
        return "", "", ""
    if event == _RELEASED:
        return _RELEASED, attempt, ""
    return (_USED, attempt, digest) if event == _USED and isinstance(digest, str) else ("", "", "")
