"""How an operation can end other than well. ``str()`` of each error is a sentence for the user."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class ZecError(Exception):
    """Base of all errors of this package.

    Attributes:
        retry_after: Seconds the server asked to wait before the next request, or None.
    """

    retry_after: float | None = None

    @property
    def may_have_been_carried_out(self) -> bool:
        """Whether a mutation that failed so may have happened: only reading the instance tells."""
        return False


class StopReason(str, Enum):
    """Why an operation must send nothing more. The value begins a sentence."""

    CANCELLED = "cancelled"
    ENGINE_GONE = "the engine does not answer"


class StoppedError(ZecError):
    """The operation was cancelled, or its engine is gone: nothing more is sent."""

    def __init__(self, reason: StopReason) -> None:
        super().__init__(f"{reason.value}, so nothing more is sent")
        self.reason = reason


class DeadlineError(ZecError):
    """The operation's time is up; ``last_status`` is the last instance status that was read, None if there is none."""

    def __init__(self, sentence: str, last_status: str | None) -> None:
        super().__init__(sentence)
        self.last_status = last_status


class InstanceGoneError(ZecError):
    """The instance disappeared while it was waited for."""


class UnhealthyError(ZecError):
    """A rebuilt instance has not passed its health gate; the text continues a sentence that names the instance."""


class PlanRefusedError(ZecError):
    """The plan is not carried out; the text holds every reason, one a line. Nothing was changed."""


class PartialFailureError(ZecError):
    """The operation failed, and the stack must record ``outputs`` and ``inputs`` for the resource all the same."""

    def __init__(self, sentence: str, resource_id: str, outputs: Mapping[str, Any], inputs: Mapping[str, Any]) -> None:
        super().__init__(sentence)
        self.resource_id = resource_id
        self.outputs = dict(outputs)
        self.inputs = dict(inputs)
