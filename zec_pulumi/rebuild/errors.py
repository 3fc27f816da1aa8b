"""How a rebuild can end other than well. ``str()`` of each error is what the user reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zec_pulumi.errors import ZecError

if TYPE_CHECKING:
    from zec_pulumi.planning.inputs import Attempt


class RebuildNotStartedError(ZecError):
    """Nothing was wiped: refused, not possible, or given up before the API accepted it."""


class AttemptOpenError(ZecError):
    """The API accepted a rebuild, or may have: ``attempt`` must be recorded, and the next up goes on from it."""

    def __init__(self, sentence: str, attempt: Attempt) -> None:
        super().__init__(sentence)
        self.attempt = attempt
