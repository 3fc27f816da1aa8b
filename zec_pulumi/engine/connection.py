"""The plugin's connection to the engine: lines on resources' rows, and whether the engine is there."""

from __future__ import annotations

import contextlib
import functools
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import grpc
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc

from zec_pulumi.messages.quoting import MASK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_SHORTEST_SECRET = 3
_MOST_PENDING = 1000
"""Debug lines that are on their way at most; more are dropped."""

RPC_SECONDS = 5.0
"""How long the engine, which is on this machine, may take to answer."""


def _stub() -> Any:
    return engine_pb2_grpc.EngineStub(grpc.insecure_channel(_address()))


def _address() -> str:
    """Return the engine's address, which is the plugin's last argument."""
    return sys.argv[-1]


def without_colours(text: str) -> str:
    """Return ``text`` so that it reaches the engine, and the engine shows all of it.

    A lone surrogate, as in a file's name, cannot be sent. ``<{%`` begins a colour: everything up to the next ``%}>`` or
    the end is not shown, whoever wrote it there.
    """
    return text.encode(errors="replace").decode().replace("<{%", "<{ %")


class EngineConnection:
    """The engine that started this process. Thread-safe; a line that is lost never fails an operation.

    Args:
        stub: Makes the gRPC stub; called once, when it is first needed.
    """

    def __init__(self, stub: Callable[[], Any] = _stub) -> None:
        self._stub = functools.cache(stub)
        self._logged: set[tuple[str, str]] = set()
        self._secrets: frozenset[str] = frozenset()
        self._lock = threading.Lock()
        self._asking = threading.Lock()
        self._asked_at = float("-inf")
        self._present = False
        self._pending: set[grpc.Future[Any]] = set()

    @property
    def address(self) -> str:
        """The engine's address, the same for all plugins of one command and another one for the next."""
        return _address()

    def hide(self, values: Iterable[str]) -> None:
        """Hide the values of secret inputs in every text from now on. The engine hides secret configuration only.

        Values of one or two characters are left, as the engine leaves them.
        """
        with self._lock:
            self._secrets |= {value for value in values if len(value) >= _SHORTEST_SECRET}

    def masked(self, text: str) -> str:
        """Return ``text`` with the engine's mark in place of each secret value."""
        for value in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(value, MASK)
        return text

    def log(self, severity: engine_pb2.LogSeverity.ValueType, text: str, urn: str, *, ephemeral: bool = False) -> None:
        """Put ``text`` on the row of ``urn``; an ephemeral line shows only while the operation runs."""
        with contextlib.suppress(Exception):
            self._stub().Log(self._line(severity, text, urn, ephemeral=ephemeral), timeout=RPC_SECONDS)

    def debug(self, text: str, urn: str) -> None:
        """Hand over a line that is shown under ``--debug`` alone. Does not wait; what cannot be sent is dropped."""
        if len(self._pending) >= _MOST_PENDING:
            return
        with contextlib.suppress(Exception):
            call = self._stub().Log.future(self._line(engine_pb2.DEBUG, text, urn), timeout=RPC_SECONDS)
            self._pending.add(call)  # a call that nobody holds is cancelled
            call.add_done_callback(self._pending.discard)

    def _line(
        self, severity: engine_pb2.LogSeverity.ValueType, text: str, urn: str, *, ephemeral: bool = False
    ) -> engine_pb2.LogRequest:
        shown = without_colours(self.masked(text))
        return engine_pb2.LogRequest(severity=severity, message=shown, urn=urn, streamId=0, ephemeral=ephemeral)

    def log_once(self, severity: engine_pb2.LogSeverity.ValueType, text: str, urn: str) -> None:
        """Put a lasting line on the row, once per process: a replace checks twice, and each line is wanted once."""
        with self._lock:
            if (urn, text) in self._logged:
                return
            self._logged.add((urn, text))
        self.log(severity, text, urn)

    def answers(self) -> bool:
        """Whether the engine is there now. Any answer counts, only silence does not. Blocks some seconds at most.

        Hundreds of waits ask at the same moment: one request answers all that came before it was sent.
        """
        came = time.monotonic()
        with self._asking:
            if self._asked_at <= came:
                self._asked_at = time.monotonic()
                self._present = self._ask()
            return self._present

    def _ask(self) -> bool:
        try:
            self._stub().GetRootResource(engine_pb2.GetRootResourceRequest(), timeout=RPC_SECONDS)
        except grpc.RpcError as error:
            return error.code() not in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)
        except Exception:  # noqa: BLE001 a channel that is closed raises ValueError; no answer came
            return False
        return True
