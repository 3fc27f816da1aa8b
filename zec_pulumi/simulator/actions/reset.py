"""Reinstalling one instance or several, and setting a password."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zec_pulumi.simulator.action_call import ActionParameters
from zec_pulumi.simulator.effects import FailIds, NeverEnds, ReinstallFails
from zec_pulumi.simulator.envelope import RefusedError
from zec_pulumi.simulator.lifecycle import begin
from zec_pulumi.simulator.paging import SomeIds  # noqa: TC001 -- pydantic reads it at run time
from zec_pulumi.simulator.rules import (
    check_agent,
    check_image,
    check_login,
    check_name,
    check_not_imaged,
    check_password,
    check_time_zone,
    check_user_data,
)

if TYPE_CHECKING:
    from zec_pulumi.simulator.action_call import ActionCall
    from zec_pulumi.simulator.lifecycle import FieldChanges
    from zec_pulumi.simulator.models import Machine


class _Reinstall(ActionParameters):
    """What both reinstalling actions take."""

    image_id: str | None = None
    password: str | None = None
    key_id: str | None = None
    timezone: str | None = None
    enable_agent: bool = False
    instance_name: str | None = None
    user_data: str | None = None


class ResetInstance(_Reinstall):
    """Parameters of ResetInstance."""

    instance_id: str


class ResetInstances(_Reinstall):
    """Parameters of ResetInstances."""

    instance_ids: SomeIds


class ResetInstancePassword(ActionParameters):
    """Parameters of ResetInstancePassword."""

    instance_id: str
    password: str


def reset_instance(call: ActionCall, request: ResetInstance) -> dict[str, Any]:
    """Reinstall a STOPPED instance. Source: ResetInstance, zec 2025-09-01."""
    instance = call.instance(request.instance_id)
    _begin_reinstall(call, instance, _accepted_changes(call, instance, request))
    return {}


def reset_instances(call: ActionCall, request: ResetInstances) -> dict[str, Any]:
    """Reinstall those that can be, by the rules of ResetInstance, and answer the others as failed.

    When none can, the request is refused with the reason of the first, as when instances are stopped.
    Source: ResetInstances, zec 2025-09-01.
    """
    chosen = call.chosen(request.instance_ids)
    if call.effect(FailIds) is not None:
        return {"instanceIds": [instance.instance_id for instance in chosen]}
    outcomes = [(instance, _changes_or_refusal(call, instance, request)) for instance in chosen]
    refused = {instance.instance_id: found for instance, found in outcomes if isinstance(found, RefusedError)}
    if len(refused) == len(chosen):
        raise refused[chosen[0].instance_id]
    for instance, found in outcomes:
        if not isinstance(found, RefusedError):
            _begin_reinstall(call, instance, found)
    return {"instanceIds": list(refused)}


def _changes_or_refusal(call: ActionCall, instance: Machine, request: _Reinstall) -> FieldChanges | RefusedError:
    try:
        return _accepted_changes(call, instance, request)
    except RefusedError as error:
        return error


def _begin_reinstall(call: ActionCall, instance: Machine, changes: FieldChanges) -> None:
    timing = call.cloud.timing
    # The disk is written from now on: what was on it is gone, and if the reinstall fails, what comes is not there.
    instance.disk_identity = call.new_disk_identity()
    begin(
        instance,
        timing.transition,
        becomes="REINSTALL_FAILED" if call.effect(ReinstallFails) else "RUNNING",
        now=call.now,
        seconds=None if call.effect(NeverEnds) else timing.rebuild_seconds,
        changes={} if call.effect(ReinstallFails) else changes,
    )
    call.record(instance)


def reset_instance_password(call: ActionCall, request: ResetInstancePassword) -> dict[str, Any]:
    """Set the password through the agent of a RUNNING instance.

    Its key pair is forgotten. The code for an instance without agent is this simulator's choice.
    Source: ResetInstancePassword, zec 2025-09-01.
    """
    instance = call.instance(request.instance_id)
    check_not_imaged(instance)
    if instance.status != "RUNNING":
        raise RefusedError(403, "OPERATION_DENIED_INSTANCE_NOT_RUNNING", f"The instance is {instance.status}.")
    if not instance.enable_agent:
        raise RefusedError(400, "UNSUPPORTED_OPERATION_INSTANCE_STATUS", "The agent is not enabled.")
    check_password(request.password)
    instance.key_id = None
    call.record(instance)
    return {}


def _accepted_changes(call: ActionCall, instance: Machine, request: _Reinstall) -> FieldChanges:
    """Apply every rule, and return what the instance will have after the reinstall."""
    check_not_imaged(instance)
    if instance.status != "STOPPED":
        raise RefusedError(
            400, "UNSUPPORTED_OPERATION_INSTANCE_STATUS", f"The instance is {instance.status}, not STOPPED."
        )
    world = call.cloud.world
    image = check_image(world, instance, request.image_id or instance.image_id)
    check_agent(image, enabled=request.enable_agent)
    check_login(world, image, password=request.password, key_id=request.key_id)
    changes: dict[str, str | bool | None] = {
        "imageId": image.image_id,
        "keyId": request.key_id,
        "enableAgent": request.enable_agent,
    }
    if image.disk_identity is not None:
        changes["diskIdentity"] = image.disk_identity
    if request.user_data is not None:
        check_user_data(request.user_data)
    if request.timezone is not None:
        check_time_zone(world, request.timezone)
        changes["timeZone"] = request.timezone
    if request.instance_name is not None:
        check_name(request.instance_name)
        changes["instanceName"] = request.instance_name
    return changes
