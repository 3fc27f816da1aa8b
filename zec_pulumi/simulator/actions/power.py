"""Stopping, starting and rebooting instances.

Of several ids, those whose state does not allow it are answered as failed; when none can be done, the
request is refused with the reason of the first. The documents leave that open; this reading hides nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zec_pulumi.simulator.action_call import ActionParameters
from zec_pulumi.simulator.effects import FailIds, NeverEnds
from zec_pulumi.simulator.envelope import RefusedError
from zec_pulumi.simulator.lifecycle import begin
from zec_pulumi.simulator.paging import SomeIds  # noqa: TC001 -- pydantic reads it at run time
from zec_pulumi.simulator.rules import check_not_imaged

if TYPE_CHECKING:
    from collections.abc import Collection

    from zec_pulumi.simulator.action_call import ActionCall
    from zec_pulumi.simulator.models import Machine


class StartInstances(ActionParameters):
    """Parameters of StartInstances."""

    instance_ids: SomeIds


class StopInstances(StartInstances):
    """Parameters of StopInstances; ``forceShutdown`` absent means true and is as quick here either way."""

    force_shutdown: bool | None = None


class RebootInstances(StartInstances):
    """Parameters of RebootInstances."""

    force_reboot: bool | None = None


def stop_instances(call: ActionCall, request: StopInstances) -> dict[str, Any]:
    """RUNNING, STOPPING, STOPPED. Source: StopInstances, zec 2025-09-01."""
    return _switch(call, request, allowed={"RUNNING"}, through="STOPPING", becomes="STOPPED")


def start_instances(call: ActionCall, request: StartInstances) -> dict[str, Any]:
    """STOPPED, BOOTING, RUNNING. Source: StartInstances, zec 2025-09-01."""
    return _switch(call, request, allowed={"STOPPED"}, through="BOOTING", becomes="RUNNING")


def reboot_instances(call: ActionCall, request: RebootInstances) -> dict[str, Any]:
    """RUNNING, REBOOT, RUNNING. Source: RebootInstances, zec 2025-09-01."""
    allowed = {"RUNNING", "BOOTING", "REBOOT"} if request.force_reboot else {"RUNNING"}
    return _switch(call, request, allowed=allowed, through="REBOOT", becomes="RUNNING")


def _switch(
    call: ActionCall, request: StartInstances, *, allowed: Collection[str], through: str, becomes: str
) -> dict[str, Any]:
    chosen = call.chosen(request.instance_ids)
    if call.effect(FailIds) is not None:
        return {"instanceIds": [instance.instance_id for instance in chosen]}
    able = [instance for instance in chosen if instance.status in allowed]
    if not able:
        raise _denied(chosen[0], "STOPPED" if "STOPPED" in allowed else "RUNNING")
    seconds = None if call.effect(NeverEnds) else call.cloud.timing.stop_seconds
    for instance in able:
        begin(instance, through, becomes=becomes, now=call.now, seconds=seconds)
        call.record(instance)
    return {"instanceIds": [instance.instance_id for instance in chosen if instance not in able]}


def _denied(instance: Machine, needed: str) -> RefusedError:
    check_not_imaged(instance)
    reason = "RECYCLED" if instance.status == "RECYCLE" else f"NOT_{needed}"
    message = f"Instance {instance.instance_id} is {instance.status}."
    return RefusedError(403, f"OPERATION_DENIED_INSTANCE_{reason}", message)
