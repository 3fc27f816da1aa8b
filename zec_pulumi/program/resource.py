"""What a program sees. Imports nothing heavy but the SDK, so that programs start fast."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import pulumi
from pulumi.dynamic import Resource

from zec_pulumi.program import options, places, stack_settings
from zec_pulumi.program.former_types import former_urns
from zec_pulumi.program.inputs import INPUTS, OUTPUTS, camel, refuse_unknown, snake
from zec_pulumi.program.refusals import refusing
from zec_pulumi.program.sdk_outputs import not_waited_for, wait_for_one
from zec_pulumi.program.signature import describe
from zec_pulumi.program.values import sendable
from zec_pulumi.provider import InstanceOsImageProvider

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator, Mapping

    from typing_extensions import Unpack

    from zec_pulumi.program.inputs import ImageInputs

_COPIES = ("applied", "attempt", "lastRebuild")
"""The outputs that may show a readable input's value a second time."""


class InstanceOsImage(Resource, module="zec", name="InstanceOsImage"):
    """The OS image that a Zenlayer ZEC instance runs.

    Changing ``image_id``, ``key_id``, ``user_data``, ``rebuild_token`` or anything named in ``rebuild_on`` rebuilds
    the instance: it is powered off and **its boot disk is wiped**. Preview says so on the resource's row. Creating the
    resource on an instance that already runs as described adopts it and wipes nothing; deleting it forgets it and never
    touches the machine.

    ``custom_timeouts`` bound the whole operation (default 60 minutes).

    A subclass is the same resource: it has the same type, whatever class arguments it gives to the SDK.
    """

    _former_type: ClassVar[str | None] = None
    """The type that older releases recorded for this class: for a subclass what the SDK makes of its arguments."""

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
    backup: pulumi.Output[bool | dict[str, Any] | None]
    """Whether a backup is made before a rebuild, or how many are kept."""
    on_unhealthy: pulumi.Output[str | None]
    """What happens to a rebuilt instance that does not pass its health gate."""
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
    ISO 8601), and ``backup_image_id`` if a backup was made. It changes with every rebuild and with nothing else: the
    thing to trigger follow-up work on."""
    backups: pulumi.Output[list[dict[str, Any]] | None]
    """The backups that are kept, oldest first: ``image_id``, ``attempt_id``, ``made_at`` and ``seconds``."""

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
            TypeError: an input has the wrong type, such as a number or bytes, or there is no such input.
            ValueError: a text cannot be meant, such as an output that was turned into text; or the option
                ``import_``, ``id`` or ``urn`` is given, with which nothing would be managed.

        ``replace_on_changes`` has no effect, and a warning says so. It is not refused, because a transformation for
        all resources of a stack may set it, and without effect it wipes nothing.
        """
        with refusing(f"InstanceOsImage {resource_name}"):
            refuse_unknown(inputs, ["opts", *(spec.name for spec in INPUTS)])
            given: dict[str, Any] = {"instance_id": instance_id, **inputs}
            values = {spec.name: sendable(spec, given.get(spec.name)) for spec in INPUTS}
            options.refuse_unserved(opts or pulumi.ResourceOptions())
        self._final_options = pulumi.ResourceOptions.merge(opts, None)
        properties: dict[str, Any] = {
            spec.name: pulumi.Output.secret(values[spec.name])
            if spec.secret and values[spec.name] is not None
            else values[spec.name]
            for spec in INPUTS
        }
        given_properties = dict(properties)
        properties["dry_run"] = pulumi.runtime.is_dry_run()
        properties["stack_settings"] = not_waited_for(stack_settings.read)
        properties["secret_inputs"] = _WhenSent(lambda: self._complete_options(given_properties))
        properties["demand"] = _WhenSent(places.declare(waits=_waits(self._final_options)))
        properties.update(dict.fromkeys(spec.name for spec in OUTPUTS))
        super().__init__(InstanceOsImageProvider(), resource_name, properties, self._final_options)
        if self._final_options.replace_on_changes:
            pulumi.log.warn(f"InstanceOsImage {resource_name}: {options.NO_EFFECT}", self)
        wait_for_one(self)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Keep the type: preview, report and fleets know the resource by it."""
        super().__init_subclass__(**kwargs)
        cls._former_type = f"pulumi-python:{cls._resource_type_name}"
        cls._resource_type_name = InstanceOsImage._resource_type_name

    def _get_providers(
        self, t: str, pkg: str | None, opts: pulumi.ResourceOptions
    ) -> tuple[pulumi.ProviderResource | None, Mapping[str, pulumi.ProviderResource]]:
        """Take the options as the SDK will send them, which transformations may have changed."""
        with refusing(f"InstanceOsImage {self._name}"):
            options.refuse_unserved(opts)
        opts.ignore_changes = options.spelled_out(opts.ignore_changes)
        self._final_options = opts
        return super()._get_providers(t, pkg, opts)

    async def _complete_options(self, properties: Mapping[str, Any]) -> list[str]:
        """Return the keys of the secret inputs, and add to the options, which the SDK reads after the inputs."""
        outputs = {name: value for name, value in properties.items() if isinstance(value, pulumi.Output)}
        secret = [spec for spec in INPUTS if spec.name in outputs and await outputs[spec.name].is_secret()]
        opts = self._final_options
        if any(spec.follows_machine for spec in secret):
            opts.additional_secret_outputs = [*(opts.additional_secret_outputs or []), *_COPIES]
        if self._former_type:
            former = await former_urns(self._name, self._former_type, opts)
            opts.aliases = [*(opts.aliases or []), *former]
        return [spec.key for spec in secret]

    def translate_output_property(self, prop: str) -> str:
        """Return the Python name of a property key: ``imageId`` → ``image_id``."""
        return snake(prop)

    def translate_input_property(self, prop: str) -> str:
        """Return the property key of a Python name, so that ``ignore_changes=["image_id"]`` works."""
        return prop if prop.startswith("_") else camel(prop)  # the SDK's own begin with _


describe(InstanceOsImage.__init__, INPUTS)


def _waits(opts: pulumi.ResourceOptions) -> bool:
    """Whether the options name another machine that is done before this one."""
    named = opts.depends_on
    return any(isinstance(one, InstanceOsImage) for one in (named if isinstance(named, (list, tuple)) else [named]))


class _WhenSent:
    """What ``find`` returns, found when the SDK awaits it. Unlike a coroutine it may be left alone."""

    def __init__(self, find: Callable[[], Coroutine[Any, Any, object]]) -> None:
        self._find = find

    def __await__(self) -> Generator[Any, None, object]:
        return self._find().__await__()
