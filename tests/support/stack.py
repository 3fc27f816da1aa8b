"""One resource of one stack: what the state holds of it, and the engine's calls for it, as the real engine makes them.

Every command is a plugin process of its own: a new reader, nothing remembered but the state and the journal.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

from tests.support.points import PluginKilledError
from tests.support.row import FakeRow
from zec_pulumi.engine.connection import RPC_SECONDS
from zec_pulumi.errors import StopReason
from zec_pulumi.operations.apply import create, update
from zec_pulumi.operations.check import check
from zec_pulumi.operations.diff import diff
from zec_pulumi.operations.error_boundary import error_boundary
from zec_pulumi.operations.forget import forget
from zec_pulumi.operations.read import read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from tests.support.world import World
    from zec_pulumi.journal.journal import Journal
    from zec_pulumi.operations.context import Process

URN = "urn:pulumi:{stack}::demo::pulumi-python:dynamic/zec:InstanceOsImage::{name}"


@dataclass
class Outcome:
    """How a command ended: ``succeeded``, ``failed``, ``killed``, or ``unrecorded`` (the engine died)."""

    end: str
    text: str = ""
    lines: list[str] = field(default_factory=list)
    changes: bool = False
    severities: list[str] = field(default_factory=list)


class CallFailedError(Exception):
    """A command's error; the text is what the user reads."""


