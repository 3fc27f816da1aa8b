"""A rebuild against the simulator in this process, on a clock that moves when it is slept on."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from zec_pulumi.api import BearerToken, Client, Endpoint, Instance, ResetInstanceRequest
from zec_pulumi.cloud.poller import StatusPoller
from zec_pulumi.cloud.reader import CloudReader
from zec_pulumi.journal.journal import InstanceLog, Journal
from zec_pulumi.journal.locks import Lock
from zec_pulumi.operations.apply import create, update
from zec_pulumi.operations.context import CloudConnection, Process
from zec_pulumi.operations.error_boundary import error_boundary
from zec_pulumi.operations.read import read
from zec_pulumi.planning.causes import Cause
from zec_pulumi.planning.inputs import Applied, Attempt, parse_recorded
from zec_pulumi.planning.record import with_attempt
from zec_pulumi.progress import Progress
from zec_pulumi.rebuild.operation import Operation
from zec_pulumi.rebuild.rebuild import rebuild
from zec_pulumi.rebuild.wait import Target, wait_until_rebuilt
from zec_pulumi.settings.options import Options
from zec_pulumi.simulator import Simulator
from zec_pulumi.time.deadline import Deadline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from zec_pulumi.errors import StopReason

JAMMY, NOBLE = "ubuntu2204_20240712", "ubuntu2404_20240712"
WEB = "1272168087751233112"


class SimulatedClock:
    """The simulator's own time; sleeping moves it, and so the whole cloud, and takes none."""

    def __init__(self, sim: Simulator) -> None:
        self._sim = sim
        self._begin = sim.now()

    def now(self) -> float:
        return self._sim.now()

    def monotonic(self) -> float:
        return self._sim.now() - self._begin

    def sleep(self, seconds: float) -> None:
        self._sim.advance(max(0.0, seconds))


class RecordingRow:
    """A row of the engine's display, and the engine itself: it halts the work when ``halts_at`` is shown."""

    def __init__(self) -> None:
        self.halts_at: tuple[str, StopReason] | None = None
        self.lines: list[str] = []
        self._halt: StopReason | None = None

    def stop_reason(self) -> StopReason | None:
        return self._halt

    def progress(self, text: str) -> None:
        self.lines.append(text)
        if self.halts_at is not None and self.halts_at[0] in text:
            self._halt = self.halts_at[1]

    def warn(self, text: str) -> None:
        self.lines.append(text)

    info = error = warn


class Rig:
    """Everything that one rebuild needs, and what the judge saw of it."""

    def __init__(self, sim: Simulator, client: Client, clock: SimulatedClock, home: Path) -> None:
        self.sim = sim
        self.client = client
        self.clock = clock
        self.home = home
        self.journal = Journal(home, clock)
        self.row = RecordingRow()
        self.reader = CloudReader(client, clock)
        self.poller = StatusPoller(client, self.reader, clock, 5.0)
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


@pytest.fixture(scope="session")
def simulators() -> Iterator[Callable[[str], Simulator]]:
    """One simulator for each transitional status that the sources name."""
    with (
        Simulator(clock="manual", transition="DEPLOYING") as deploying,
        Simulator(clock="manual", transition="REBUILDING") as rebuilding,
    ):
        yield {"DEPLOYING": deploying, "REBUILDING": rebuilding}.__getitem__


@pytest.fixture
def make_rig(simulators: Callable[[str], Simulator], tmp_path: Path) -> Iterator[Callable[..., Rig]]:
    clients: list[Client] = []

    def make(transition: str = "DEPLOYING") -> Rig:
        sim = simulators(transition)
        sim.reset()
        clock = SimulatedClock(sim)
        # A token: signatures are judged by real time, which this clock leaves behind.
        client = Client(BearerToken(sim.token), Endpoint(sim.host, "http"), clock=clock, random_fraction=lambda: 0.0)
        clients.append(client)
        return Rig(sim, client, clock, tmp_path / str(len(clients)))

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def rig(make_rig: Callable[..., Rig]) -> Rig:
    return make_rig()


