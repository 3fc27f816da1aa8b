"""The whole state of one simulator, and the lock that guards it."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from zec_pulumi.simulator.faults import Faults
from zec_pulumi.simulator.ledger import Ledger, RequestLog
from zec_pulumi.simulator.lifecycle import settle
from zec_pulumi.simulator.reads import ReadHistory
from zec_pulumi.simulator.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from zec_pulumi.simulator.clock import SimulatorClock
    from zec_pulumi.simulator.models import Instance
    from zec_pulumi.simulator.world import Seed

Transition = Literal["DEPLOYING", "REBUILDING"]


@dataclass(frozen=True)
class Pace:
    """How long things take, in simulated seconds, and which status a reinstall shows meanwhile."""

    rebuild_seconds: float = 60.0
    stop_seconds: float = 5.0
    transition: Transition = "DEPLOYING"


class Cloud:
    """World, clock, ledger, request log and faults of one simulator.

    Hold :attr:`lock` around everything done with it: the server and the test use it from two threads.
    """

    def __init__(
        self,
        seed: Seed,
        clock: SimulatorClock,
        pace: Pace,
        *,
        actions: Collection[str],
        observer: Callable[[dict[str, Any]], None] | None = None,
    ) -> None:
        self.lock = threading.RLock()
        self.seed = seed
        self.clock = clock
        self.pace = pace
        self.ledger = Ledger(observer)
        self.requests = RequestLog()
        self.faults = Faults(actions)
        self.reset()

    def reset(self) -> None:
        """Return to the seed: world, clock, skew, ledger, requests and faults."""
        self.clock.restart()
        self.clock.skew = self.seed.clock_skew_seconds
        self.world = World(self.seed, now=self.clock.now())
        self.history = ReadHistory(self.world.instances.values())
        self.ledger.clear()
        self.requests.clear()
        self.faults.clear()

    def instance(self, instance_id: str) -> Instance | None:
        """Return an instance as it is at this moment, or None."""
        instance = self.world.instances.get(instance_id)
        if instance is None or settle(instance, self.clock.now()):
            return instance
        del self.world.instances[instance_id]
        return None

    def instances(self) -> list[Instance]:
        """Return every instance as it is at this moment."""
        now = self.clock.now()
        for instance in list(self.world.instances.values()):
            if not settle(instance, now):
                del self.world.instances[instance.instance_id]
        return list(self.world.instances.values())

    def patch(self, instance_id: str, fields: dict[str, Any]) -> Instance:
        """Change an instance behind the API's back. See :meth:`World.patch`."""
        self.instance(instance_id)
        return self.world.patch(instance_id, fields, now=self.clock.now())

    def delete(self, instance_id: str) -> None:
        """Remove an instance. Raises KeyError when there is none."""
        del self.world.instances[instance_id]
