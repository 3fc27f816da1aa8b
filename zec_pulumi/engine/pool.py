"""The threads that serve the engine's operations. Internals of CPython's thread pool, and nothing of Pulumi."""

from __future__ import annotations

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor

WORKERS = 1024
"""How many operations are served at once at most; the engine's own ``--parallel`` is what limits."""


def widen() -> bool:
    """Let the pool whose thread we are on start more threads; return whether it could be done.

    Work that queued already gets its threads now: refresh queues all its reads before anything of ours has run, and
    without this they would share the first threads.
    """
    with contextlib.suppress(Exception):
        executor = threading.current_thread()._args[0]()  # type: ignore[attr-defined]  # noqa: SLF001 no other way
        if isinstance(executor, ThreadPoolExecutor):
            executor._max_workers = max(WORKERS, executor._max_workers)  # noqa: SLF001 the same
            for _ in range(executor._work_queue.qsize()):  # noqa: SLF001 the same
                executor._adjust_thread_count()  # noqa: SLF001 the same
            return True
    return False
