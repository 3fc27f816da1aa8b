"""What the engine's calls are answered with, whichever protocol they came by."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Compared:
    """Whether there is anything to do; ``replaced`` names the inputs that make it another instance."""

    changes: bool
    replaced: tuple[str, ...] = ()


@dataclass(frozen=True)
class Created:
    """A resource that the stack begins to hold."""

    id: str
    outputs: dict[str, Any] = field(repr=False)


@dataclass(frozen=True)
class ReadBack:
    """A resource as it is now; with an empty ``id`` it is gone."""

    id: str
    outputs: dict[str, Any] = field(repr=False)
    inputs: dict[str, Any] = field(repr=False)
