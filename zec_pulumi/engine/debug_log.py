"""Hands the API client's log to the engine, which shows it under ``--debug`` and drops it otherwise."""

from __future__ import annotations

import contextlib
import logging
from contextvars import ContextVar
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from zec_pulumi.api.request_log import LOG

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zec_pulumi.engine.connection import EngineConnection

_URN: ContextVar[str] = ContextVar("urn", default="")


@contextlib.contextmanager
def on_row(urn: str) -> Iterator[None]:
    """Let what this thread logs inside stand on the row of ``urn``."""
    token = _URN.set(urn)
    try:
        yield
    finally:
        _URN.reset(token)


class EngineHandler(logging.Handler):
    """Sends each record to the engine with the time (UTC), and neither waits nor fails."""

    def __init__(self, connection: EngineConnection) -> None:
        super().__init__(logging.DEBUG)
        self._connection = connection

    def attach(self) -> None:
        """Take the log of all requests of this process from now on."""
        LOG.setLevel(logging.DEBUG)
        LOG.addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Send one record."""
        at = datetime.fromtimestamp(record.created, timezone.utc)
        self._connection.debug(f"{at:%H:%M:%S}.{at.microsecond // 1000:03} UTC {record.getMessage()}", _URN.get())
