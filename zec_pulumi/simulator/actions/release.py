"""Releasing instances: into the recycle bin, and out of it for good."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zec_pulumi.simulator.action_call import ActionParameters
from zec_pulumi.simulator.effects import FailIds, NeverEnds
from zec_pulumi.simulator.envelope import RefusedError
from zec_pulumi.simulator.lifecycle import begin
from zec_pulumi.simulator.paging import SomeIds  # noqa: TC001 -- pydantic reads it at run time
from zec_pulumi.simulator.rules import check_not_imaged

if TYPE_CHECKING:
    from zec_pulumi.simulator.action_call import ActionCall

# From which status: the transitional status, and what it ends in (None: the instance is gone).
_STEPS: dict[str, tuple[str, str | None]] = {
    **dict.fromkeys(["RUNNING", "STOPPED", "REINSTALL_FAILED", "CREATE_FAILED"], ("RECYCLING", "RECYCLE")),
    "RECYCLE": ("RELEASING", None),
}


class ReleaseInstances(ActionParameters):
    """Parameters of ReleaseInstances; the disks of an instance always go with it here."""

    instance_ids: SomeIds
    depend_resource: bool = True


def release_instances(call: ActionCall, request: ReleaseInstances) -> dict[str, Any]:
    """RECYCLING, RECYCLE; a second time RELEASING, gone. No stop is needed first.

    Some accounts have no recycle bin; this is the longer way. The code for a status that does not allow it is
    this simulator's choice. Source: ReleaseInstances, zec 2025-09-01.
    """
    chosen = call.chosen(request.instance_ids)
    if call.effect(FailIds) is not None:
        return {"instanceIds": [instance.instance_id for instance in chosen]}
    able = [instance for instance in chosen if instance.status in _STEPS]
    if not able:
        check_not_imaged(chosen[0])
        raise RefusedError(400, "UNSUPPORTED_OPERATION_INSTANCE_STATUS", f"The instance is {chosen[0].status}.")
    seconds = None if call.effect(NeverEnds) else call.cloud.timing.stop_seconds
    for instance in able:
        through, becomes = _STEPS[instance.status]
        begin(instance, through, becomes=becomes, now=call.now, seconds=seconds)
        call.record(instance)
    return {"instanceIds": [instance.instance_id for instance in chosen if instance not in able]}
