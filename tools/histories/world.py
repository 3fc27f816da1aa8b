"""One machine in a cloud, and the stacks that describe it."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn
from unittest import mock

from histories import cloud as local
from histories.judge import ClaimBrokenError, Judge
from histories.points import Points
from histories.stack import Row, Stack
from zec_pulumi.cloud.poller import Watch
from zec_pulumi.cloud.reader import LiveReader
from zec_pulumi.journal.journal import Journal
from zec_pulumi.operations import context as session
from zec_pulumi.operations import preview
from zec_pulumi.operations.claims import Claims
from zec_pulumi.settings.config import resolve

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator

    from typing_extensions import Self

    from zec_pulumi.journal.journal import Event
    from zec_pulumi.planning.causes import Cause
    from zec_pulumi.simulator.cloud import Transition
    from zec_pulumi.time.clock import Clock

WEB = "1272168087751233112"
POLL_SECONDS = 5.0
CONFIG = {"zec:token": local.TOKEN, "zenlayercloud:domain": local.HOST, "zenlayercloud:scheme": "HTTP"}
SETTINGS = resolve(CONFIG.get, {}, Path("/nonexistent"))


class World:
    """A cloud, its clock, and two stacks with the same instance; ``tally`` counts what happened."""

    def __init__(self, transition: Transition, tally: Counter[str], *, one_runner: bool = True) -> None:
        self.tally = tally
        self.points = Points()
        self.cloud = local.new_cloud(transition, self._mutated)
        self.clock = local.MovingClock(self.cloud, self.points)
        self.transport = local.LocalTransport(self.cloud, self.points, self._looked)
        self.client = local.client_of(self.transport, self.clock)
        self.homes = Path(tempfile.mkdtemp(prefix="histories-"))
        self.judge = Judge(self)
        self.acting: Stack | None = None
        self.intended: str | None = None
        self.session: session.Session | None = None
        self.secrets: set[str] = {local.TOKEN}
        self.runners = 0
        self.command = self.commands = 0
        first = self._new_home()
        self.stacks = [
            Stack(self, "dev", WEB, first),
            Stack(self, "ops", WEB, first if one_runner else self._new_home()),
        ]
        self.opened = False
        self._patches = contextlib.ExitStack()

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def open(self) -> None:
        """Begin to be the world that the package sees."""
        self.opened = True
        self._patches.enter_context(mock.patch("zec_pulumi.engine.current_call", self._current_call))
        self._patches.enter_context(mock.patch("zec_pulumi.engine.is_interactive", return_value=False))

    def close(self) -> None:
        """End it and remove its files."""
        self.opened = False
        self._patches.close()
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
        """Return the accepted mutations."""
        return [entry["action"] for entry in self.cloud.ledger.entries()]

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
        reader = LiveReader(self.client, self.clock)
        watch = Watch(self.client, reader, self.clock, POLL_SECONDS)
        journal = PointedJournal(stack.home, self.clock, self)
        made = session.Session(SETTINGS, self.client, reader, watch, self.clock, stack.home, journal)
        acting, self.acting, self.session = self.acting, stack, made
        command, self.commands = self.command, self.commands + 1
        self.command = self.commands
        # A new process knows nothing.
        with (
            mock.patch.object(session, "_session", made),
            mock.patch.object(preview, "_dry", preview._Dry()),  # noqa: SLF001 what the process remembers
            mock.patch.object(preview, "claims", Claims()),
        ):
            try:
                yield
            finally:
                self.acting, self.command = acting, command

    def _current_call(self, _kind: str) -> Row:
        assert self.acting is not None
        return Row(self.acting)

    def _new_home(self) -> Path:
        self.runners += 1
        return self.homes / str(self.runners)

    def _mutated(self, entry: dict[str, Any]) -> None:
        self.judge.mutated(entry)

    def _looked(self) -> None:
        instance = self.cloud.instance(WEB)
        if instance is not None:
            self.judge.looked({"status": instance.status, "imageId": instance.image_id, "keyId": instance.key_id})


class PointedJournal(Journal):
    """The real journal, with points around its lines."""

    def __init__(self, folder: Path, clock: Clock, world: World) -> None:
        super().__init__(folder, clock)
        self._world = world

    def intend(
        self, attempt_id: str, instance_id: str, urn: str, causes: tuple[Cause, ...], previous: str | None
    ) -> None:
        """Write an intent."""
        self._world.points.passed("journal")
        super().intend(attempt_id, instance_id, urn, causes, previous)
        self._world.intended = attempt_id
        self._world.points.passed("journal")

    def note(self, instance_id: str, attempt_id: str, event: Event, request_id: str | None = None) -> None:
        """Write what became of an attempt."""
        self._world.points.passed("journal")
        super().note(instance_id, attempt_id, event, request_id)
        self._world.points.passed("journal")
