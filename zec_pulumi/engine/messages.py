"""Lines on resources' rows, and whether the engine is there. A line that is lost must never fail a rebuild."""

from __future__ import annotations

import contextlib
import functools
import sys
import threading
from typing import TYPE_CHECKING, Any

import grpc
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc

from zec_pulumi.cloud.batch import Batch
from zec_pulumi.time.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Sequence

RPC_SECONDS = 5.0
"""How long the engine, which is on this machine, may take to answer."""

_said: set[tuple[str, str]] = set()
_lock = threading.Lock()


def send(severity: engine_pb2.LogSeverity.ValueType, text: str, urn: str, *, ephemeral: bool) -> None:
    """Put ``text`` on the row of ``urn``; an ephemeral line shows only while the operation runs."""
    message = engine_pb2.LogRequest(severity=severity, message=text, urn=urn, streamId=0, ephemeral=ephemeral)
    with contextlib.suppress(Exception):
        _engine().Log(message, timeout=RPC_SECONDS)


def send_once(severity: engine_pb2.LogSeverity.ValueType, text: str, urn: str) -> None:
    """Put a lasting line on the row, once per process: a replace checks twice, and each line is wanted once."""
    with _lock:
        if (urn, text) in _said:
            return
        _said.add((urn, text))
    send(severity, text, urn, ephemeral=False)


def engine_answers() -> bool:
    """Whether the engine is there now: any answer will do, only silence counts against it.

    Hundreds of waits ask at the same moment: one question answers all that came before it was put.
    """
    return bool(_presence.get("engine"))


def _present(names: Sequence[str]) -> dict[str, bool]:
    try:
        _engine().GetRootResource(engine_pb2.GetRootResourceRequest(), timeout=RPC_SECONDS)
    except grpc.RpcError as error:
        silent = error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)
        return dict.fromkeys(names, not silent)
    return dict.fromkeys(names, True)


_presence = Batch(_present, SystemClock())


@functools.cache
def _engine() -> Any:
    """Return the connection to the engine, whose address is the plugin's last argument."""
    return engine_pb2_grpc.EngineStub(grpc.insecure_channel(sys.argv[-1]))
