"""The plugin process: the operations it serves, its configuration, and its end.

The SDK serves four operations at a time and ignores the engine's ``Cancel``. Both are changed here from inside, with
guards: should an SDK be built otherwise, its stock behaviour stays, and a warning says so.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pulumi.runtime.proto import engine_pb2

from zec_pulumi.engine import debug_log, pool, sigterm
from zec_pulumi.engine.call import KINDS, EngineCall, find_call
from zec_pulumi.engine.connection import EngineConnection
from zec_pulumi.engine.terminal import is_interactive
from zec_pulumi.engine.values import stack_values
from zec_pulumi.messages.settings import unknown_shared_key
from zec_pulumi.operations.context import Process
from zec_pulumi.operations.error_boundary import error_boundary
from zec_pulumi.settings import keys

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pulumi.dynamic import Config

_CHECK_SECONDS = 2.0
_SILENCES = 3
"""After so many checks in a row without an answer the engine counts as gone, and the process ends."""


class Plugin:
    """This process, as the dynamic edge sees it: the one object that lives as long as the process."""

    def __init__(self, connection: EngineConnection) -> None:
        self.connection = connection
        self.cancelled = threading.Event()
        """Set by the engine's ``Cancel``, at the first Ctrl-C, and by SIGTERM."""
        self.process = Process.unconfigured()
        self._configured = False
        self._operations = 0
        self._lock = threading.Lock()
        self._configuring = threading.Lock()

    def configure(self, config: Config) -> None:
        """Take the stack's configuration and make the process ready.

        The engine configures each provider class of a process, all of them alike: the first time counts. Runs on a
        thread of the SDK's pool. What an SDK does not allow is said on the stack's row.
        """
        with self._configuring, error_boundary(find_call(KINDS, self.connection, self.cancelled)):
            if self._configured:
                return
            stack = stack_values(config)
            self._warn_of_unknown(stack)
            self.process = Process.configured(
                stack,
                os.environ,
                Path.home(),
                cancelled=self.cancelled,
                is_busy=self.is_busy,
                is_interactive=is_interactive,
            )
            for found in self.process.warnings:
                self.connection.log_once(engine_pb2.WARNING, f"{found.text}; {found.fix}", "")
            self.prepare()
            debug_log.EngineHandler(self.connection).attach()
            self._configured = True

    def prepare(self) -> None:
        """Widen the SDK's pool, listen for ``Cancel``, and end with the engine."""
        if not pool.widen():
            self._warn("this Pulumi SDK serves 4 operations at a time and does not let that change, so --parallel is 4")
        if _listen_for_cancel():
            # A runner that ends a job may send it to each process, to this one first. Dead, it would record nothing.
            sigterm.listen(self.cancelled.set)
        else:
            self._warn("this Pulumi SDK does not pass Ctrl-C on, so waits for rebuilds run to their end")
        threading.Thread(target=self._end_with_the_engine, name="zec_pulumi: end with the engine", daemon=True).start()

    @contextlib.contextmanager
    def operation(self, kind: str) -> Iterator[tuple[Process, EngineCall]]:
        """Give the process and the engine's call of that ``kind``; an error inside becomes the call's answer.

        The process does not end before the operation has.
        """
        call = find_call((kind,), self.connection, self.cancelled)
        with self._lock:
            self._operations += 1
        try:
            with error_boundary(call), debug_log.on_row(call.urn):
                yield self.process, call
        finally:
            with self._lock:
                self._operations -= 1

    def is_busy(self) -> bool:
        """Whether more than one operation is under way."""
        return self._operations > 1

    def _warn_of_unknown(self, stack: Mapping[str, str]) -> None:
        """Say which keys that are shared with other tools nobody knows. Unknown keys of ours close the gates."""
        for key in keys.unknown(stack, keys.ZENLAYER, keys.ZENLAYER_KEYS):
            self.connection.log_once(engine_pb2.WARNING, unknown_shared_key(key), "")

    def _warn(self, text: str) -> None:
        self.connection.log_once(engine_pb2.WARNING, f"{text}; rebuilds are as safe as ever", "")

    def _end_with_the_engine(self) -> None:
        """End this process some seconds after an engine that was killed; the SDK's plugin would stay for ever."""
        silent = 0
        while silent < _SILENCES or self._operations:
            time.sleep(_CHECK_SECONDS)
            silent = 0 if self.connection.answers() else silent + 1
        os._exit(1)


PLUGIN = Plugin(EngineConnection())
"""This process. The SDK makes and unpickles provider objects as it likes, so its state must stand beside them."""


def _listen_for_cancel() -> bool:
    """Exchange the code of the servicer's ``Cancel``, which the engine calls at the first Ctrl-C."""
    with contextlib.suppress(Exception):
        servicer = sys.modules["__main__"].DynamicResourceProviderServicer
        servicer.Cancel.__code__ = _cancel.__code__
        return True
    return False


def _cancel(self: Any, request: Any, context: Any) -> Any:  # noqa: ARG001 the servicer's signature
    # This code runs with the globals of the SDK's module: everything it needs is imported here.
    from google.protobuf import empty_pb2  # noqa: PLC0415 see above

    from zec_pulumi.engine.plugin import PLUGIN  # noqa: PLC0415 see above

    PLUGIN.cancelled.set()
    return empty_pb2.Empty()
