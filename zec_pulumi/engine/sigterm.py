"""SIGTERM, heard although the main thread is the SDK's. Internals of CPython, and nothing of Pulumi."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_ATTEMPTS = 100
_ATTEMPT_SECONDS = 0.01
_kept: list[object] = []
"""What the interpreter may still call."""


def listen(heard: Callable[[], object]) -> bool:
    """Call ``heard`` at each SIGTERM in place of ending this process; return whether that could be arranged.

    ``heard`` runs on a thread of its own, because the SDK's main thread does not always wake. Before, the main thread
    must wait for a lock, as the SDK's does all its life. Blocks for a second at most.
    """
    # Only the main thread may set a handler. So it is handed a call to make, and woken by a signal that means nothing.
    with contextlib.suppress(Exception):
        main = threading.main_thread().ident
        assert main is not None  # noqa: S101 for the type checker: it has started
        installed = threading.Event()
        signals, written = os.pipe()
        os.set_blocking(written, False)

        def install(_: None) -> int:
            # Whichever thread the signal finds, its number is written to the pipe there and then.
            signal.set_wakeup_fd(written, warn_on_full_buffer=False)
            signal.signal(signal.SIGTERM, lambda *_: None)
            installed.set()
            return 0

        call = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_void_p)(install)
        _kept.append(call)
        set_handler = ctypes.pythonapi.PyOS_setsig
        set_handler.argtypes, set_handler.restype = (ctypes.c_int, ctypes.c_void_p), ctypes.c_void_p
        # As a handler, C's `abs` does nothing, and is safe wherever the signal finds the thread.
        before = set_handler(signal.SIGURG, ctypes.cast(ctypes.CDLL(None).abs, ctypes.c_void_p))
        ctypes.pythonapi.Py_AddPendingCall(call, None)
        for _ in range(_ATTEMPTS):
            signal.pthread_kill(main, signal.SIGURG)
            if installed.wait(_ATTEMPT_SECONDS):
                break
        set_handler(signal.SIGURG, before)
        threading.Thread(target=_hear, args=(signals, heard), name="zec_pulumi: SIGTERM", daemon=True).start()
        return installed.is_set()
    return False


def _hear(signals: int, heard: Callable[[], object]) -> None:
    """Call ``heard`` for each SIGTERM that the pipe tells of, as long as this process lives."""
    while numbers := os.read(signals, 1):
        if signal.SIGTERM in numbers:
            heard()