class CallEndedError(Exception):
    """The answer of a call that failed; the text is what the user reads."""


class FakeCall(RecordingRow):
    """One call of the engine; a partial failure is kept as the engine keeps it."""

    def __init__(self, stack: Stack) -> None:
        super().__init__()
        self._stack = stack
        self.urn = "urn:pulumi:dev::demo::type::web-1"
        self.timeout = stack.timeout
        self.old_inputs = dict(stack.inputs)
        self.halts_at = stack.halts_at

    def on_row(self, _urn: str) -> FakeCall:
        return self

    def fail(self, message: str) -> NoReturn:
        raise CallEndedError(message)

    def fail_partially(self, message: str, _id: str, outputs: Mapping[str, Any], inputs: Mapping[str, Any]) -> NoReturn:
        self._stack.outputs, self._stack.inputs = dict(outputs), dict(inputs)
        raise CallEndedError(message)


class Stack:
    """What a stack's state holds of one resource, and the engine's calls for it."""

    Failed = CallEndedError

    def __init__(self, sim: Simulator, clock: SimulatedClock, process: Process) -> None:
        self.sim = sim
        self.clock = clock
        self.process = process
        self.outputs: dict[str, Any] = {}
        self.inputs: dict[str, Any] = {}
        self.halts_at: tuple[str, StopReason] | None = None
        self.timeout: float | None = None
        self.settings: dict[str, str] = {}
        self.checks = True
        self.send: str | None = "{}"
        self.secret: frozenset[str] | None = frozenset()
        self.call = FakeCall(self)

    @contextlib.contextmanager
    def calling(self) -> Iterator[FakeCall]:
        """Give a call of the engine; an error inside becomes its answer."""
        self.call = FakeCall(self)
        with error_boundary(self.call):
            yield self.call

    def up(self, **inputs: Any) -> None:
        """Create or update as the engine would; raises ``Failed`` with what the user reads."""
        wanted = {"instanceId": WEB, **inputs}
        with self.calling() as call:
            if self.checks:
                self.process.checked.add(call.urn, dry_run=False, settings=self.sent_settings(), secrets=self.secret)
            if self.outputs:
                self.outputs = update(self.process, call, dict(self.outputs), wanted)
            else:
                self.outputs = create(self.process, call, wanted).outputs
        self.inputs = wanted

    def sent_settings(self) -> str | None:
        """Return what the program sends as the stack's configuration: ``settings``, or else ``send``."""
        return json.dumps(self.settings) if self.settings else self.send

    def refresh(self) -> None:
        with self.calling() as call:
            found = read(self.process, call, WEB, dict(self.outputs))
            self.outputs, self.inputs = found.outputs, found.inputs

    def actions(self) -> list[str]:
        return [entry["action"] for entry in self.sim.ledger()]

    def machine(self) -> dict[str, Any]:
        return self.sim.instance(WEB)


@pytest.fixture
def make_stack(simulators: Callable[[str], Simulator], tmp_path: Path) -> Iterator[Callable[..., Stack]]:
    clients: list[Client] = []

    def make(transition: str = "DEPLOYING") -> Stack:
        sim = simulators(transition)
        sim.reset()
        clock = SimulatedClock(sim)
        client = Client(BearerToken(sim.token), Endpoint(sim.host, "http"), clock=clock, random_fraction=lambda: 0.0)
        # A home of its own for each.
        home = tmp_path / str(len(clients))
        clients.append(client)
        reader = CloudReader(client, clock)
        connection = CloudConnection(client, reader, StatusPoller(client, reader, clock, 5.0))
        return Stack(sim, clock, Process(home, clock, connection, Options()))

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def stack(make_stack: Callable[..., Stack]) -> Stack:
    return make_stack()
