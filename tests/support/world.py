"""One machine in a cloud, and the stacks that describe it."""

from __future__ import annotations

import contextlib
import errno
import os
import random
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from tests.support.cloud import TOKEN, CloudClock, LocalSimulator, LocalTransport, client_of
from tests.support.judge import ClaimBrokenError, Judge
from tests.support.points import Disturbance, Points
from tests.support.stack import Stack
from zec_pulumi.cloud.poller import StatusPoller
from zec_pulumi.cloud.reader import CloudReader
from zec_pulumi.journal.files import refused
from zec_pulumi.journal.journal import Journal
from zec_pulumi.journal.marker import KEY
from zec_pulumi.operations.context import CloudConnection, Process
from zec_pulumi.settings.options import resolve_options
from zec_pulumi.simulator.models import Tag

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator, Mapping

    from typing_extensions import Self

    from zec_pulumi.journal.journal import Event
    from zec_pulumi.simulator.cloud import Transition
    from zec_pulumi.time.clock import Clock

WEB = "1272168087751233112"
POLL_SECONDS = 5.0
TAGGING = frozenset({"ModifyResourceTags", "DeleteTags"})
WALL_STEPS = (3600.0, -3600.0, 90.0, -90.0, 200_000.0, -200_000.0)


class World:
    """A cloud, its clock, and two stacks with the same instance; ``tally`` counts what happened.

    While ``disk_full`` is set, until the end of the command, the journal takes nothing.

    With ``steps`` the wall clock is set somewhere in each command, always alike for the same number.
    """

    def __init__(
        self, transition: Transition, tally: Counter[str], *, one_runner: bool = True, steps: int | None = None
    ) -> None:
        self._steps = None if steps is None else random.Random(steps)  # noqa: S311 reproducible on purpose
        self.tally = tally
        self.points = Points()
        self.sim = LocalSimulator(transition, observer=self._mutated)
        self.cloud = self.sim.cloud
        self.clock = CloudClock(self.sim, lambda: self.points.passed("sleep"))
        self.transport = LocalTransport(self.cloud, self._passed)
        self.homes = Path(tempfile.mkdtemp(prefix="histories-"))
        self.judge = Judge(self)
        self.acting: Stack | None = None
        self.intended: str | None = None
        self.process = self._new_process(self.homes, {})
        self.secrets: set[str] = {TOKEN}
        self.runners = 0
        self.command = self.commands = 0
        first = self._new_home()
        self.stacks = [
            Stack(self, "dev", WEB, first),
            Stack(self, "ops", WEB, first if one_runner else self._new_home()),
        ]
        self.disk_full = False
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
        shutil.rmtree(self.homes, ignore_errors=True)

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

    def mark(self, value: str | None) -> None:
        """Write a marker on the machine, or take it off, as others could."""
        for accepted in self.judge.accepted:
            accepted.marked = False
        instance = self.cloud.instance(WEB)
        assert instance is not None
        others = [tag for tag in instance.tags if tag.key != KEY]
        tags = others if value is None else [*others, Tag(key=KEY, value=value)]
        self.cloud.world.bind(instance, tags, self.cloud.clock.now())

    @property
    def marker(self) -> str | None:
        """The value of the marker that the machine has."""
        instance = self.cloud.instance(WEB)
        return next((tag.value for tag in instance.tags if tag.key == KEY), None) if instance else None

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
        stack.home = self._new_home()
        self.judge.journals[stack.name] = self.runners

    def breaks(self, claim: str) -> NoReturn:
        """Say that a claim does not hold."""
        self.tally["anomalies"] += 1
        raise ClaimBrokenError(claim)

    @contextlib.contextmanager
    def running(self, stack: Stack) -> Iterator[None]:
        """Be the plugin process of a command on that stack."""
        acting, self.acting = self.acting, stack
        before, self.process = self.process, self._new_process(stack.home, stack.configured)  # it knows nothing
        command, self.commands = self.command, self.commands + 1
        self.command = self.commands
        if self._steps is not None:
            seconds = self._steps.choice(WALL_STEPS)
            self.points.step = Disturbance("", self._steps.randint(1, 40), lambda: self.clock.set_wall(seconds))
        try:
            yield
        finally:
            self.acting, self.process, self.command = acting, before, command
            self.disk_full = False

    def _new_process(self, home: Path, configured: Mapping[str, str]) -> Process:
        client = client_of(self.transport, self.clock)
        reader = CloudReader(client, self.clock)
        connection = CloudConnection(client, reader, StatusPoller(client, reader, self.clock, POLL_SECONDS))
        journal = PointedJournal(home, self.clock, self)
        return Process(journal, self.clock, connection, resolve_options(configured))

    def _new_home(self) -> Path:
        self.runners += 1
        return self.homes / str(self.runners)

    def _mutated(self, entry: dict[str, Any]) -> None:
        self.judge.mutated(entry)

    def _passed(self, point: str) -> None:
        if point.startswith("after"):
            self._looked()
        self.points.passed(point)

    def _looked(self) -> None:
        instance = self.cloud.instance(WEB)
        if instance is not None:
            self.judge.looked({"status": instance.status, "imageId": instance.image_id, "keyId": instance.key_id})


class PointedJournal(Journal):
    """The real journal, with points around its lines."""

    def __init__(self, folder: Path, clock: Clock, world: World) -> None:
        super().__init__(folder, clock)
        self._world = world

    def intend(self, attempt_id: str, *facts: Any, **more: Any) -> None:
        """Write an intent."""
        self._pass_point()
        super().intend(attempt_id, *facts, **more)
        self._world.intended = attempt_id
        self._world.points.passed("journal")

    def note(self, instance_id: str, attempt_id: str, event: Event, request_id: str | None = None) -> None:
        """Write what became of an attempt."""
        self._pass_point()
        super().note(instance_id, attempt_id, event, request_id)
        self._world.points.passed("journal")

    def _pass_point(self) -> None:
        self._world.points.passed("journal")
        if self._world.disk_full:
            raise refused(self.folder, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
