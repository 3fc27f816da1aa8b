"""What all resources of a plugin process share: settings, one client, one reader of live data.

The provider itself is stateless (it is pickled by reference into every stack's state), so this is the one place
that holds state. It is made from the stack's configuration when the engine configures the provider.
"""

from __future__ import annotations

import contextlib
import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from zec_pulumi import engine
from zec_pulumi.api import Client, ConfigurationError
from zec_pulumi.api.throttle import Throttle
from zec_pulumi.cloud.poller import Watch
from zec_pulumi.cloud.reader import LiveReader
from zec_pulumi.journal import journal, recovery
from zec_pulumi.settings.config import Settings, resolve
from zec_pulumi.settings.options import Options, resolve_options
from zec_pulumi.time.clock import Clock, SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Session:
    """One process's connection to the cloud."""

    settings: Settings
    client: Client
    reader: LiveReader
    watch: Watch
    clock: Clock
    home: Path
    journal: journal.Journal


class StoppableClock(SystemClock):
    """The machine's own clock, whose sleepers wake when the engine tells the plugin to stop."""

    def sleep(self, seconds: float) -> None:
        """Wait for ``seconds``, or until told to stop."""
        if seconds > 0:
            engine.told_to_stop.wait(seconds)


_lock = threading.Lock()
_options: Options | ConfigurationError = Options()
_session: Session | ConfigurationError = ConfigurationError("the provider is not configured")


def configure(stack_config: Callable[[str], str | None]) -> None:
    """Make the process's session.

    Missing or wrong settings are kept and raised by :func:`current`: a preview may do without them.
    """
    global _session, _options  # noqa: PLW0603 the one state of the process, see above
    with _lock:
        try:
            _options = resolve_options(stack_config)
        except ConfigurationError as error:
            _options = error
        try:
            settings = resolve(stack_config, os.environ, Path.home())
            _session = open_session(settings, StoppableClock(), journal.home(os.environ, Path.home()))
        except ConfigurationError as error:
            _session = error


def open_session(settings: Settings, clock: Clock, home: Path) -> Session:
    """Return a session with its own client; journal and locks are kept in ``home``."""
    throttle = Throttle(clock)
    client = Client(
        settings.credentials, settings.endpoint, timeouts=settings.timeouts, clock=SystemClock(), throttle=throttle
    )
    reader = LiveReader(client, clock, engine.crowded)
    watch = Watch(client, reader, clock, settings.options.poll_interval, engine.crowded)
    return Session(settings, client, reader, watch, clock, home, journal.Journal(home, clock))


def options() -> Options:
    """Return this package's own settings, which are known without credentials.

    Raises:
        ConfigurationError: a setting is wrong.
    """
    if isinstance(_options, ConfigurationError):
        raise _options
    return _options


def current() -> Session:
    """Return the process's session.

    Raises:
        ConfigurationError: the settings are missing or wrong; the text says how to set them.
    """
    if isinstance(_session, ConfigurationError):
        raise _session
    return _session


def forget(instance_id: str, urn: str) -> None:
    """Have the journal forget a resource that the stack forgets; works without credentials, and never fails."""
    where = _session.home if isinstance(_session, Session) else journal.home(os.environ, Path.home())
    with contextlib.suppress(journal.JournalError):
        recovery.forget_resource(journal.Journal(where, SystemClock()), instance_id, urn)
