"""What a program sees. Imports nothing heavy but the SDK, so that programs start fast."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import pulumi
from pulumi.dynamic import Resource

from zec_pulumi.health import HealthGate
from zec_pulumi.program.sdk_outputs import wait_for_one
from zec_pulumi.provider import InstanceOsImageProvider

if TYPE_CHECKING:
    from collections.abc import Sequence

_OUTPUTS = ("status", "image_name", "os_type", "public_ip_addresses", "private_ip_addresses", "last_rebuild")

RebuildTrigger = Literal["timezone", "enable_agent", "password"]


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
        image_id: pulumi.Input[str] | None = None,
        key_id: pulumi.Input[str] | None = None,
        password: pulumi.Input[str] | None = None,
        user_data: pulumi.Input[str] | None = None,
        user_data_base64: pulumi.Input[str] | None = None,
        timezone: pulumi.Input[str] | None = None,
        enable_agent: pulumi.Input[bool] | None = None,
        instance_name: pulumi.Input[str] | None = None,
        rebuild_token: pulumi.Input[str] | None = None,
        rebuild_on: pulumi.Input[Sequence[RebuildTrigger]] | None = None,
        rebuild_protection: pulumi.Input[bool] | None = None,
        adopt: pulumi.Input[Literal["auto", "only", "never"]] | None = None,
        power_off: pulumi.Input[Literal["graceful", "force"]] | None = None,
        health: pulumi.Input[HealthGate] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the OS image of an instance.

        Args:
            resource_name: Name of the resource in the stack.
            instance_id: Id of the instance, as a string: a bare number loses digits on its way and is refused.
            image_id: Image to run; omitted: whatever image runs now. A change rebuilds.
            key_id: SSH key pair to install; with neither key nor password the instance keeps the key it has. A change
                rebuilds.
            password: Administrator's password instead of a key; always secret. A change alone is made in place, through
                the agent, while the instance runs.
            user_data: First-boot script, text, less than 64 KiB. A change rebuilds.
            user_data_base64: The same as Base64, for bytes.
            timezone: IANA name; omitted: as the instance has it. Only a rebuild changes it.
            enable_agent: Guest agent (QGA) on or off; omitted: as the instance has it. Only a rebuild changes it.
            instance_name: Display name, changed in place; omitted: as the instance has it.
            rebuild_token: Any string; change it to rebuild the same image again. Taking it out does nothing.
            rebuild_on: Inputs whose change shall rebuild too: ``timezone``, ``enable_agent``, ``password``.
            rebuild_protection: Refuse every rebuild of this instance. Pulumi's own ``protect`` does not.
            adopt: What creating does with a machine that exists: ``"auto"`` (default) adopts it if it already is as
                described and else rebuilds it; ``"only"`` refuses anything but adopting; ``"never"`` always rebuilds.
            power_off: ``"graceful"`` (default) lets the system unmount its data disks; ``"force"`` cuts the power.
            health: What a rebuilt instance must answer before its rebuild counts as done: ``zec.health.tcp(22)``,
                ``zec.health.http("/healthz")``, ``zec.health.ssh()`` or ``zec.health.command([...])``. A change alone
                touches nothing.
            opts: Options of the resource.

        Raises:
            TypeError: ``instance_id`` is a number.
        """
        if isinstance(instance_id, (int, float)):
            raise TypeError(f"instance_id must be a string: write {str(instance_id)!r}, in quotes")
        properties: dict[str, Any] = {
            "instance_id": instance_id,
            "image_id": image_id,
            "key_id": key_id,
            "password": None if password is None else pulumi.Output.secret(password),
            "user_data": user_data,
            "user_data_base64": user_data_base64,
            "timezone": timezone,
            "enable_agent": enable_agent,
            "instance_name": instance_name,
            "rebuild_token": rebuild_token,
            "rebuild_on": rebuild_on,
            "rebuild_protection": rebuild_protection,
            "adopt": adopt,
            "power_off": power_off,
            "health": None if health is None else _plain_input(health),
            # check() takes it out again: it is neither compared nor recorded.
            "dry_run": pulumi.runtime.is_dry_run(),
        }
        properties.update(dict.fromkeys(_OUTPUTS))
        super().__init__(InstanceOsImageProvider(), resource_name, properties, opts)
        wait_for_one(self)

    def translate_output_property(self, prop: str) -> str:
        """Return the Python name of a property key: ``imageId`` → ``image_id``."""
        return "".join(f"_{c.lower()}" if c.isupper() else c for c in prop)

    def translate_input_property(self, prop: str) -> str:
        """Return the property key of a Python name, so that ``ignore_changes=["image_id"]`` works."""
        return prop if prop.startswith("_") else camel(prop)  # the SDK's own begin with _


def camel(name: str) -> str:
    """Return the property key of an input's Python name: ``image_id`` → ``imageId``."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _plain_input(health: Any) -> object:
    """Return a health gate as plain JSON, now or when it is known."""
    return health.properties() if isinstance(health, HealthGate) else pulumi.Output.from_input(health).apply(plain_gate)


def plain_gate(health: object) -> object:
    """Return a health gate as plain JSON; whatever else a program gives is for check() to refuse."""
    return health.properties() if isinstance(health, HealthGate) else health
