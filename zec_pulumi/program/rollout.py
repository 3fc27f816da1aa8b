"""In which order the machines of a fleet take their turn: canaries first, then lanes side by side. Pure functions.

A lane is a chain of machines, each waiting for the one before it. With as many lanes as may be unavailable at once, the
engine itself keeps that limit.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

_PERCENT = re.compile(r"(\d+)%")
_WHOLE = 100


@dataclass(frozen=True)
class Rollout:
    """The order of a fleet's machines, by name: ``canaries`` first, then ``others``, at most ``at_once`` at a time."""

    canaries: tuple[str, ...]
    others: tuple[str, ...]
    at_once: int

    @classmethod
    def of(cls, names: Sequence[str], max_unavailable: int | str, canary: int | str | Sequence[str]) -> Rollout:
        """Return the order of the machines ``names``.

        Raises:
            ValueError: a number is out of range, or a canary is none of the machines.
            TypeError: an argument has another type.
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
        lanes = self.canaries if name in self.canaries else self.others
        turn = lanes.index(name) - self.at_once
        if turn >= 0:
            return (lanes[turn],)
        # The last of each lane of canaries: all others come before one of these.
        return () if name in self.canaries else self.canaries[-self.at_once :]

    def waves(self, rebuilt: Collection[str]) -> tuple[int, int]:
        """Return how many of the machines ``rebuilt`` come one after the other: among the canaries, then the others."""
        one_each = dict.fromkeys(rebuilt, 1)
        return int(self._longest(self.canaries, one_each)), int(self._longest(self.others, one_each))

    def seconds(self, each: Mapping[str, float]) -> float:
        """Return how long the machines take together, ``each`` as many seconds as given and the rest none."""
        return self._longest(self.canaries, each) + self._longest(self.others, each)

    def _longest(self, names: Sequence[str], each: Mapping[str, float]) -> float:
        lanes = (names[lane :: self.at_once] for lane in range(self.at_once))
        return max((sum(each.get(name, 0) for name in lane) for lane in lanes), default=0)


def _at_once(max_unavailable: int | str, machines: int) -> int:
    """Return how many machines may be unavailable at once: a percentage is rounded down, and at least one may be."""
    wrong = "max_unavailable must be a number of instances from 1, or a percentage from '1%' to '100%', not {!r}"
    if isinstance(max_unavailable, bool) or not isinstance(max_unavailable, (int, str)):
        raise TypeError(wrong.format(max_unavailable))
    if isinstance(max_unavailable, int):
        if max_unavailable < 1:
            raise ValueError(wrong.format(max_unavailable))
        return min(max_unavailable, machines)
    found = _PERCENT.fullmatch(max_unavailable)
    if not found or not 1 <= int(found[1]) <= _WHOLE:
        raise ValueError(wrong.format(max_unavailable))
    return max(1, machines * int(found[1]) // _WHOLE)


def _canaries(names: Sequence[str], canary: int | str | Sequence[str]) -> tuple[str, ...]:
    if isinstance(canary, bool) or not isinstance(canary, (int, str, list, tuple)):
        raise TypeError(f"canary must be a number of instances, a name, or a list of names, not {canary!r}")
    if isinstance(canary, int):
        if not 0 <= canary <= len(names):
            raise ValueError(f"canary must be a number from 0 to {len(names)}, the number of instances, not {canary}")
        return tuple(names[:canary])
    chosen = (canary,) if isinstance(canary, str) else tuple(canary)
    unknown = [name for name in chosen if name not in names]
    if unknown:
        raise ValueError(f"canary: {', '.join(map(repr, unknown))} is none of the fleet's instances")
    return tuple(dict.fromkeys(chosen))
