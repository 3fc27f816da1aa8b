"""One call of the engine: what it is about, its row, and its answer.

The SDK hands a dynamic provider neither the resource's URN nor its timeout nor the gRPC context. They are locals
of the servicer's frame, so :func:`find_call` walks up to it.
"""

from __future__ import annotations

import contextlib
import sys
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NoReturn

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime import rpc
from pulumi.runtime.proto import engine_pb2
from pulumi.runtime.proto.provider_pb2 import ErrorResourceInitFailed

from zec_pulumi.engine.connection import without_colours
from zec_pulumi.errors import StopReason

if TYPE_CHECKING:
    import threading
    from collections.abc import Mapping
    from types import FrameType

    from zec_pulumi.engine.connection import EngineConnection

try:
    from google.rpc.status_pb2 import Status
except ImportError:  # the SDK brings its own copy, which clashes with the other one when both are there
    from pulumi.runtime.proto.status_pb2 import Status

PROVIDER_KEY = "__provider"


class CallFailedError(Exception):
    """Raised through the SDK after a call's answer was set; carries no text that could be printed twice."""


@dataclass
class EngineCall:
    """One call of the engine: which resource it is about, how long it may take, and how to answer it.

    ``timeout`` is in seconds (``custom_timeouts``), None when unset. ``old_inputs`` are the recorded inputs where
    the engine sends them (refresh, update), else empty.
    """

    urn: str
    timeout: float | None
    old_inputs: dict[str, Any]
    _connection: EngineConnection = field(repr=False)
    _cancelled: threading.Event = field(repr=False)
    _context: Any = field(repr=False, default=None)
    _provider: str = field(repr=False, default="")

    def on_row(self, urn: str) -> EngineCall:
        """Return the same call as it shows lines on the row of another resource."""
        return replace(self, urn=urn)

    def stop_reason(self) -> StopReason | None:
        """Return why nothing more may be sent for this call, None while the engine is there and wants it done."""
        if self._cancelled.is_set():
            return StopReason.CANCELLED
        waiting = self._context is None or bool(self._context.is_active())
        return None if waiting and self._connection.answers() else StopReason.ENGINE_GONE

    def progress(self, text: str) -> None:
        """Show ``text`` on the resource's row while the operation runs; nothing of it stays."""
        self._connection.log(engine_pb2.INFO, text, self.urn, ephemeral=True)

    def info(self, text: str) -> None:
        """Put an information line on the resource's row and under Diagnostics."""
        self._connection.log_once(engine_pb2.INFO, text, self.urn)

    def warn(self, text: str) -> None:
        """Put a warning on the resource's row and under Diagnostics, once per process."""
        self._connection.log_once(engine_pb2.WARNING, text, self.urn)

    def error(self, text: str) -> None:
        """Put an error line on the row; unlike a failure it does not end a preview."""
        self._connection.log_once(engine_pb2.ERROR, text, self.urn)

    def fail(self, message: str) -> NoReturn:
        """Answer the call with ``message`` alone, no traceback, on every supported SDK."""
        self._abort(message, ())

    def fail_partially(
        self, message: str, resource_id: str, outputs: Mapping[str, Any], inputs: Mapping[str, Any]
    ) -> NoReturn:
        """Answer with the engine's partial failure: the resource is recorded with ``outputs``, and an error shown."""
        message = without_colours(self._connection.masked(message))
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
        message = without_colours(self._connection.masked(message))
        if self._context is None:
            raise CallFailedError(message)
        if metadata:
            self._context.set_trailing_metadata(metadata)
        with contextlib.suppress(Exception):
            self._context.abort(grpc.StatusCode.UNKNOWN, message)
        # Newer SDKs answer any exception once more, with its traceback: the first answer must stand.
        self._context.abort = _already_answered
        raise CallFailedError


KINDS = ("Check", "Diff", "Create", "Update", "Read", "Delete")
"""The calls that a provider answers; an SDK configures a provider inside the first of them."""


def find_call(kinds: tuple[str, ...], connection: EngineConnection, cancelled: threading.Event) -> EngineCall:
    """Return the engine's call of one of ``kinds`` on this thread's stack.

    Outside one, or should an SDK name its locals otherwise, the call is a blank one: without row, timeout or answer.
    """
    frame: FrameType | None = sys._getframe()  # noqa: SLF001 the SDK passes neither request nor context on
    while frame is not None:
        if frame.f_code.co_name in kinds and {"request", "context"} <= {*frame.f_locals}:
            return _call(frame.f_locals["request"], frame.f_locals["context"], connection, cancelled)
        frame = frame.f_back
    return EngineCall("", None, {}, connection, cancelled)


def _call(request: Any, context: Any, connection: EngineConnection, cancelled: threading.Event) -> EngineCall:
    properties = _plain(request, "news", "properties")
    old_inputs = _plain(request, "old_inputs", "inputs")
    old_inputs.pop(PROVIDER_KEY, None)
    return EngineCall(
        request.urn,
        getattr(request, "timeout", 0) or None,
        old_inputs,
        connection,
        cancelled,
        context,
        str(properties.get(PROVIDER_KEY, "")),
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
