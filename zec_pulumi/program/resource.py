"""What a program sees. Imports nothing heavy but the SDK, so that programs start fast."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi
from pulumi.dynamic import Resource

from zec_pulumi.health import HealthGate
from zec_pulumi.program.inputs import INPUTS, OUTPUTS, camel, refuse_unknown, snake
from zec_pulumi.program.sdk_outputs import wait_for_one
from zec_pulumi.program.signature import describe
from zec_pulumi.provider import InstanceOsImageProvider

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from zec_pulumi.program.inputs import ImageInputs, InputSpec


class InstanceOsImage(Resource, module="zec", name="InstanceOsImage"):
    """The OS image that a Zenlayer ZEC instance runs.

    Changing ``image_id``, ``key_id``, ``user_data``, ``rebuild_token`` or anything named in ``rebuild_on`` rebuilds
    the instance: it is powered off and **its boot disk is wiped**. Preview says so on the resource's row. Creating the
    resource on an instance that already runs as described adopts it and wipes nothing; deleting it forgets it and never
    touches the machine.

    ``custom_timeouts`` bound the whole operation (default 60 minutes).
    """

    instance_id: pulumi.Output[str]
    """The instance; changing it forgets the old instance and creates for the new one."""
    image_id: pulumi.Output[str]
    """The image that runs."""
    key_id: pulumi.Output[str | None]
    """The SSH key pair on the instance; None with a password."""
    password: pulumi.Output[str | None]
    """The password asked for; always secret."""
    user_data: pulumi.Output[str | None]
    """The first-boot script, as text."""
    user_data_base64: pulumi.Output[str | None]
    """The first-boot script, as Base64."""
    timezone: pulumi.Output[str | None]
    """IANA name of the time zone."""
    enable_agent: pulumi.Output[bool | None]
    """Whether the guest agent (QGA) is on."""
    instance_name: pulumi.Output[str | None]
    """The display name."""
    rebuild_token: pulumi.Output[str | None]
    """The token that was last asked for."""
    rebuild_on: pulumi.Output[list[str] | None]
    """The further inputs whose change rebuilds."""
    rebuild_protection: pulumi.Output[bool | None]
    """Whether every rebuild is refused."""
    adopt: pulumi.Output[str | None]
    """What creating does with the machine."""
    power_off: pulumi.Output[str | None]
    """How the instance is powered off before a rebuild."""
    health: pulumi.Output[dict[str, Any] | None]
    """The health gate, as plain values."""
    status: pulumi.Output[str]
    """Status of the instance, e.g. ``RUNNING``."""
    image_name: pulumi.Output[str | None]
    """Name of the image that runs."""
    os_type: pulumi.Output[str | None]
    """``linux``, ``windows``, … of the image that runs."""
    public_ip_addresses: pulumi.Output[list[str]]
    """Public addresses."""
    private_ip_addresses: pulumi.Output[list[str]]
    """Private addresses."""
    last_rebuild: pulumi.Output[dict[str, Any] | None]
    """The last verified rebuild: ``attempt_id``, ``request_id``, ``causes``, ``started_at``, ``finished_at`` (UTC,
    ISO 8601). It changes with every rebuild and with nothing else: the thing to trigger follow-up work on."""

    def __init__(
        self,
        resource_name: str,
        *,
        instance_id: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
        **inputs: Unpack[ImageInputs],
    ) -> None:
        """Declare the OS image of an instance.

        Args:
            resource_name: Name of the resource in the stack.
            instance_id: Id of the instance, a string.
            opts: Options of the resource.
            inputs: The other inputs of docs/inputs.md.

        Raises:
            TypeError: ``instance_id`` is a number, or there is no such input.
        """
        refuse_unknown(inputs, ["opts", *(spec.name for spec in INPUTS)])
        if isinstance(instance_id, (int, float)):
            raise TypeError(f"instance_id must be a string: write {str(instance_id)!r}, in quotes")
        values: dict[str, Any] = {"instance_id": instance_id, **inputs}
        properties = {spec.name: _property(spec, values.get(spec.name)) for spec in INPUTS}
        # check() takes it out again: it is neither compared nor recorded.
        properties["dry_run"] = pulumi.runtime.is_dry_run()
        properties.update(dict.fromkeys(spec.name for spec in OUTPUTS))
        super().__init__(InstanceOsImageProvider(), resource_name, properties, opts)
        wait_for_one(self)

    def translate_output_property(self, prop: str) -> str:
        """Return the Python name of a property key: ``imageId`` → ``image_id``."""
        return snake(prop)

    def translate_input_property(self, prop: str) -> str:
        """Return the property key of a Python name, so that ``ignore_changes=["image_id"]`` works."""
        return prop if prop.startswith("_") else camel(prop)  # the SDK's own begin with _


describe(InstanceOsImage.__init__, INPUTS)


def _property(spec: InputSpec, value: Any) -> Any:
    """Return an input as the SDK takes it. None stays None, which the SDK drops."""
    if value is None:
        return None
    if spec.secret:
        return pulumi.Output.secret(value)
    if spec.name != "health":
        return value
    return plain_gate(value) if isinstance(value, HealthGate) else pulumi.Output.from_input(value).apply(plain_gate)


def plain_gate(health: object) -> object:
    """Return a health gate as plain JSON; whatever else a program gives is for check() to refuse."""
    return health.properties() if isinstance(health, HealthGate) else health
