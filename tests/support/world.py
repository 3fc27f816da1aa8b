"""One machine in a cloud, and the stacks that describe it."""

from __future__ import annotations

import contextlib
import os
import random
import resource
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from tests.support.cloud import HOST, TOKEN, CloudClock, LocalSimulator, LocalTransport, client_of
from tests.support.gate import ADDRESS, PORT
from tests.support.judge import ClaimBrokenError, Judge
from tests.support.points import Disturbance, Points, kill
from tests.support.stack import Stack
from zec_pulumi.api import BearerToken, Endpoint
from zec_pulumi.cloud.poller import StatusPoller
from zec_pulumi.cloud.reader import CloudReader
from zec_pulumi.journal.clouds import account_of, journal_of
from zec_pulumi.journal.journal import Journal
from zec_pulumi.journal.marker import KEY, Marker, parse
from zec_pulumi.operations.context import CloudConnection, Process
from zec_pulumi.settings.options import resolve_options
from zec_pulumi.simulator.models import Tag

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator, Mapping

    from typing_extensions import Self

    from zec_pulumi.journal.journal import Event
    from zec_pulumi.simulator.cloud import Transition

WEB = "1272168087751233112"
OTHER_HOST = "127.0.0.1:2"
POLL_SECONDS = 5.0
TAGGING = frozenset({"ModifyResourceTags", "DeleteTags"})
_CREDENTIALS = BearerToken(TOKEN)
WALL_STEPS = (3600.0, -3600.0, 90.0, -90.0, 200_000.0, -200_000.0)


class World:
    """A cloud, its clock, and two stacks with the same instance; ``tally`` counts what happened.

    While ``disk_room`` is a number, until the end of the command, the journal's files take so many bytes more. With
    ``torn`` the plugin is killed when so many bytes of the journal's next line are written.

    A ``rehearsed`` world is another cloud, whose stacks have the homes of that one's.

    With ``steps`` the wall clock is set somewhere in each command, always alike for the same number.
    """

    def __init__(
        self,
        transition: Transition,
        tally: Counter[str],
        *,
        one_runner: bool = True,
        steps: int | None = None,
        rehearsed: World | None = None,
    ) -> None:
        self._steps = None if steps is None else random.Random(steps)  # noqa: S311 reproducible on purpose
        self.tally = tally
        self.transition = transition
        self.endpoint = Endpoint(OTHER_HOST if rehearsed else HOST, "http")
        self.points = Points()
        self.sim = LocalSimulator(transition, observer=self._mutated)
        self.cloud = self.sim.cloud
        self.cloud.patch(WEB, {"publicIpAddresses": [ADDRESS]})
        self.sick: set[str] = set()
        self.clock = CloudClock(self.sim, self._slept)
        self.transport = LocalTransport(self.cloud, self._passed)
        self.homes: Path = rehearsed.homes if rehearsed else Path(tempfile.mkdtemp(prefix="histories-"))
        self._rehearsed = rehearsed
        self._rehearsal: World | None = None
        self.judge = Judge(self)
        self.acting: Stack | None = None
        self.intended: str | None = None
        self.attempts: set[str] = set()
        """How the ids of all attempts begin: of one that ended before its intent only the marker tells."""
        self.seen_markers: list[str] = []
        self.process = self._new_process(self.homes, {})
        self.secrets: set[str] = {TOKEN}
        self.runners = 0
        self.command = self.commands = 0
        first = self._new_runner()
        self.stacks = [
            Stack(self, "dev", WEB, first),
            Stack(self, "ops", WEB, first if one_runner else self._new_runner()),
        ]
        self.requests_before = 0
        self.disk_room: int | None = None
        self.torn: int | None = None
        self.opened = False

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def open(self) -> None:
        """Begin to be the world that the package sees."""
        self.opened = True

    def close(self) -> None:
        """End it and remove its files."""
        self.opened = False
        if self._rehearsed is None:
            shutil.rmtree(self.homes, ignore_errors=True)

    @property
    def rehearsal(self) -> World:
        """Another cloud with the same machines, for whoever tries things out before."""
        if self._rehearsal is None:
            self._rehearsal = World(self.transition, self.tally, rehearsed=self)
        return self._rehearsal

    @property
    def worlds(self) -> list[World]:
        """This world, and its rehearsal where there was one."""
        return [self, *([self._rehearsal] if self._rehearsal else [])]

    @property
    def machine(self) -> dict[str, Any]:
        """The machine as it truly is."""
        instance = self.cloud.instance(WEB)
        return (
            instance.model_dump(by_alias=True)
            if instance
            else {"status": "GONE", "imageId": None, "keyId": None, "pending": None}
        )

    def actions(self) -> list[str]:
        """Return the accepted mutations of the machine itself."""
        return [entry["action"] for entry in self.cloud.ledger.entries() if entry["action"] not in TAGGING]

    def tagging(self) -> list[str]:
        """Return the accepted mutations of tags."""
        return [entry["action"] for entry in self.cloud.ledger.entries() if entry["action"] in TAGGING]

    @property
    def markers(self) -> list[str]:
        """The values of markers in the account's list of tags."""
        return [tag.value for tag in self.cloud.world.tags if tag.key == KEY]

    def mark(self, value: str | None, tags: Mapping[str, str] | None = None) -> None:
        """Write a marker on the machine, or take it off, as others could; and with ``tags`` only these beside it."""
        for accepted in self.judge.accepted:
            accepted.marked = False
        instance = self.cloud.instance(WEB)
        assert instance is not None
        kept = [tag for tag in instance.tags if tag.key != KEY]
        others = kept if tags is None else [Tag(key=key, value=text) for key, text in tags.items()]
        written = others if value is None else [*others, Tag(key=KEY, value=value)]
        self.cloud.world.bind(instance, written, self.cloud.clock.now())

    @property
    def marker(self) -> str | None:
        """The value of the marker that the machine has."""
        instance = self.cloud.instance(WEB)
        return next((tag.value for tag in instance.tags if tag.key == KEY), None) if instance else None

    def marks(self, stack: Stack) -> bool:
        """Whether the settings of the stack have markers written."""
        return isinstance(stack.settings, dict) and stack.settings.get("zec:markAttempts") != "false"

    def resets(self) -> int:
        """Return how many resets were accepted."""
        return self.actions().count("ResetInstance")

    def by_hand(self, **fields: Any) -> None:
        """Change the machine at the console."""
        self.tally["interferences"] += 1
        self.judge.drift += 1
        with contextlib.suppress(KeyError):
            self.cloud.patch(WEB, fields)

    def lose_journal(self, stack: Stack) -> None:
        """Go on with this stack on a fresh runner."""
        stack.runner = self._new_runner()
        self.judge.journals[stack.name] = self.runners

    def breaks(self, claim: str) -> NoReturn:
        """Say that a claim does not hold."""
        self.tally["anomalies"] += 1
        raise ClaimBrokenError(claim)

    @contextlib.contextmanager
    def running(self, stack: Stack) -> Iterator[None]:
        """Be the plugin process of a command on that stack."""
        acting, self.acting = self.acting, stack
        before, self.process = self.process, self._new_process(stack.runner, stack.configured)  # it knows nothing
        self.requests_before = len(self.sim.requests())
        command, self.commands = self.command, self.commands + 1
        self.command = self.commands
        if self._steps is not None:
            seconds = self._steps.choice(WALL_STEPS)
            self.points.step = Disturbance("", self._steps.randint(1, 40), lambda: self.clock.set_wall(seconds))
        try:
            yield
        finally:
            self.acting, self.process, self.command = acting, before, command
            self.disk_room = self.torn = None

    def journal_at(self, runner: Path) -> Journal:
        """Return the journal of this cloud on a runner."""
        return journal_of(runner, self.clock, self.endpoint, _CREDENTIALS)

    def _new_process(self, runner: Path, configured: Mapping[str, str]) -> Process:
        client = client_of(self.transport, self.clock)
        reader = CloudReader(client, self.clock)
        connection = CloudConnection(client, reader, StatusPoller(client, reader, self.clock, POLL_SECONDS))
        journal = PointedJournal(self.journal_at(runner).folder, runner, self)
        return Process(journal, self.clock, connection, resolve_options(configured))

    def _new_runner(self) -> Path:
        self.runners += 1
        return self.homes / str(self.runners)

    def _mutated(self, entry: dict[str, Any]) -> None:
        self.judge.mutated(entry)

    def _slept(self) -> None:
        self.show_health()
        self.points.passed("sleep")

    def _passed(self, point: str) -> None:
        if point == "before ResetInstance":
            self.judge.backups.disk = self.machine.get("diskIdentity", "")
        if point.startswith("after"):
            self._looked()
            self.show_health()
        self.points.passed(point)

    def show_health(self) -> None:
        """Let the machine's port answer if it runs a system that is not sick; a backup of a sick one is sick, too."""
        instance = self.cloud.instance(WEB)
        running = instance is not None and instance.status == "RUNNING"
        PORT.answer(healthy=running and instance is not None and instance.disk_identity not in self.sick)

    def _looked(self) -> None:
        instance = self.cloud.instance(WEB)
        if self.marker is not None and self.marker not in self.seen_markers:
            self.seen_markers.append(self.marker)
            marker = parse(self.marker)
            if isinstance(marker, Marker):
                self.attempts.add(marker.attempt)
                self.judge.marked(marker.attempt)
        if instance is not None:
            self.judge.looked({"status": instance.status, "imageId": instance.image_id, "keyId": instance.key_id})


