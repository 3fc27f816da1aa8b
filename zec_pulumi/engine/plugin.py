"""The plugin process: how many operations it serves, and when it is told to stop.

The SDK serves four operations at a time and ignores the engine's ``Cancel``. Both are mended here from inside, with
guards: should an SDK be built otherwise, its stock behaviour stays, and a warning says so.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

from pulumi.runtime.proto import engine_pb2

from zec_pulumi.engine import messages, pool

if TYPE_CHECKING:
    from collections.abc import Iterator

told_to_stop = threading.Event()
"""Set by the engine's ``Cancel``, at the first Ctrl-C."""

_LOOK_SECONDS = 2.0
_SILENCES = 3
_operations = 0
_lock = threading.Lock()


def prepare() -> None:
    """Widen the pool and listen for ``Cancel``; what cannot be done is said on the stack's row. Once per process.

    Called from ``configure``, which runs on a thread of the pool.
    """
    if not pool.widen():
        _say("this Pulumi SDK serves 4 operations at a time, and that could not be changed: --parallel goes no further")
    if not _hear_cancel():
        _say("this Pulumi SDK does not pass Ctrl-C on: waits for rebuilds go on to their end")
    threading.Thread(target=_end_with_the_engine, name="zec_pulumi: end with the engine", daemon=True).start()


def _say(text: str) -> None:
    messages.send_once(engine_pb2.WARNING, f"{text}; rebuilds are as safe as ever", "")


@contextlib.contextmanager
def operation() -> Iterator[None]:
    """Count an operation under way: the process does not end before it has."""
    global _operations  # noqa: PLW0603 the process's own count
    with _lock:
        _operations += 1
    try:
        yield
    finally:
        with _lock:
            _operations -= 1


def crowded() -> bool:
    """Whether more than one operation is under way."""
    return _operations > 1


def _end_with_the_engine() -> None:
    """End this process some seconds after an engine that was killed; the SDK's plugin would stay for ever."""
    silent = 0
    while silent < _SILENCES or _operations:
        time.sleep(_LOOK_SECONDS)
        silent = 0 if messages.engine_answers() else silent + 1
    os._exit(1)


def _hear_cancel() -> bool:
    """Exchange the code of the servicer's ``Cancel``, which the engine calls at the first Ctrl-C."""
    with contextlib.suppress(Exception):
        servicer = sys.modules["__main__"].DynamicResourceProviderServicer
        servicer.Cancel.__code__ = _cancel.__code__
        return True
    return False


def _cancel(self: Any, request: Any, context: Any) -> Any:  # noqa: ARG001 the servicer's signature
    # This code runs with the globals of the SDK's module: everything it needs is imported here.
    from google.protobuf import empty_pb2  # noqa: PLC0415 see above

    from zec_pulumi.engine import plugin  # noqa: PLC0415, PLW0406 see above

    plugin.told_to_stop.set()
    return empty_pb2.Empty()
