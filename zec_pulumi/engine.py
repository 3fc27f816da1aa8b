"""The engine's side of a call: the only module that touches internals of the Pulumi SDK.

The SDK hands a dynamic provider neither the resource's URN nor its timeout nor the gRPC context. They are locals
of the servicer's frame, so :func:`current_call` walks up to it. Everything here degrades instead of failing: a
lost row message must never fail a rebuild.
"""

from __future__ import annotations

import contextlib
import functools
import os
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime import rpc
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc
from pulumi.runtime.proto.provider_pb2 import ErrorResourceInitFailed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import FrameType

try:
    from google.rpc.status_pb2 import Status
except ImportError:  # the SDK brings its own copy, which clashes with the other one when both are there
    from pulumi.runtime.proto.status_pb2 import Status

PROVIDER_KEY = "__provider"
UNKNOWN = rpc.UNKNOWN
"""What stands on the wire for a value that is not known in preview."""


class CallFailedError(Exception):
    """Raised through the SDK after a call's answer was set; carries no text that could be printed twice."""


@dataclass
class Call:
    """One call of the engine: which resource it is about, how long it may take, and how to answer it.

    ``timeout`` is in seconds (``custom_timeouts``), None when unset. ``old_inputs`` are the recorded inputs where
    the engine sends them (refresh, update), else empty.
    """

    urn: str
    timeout: float | None
    old_inputs: dict[str, Any]
    _context: Any = field(repr=False, default=None)
    _provider: str = field(repr=False, default="")

    @property
    def alive(self) -> bool:
        """Whether the engine still waits for this call."""
        return self._context is None or bool(self._context.is_active())

    def progress(self, text: str) -> None:
        """Show ``text`` on the resource's row while the operation runs; nothing of it stays."""
        _log(engine_pb2.INFO, text, self.urn, ephemeral=True)

    def info(self, text: str) -> None:
        """Put an information line on the resource's row and under Diagnostics."""
        self._once(engine_pb2.INFO, text)

    def warn(self, text: str) -> None:
        """Put a warning on the resource's row and under Diagnostics, once per process."""
        self._once(engine_pb2.WARNING, text)

    def error(self, text: str) -> None:
        """Put an error line on the row; unlike a failure it does not end a preview."""
        self._once(engine_pb2.ERROR, text)

    def _once(self, severity: engine_pb2.LogSeverity.ValueType, text: str) -> None:
        # A replace checks twice: each line is wanted once.
        with _said_lock:
            if (self.urn, text) in _said:
                return
            _said.add((self.urn, text))
        _log(severity, text, self.urn, ephemeral=False)

    def fail(self, message: str) -> NoReturn:
        """Answer the call with ``message`` alone, no traceback, on every supported SDK."""
        self._abort(message, ())

    def fail_partially(
        self, message: str, resource_id: str, outputs: Mapping[str, Any], inputs: Mapping[str, Any]
    ) -> NoReturn:
        """Answer with the engine's partial failure: the resource is recorded with ``outputs``, and an error shown."""
        details = ErrorResourceInitFailed(
            id=resource_id,
            properties=_struct({**outputs, PROVIDER_KEY: self._provider}),
            reasons=[message],
            inputs=_struct({**inputs, PROVIDER_KEY: self._provider}),
        )
        packed = AnyMessage()
        packed.Pack(details)
        status = Status(code=grpc.StatusCode.UNKNOWN.value[0], message=message, details=[packed])
        self._abort(message, (("grpc-status-details-bin", status.SerializeToString()),))

    def _abort(self, message: str, metadata: tuple[tuple[str, bytes], ...]) -> NoReturn:
        if self._context is None:
            raise CallFailedError(message)
        if metadata:
            self._context.set_trailing_metadata(metadata)
        with contextlib.suppress(Exception):
            self._context.abort(grpc.StatusCode.UNKNOWN, message)
        # Newer SDKs answer any exception once more, with its traceback: the first answer must stand.
        self._context.abort = _already_answered
        raise CallFailedError


def current_call(kind: str) -> Call:
    """Return the engine's call of that ``kind`` ("Create", "Read", …) on this thread's stack.

    Outside one, or should an SDK name its locals otherwise, the call is a blank one: without row, timeout or answer.
    """
    frame: FrameType | None = sys._getframe()  # noqa: SLF001 the SDK passes neither request nor context on
    while frame is not None:
        if frame.f_code.co_name == kind and {"request", "context"} <= frame.f_locals.keys():
            return _call(frame.f_locals["request"], frame.f_locals["context"])
        frame = frame.f_back
    return Call(urn="", timeout=None, old_inputs={})


def is_interactive() -> bool:
    """Whether a person watches the engine's display: then progress may tick, else only phases are worth a line."""
    return _is_interactive()


@functools.cache
def _is_interactive() -> bool:
    if os.environ.get("CI"):
        return False
    if not Path("/proc/self").exists():  # macOS: a controlling terminal is the best hint there is
        with contextlib.suppress(OSError), Path("/dev/tty").open("rb"):
            return True
        return False
    with contextlib.suppress(OSError, ValueError, IndexError):
        pid = os.getppid()
        while pid > 1:
            process = Path(f"/proc/{pid}")
            if (process / "comm").read_text().strip() == "pulumi":
                output = str((process / "fd" / "1").readlink())
                arguments = (process / "cmdline").read_bytes().split(b"\0")
                return output.startswith("/dev/") and output != "/dev/null" and b"--non-interactive" not in arguments
            pid = int((process / "stat").read_text().rpartition(")")[2].split()[1])
    return False


def _call(request: Any, context: Any) -> Call:
    properties = _plain(request, "news", "properties")
    old_inputs = _plain(request, "old_inputs", "inputs")
    old_inputs.pop(PROVIDER_KEY, None)
    return Call(
        urn=request.urn,
        timeout=getattr(request, "timeout", 0) or None,
        old_inputs=old_inputs,
        _context=context,
        _provider=str(properties.get(PROVIDER_KEY, "")),
    )


def _plain(request: Any, *names: str) -> dict[str, Any]:
    """Return the first of the request's fields ``names`` that it has, as plain Python values."""
    struct = next((getattr(request, name) for name in names if hasattr(request, name)), None)
    return dict(rpc.deserialize_properties(struct, True)) if struct else {}


def _struct(properties: Mapping[str, Any]) -> Struct:
    struct = Struct()
    struct.update({key: value for key, value in properties.items() if value is not None})
    return struct


def _already_answered(*_: object) -> NoReturn:
    raise CallFailedError


_said: set[tuple[str, str]] = set()
_said_lock = threading.Lock()


@functools.cache
def _engine() -> Any:
    """Return the connection to the engine, whose address is the plugin's last argument."""
    return engine_pb2_grpc.EngineStub(grpc.insecure_channel(sys.argv[-1]))


def _log(severity: engine_pb2.LogSeverity.ValueType, text: str, urn: str, *, ephemeral: bool) -> None:
    message = engine_pb2.LogRequest(severity=severity, message=text, urn=urn, streamId=0, ephemeral=ephemeral)
    with contextlib.suppress(Exception):
        _engine().Log(message, timeout=5)
