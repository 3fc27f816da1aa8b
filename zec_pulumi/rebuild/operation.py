"""The operation that may change a machine: all that a rebuild needs, in one object."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zec_pulumi.api import Client
    from zec_pulumi.cloud.poller import StatusPoller
    from zec_pulumi.cloud.reader import CloudReader
    from zec_pulumi.journal.journal import InstanceLog
    from zec_pulumi.journal.locks import Lock
    from zec_pulumi.progress import Progress
    from zec_pulumi.time.clock import Clock
    from zec_pulumi.time.deadline import Deadline


@dataclass(frozen=True)
class Operation:
    """One create or update of one resource.

    ``progress`` shows it and says whether the engine still wants it; ``deadline`` ends it; ``log`` keeps its attempt
    through a crash; ``lock`` keeps other processes of this machine off the instance.
    """

    client: Client
    reader: CloudReader
    poller: StatusPoller
    clock: Clock
    progress: Progress
    deadline: Deadline
    log: InstanceLog
    lock: Lock
