"""What the operations of one plugin process share: one object, made from the stack's configuration.

Providers are pickled by reference into every stack's state and hold nothing, so an edge keeps this object and hands
it to each operation.
"""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from zec_pulumi.api import Client, ConfigurationError
from zec_pulumi.cloud.poller import StatusPoller
from zec_pulumi.cloud.reader import CloudReader
from zec_pulumi.journal import recovery
from zec_pulumi.journal.clouds import journal_of
from zec_pulumi.journal.journal import InstanceLog, Journal, home
from zec_pulumi.operations.backups import PlannedBackups
from zec_pulumi.operations.fleet_progress import FleetBoard
from zec_pulumi.operations.places import Places
from zec_pulumi.planning import status
from zec_pulumi.planning.gates import GateSettings, Missing, strictest
from zec_pulumi.program import urns
from zec_pulumi.progress import Progress, Row
from zec_pulumi.rebuild.operation import Operation
from zec_pulumi.settings.config import resolve, resolve_endpoint
from zec_pulumi.settings.options import gates_from_program, resolve_options
from zec_pulumi.time.clock import InterruptibleClock, SystemClock
from zec_pulumi.time.deadline import DEFAULT_SECONDS, Deadline

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from zec_pulumi.api import Instance
    from zec_pulumi.journal.locks import Lock
    from zec_pulumi.settings.config import Settings
    from zec_pulumi.settings.credentials_file import SettingsWarning
    from zec_pulumi.settings.options import Options
    from zec_pulumi.time.clock import Clock


class Call(Row, Protocol):
    """One call of the engine, as an edge hands it in.

    ``timeout`` is in seconds (``custom_timeouts``), None when unset. ``old_inputs`` are the recorded inputs where the
    engine sends them (refresh, update), else empty.
    """

    urn: str
    timeout: float | None
    old_inputs: dict[str, Any]

    def on_row(self, urn: str) -> Row:
        """Return the row of another resource of the stack."""


@dataclass(frozen=True)
class CloudConnection:
    """The API as one process uses it: one client, one reader, one poller."""

    client: Client
    reader: CloudReader
    poller: StatusPoller

    @classmethod
    def open(
        cls, settings: Settings, clock: Clock, is_busy: Callable[[], bool], cancelled: threading.Event
    ) -> CloudConnection:
        """Return a connection with the credentials in ``settings``; nothing is sent yet."""
        client = Client(
            settings.credentials,
            settings.endpoint,
            timeouts=settings.timeouts,
            clock=clock,
            cancelled=cancelled,
        )
        reader = CloudReader(client, clock, is_busy)
        return cls(client, reader, StatusPoller(client, reader, clock, settings.options.poll_interval, is_busy))


class Process:
    """What all operations of a plugin process share. It serves one command of the engine. Thread-safe.

    Args:
        journal: The journal of the cloud that the settings name, or why it cannot be told. The locks are beside it.
        clock: Time, for everything but requests.
        connection: The API, or why there is none.
        options: This package's own settings, or why they cannot be read. They are known without credentials.
        is_interactive: Whether a person watches the engine's display.
        warnings: What is wrong with a setting that works nonetheless.
    """

    def __init__(
        self,
        journal: Journal | ConfigurationError,
        clock: Clock,
        connection: CloudConnection | ConfigurationError,
        options: Options | ConfigurationError,
        is_interactive: Callable[[], bool] = lambda: False,
        warnings: tuple[SettingsWarning, ...] = (),
    ) -> None:
        self.warnings = warnings
        self.clock = clock
        self.declared = DeclaredInstances()
        self.refreshed = False
        """Whether it was asked to read a record back: then the stack's last snapshot may be older than the engine's."""
        self.checked = CheckedResources()
        self.reinstalls = SeenReinstalls()
        self.planned_backups = PlannedBackups()
        self.fleets = FleetBoard(clock, ticking=is_interactive)
        self.places = Places(self.fleets)
        self._journal = journal
        self._connection = connection
        self._options = options
        self._is_interactive = is_interactive

    @classmethod
    def configured(
        cls,
        stack_config: Mapping[str, str],
        environ: Mapping[str, str],
        user_home: Path,
        *,
        cancelled: threading.Event,
        is_busy: Callable[[], bool],
        is_interactive: Callable[[], bool],
    ) -> Process:
        """Return the process for a stack's configuration.

        Missing or wrong settings are kept, and raised where they are needed: a preview may do without them.
        ``cancelled`` ends every wait.
        """
        clock, root = InterruptibleClock(cancelled), home(environ, user_home)
        options: Options | ConfigurationError
        connection: CloudConnection | ConfigurationError
        warnings: tuple[SettingsWarning, ...] = ()
        journal: Journal | ConfigurationError
        try:
            options = resolve_options(stack_config)
        except ConfigurationError as error:
            options = error
        try:
            settings = resolve(stack_config, environ, user_home)
            journal = journal_of(root, clock, settings.endpoint, settings.credentials)
            connection, warnings = CloudConnection.open(settings, clock, is_busy, cancelled), settings.warnings
        except ConfigurationError as error:
            connection = error
            journal = _journal_without_credentials(stack_config, environ, root, clock)
        return cls(journal, clock, connection, options, is_interactive, warnings)

    @classmethod
    def unconfigured(cls) -> Process:
        """Return a process that can do nothing: it has neither credentials nor settings."""
        missing = ConfigurationError("the provider is not configured")
        return cls(missing, SystemClock(), missing, missing)

    @property
    def journal(self) -> Journal:
        """The journal of the cloud.

        Raises:
            ConfigurationError: the settings do not tell which cloud.
        """
        if isinstance(self._journal, ConfigurationError):
            raise self._journal
        return self._journal

    @property
    def connection(self) -> CloudConnection:
        """The API.

        Raises:
            ConfigurationError: the settings are missing or wrong; the text says how to set them.
        """
        if isinstance(self._connection, ConfigurationError):
            raise self._connection
        return self._connection

    @property
    def reader(self) -> CloudReader:
        """The reader of live data; raises as :attr:`connection`."""
        return self.connection.reader

    @property
    def options(self) -> Options:
        """This package's own settings.

        Raises:
            ConfigurationError: one of them is wrong.
        """
        if isinstance(self._options, ConfigurationError):
            raise self._options
        return self._options

    def gates(self, urn: str) -> GateSettings:
        """Return the gates of a resource: the strictest of this process's settings and what the program sent.

        An explicit provider of the program brings a configuration of its own in place of the stack's. So the program
        sends the stack's, and without it every gate is closed.

        Raises:
            ConfigurationError: a setting that is no gate is wrong.
        """
        return strictest(self.options.gates, self.checked.gates(urn))

    def operation(self, call: Call, lock: Lock, instance_id: str, previous: str | None) -> Operation:
        """Return an operation that begins now; ``previous`` is the attempt id of the last recorded rebuild.

        Raises:
            ConfigurationError: the settings are missing or wrong.
        """
        deadline = Deadline(self.clock, call.timeout or DEFAULT_SECONDS)
        return Operation(
            self.connection.client.within(deadline),
            self.connection.reader.within(deadline),
            self.connection.poller,
            self.clock,
            Progress(call, self.clock, ticking=self._is_interactive),
            deadline,
            InstanceLog(self.journal, instance_id, call.urn, previous, self.checked.secrets(call.urn)),
            lock,
        )

    def forget(self, instance_id: str, urn: str) -> None:
        """Have the journal forget a resource that the stack forgets; needs no credentials, and never fails."""
        with contextlib.suppress(Exception):
            recovery.forget_resource(self.journal, instance_id, urn)


