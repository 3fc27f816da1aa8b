"""Runs of one stack in one home: each a process of its own, which can be killed, against one of two clouds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from tests.support.cloud import CloudClock
from tests.support.points import PluginKilledError
from tests.support.programs import JAMMY
from tests.support.world import TAGGING, WEB
from zec_pulumi.api import BearerToken, Client, Endpoint
from zec_pulumi.cloud.poller import StatusPoller
from zec_pulumi.cloud.reader import CloudReader
from zec_pulumi.journal.clouds import journal_of
from zec_pulumi.operations.apply import create, update
from zec_pulumi.operations.context import CloudConnection, Process
from zec_pulumi.operations.error_boundary import error_boundary
from zec_pulumi.settings.options import Options
from zec_pulumi.simulator import Simulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from zec_pulumi.api import Credentials
    from zec_pulumi.errors import StopReason
    from zec_pulumi.journal.journal import Journal

URN = "urn:pulumi:dev::demo::pulumi-python:dynamic/zec:InstanceOsImage::web-1"
SCRIPT = "#!/bin/sh\ntrue\n"


class FailedError(Exception):
    """The answer of a call that failed: what the user reads."""


@dataclass
class Call:
    """One call of the engine; ``on_line`` sees each line and may do what it likes."""

    stack: Stack
    urn: str
    timeout: float | None = None
    old_inputs: dict[str, Any] = field(default_factory=dict)

    def on_row(self, _urn: str) -> Call:
        return self

    def stop_reason(self) -> StopReason | None:
        return self.stack.engine()

    def progress(self, text: str) -> None:
        self.stack.lines.append(text)
        self.stack.on_line(text)

    info = warn = error = progress

    def fail(self, message: str) -> NoReturn:
        raise FailedError(message)

    def fail_partially(self, message: str, _id: str, outputs: Mapping[str, Any], inputs: Mapping[str, Any]) -> NoReturn:
        self.stack.outputs, self.stack.inputs = dict(outputs), dict(inputs)
        raise FailedError(message)


class Stack:
    """What a stack's state holds of one resource, and its runs. Each is a new process, in the same home."""

    def __init__(self, sim: Simulator, home: Path, credentials: Credentials | None = None) -> None:
        self.sim = sim
        self.home = home
        self.credentials = credentials or BearerToken(sim.token)
        self.clock = CloudClock(sim)
        self.urn = URN
        self.outputs: dict[str, Any] = {}
        self.inputs: dict[str, Any] = {}
        self.lines: list[str] = []
        self.on_line: Callable[[str], object] = bool
        self.engine: Callable[[], StopReason | None] = lambda: None
        self.timeout: float | None = None
        self.settings = "{}"
        self.tried: dict[str, Any] = {}

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint(self.sim.host, "http")

    @property
    def journal(self) -> Journal:
        return journal_of(self.home, self.clock, self.endpoint, self.credentials)

    @property
    def file(self) -> Path:
        return self.journal.folder / "journal" / f"{WEB}.jsonl"

    def process(self, client: Client) -> Process:
        reader = CloudReader(client, self.clock)
        connection = CloudConnection(client, reader, StatusPoller(client, reader, self.clock, 5.0))
        return Process(self.journal, self.clock, connection, Options())

    def up(self, **inputs: Any) -> None:
        """Create or update as the engine would; raises ``FailedError`` with what the user reads."""
        wanted = {"instanceId": WEB, **inputs}
        call = Call(self, self.urn, self.timeout, dict(self.inputs))
        token = BearerToken(self.sim.token)  # signatures are judged by real time, which this clock leaves behind
        with Client(token, self.endpoint, clock=self.clock, random_fraction=lambda: 0.0) as client:
            process = self.process(client)
            process.checked.add(self.urn, dry_run=False, settings=self.settings, secrets=frozenset())
            with error_boundary(call):
                if self.outputs:
                    self.outputs = update(process, call, dict(self.outputs), wanted)
                else:
                    self.outputs = create(process, call, wanted).outputs
        self.inputs = wanted

    def failed(self, **inputs: Any) -> str:
        """Run ``up``, which must fail; return what the user reads. ``tried`` keeps the inputs."""
        self.tried = inputs
        with pytest.raises(FailedError) as caught:
            self.up(**inputs)
        assert "defect" not in str(caught.value), caught.value
        return str(caught.value)

    def killed(self, phase: str, **inputs: Any) -> None:
        """Run ``up`` and kill its process when ``phase`` is shown."""

        def kill(text: str) -> None:
            if text.startswith(phase):
                raise PluginKilledError

        self.on_line = kill
        with pytest.raises(PluginKilledError):
            self.up(**inputs)
        self.on_line = bool

    def actions(self) -> list[str]:
        return [entry["action"] for entry in self.sim.ledger() if entry["action"] not in TAGGING]

    def resets(self) -> int:
        return self.actions().count("ResetInstance")

    def status(self) -> str:
        return str(self.sim.instance(WEB)["status"])


@pytest.fixture(scope="session")
def _clouds() -> Iterator[tuple[Simulator, Simulator]]:
    with Simulator(clock="manual") as one, Simulator(clock="manual") as other:
        yield one, other


@pytest.fixture
def clouds(_clouds: tuple[Simulator, Simulator]) -> tuple[Simulator, Simulator]:
    """Two clouds with the same machines."""
    for sim in _clouds:
        sim.reset()
    return _clouds


@pytest.fixture
def make_stack(clouds: tuple[Simulator, Simulator], tmp_path: Path) -> Callable[..., Stack]:
    """Return a maker of stacks that share one home."""

    def make(sim: Simulator | None = None, *, adopted: bool = True, credentials: Credentials | None = None) -> Stack:
        stack = Stack(sim or clouds[0], tmp_path / "home", credentials)
        if adopted:
            stack.up(imageId=JAMMY)
        return stack

    return make


@pytest.fixture
def stack(make_stack: Callable[..., Stack]) -> Stack:
    return make_stack()
