"""One API request on its way through an action."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from zec_pulumi.simulator.envelope import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from zec_pulumi.simulator.cloud import Cloud
    from zec_pulumi.simulator.effects import Effect
    from zec_pulumi.simulator.models import Machine

EffectT = TypeVar("EffectT")


class ActionParameters(BaseModel):
    """Parameters of an action. Unknown fields and wrong JSON types are refused; null counts as absent."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", strict=True, frozen=True)


@dataclass(frozen=True)
class ApiAction:
    """An action of one service in one version: its parameters and what carries it out.

    ``absent_parameters`` (fields of the request) and ``absent_fields`` (paths into the response) are what
    this version does not have.
    """

    request: type[ActionParameters]
    handler: Callable[[ActionCall, Any], dict[str, Any]]
    absent_parameters: frozenset[str] = frozenset()
    absent_fields: frozenset[str] = frozenset()


@dataclass(frozen=True)
class ActionCall:
    """The request an action is handling. ``now`` is simulated time."""

    cloud: Cloud
    action: str
    request_id: str
    parameters: dict[str, Any]
    effects: Sequence[Effect]
    now: float

    def effect(self, kind: type[EffectT]) -> EffectT | None:
        """Return the first fault effect of a kind, or None."""
        return next((item for item in self.effects if isinstance(item, kind)), None)

    def instance(self, instance_id: str) -> Machine:
        """Return the instance as it is now.

        Raises:
            RefusedError: 404 INVALID_INSTANCE_NOT_FOUND.
        """
        instance = self.cloud.instance(instance_id)
        if instance is None:
            raise RefusedError(404, "INVALID_INSTANCE_NOT_FOUND", f"Instance {instance_id} not found.")
        return instance

    def chosen(self, instance_ids: Sequence[str]) -> list[Machine]:
        """Return the instances as they are now, each once; an unknown id refuses the whole request.

        Raises:
            RefusedError: 404 INVALID_INSTANCE_NOT_FOUND.
        """
        return [self.instance(instance_id) for instance_id in dict.fromkeys(instance_ids)]

    def new_disk_identity(self) -> str:
        """Return what a disk holds that is written now: the number of the entry that :meth:`record` makes next."""
        return f"ledger-{len(self.cloud.ledger) + 1}"

    def record(self, instance: Machine | None) -> None:
        """Enter this accepted mutation of ``instance`` (None: of the account) into the ledger."""
        rest = {name: value for name, value in self.parameters.items() if name not in {"instanceId", "instanceIds"}}
        self.cloud.ledger.record(
            at=self.now,
            action=self.action,
            instance_id=None if instance is None else instance.instance_id,
            request_id=self.request_id,
            parameters=rest,
        )
