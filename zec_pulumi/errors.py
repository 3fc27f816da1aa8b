"""How a rebuild can end other than well. ``str()`` of each is what the user reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zec_pulumi.api import ZecError

if TYPE_CHECKING:
    from zec_pulumi.halt import Halt
    from zec_pulumi.planning.inputs import Attempt


class RebuildNotStartedError(ZecError):
    """Nothing was wiped: refused, not possible, or given up before the API accepted it."""


class HaltedError(ZecError):
    """Told to stop, or the engine is gone: nothing more is sent."""

    def __init__(self, halt: Halt) -> None:
        super().__init__(f"{halt.value}, so nothing more is sent")
        self.halt = halt


class UnhealthyError(ZecError):
    """A rebuilt machine has not passed its health gate; the text goes on a sentence that names the instance."""


class AttemptOpenError(ZecError):
    """The API accepted a rebuild, or may have: ``attempt`` must be recorded, and the next up goes on from it."""

    def __init__(self, sentence: str, attempt: Attempt) -> None:
        super().__init__(sentence)
        self.attempt = attempt
