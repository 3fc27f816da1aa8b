"""The order of a fleet's machines: canaries first, then lanes side by side. Pure functions.

A lane is a chain of machines, each of which waits for the one before it. There are as many lanes as machines may be
unavailable at once, so the engine itself keeps that limit.
"""

from __future__ import annotations

import heapq
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

_PERCENT = re.compile(r"(\d+)%")
_WHOLE = 100


@dataclass(frozen=True)
class Rollout:
    """The order of a fleet's machines, by name: ``canaries`` first, then ``others``, at most ``at_once`` at a time.

    ``places`` is how many operations the engine runs at a time, which limits as well; None where that is not known.
    """

    canaries: tuple[str, ...]
    others: tuple[str, ...]
    at_once: int
    places: int | None = None

    @classmethod
    def of(cls, names: Sequence[str], max_unavailable: int | str, canary: int | str | Sequence[str]) -> Rollout:
        """Return the order of the machines ``names``.

        Raises:
            ValueError: a number is out of range, or a canary is not one of the machines.
            TypeError: an argument has the wrong type.
        """
        canaries = _canaries(names, canary)
        others = tuple(name for name in names if name not in canaries)
        return cls(canaries, others, _at_once(max_unavailable, len(names)))

    @property
    def order(self) -> tuple[str, ...]:
        """All machines, each after those it waits for."""
        return self.canaries + self.others

    def after(self, name: str) -> tuple[str, ...]:
        """Return the machines that a machine waits for."""
        group = self.canaries if name in self.canaries else self.others
        predecessor = group.index(name) - self.at_once
        if predecessor >= 0:
            return (group[predecessor],)
        # The last of each lane of canaries: all others come before one of these.
        return () if name in self.canaries else self.canaries[-self.at_once :]

    def waves(self, rebuilt: Collection[str]) -> tuple[int, int]:
        """Return how many rebuilds follow each other, of the canaries and of the others, if ``rebuilt`` are rebuilt."""
        counts = dict.fromkeys(rebuilt, 1)
        return int(self._longest(self.canaries, counts)), int(self._longest(self.others, counts))

    def seconds(self, each: Mapping[str, float]) -> float:
        """Return how long the machines take together, ``each`` as many seconds as given and the rest none."""
        return self._longest(self.canaries, each) + self._longest(self.others, each)

    def width(self, rebuilt: Collection[str]) -> int:
        """Return how many of ``rebuilt`` the fleet lets run at the same time, were the engine to run them all."""
        return min(self.at_once, max(len({*group}.intersection(rebuilt)) for group in (self.canaries, self.others)))

    def short_of_places(self, rebuilt: Collection[str]) -> bool:
        """Whether the engine runs fewer operations at a time than the fleet lets run."""
        return self.places is not None and self.width(rebuilt) > self.places

    def _longest(self, names: Sequence[str], each: Mapping[str, float]) -> float:
        lanes = (names[lane :: self.at_once] for lane in range(self.at_once))
        longest = max((sum(each.get(name, 0) for name in lane) for lane in lanes), default=0)
        if self.places is None or self.places >= self.at_once:
            return longest
        busy = [0.0] * self.places
        for name in names:
            heapq.heapreplace(busy, busy[0] + each.get(name, 0))
        return max(longest, *busy)


def _at_once(max_unavailable: int | str, machines: int) -> int:
    """Return how many machines may be unavailable at once: a percentage is rounded down, and at least one may be."""
    message = "max_unavailable must be a number of instances from 1, or a percentage from '1%' to '100%', not {!r}"
    if isinstance(max_unavailable, bool) or not isinstance(max_unavailable, (int, str)):
        raise TypeError(message.format(max_unavailable))
    if isinstance(max_unavailable, int):
        if max_unavailable < 1:
            raise ValueError(message.format(max_unavailable))
        return min(max_unavailable, machines)
    percentage = _PERCENT.fullmatch(max_unavailable)
    if not percentage or not 1 <= int(percentage[1]) <= _WHOLE:
        raise ValueError(message.format(max_unavailable))
    return max(1, machines * int(percentage[1]) // _WHOLE)


def _canaries(names: Sequence[str], canary: int | str | Sequence[str]) -> tuple[str, ...]:
    if isinstance(canary, bool) or not isinstance(canary, (int, str, list, tuple)):
        raise TypeError(f"canary must be a number of instances, a name, or a list of names, not {canary!r}")
    if isinstance(canary, int):
        if not 0 <= canary <= len(names):
            raise ValueError(f"canary must be a number from 0 to {len(names)}, the number of instances, not {canary}")
        return tuple(names[:canary])
    canaries = (canary,) if isinstance(canary, str) else tuple(canary)
    unknown = [name for name in canaries if name not in names]
    if unknown:
        raise ValueError(f"canary: the fleet has no instance {' or '.join(map(repr, unknown))}")
    return tuple(dict.fromkeys(canaries))
