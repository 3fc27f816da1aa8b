"""Administration: what was done, what time it is, and what goes wrong next. JSON, without credentials."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, ValidationError

from zec_pulumi.simulator.admin_queries import InstanceQuery, LogQuery, Selection, find
from zec_pulumi.simulator.models import SeedModel
from zec_pulumi.simulator.world import SetupError, explain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zec_pulumi.simulator.cloud import Cloud
    from zec_pulumi.simulator.ledger import Log
    from zec_pulumi.simulator.models import Machine


class ClockMove(SeedModel):
    """A move of the clock: seconds, and with ``settle`` the end of the last change under way."""

    advance: Annotated[float, Field(ge=0)] = 0.0
    skew: float | None = None
    settle: bool = False


def describe(instance: Machine) -> dict[str, Any]:
    """Return an instance as an administrator sees it: everything, the pending change included."""
    return instance.model_dump(by_alias=True)


class Administration:
    """What the endpoints below ``/_simulator`` do. The cloud's lock must be held."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def ledger(self, query: Mapping[str, str]) -> Selection:
        """Accepted mutations."""
        return _log_entries(self._cloud.ledger, query)

    def requests(self, query: Mapping[str, str]) -> Selection:
        """API requests."""
        return _log_entries(self._cloud.requests, query)

    def instances(self, query: Mapping[str, str]) -> Selection:
        """Instances, all or those that the query names."""
        found = find(self._cloud.instances(), InstanceQuery.read(query))
        return Selection([describe(instance) for instance in found.items], found.total)

    def account(self, _: Any) -> Any:
        """What a client needs to begin with: credentials, and the ids of images, key pairs and tags."""
        cloud = self._cloud
        key, token, tags = cloud.seed.credentials[0], cloud.seed.tokens[0], cloud.world.tags
        return {
            "credentials": {**key.model_dump(by_alias=True), "token": token},
            "images": [image.model_dump(by_alias=True) for image in cloud.images()],
            "keyPairs": [pair.model_dump(by_alias=True) for pair in cloud.world.key_pairs.values()],
            "tags": [{"key": tag.key, "value": tag.value, "createdDate": created} for tag, created in tags.items()],
        }

    def summary(self, _: Any) -> Any:
        """Counts of everything; ``world`` changes whenever everything begins anew."""
        cloud = self._cloud
        statuses: dict[str, int] = {}
        changing = 0
        for instance in cloud.instances():
            statuses[instance.status] = statuses.get(instance.status, 0) + 1
            changing += instance.pending is not None
        return {
            **self.time(None),
            "world": cloud.identity,
            "statuses": statuses,
            "changing": changing,
            "ledger": len(cloud.ledger),
            "requests": len(cloud.requests),
        }

    def time(self, _: Any) -> Any:
        """The simulated time and the skew of the time that signatures are checked with, in seconds."""
        clock = self._cloud.clock
        return {"now": clock.now(), "mode": clock.mode, "skew": clock.skew}

    def move_clock(self, body: Any) -> Any:
        """Advance simulated time, or set the skew that signatures are checked with."""
        try:
            move = ClockMove.model_validate(body)
        except ValidationError as error:
            raise SetupError(explain(error)) from None
        self._cloud.clock.advance(move.advance)
        if move.settle:
            self._cloud.settle()
        if move.skew is not None:
            self._cloud.clock.skew = move.skew
        return self.time(None)

    def faults(self, _: Any) -> Any:
        """The rules in force."""
        return self._cloud.faults.rules()

    def add_faults(self, body: Any) -> Any:
        """Append a rule or a list of rules."""
        self._cloud.faults.add(body)
        return self.faults(None)

    def clear_faults(self, _: Any) -> Any:
        """Remove every rule."""
        self._cloud.faults.clear()
        return self.faults(None)

    def reset(self, _: Any) -> Any:
        """Return to the seed."""
        self._cloud.reset()
        return self.time(None)


def _log_entries(log: Log, query: Mapping[str, str]) -> Selection:
    part = LogQuery.read(query)
    return Selection(log.entries(after=part.after, limit=part.limit), len(log))
