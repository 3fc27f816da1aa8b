"""The whole state of one simulator, and the lock that guards it."""

from __future__ import annotations

import contextlib
import secrets
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from zec_pulumi.simulator.faults import Faults
from zec_pulumi.simulator.ledger import Ledger, RequestLog
from zec_pulumi.simulator.lifecycle import settle, settle_image
from zec_pulumi.simulator.reads import ReadHistory
from zec_pulumi.simulator.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from zec_pulumi.simulator.clock import SimulatorClock
    from zec_pulumi.simulator.models import Image, Machine
    from zec_pulumi.simulator.world import Seed

MARGIN_SECONDS = 1e-6
Transition = Literal["DEPLOYING", "REBUILDING"]


@dataclass(frozen=True)
class Timing:
    """How long things take, in simulated seconds, and which status a reinstall shows meanwhile."""

    rebuild_seconds: float = 60.0
    stop_seconds: float = 5.0
    transition: Transition = "DEPLOYING"


class Cloud:
    """World, clock, ledger, request log and faults of one simulator.

    Read it with :attr:`lock` held and change it inside :meth:`transaction`: the server and the test use it from two
    threads. ``commit`` is called at the end of each transaction; ``touched`` and ``generation`` tell it which instances
    were changed behind the API's back, and that all began anew.
    """

    def __init__(
        self,
        seed: Seed,
        clock: SimulatorClock,
        timing: Timing,
        *,
        actions: Collection[str],
        observer: Callable[[dict[str, Any]], None] | None = None,
    ) -> None:
        self.lock = threading.RLock()
        self.seed = seed
        self.clock = clock
        self.timing = timing
        self.ledger = Ledger(observer)
        self.requests = RequestLog()
        self.faults = Faults(actions)
        self.commit: Callable[[], None] = lambda: None
        self.touched: set[str] = set()
        self.generation = 0
        self._run = secrets.token_hex(4)
        self.reset()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Hold the lock, and commit before it is released: what is answered afterwards is not lost."""
        with self.lock:
            try:
                yield
            finally:
                self.commit()

    def reset(self, seed: Seed | None = None) -> None:
        """Return to the seed, or begin with another: world, clock, skew, ledger, requests and faults."""
        self.seed = seed or self.seed
        self.generation += 1
        self.touched.clear()
        self.clock.restart()
        self.clock.skew = self.seed.clock_skew_seconds
        self.world = World(self.seed, now=self.clock.now())
        self.forget_reads()
        self.ledger.clear()
        self.requests.clear()
        self.faults.clear()

    def forget_reads(self) -> None:
        """Begin the history of reads with the present."""
        self.history = ReadHistory(self.world.instances.values())

    def instance(self, instance_id: str) -> Machine | None:
        """Return an instance as it is at this moment, or None."""
        instance = self.world.instances.get(instance_id)
        if instance is None or settle(instance, self.clock.now()):
            return instance
        del self.world.instances[instance_id]
        return None

    def instances(self) -> list[Machine]:
        """Return every instance as it is at this moment."""
        now = self.clock.now()
        everything = list(self.world.instances.values())
        gone = [item for item in everything if item.pending is not None and not settle(item, now)]
        for instance in gone:
            del self.world.instances[instance.instance_id]
        return list(self.world.instances.values()) if gone else everything

    def images(self) -> list[Image]:
        """Return every image as it is at this moment."""
        images = list(self.world.images.values())
        for image in images:
            if image.pending is not None:
                settle_image(image, self.clock.now())
        return images

    def seconds_left(self) -> float:
        """Return how long until the last change under way has ended, in simulated seconds."""
        now = self.clock.now()
        everything: list[Machine | Image] = [*self.instances(), *self.images()]
        pending = [item.pending for item in everything if item.pending is not None]
        ends = [one.since + one.after_seconds for one in pending if one.after_seconds is not None]
        return max(0.0, max(ends, default=now) - now)

    def settle(self) -> None:
        """Move simulated time to the end of the last change under way."""
        left = self.seconds_left()
        # Sums of large and small numbers round: a little more than enough.
        self.clock.advance(left + MARGIN_SECONDS if left else 0.0)

    @property
    def identity(self) -> str:
        """An id that changes whenever everything begins anew, in this process or in the next."""
        return f"{self._run}-{self.generation}"

    def patch(self, instance_id: str, fields: dict[str, Any]) -> Machine:
        """Change an instance behind the API's back. See :meth:`World.patch`."""
        self.instance(instance_id)
        self.touched.add(instance_id)
        return self.world.patch(instance_id, fields, now=self.clock.now())

    def delete(self, instance_id: str) -> None:
        """Remove an instance. Raises KeyError when there is none."""
        del self.world.instances[instance_id]
        self.touched.add(instance_id)
