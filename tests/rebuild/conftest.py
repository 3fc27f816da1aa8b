"""One rebuild alone, and a stack whose commands must succeed, in the simulated world."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.cloud import CloudClock, LocalSimulator, LocalTransport, client_of
from tests.support.points import Disturbance
from tests.support.programs import JAMMY, NOBLE
from tests.support.row import FakeRow
from tests.support.stack import Outcome, Stack
from tests.support.world import POLL_SECONDS, WEB, World
from zec_pulumi.api import Instance, ResetInstanceRequest
from zec_pulumi.cloud.poller import StatusPoller
from zec_pulumi.cloud.reader import CloudReader
from zec_pulumi.errors import StopReason
from zec_pulumi.journal.journal import InstanceLog, Journal
from zec_pulumi.journal.locks import Lock
from zec_pulumi.planning.causes import Cause
from zec_pulumi.planning.inputs import Applied, Attempt, parse_recorded
from zec_pulumi.planning.record import with_attempt
from zec_pulumi.progress import Progress
from zec_pulumi.rebuild.operation import Operation
from zec_pulumi.rebuild.rebuild import rebuild
from zec_pulumi.rebuild.wait import Target, wait_until_rebuilt
from zec_pulumi.time.deadline import Deadline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from zec_pulumi.simulator.cloud import Transition


class Rig:
    """Everything that one rebuild needs, and what the judge saw of it."""

    def __init__(self, transition: Transition, home: Path) -> None:
        self.sim = LocalSimulator(transition)
        self.clock = CloudClock(self.sim)
        self.client = client_of(LocalTransport(self.sim.cloud), self.clock)
        self.home = home
        self.journal = Journal(home, self.clock)
        self.row = FakeRow()
        self.reader = CloudReader(self.client, self.clock)
        self.poller = StatusPoller(self.client, self.reader, self.clock, POLL_SECONDS)
        self.ticking = False

    def operation(self, seconds: float = 3600.0) -> Operation:
        progress = Progress(self.row, self.clock, ticking=lambda: self.ticking)
        deadline = Deadline(self.clock, seconds)
        log = InstanceLog(self.journal, WEB, "urn:pulumi:dev::demo::type::web-1", None)
        lock = Lock(self.home / "locks" / f"{WEB}.lock")
        return Operation(self.client, self.reader, self.poller, self.clock, progress, deadline, log, lock)

    def live(self, instance_id: str = WEB) -> Instance:
        live = self.reader.instance(instance_id)
        assert live is not None
        return live

    def rebuild(
        self,
        instance_id: str = WEB,
        *,
        image_id: str = NOBLE,
        force: bool = False,
        seconds: float = 3600.0,
        **more: Any,
    ) -> tuple[Attempt, Instance]:
        live = self.live(instance_id)
        asked = {"key_id": live.key_id, "enable_agent": True, **more}
        request = ResetInstanceRequest(instance_id=instance_id, image_id=image_id, **asked)
        return rebuild(self.operation(seconds), live, request, (Cause("imageId", "a", "b"),), force=force)

    def join(self, attempt: Attempt, *, applied_image: str = JAMMY, seconds: float = 3600.0) -> Instance:
        """Follow the recorded ``attempt`` as the next up would."""
        before = Applied(image_id=applied_image, key_id="key-YWD2QFOl")
        recorded = parse_recorded(with_attempt({"instanceId": WEB}, {}, attempt, before, None))
        return wait_until_rebuilt(self.operation(seconds), attempt, Target.of_attempt(WEB, recorded))[1]

    def actions(self) -> list[str]:
        """Return the accepted mutations."""
        return [entry["action"] for entry in self.sim.ledger()]

    def sent(self, action: str) -> int:
        """Return how often an action arrived, refused and dropped ones included."""
        return sum(request["action"] == action for request in self.sim.requests())

    def status(self) -> str:
        """Return the machine's true status."""
        status: str = self.sim.instance(WEB)["status"]
        return status


@pytest.fixture
def make_rig(tmp_path: Path) -> Callable[..., Rig]:
    return lambda transition="DEPLOYING": Rig(transition, tmp_path)


@pytest.fixture
def rig(make_rig: Callable[..., Rig]) -> Rig:
    return make_rig()


class CommandFailedError(Exception):
    """A command did not succeed; the text is what the user reads."""


class StrictStack(Stack):
    """A stack whose commands raise :class:`CommandFailedError` unless they succeed."""

    Failed = CommandFailedError

    def up(self, program: Mapping[str, Any] | None = None, /, **inputs: Any) -> Outcome:
        return self._succeeded(super().up(program or inputs))

    def refresh(self) -> Outcome:
        return self._succeeded(super().refresh())

    def destroy(self) -> Outcome:
        """Have the next resource bear the same name, as in a program that nobody changes."""
        generation, outcome = self.generation, super().destroy()
        self.generation = generation
        return outcome

    @property
    def sim(self) -> LocalSimulator:
        return self.world.sim

    @property
    def clock(self) -> CloudClock:
        return self.world.clock

    def halt_at(self, text: str, halt: StopReason) -> None:
        """Have the engine want nothing more once a line of the next command begins with ``text``."""
        happens = self.told_to_stop if halt is StopReason.CANCELLED else self.engine_dies
        self.world.points.armed = Disturbance(f"row {text}", 1, happens)

    def actions(self) -> list[str]:
        return self.world.actions()

    def machine(self) -> dict[str, Any]:
        return self.sim.instance(WEB)

    @staticmethod
    def _succeeded(outcome: Outcome) -> Outcome:
        if outcome.end != "succeeded":
            raise CommandFailedError(outcome.text)
        return outcome


@pytest.fixture
def make_stack() -> Iterator[Callable[..., StrictStack]]:
    worlds: list[World] = []

    def make(transition: Transition = "DEPLOYING") -> StrictStack:
        world = World(transition, Counter())
        worlds.append(world)
        return StrictStack(world, "dev", WEB, world.stacks[0].runner)

    yield make
    for world in worlds:
        world.close()


@pytest.fixture
def stack(make_stack: Callable[..., StrictStack]) -> StrictStack:
    return make_stack()
