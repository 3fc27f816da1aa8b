"""What earlier reads saw of each instance, so that a fault can show the past."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from zec_pulumi.simulator.effects import MAX_LAG

if TYPE_CHECKING:
    from collections.abc import Iterable

    from zec_pulumi.simulator.models import Machine

_KEPT = MAX_LAG + 1


class ReadHistory:
    """The last reads of each instance; before the first read it was as in the seed, or as it was created."""

    def __init__(self, instances: Iterable[Machine]) -> None:
        self._seen = {item.instance_id: _begin(item) for item in instances}

    def shown(self, instance: Machine, *, lag: int) -> Machine:
        """Return ``instance`` as a read now would show it: as it was ``lag`` reads ago."""
        if lag == 0:
            return instance
        seen = self._seen_of(instance)
        # This read would be the newest, and drive out the oldest when there is no room.
        return seen[max(0, len(seen) - lag)]

    def count(self, instance: Machine) -> None:
        """Count one read of ``instance``."""
        seen = self._seen_of(instance)
        # Reads that saw the same share one copy: a fleet polled for hours must not fill the memory.
        seen.append(seen[-1] if seen[-1].__dict__ == instance.__dict__ else instance.model_copy())

    def _seen_of(self, instance: Machine) -> deque[Machine]:
        seen = self._seen.get(instance.instance_id)
        if seen is None:
            seen = self._seen[instance.instance_id] = _begin(instance)
        return seen


def _begin(instance: Machine) -> deque[Machine]:
    return deque([instance.model_copy()], maxlen=_KEPT)
