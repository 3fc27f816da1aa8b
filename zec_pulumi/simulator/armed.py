"""A fault rule in force: what it has counted, and when it happens."""

from __future__ import annotations

import random
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from zec_pulumi.simulator.faults import Rule

RANDOM_SEED = 20240712


class Chance:
    """A random sequence that is the same in every run, and how much of it was used."""

    def __init__(self, draws: int = 0) -> None:
        self._source = random.Random(RANDOM_SEED)  # noqa: S311 -- reproducible on purpose
        self.draws = 0
        while self.draws < draws:
            self.random()

    def random(self) -> float:
        """Return the next number, 0 to 1."""
        self.draws += 1
        return self._source.random()


class ArmedRule:
    """A rule, its number, and how often it has matched and happened."""

    def __init__(self, rule: Rule, number: int) -> None:
        self.rule = rule
        self.number = number
        self.seen = 0
        self.happened = 0
        self.let_through: deque[float] = deque(maxlen=rule.above_per_second)

    def happens(self, action: str, instance_ids: Collection[str], now: float, chance: Chance) -> bool:
        """Whether it happens to one request; counts it."""
        rule = self.rule
        if not self._is_meant(action, instance_ids):
            return False
        self.seen += 1
        limit = rule.times or (1 if rule.nth is not None else None)
        if limit is not None and self.happened >= limit:
            return False
        if rule.nth is not None and self.seen < rule.nth:
            return False
        if rule.probability is not None and chance.random() >= rule.probability:
            return False
        if rule.above_per_second is not None and self._below_limit(now):
            return False
        self.happened += 1
        return True

    def _is_meant(self, action: str, instance_ids: Collection[str]) -> bool:
        rule = self.rule
        named = rule.instance_id is None or rule.instance_id in instance_ids
        return rule.action in {"*", action} and rule.concerns(action) and named

    def _below_limit(self, now: float) -> bool:
        through = self.let_through
        if len(through) == through.maxlen and now - through[0] < 1.0:
            return False
        through.append(now)
        return True
