"""Faults by rule: which requests go wrong, and how."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError, model_validator

from zec_pulumi.simulator.armed import ArmedRule, Chance
from zec_pulumi.simulator.effects import Effect  # noqa: TC001 -- pydantic reads it at run time
from zec_pulumi.simulator.models import SeedModel
from zec_pulumi.simulator.world import SetupError, explain

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence


class Rule(SeedModel):
    """One fault: the requests it is meant for, how often it happens, and its effect.

    Args:
        action: Name of an action, or ``*`` for each.
        instance_id: Only requests that name this instance.
        nth: Begin with the nth matching request from now (1 is the next one).
        probability: Happen by chance, from a random sequence that is the same in every run.
        times: How often in all. Without it: once with ``nth``, for ever otherwise.
        above_per_second: Only requests beyond so many in a second of the simulator's time, as a rate limit counts them.
        effect: What happens.
    """

    action: str
    instance_id: str | None = None
    nth: Annotated[int, Field(ge=1)] | None = None
    probability: Annotated[float, Field(ge=0, le=1)] | None = None
    times: Annotated[int, Field(ge=1)] | None = None
    above_per_second: Annotated[int, Field(ge=1)] | None = None
    effect: Effect

    @model_validator(mode="after")
    def _one_way(self) -> Rule:
        if self.nth is not None and self.probability is not None:
            raise ValueError("give nth or probability, not both")
        if self.action != "*" and not self.concerns(self.action):
            raise ValueError(f"the effect {self.effect.type} cannot happen to {self.action}")
        return self

    def concerns(self, action: str) -> bool:
        """Whether the effect can happen to an action at all."""
        return self.effect.actions is None or action in self.effect.actions


class Faults:
    """The rules in force. ``revision`` changes with everything that :meth:`saved` returns.

    Args:
        actions: Names a rule may use, so that a misspelt rule is refused instead of never happening.
    """

    def __init__(self, actions: Collection[str]) -> None:
        self._actions = frozenset(actions)
        self.revision = 0
        self._armed: list[ArmedRule] = []
        self.clear()

    def add(self, rules: Any) -> None:
        """Append a rule or a list of rules, given as JSON.

        Raises:
            SetupError: A rule that cannot be; none of the list is added.
        """
        try:
            parsed = _RULES.validate_python(rules) if isinstance(rules, list) else [Rule.model_validate(rules)]
        except ValidationError as error:
            raise SetupError(explain(error, "rule")) from None
        for rule in parsed:
            if rule.action != "*" and rule.action not in self._actions:
                raise SetupError(f"action: {rule.action} is not an action of this simulator")
        self._armed.extend(ArmedRule(rule, number) for number, rule in enumerate(parsed, start=self._given + 1))
        self._given += len(parsed)
        self.revision += 1

    def remove(self, number: int) -> None:
        """Remove one rule. Raises KeyError when there is none with that number."""
        left = [item for item in self._armed if item.number != number]
        if len(left) == len(self._armed):
            raise KeyError(number)
        self._armed = left
        self.revision += 1

    def clear(self) -> None:
        """Remove every rule and restart the random sequence."""
        self._armed = []
        self._given = 0
        self._chance = Chance()
        self.revision += 1

    def rules(self) -> list[dict[str, Any]]:
        """Return the rules as JSON, each with its ``number`` and how often it has ``happened``."""
        return [{**_dumped(item.rule), "number": item.number, "happened": item.happened} for item in self._armed]

    def saved(self) -> dict[str, Any]:
        """Return all that :meth:`restore` needs, as JSON."""
        rules = [
            {
                "rule": _dumped(item.rule),
                "number": item.number,
                "seen": item.seen,
                "happened": item.happened,
                "letThrough": list(item.let_through),
            }
            for item in self._armed
        ]
        return {"rules": rules, "given": self._given, "draws": self._chance.draws}

    def restore(self, saved: dict[str, Any]) -> None:
        """Go on from what :meth:`saved` returned: counters and chance too."""
        self.clear()
        for item in saved["rules"]:
            armed = ArmedRule(Rule.model_validate(item["rule"]), item["number"])
            armed.seen, armed.happened = item["seen"], item["happened"]
            armed.let_through.extend(item["letThrough"])
            self._armed.append(armed)
        self._given = saved["given"]
        self._chance = Chance(saved["draws"])

    def match(self, action: str, instance_ids: Collection[str], now: float) -> Sequence[Effect]:
        """Return the effects for one request at ``now``, in the order of the rules, and count it."""
        if not self._armed:
            return []
        self.revision += 1
        return [item.rule.effect for item in self._armed if item.happens(action, instance_ids, now, self._chance)]


def _dumped(rule: Rule) -> dict[str, Any]:
    return rule.model_dump(by_alias=True, exclude_none=True)


_RULES = TypeAdapter(list[Rule])