class FakeCall:
    """A call of the engine; a partial failure is kept as the engine keeps it, unless the engine is dead."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self.urn = stack.urn
        self.timeout = stack.timeout
        self.old_inputs = dict(stack.inputs)
        row = stack.row
        self.stop_reason = stack.stop_reason
        self.progress, self.info, self.warn, self.error = row.progress, row.info, row.warn, row.error

    def on_row(self, _urn: str) -> FakeCall:
        """Return itself: there is one row."""
        return self

    def fail(self, message: str) -> NoReturn:
        """Fail with one sentence."""
        raise CallFailedError(message)

    def fail_partially(self, message: str, _id: str, outputs: Mapping[str, Any], inputs: Mapping[str, Any]) -> NoReturn:
        """Fail, and have the resource recorded."""
        self._stack.record(outputs, inputs)
        raise CallFailedError(message)


class Stack:
    """The state of one resource, and the commands a user runs. ``generation`` counts destroys and renames.

    ``settings`` are the stack's ``zec:`` settings as the program sends them, or the text that it sends instead; None
    where it sends none. ``configured`` are those that the provider is configured with: the same, or those of an
    explicit provider. ``secrets`` are the keys of the inputs that the program gives as secrets. ``runner`` is where the
    computer that runs the commands keeps journals and locks.
    """

    def __init__(self, world: World, name: str, instance_id: str, runner: Path) -> None:
        self.world = world
        self.name = name
        self.instance_id = instance_id
        self.runner = runner
        self.generation = 0
        self.outputs: dict[str, Any] = {}
        self.inputs: dict[str, Any] = {}
        self.row = FakeRow()
        self._silent_until = 0.0
        self.settings: Mapping[str, str] | str | None = {}
        self.configured: Mapping[str, str] = {}
        self.secrets: frozenset[str] = frozenset()
        self.timeout: float | None = None
        self.program: dict[str, Any] = {}

    @property
    def urn(self) -> str:
        """The resource's name for the engine."""
        return URN.format(stack=self.name, name=f"web-{self.generation}")

    @property
    def journal(self) -> Journal:
        """The journal of this stack's runner."""
        return self.world.journal_at(self.runner)

    @property
    def home(self) -> Path:
        """Where its journal, used approvals and locks are."""
        return self.journal.folder

    @property
    def halt(self) -> StopReason | None:
        """Why nothing more was wanted in the last command."""
        return self.row.halt

    @property
    def lines(self) -> list[str]:
        """What the last command has shown."""
        return self.row.lines

    @property
    def previous(self) -> str | None:
        """The attempt id of the last rebuild that the state holds."""
        return (self.outputs.get("lastRebuild") or {}).get("attemptId")

    def up(self, program: Mapping[str, Any], /) -> Outcome:
        """Run ``pulumi up``."""
        self.program = dict(program)
        wanted = {"instanceId": self.instance_id, **program}
        return self._command(lambda: self._up(wanted))

    def preview(self, program: Mapping[str, Any]) -> Outcome:
        """Run ``pulumi preview``."""
        return self._command(lambda: self._planned({"instanceId": self.instance_id, **program}, dry_run=True))

    def refresh(self) -> Outcome:
        """Run ``pulumi refresh``."""
        return self._command(self._refresh) if self.outputs else Outcome("succeeded")

    def destroy(self) -> Outcome:
        """Run ``pulumi destroy``."""
        return self._command(self._destroy) if self.outputs else Outcome("succeeded")

    def rename(self, program: Mapping[str, Any]) -> Outcome:
        """Run ``pulumi up`` with the resource under a new name: the new one is created, the old one deleted."""
        old_urn = self.urn
        self.generation += 1
        self.outputs, self.inputs = {}, {}
        outcome = self.up(program)
        if outcome.end == "succeeded":
            new_urn_generation, self.generation = self.generation, int(old_urn.rpartition("-")[2])
            self._command(self._delete)
            self.generation = new_urn_generation
        return outcome

    def record(self, outputs: Mapping[str, Any], inputs: Mapping[str, Any]) -> None:
        """Save the state, as a living engine does."""
        if self.halt is not StopReason.ENGINE_GONE:
            self.outputs, self.inputs = dict(outputs), dict(inputs)
            self.world.judge.recorded(outputs)

    def told_to_stop(self) -> None:
        """Ctrl-C."""
        self.row.halt = StopReason.CANCELLED

    def engine_dies(self) -> None:
        """SIGKILL of the engine."""
        self.row.halt = StopReason.ENGINE_GONE

    def engine_is_silent(self, seconds: float) -> None:
        """The engine does not answer for so long; then it is there as before."""
        self._silent_until = self.world.clock.monotonic() + seconds

    def stop_reason(self) -> StopReason | None:
        """Return why nothing more is wanted; where the engine is silent, as late as the real call does."""
        if self.halt is None and self.world.clock.monotonic() < self._silent_until:
            self.world.clock.advance(RPC_SECONDS)
            return StopReason.ENGINE_GONE
        return self.halt

    def _command(self, work: Callable[[], bool]) -> Outcome:
        row = self.row = FakeRow(lambda text: self.world.points.passed(f"row {text}"))
        self._silent_until = 0.0  # each command has an engine of its own
        end, text, changes = "succeeded", "", False
        with self.world.running(self):
            try:
                changes = work()
            except PluginKilledError:
                return Outcome("killed", lines=row.lines, severities=row.severities)
            except CallFailedError as error:
                end, text = "failed", str(error)
        if row.halt is StopReason.ENGINE_GONE:
            end = "unrecorded"
        return Outcome(end, text, row.lines, changes, row.severities)

    @contextlib.contextmanager
    def _calling(self) -> Iterator[tuple[Process, FakeCall]]:
        """Give a call of the engine; an error inside becomes its answer."""
        call = FakeCall(self)
        with error_boundary(call):
            yield self.world.process, call

    def _planned(self, wanted: dict[str, Any], *, dry_run: bool) -> bool:
        sent = self.settings
        settings = sent if sent is None or isinstance(sent, str) else json.dumps(dict(sent))
        with self._calling() as (process, call):
            findings = check(
                process,
                call,
                dict(self.inputs),
                dict(wanted),
                dry_run=dry_run,
                settings=settings,
                secrets=self.secrets,
            )
        if findings:
            raise CallFailedError("\n".join(findings))
        if not self.outputs:
            return True
        with self._calling() as (process, call):
            return diff(process, call, dict(self.outputs), wanted).changes

    def _up(self, wanted: dict[str, Any]) -> bool:
        return self._planned(wanted, dry_run=False) and self._apply(wanted)

    def _apply(self, wanted: dict[str, Any]) -> bool:
        olds = dict(self.outputs)
        with self._calling() as (process, call):
            outputs = update(process, call, olds, wanted) if olds else create(process, call, wanted).outputs
        self.world.points.passed("returned")
        self.record(outputs, wanted)
        return True

    def _refresh(self) -> bool:
        with self._calling() as (process, call):
            found = read(process, call, self.instance_id, dict(self.outputs))
        self.record(found.outputs, found.inputs)
        return False

    def _delete(self) -> bool:
        with self._calling() as (process, call):
            forget(process, call, self.instance_id, dict(self.outputs))
        return False

    def _destroy(self) -> bool:
        self._delete()
        self.record({}, {})
        self.generation += 100
        return False
