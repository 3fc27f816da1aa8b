"""What Terraform changes about an instance's network: its primary card, and forwarding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zec_pulumi.simulator.action_call import ActionParameters
from zec_pulumi.simulator.envelope import RefusedError
from zec_pulumi.simulator.rules import check_not_imaged, check_not_recycled
from zec_pulumi.simulator.views import nic_id

if TYPE_CHECKING:
    from zec_pulumi.simulator.action_call import ActionCall


class StartIpForward(ActionParameters):
    """Parameters of StartIpForward, and of StopIpForward."""

    instance_id: str


class ModifyNetworkInterfaceAttribute(ActionParameters):
    """Parameters of ModifyNetworkInterfaceAttribute; any security group exists here."""

    nic_id: str
    name: str | None = None
    security_group_id: str | None = None


def start_ip_forward(call: ActionCall, request: StartIpForward) -> dict[str, Any]:
    """Let the instance forward. Source: StartIpForward, zec 2025-09-01."""
    return _forward(call, request, enabled=True)


def stop_ip_forward(call: ActionCall, request: StartIpForward) -> dict[str, Any]:
    """Let the instance forward no more. Source: StopIpForward, zec 2025-09-01."""
    return _forward(call, request, enabled=False)


def modify_network_interface_attribute(call: ActionCall, request: ModifyNetworkInterfaceAttribute) -> dict[str, Any]:
    """Set the name or the security group of a card. The code for an unknown one is this simulator's choice.

    Source: ModifyNetworkInterfaceAttribute, zec 2025-09-01.
    """
    for instance in call.cloud.instances():
        if nic_id(instance) == request.nic_id:
            check_not_imaged(instance)
            instance.nic_name = request.name or instance.nic_name
            instance.security_group_id = request.security_group_id or instance.security_group_id
            call.record(instance)
            return {}
    raise RefusedError(404, "INVALID_NIC_NOT_FOUND", f"Network interface {request.nic_id} not found.")


def _forward(call: ActionCall, request: StartIpForward, *, enabled: bool) -> dict[str, Any]:
    instance = call.instance(request.instance_id)
    check_not_recycled(instance)
    check_not_imaged(instance)
    instance.enable_ip_forward = enabled
    call.record(instance)
    return {}
