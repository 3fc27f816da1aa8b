"""Powers an instance off for a rebuild, and on again when the rebuild was refused."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from zec_pulumi.api import ZecError
from zec_pulumi.cloud.poller import DeadlineError
from zec_pulumi.errors import RebuildNotStartedError
from zec_pulumi.planning import status
from zec_pulumi.planning.status import name
from zec_pulumi.rebuild.send import MAX_SENDS
from zec_pulumi.rebuild.wait import NOT_ACCEPTED_AFTER_SECONDS
from zec_pulumi.time.deadline import Deadline, duration

if TYPE_CHECKING:
    from zec_pulumi.api import Client, Instance
    from zec_pulumi.cloud.poller import Watch
    from zec_pulumi.progress import Progress
    from zec_pulumi.rebuild.send import Sender
    from zec_pulumi.time.clock import Clock

GRACEFUL_STOP_SECONDS = 300.0
"""How long a graceful power-off may take before force is named as the way out."""


@dataclass
class Power:
    """The power switch of the instance ``live``, as it was before the rebuild."""

    client: Client
    watch: Watch
    clock: Clock
    progress: Progress
    deadline: Deadline
    sender: Sender
    live: Instance
    _lost: ZecError | None = field(default=None, init=False)

    def off(self, *, force: bool) -> bool:
        """Bring the instance to STOPPED; return whether we did it (False: it was off, or somebody else did).

        Source: StopInstances, zec 2025-09-01.

        Raises:
            RebuildNotStartedError: it does not power off; says what state it is in.
        """
        if self.live.status != status.RUNNING:
            return False
        self.progress.phase("powering off")
        limit: Deadline | None = None
        ours = False
        for _ in range(MAX_SENDS):
            ours = self._send_stop(force=force) or ours
            # From when it is sent: among many machines and under a rate limit, its turn may be long in coming.
            limit = limit or (self.deadline if force else self.deadline.within(GRACEFUL_STOP_SECONDS))
            if self._stopped(limit, force=force):
                return ours
        raise RebuildNotStartedError(
            f"StopInstances was sent {MAX_SENDS} times and {name(self.live)} is still RUNNING; nothing was wiped."
            f" The next pulumi up tries again{f'. {self._lost}' if self._lost else ''}"
        )

    def on_again(self) -> str:
        """Undo our own power-off; return what came of it, in words. Source: StartInstances, zec 2025-09-01."""
        if self.progress.halted():
            now = status.shown(self.status_now())
            return f"was powered off for this and is {now}; start it by hand, or let the next pulumi up go on"
        self.progress.phase("refused; starting the instance again")
        try:
            if self._send_start():
                return (
                    "was powered off for this and StartInstances answered that it failed;"
                    f" it is {status.shown(self.status_now())}, start it by hand"
                )
            limit = Deadline(self.clock, GRACEFUL_STOP_SECONDS)
            for current in self.watch.statuses(self.live.instance_id, limit, self.progress, begun_now=True):
                if current == status.RUNNING:
                    break
        except ZecError as error:
            now = status.shown(self.status_now())
            return f"was powered off for this and starting it again did not succeed ({error}); it is {now}"
        return "was powered off for this, has been started again and is RUNNING"

    def status_now(self) -> str | None:
        """Return the status for a message, None when it cannot be read."""
        try:
            return self.client.describe_instances_status([self.live.instance_id]).get(self.live.instance_id)
        except ZecError:
            return None

    def _send_stop(self, *, force: bool) -> bool:
        """Return whether the power-off is ours; False: it was under way already."""
        ids = [self.live.instance_id]
        try:
            failed = self.sender.send(lambda: self.client.stop_instances(ids, force_shutdown=force))
        except ZecError as error:
            if error.may_have_been_carried_out:
                self._lost = error
                return True
            now = self.status_now()
            if now in (status.STOPPED, "STOPPING"):
                return False
            raise RebuildNotStartedError(
                f"{name(self.live)} could not be powered off, so nothing was wiped; it is {status.shown(now)}. {error}"
            ) from error
        if failed:
            raise RebuildNotStartedError(
                f"StopInstances answered that {name(self.live)} failed to power off, so nothing was wiped; it is"
                f" {status.shown(self.status_now())}. The next pulumi up tries again"
            )
        return True

    def _send_start(self) -> list[str]:
        """Return the ids that failed to start; a lost answer counts as sent, and is waited for."""
        try:
            return self.sender.send(lambda: self.client.start_instances([self.live.instance_id]))
        except ZecError as error:
            if error.may_have_been_carried_out:
                return []
            raise

    def _stopped(self, limit: Deadline, *, force: bool) -> bool:
        """Wait for STOPPED; False when the instance shows no sign of stopping."""
        unmoved = Deadline(self.clock, NOT_ACCEPTED_AFTER_SECONDS)
        statuses = self.watch.statuses(self.live.instance_id, limit, self.progress, begun_now=True)
        try:
            while True:
                current = next(statuses)
                if current == status.STOPPED:
                    return True
                if current == status.RUNNING and unmoved.expired:
                    return False
                expected = current in (status.RUNNING, "STOPPING")
                self.progress.phase("powering off" if expected else f"powering off, {status.shown(current)}")
        except DeadlineError as error:
            way_out = "" if force else ', or set power_off="force" (data disks are then not unmounted cleanly)'
            raise RebuildNotStartedError(
                f"{name(self.live)} did not power off within {duration(limit.seconds)}: it is"
                f" {status.shown(error.last_status)}; nothing was wiped. Wait until it is STOPPED and run pulumi up"
                f" again{way_out}"
            ) from error
        except ZecError as error:
            raise RebuildNotStartedError(
                f"{name(self.live)} was told to power off and then could not be followed: {error}. Nothing was wiped;"
                " it is perhaps powered off. The next pulumi up reads its status and goes on"
            ) from error
