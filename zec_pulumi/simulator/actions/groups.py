"""Resource groups: a service of its own, for resources of every kind. Here: for instances."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zec_pulumi.simulator.action_call import ActionParameters
from zec_pulumi.simulator.envelope import RefusedError
from zec_pulumi.simulator.paging import SomeIds  # noqa: TC001 -- pydantic reads it at run time
from zec_pulumi.simulator.rules import check_resource_group

if TYPE_CHECKING:
    from zec_pulumi.simulator.action_call import ActionCall
    from zec_pulumi.simulator.models import Machine


class AddResourceResourceGroup(ActionParameters):
    """Parameters of AddResourceResourceGroup."""

    resource_group_id: str
    resources: SomeIds


def add_resource_resource_group(call: ActionCall, request: AddResourceResourceGroup) -> dict[str, Any]:
    """Move instances into a resource group; all or none. Source: AddResourceResourceGroup, user 2024-05-29."""
    world = call.cloud.world
    check_resource_group(world, request.resource_group_id)
    chosen = [_resource(call, resource) for resource in dict.fromkeys(request.resources)]
    for instance in chosen:
        instance.resource_group_id = request.resource_group_id
        instance.resource_group_name = world.resource_groups[request.resource_group_id]
        call.record(instance)
    return {}


def _resource(call: ActionCall, resource_id: str) -> Machine:
    instance = call.cloud.instance(resource_id)
    if instance is None:
        raise RefusedError(404, "OPERATION_FAILED_RESOURCE_NOT_FOUND", f"Resource {resource_id} not found.")
    return instance