class PointedJournal(Journal):
    """The real journal, with points around its lines, on a disk that may be full."""

    def __init__(self, folder: Path, runner: Path, world: World) -> None:
        super().__init__(folder, world.clock, account_of(_CREDENTIALS), older=runner)
        self._world = world

    def prepare(self, instance_id: str, *, approval: bool) -> None:
        """Find out whether an intent could be written."""
        with self._room(0):
            super().prepare(instance_id, approval=approval)

    def intend(self, attempt_id: str, *facts: Any, **more: Any) -> None:
        """Write an intent."""
        self._world.points.passed("journal")
        self._world.attempts.add(attempt_id[:8])
        super().intend(attempt_id, *facts, **more)
        self._world.intended = attempt_id
        self._world.points.passed("journal")

    def note(self, instance_id: str, attempt_id: str, event: Event, request_id: str | None = None) -> None:
        """Write what became of an attempt."""
        self._world.points.passed("journal")
        super().note(instance_id, attempt_id, event, request_id)
        self._world.points.passed("journal")

    def _append(self, instance_id: str, line: dict[str, Any], file: Path | None = None) -> None:
        target = file or self._file(instance_id)
        size = target.stat().st_size if target.exists() else 0
        with self._room(size):
            super()._append(instance_id, line, file)
        if self._world.torn is not None:
            os.truncate(target, min(size + self._world.torn, target.stat().st_size - 1))
            kill()

    @contextlib.contextmanager
    def _room(self, size: int) -> Iterator[None]:
        """Let the system take no byte of a file beyond ``size`` and what room there is."""
        if self._world.disk_room is None:
            yield
            return
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + self._world.disk_room, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
