"""One process and one resource at a time per instance, on this machine.

It keeps apart what the engine does not: two engines after `pulumi cancel`, and two resources with one instance id. The
system frees a lock when its process ends, however it ends.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from typing import TYPE_CHECKING

from zec_pulumi.api import ZecError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from zec_pulumi.errors import StopReason
    from zec_pulumi.time.clock import Clock

PATIENCE_SECONDS = 10.0
"""How long to wait for a holder that is about to let go, such as a plugin whose engine died."""

_PAUSE_SECONDS = 0.2


class InstanceBusyError(ZecError):
    """Somebody else on this machine works on the instance."""


@contextlib.contextmanager
def hold(
    folder: Path, instance_id: str, urn: str, clock: Clock, stop_reason: Callable[[], StopReason | None]
) -> Iterator[Lock]:
    """Hold the lock of an instance; ``urn`` is what others are told about the holder.

    Raises:
        InstanceBusyError: it was not free within some seconds, or ``stop_reason`` gave a reason to wait no longer; the
            text says who holds it.
    """
    lock = Lock(folder / "locks" / f"{instance_id}.lock")
    until = clock.monotonic() + PATIENCE_SECONDS
    while not lock.take(urn):
        reason = stop_reason()
        if reason or clock.monotonic() >= until:
            why = f"{reason.value}, and " if reason else ""
            raise InstanceBusyError(
                f"{why}instance {instance_id} is worked on by {lock.holder()}; nothing was changed. Wait until that has"
                " ended, and check that no two resources have this instance_id"
            )
        clock.sleep(_PAUSE_SECONDS)
    try:
        yield lock
    finally:
        lock.free()


class Lock:
    """An advisory lock on a file; not shared between processes or between two of these."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._descriptor: int | None = None

    def take(self, urn: str) -> bool:
        """Take the lock if it is free; return whether it is held now."""
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self._file, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            return False
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps({"pid": os.getpid(), "urn": urn}).encode(), 0)
        self._descriptor = descriptor
        return True

    def free(self) -> None:
        """Let go; harmless when it is not held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def wanted_by_another(self) -> bool:
        """Whether, after :meth:`free`, somebody else has taken it."""
        if self.take(""):
            self.free()
            return False
        return True

    def holder(self) -> str:
        """Return who holds the lock, as far as the file tells."""
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            said = json.loads(self._file.read_text())
            name = str(said["urn"]).rpartition("::")[2] or "a resource"
            stack = str(said["urn"]).split(":")[2:3]
            where = f" of stack {stack[0]}" if stack else ""
            return f"resource {name}{where} in process {said['pid']} on this machine"
        return "another process on this machine"