def _journal_without_credentials(
    stack_config: Mapping[str, str], environ: Mapping[str, str], root: Path, clock: Clock
) -> Journal | ConfigurationError:
    """Return the journal for what needs no credentials: to forget."""
    try:
        return journal_of(root, clock, resolve_endpoint(stack_config, environ), None)
    except ConfigurationError as error:
        return error


class DeclaredInstances:
    """Which resource of the stack declares which instance: a machine has one operating system. Thread-safe."""

    def __init__(self) -> None:
        self._urns: dict[str, str] = {}
        self._lock = threading.Lock()

    def declare(self, instance_id: str, urn: str) -> str | None:
        """Declare the instance for a resource; return why it cannot be, None when it can.

        A resource may be checked twice. Only what each resource says now counts, so two may exchange their instances.
        """
        with self._lock:
            holder = self._urns.setdefault(instance_id, urn) if urn else urn
        if holder == urn:
            return None
        first, second = urns.name_of(holder), urns.name_of(urn)
        if first == second:
            first, second = holder, urn
        return (
            f"instance_id: instance {instance_id} is declared twice in this stack, by {first} and by {second}; a"
            " machine has one operating system, so take one of them out"
        )


class SeenReinstalls:
    """Which instances this command has seen in a reinstall: it may be over before up reads again. Thread-safe."""

    def __init__(self) -> None:
        self._statuses: dict[str, str] = {}
        self._lock = threading.Lock()

    def add(self, live: Instance) -> None:
        """Add an instance if it is in a reinstall."""
        if live.status in status.REINSTALLING:
            with self._lock:
                self._statuses[live.instance_id] = live.status

    def status_of(self, instance_id: str) -> str | None:
        """Return the status that told of the reinstall, None without one."""
        with self._lock:
            return self._statuses.get(instance_id)


class CheckedResources:
    """What the program told of the resources that were checked. Thread-safe."""

    def __init__(self) -> None:
        self._dry_run: dict[str, bool] = {}
        self._gates: dict[str, GateSettings] = {}
        self._secrets: dict[str, frozenset[str] | None] = {}
        self._lock = threading.Lock()

    def add(
        self, urn: str, *, dry_run: bool, settings: str | None = None, secrets: frozenset[str] | None = None
    ) -> None:
        """Add a resource that is checked now, with what its program told; None for what did not come."""
        gates = gates_from_program(settings)
        with self._lock:
            self._dry_run[urn] = dry_run
            self._gates[urn] = gates
            self._secrets[urn] = secrets

    def gates(self, urn: str) -> GateSettings:
        """Return the gates that the program sent; closed ones for a resource that was not checked."""
        with self._lock:
            return self._gates.get(urn, GateSettings(missing=Missing.NOT_CHECKED))

    def secrets(self, urn: str) -> frozenset[str] | None:
        """Return the property keys of the inputs that are secret; None when they are not known."""
        with self._lock:
            return self._secrets.get(urn)

    def take(self, urn: str) -> bool | None:
        """Return whether the check was in a preview; None when none came since the last diff: the engine refreshes."""
        with self._lock:
            return self._dry_run.pop(urn, None)
