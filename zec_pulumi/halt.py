"""Why work stops before its time. A leaf, so that waiting and the engine's side can share the words."""

from __future__ import annotations

from enum import Enum


class Halt(str, Enum):
    """Why nothing more may be sent to the cloud for an operation."""

    TOLD_TO_STOP = "told to stop"
    ENGINE_GONE = "the engine is gone"
