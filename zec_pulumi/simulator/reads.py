"""What earlier reads saw of each instance, so that a fault can show the past."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from zec_pulumi.simulator.effects import MAX_LAG

if TYPE_CHECKING:
    from collections.abc import Iterable

    from zec_pulumi.simulator.models import Instance


class ReadHistory:
    """The last reads of each instance; before the first read it was as in the seed, or as it was created."""

    def __init__(self, instances: Iterable[Instance]) -> None:
        self._seen = {item.instance_id: _begin(item) for item in instances}

    def read(self, instance: Instance, *, lag: int) -> Instance:
        """Count one read of ``instance`` and return it as it was ``lag`` reads ago."""
        seen = self._seen.setdefault(instance.instance_id, _begin(instance))
        # Reads that saw the same share one copy: a fleet polled for hours must not fill the memory.
        seen.append(seen[-1] if seen[-1] == instance else instance.model_copy())
        return seen[max(0, len(seen) - 1 - lag)]


def _begin(instance: Instance) -> deque[Instance]:
    return deque([instance.model_copy()], maxlen=MAX_LAG + 1)
