"""Reinstalling an instance, and setting its password."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zec_pulumi.simulator.call import Request
from zec_pulumi.simulator.effects import NeverEnds, ReinstallFails
from zec_pulumi.simulator.envelope import ApiError
from zec_pulumi.simulator.lifecycle import begin
from zec_pulumi.simulator.rules import (
    check_agent,
    check_image,
    check_login,
    check_name,
    check_password,
    check_time_zone,
    check_user_data,
)

if TYPE_CHECKING:
    from zec_pulumi.simulator.call import Call
    from zec_pulumi.simulator.lifecycle import Changes
    from zec_pulumi.simulator.models import Instance


class ResetInstance(Request):
    """Parameters of ResetInstance."""

    instance_id: str
    image_id: str | None = None
    password: str | None = None
    key_id: str | None = None
    timezone: str | None = None
    enable_agent: bool = False
    instance_name: str | None = None
    user_data: str | None = None


class ResetInstancePassword(Request):
    """Parameters of ResetInstancePassword."""

    instance_id: str
    password: str


def reset_instance(call: Call, request: ResetInstance) -> dict[str, Any]:
    """Reinstall a STOPPED instance. Source: ResetInstance, zec 2025-09-01."""
    instance = call.instance(request.instance_id)
    if instance.status != "STOPPED":
        raise ApiError(400, "UNSUPPORTED_OPERATION_INSTANCE_STATUS", f"The instance is {instance.status}, not STOPPED.")
    changes = _accepted_changes(call, instance, request)
    pace = call.cloud.pace
    begin(
        instance,
        pace.transition,
        becomes="REINSTALL_FAILED" if call.effect(ReinstallFails) else "RUNNING",
        now=call.now,
        seconds=None if call.effect(NeverEnds) else pace.rebuild_seconds,
        changes={} if call.effect(ReinstallFails) else changes,
    )
    call.record(instance)
    return {}


def reset_instance_password(call: Call, request: ResetInstancePassword) -> dict[str, Any]:
    """Set the password through the agent of a RUNNING instance.

    Its key pair is forgotten. The code for an instance without agent is this simulator's choice.
    Source: ResetInstancePassword, zec 2025-09-01.
    """
    instance = call.instance(request.instance_id)
    if instance.status != "RUNNING":
        raise ApiError(403, "OPERATION_DENIED_INSTANCE_NOT_RUNNING", f"The instance is {instance.status}.")
    if not instance.enable_agent:
        raise ApiError(400, "UNSUPPORTED_OPERATION_INSTANCE_STATUS", "The agent is not enabled.")
    check_password(request.password)
    instance.key_id = None
    call.record(instance)
    return {}


def _accepted_changes(call: Call, instance: Instance, request: ResetInstance) -> Changes:
    """Apply every rule, and return what the instance will have after the reinstall."""
    world = call.cloud.world
    image = check_image(world, instance, request.image_id or instance.image_id)
    check_agent(image, enabled=request.enable_agent)
    check_login(world, image, password=request.password, key_id=request.key_id)
    changes: dict[str, str | bool | None] = {
        "imageId": image.image_id,
        "keyId": request.key_id,
        "enableAgent": request.enable_agent,
    }
    if request.user_data is not None:
        check_user_data(request.user_data)
    if request.timezone is not None:
        check_time_zone(world, request.timezone)
        changes["timeZone"] = request.timezone
    if request.instance_name is not None:
        check_name(request.instance_name)
        changes["instanceName"] = request.instance_name
    return changes
