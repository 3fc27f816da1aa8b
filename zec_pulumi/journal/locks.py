"""One process and one resource at a time per instance, of all that share one Pulumi home.

It keeps apart what the engine does not: two engines after `pulumi cancel`, and two resources with one instance id. The
system frees a lock when its process ends, however it ends.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
from typing import TYPE_CHECKING

from zec_pulumi.errors import ZecError
from zec_pulumi.journal.files import make_folder, open_regular, refused, safe_name
from zec_pulumi.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from zec_pulumi.errors import StopReason
    from zec_pulumi.time.clock import Clock

PATIENCE_SECONDS = 10.0
"""How long to wait for a holder that is about to let go, such as a plugin whose engine died: it asks at each poll."""

_PAUSE_SECONDS = 0.2
_LONGEST_HOLDER = 4096
_TAKEN = {errno.EAGAIN, errno.EWOULDBLOCK, errno.EACCES}


class InstanceBusyError(ZecError):
    """Somebody else with this Pulumi home works on the instance."""


@contextlib.contextmanager
def hold(
    folder: Path, instance_id: str, urn: str, clock: Clock, stop_reason: Callable[[], StopReason | None]
) -> Iterator[Lock]:
    """Hold the lock of an instance; ``urn`` is what others are told about the holder.

    Raises:
        InstanceBusyError: it was not free within some seconds, or ``stop_reason`` gave a reason to wait no longer; the
            text says who holds it.
        JournalError: the disk says no.
    """
    lock = lock_of(folder, instance_id)
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


def lock_of(folder: Path, instance_id: str) -> Lock:
    """Return the lock of an instance in the folder of a cloud, not taken yet."""
    return Lock(folder / "locks" / f"{safe_name(instance_id)}.lock")


class Lock:
    """An advisory lock on a file; not shared between processes or between two of these."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._descriptor: int | None = None

    def take(self, urn: str) -> bool:
        """Take the lock if it is free; return whether it is held now.

        Raises:
            JournalError: the disk says no, or has no locks.
        """
        try:
            make_folder(self._file.parent)
            descriptor = open_regular(self._file, os.O_RDWR | os.O_CREAT)
        except OSError as error:
            raise refused(self._file, error) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            if error.errno in _TAKEN:
                return False
            raise refused(self._file, error) from error
        self._descriptor = descriptor
        # Only what others are told: a full disk does not make the lock less held.
        with contextlib.suppress(OSError):
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, json.dumps({"pid": os.getpid(), "urn": urn}).encode(), 0)
        return True

    def free(self) -> None:
        """Let go; harmless when it is not held."""
        if self._descriptor is not None:
            # Whatever a disk on the network says now: the operation inside has its own outcome.
            with contextlib.suppress(OSError):
                os.close(self._descriptor)
            self._descriptor = None

    def wanted_by_another(self) -> bool:
        """Whether, after :meth:`free`, somebody else has taken it. Raises as :meth:`take`."""
        if self.take(""):
            self.free()
            return False
        return True

    def holder(self) -> str:
        """Return who holds the lock, as far as the file tells."""
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError, RecursionError):
            said = json.loads(self._content())
            urn = printable(str(said["urn"]))
            process = f"process {int(said['pid'])} on this machine"
            stack = urn.split(":")[2:3]
            where = f" of stack {stack[0]}" if stack else ""
            # One that only looks whether it is free has no resource.
            return f"resource {urn.rpartition('::')[2]}{where} in {process}" if urn else process
        return "another process on this machine"

    def _content(self) -> bytes:
        descriptor = open_regular(self._file, os.O_RDONLY)
        try:
            return os.read(descriptor, _LONGEST_HOLDER)
        finally:
            os.close(descriptor)
