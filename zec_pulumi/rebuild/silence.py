"""Tells an engine that is gone from one that is silent for a moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zec_pulumi.errors import StopReason

if TYPE_CHECKING:
    from zec_pulumi.rebuild.operation import Operation

SILENCES = 3
"""How often in a row the engine must not answer before it counts as gone, and the lock is let go.

Asking takes 5 seconds at most; of a dead engine the system says at once that nobody listens. The next run waits for
the lock for 10 seconds: a dead engine must be given up sooner than that.
"""

_PAUSE_SECONDS = 1.0


def engine_is_gone(op: Operation, *, silences: int = SILENCES) -> bool:
    """Whether the engine answers nothing, asked ``silences`` times. Blocks for some seconds while it does not."""
    for number in range(1, silences + 1):
        if op.progress.stop_reason() is not StopReason.ENGINE_GONE:
            return False
        if number < silences:
            op.clock.sleep(_PAUSE_SECONDS)
    return True
