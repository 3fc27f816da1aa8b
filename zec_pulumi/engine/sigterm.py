"""SIGTERM, heard although the main thread is the SDK's. Internals of CPython, and nothing of Pulumi."""

from __future__ import annotations

import contextlib
import ctypes
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

    The main thread must wait for a lock, as the SDK's does all its life: ``heard`` runs there. Blocks for a second at
    most.
    """
    # Only the main thread may set a handler. So it is handed a call to make, and woken by a signal that means nothing.
    with contextlib.suppress(Exception):
        main = threading.main_thread().ident
        assert main is not None  # noqa: S101 for the type checker: it has started
        installed = threading.Event()

        def install(_: None) -> int:
            signal.signal(signal.SIGTERM, lambda *_: heard())
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
        return installed.is_set()
    return False
