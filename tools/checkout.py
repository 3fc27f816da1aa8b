"""The examples as the repository has them, whatever their users left in the folders."""

from __future__ import annotations

import shutil
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).parents[1]
LEFT_BEHIND = (
    *(line.rstrip("/") for line in (ROOT / ".gitignore").read_text("utf-8").splitlines()),
    # Folders for local state; the copies get their own.
    *("backend", "home", "state"),
)
"""Names that never belong to an example: what git ignores, and state."""


def copy_example(name: str, folder: Path) -> None:
    """Copy an example into a folder that does not exist yet, without stack files, environments and state."""
    shutil.copytree(ROOT / "examples" / name, folder, ignore=shutil.ignore_patterns(*LEFT_BEHIND))


def left_behind(path: Path) -> bool:
    """Return whether a path of this checkout is something that a user left there."""
    parts = path.relative_to(ROOT).parts
    return any(fnmatch(part, name) for part in parts for name in LEFT_BEHIND)
