"""Many instances and one description. Imports nothing but the SDK, so that programs start fast."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

import pulumi
from pulumi.dynamic import Resource

from zec_pulumi.fleet_provider import FLEET_KEY, MEMBERS_KEY, FleetPlanProvider
from zec_pulumi.program import stack_records, urns
from zec_pulumi.program.fleet_members import members
from zec_pulumi.program.resource import InstanceOsImage, camel, plain_gate
from zec_pulumi.program.rollout import Rollout

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from zec_pulumi.health import HealthGate
    from zec_pulumi.program.fleet_members import FleetInstance
    from zec_pulumi.program.resource import RebuildTrigger

_STATE = ("instance_id", "status", "image_id", "public_ip_addresses", "private_ip_addresses", "last_rebuild")
_HANDED_ON = ("custom_timeouts", "ignore_changes", "additional_secret_outputs", "hide_diffs", "hooks")
"""Options that the engine does not hand from a component to its children."""


class FleetValueError(pulumi.RunError, ValueError):
    """What a program says of a fleet cannot be; the engine shows the sentence alone, without a traceback."""


class FleetTypeError(pulumi.RunError, TypeError):
    """The same, of an argument that has another type."""


class Fleet(pulumi.ComponentResource):
    """The OS images of many instances, as ordinary :class:`zec_pulumi.InstanceOsImage` resources.

    The canaries are rebuilt and healthy first, then the others, never more than ``max_unavailable`` at once; the first
    failure stops what has not begun, and the next ``up`` goes on. Before the first machine is touched, all of them are
    judged: if any is refused, none is touched. Adding, removing and reordering instances leaves the others alone.
    """

    members: Mapping[str, InstanceOsImage]
    """The resources, by name."""
    instances: pulumi.Output[dict[str, dict[str, Any]]]
    """State by name: ``instance_id``, ``status``, ``image_id``, ``public_ip_addresses``, ``private_ip_addresses``,
    ``last_rebuild``."""
    summary: pulumi.Output[dict[str, Any]]
    """Counts: ``instances``, ``running``, and ``images``, which has the number of instances by image id."""

    def __init__(
        self,
        resource_name: str,
        *,
        instances: Mapping[str, pulumi.Input[str] | FleetInstance] | Sequence[str],
        max_unavailable: int | str = 1,
        canary: int | str | Sequence[str] = 0,
        image_id: pulumi.Input[str] | None = None,
        key_id: pulumi.Input[str] | None = None,
        password: pulumi.Input[str] | None = None,
        user_data: pulumi.Input[str] | None = None,
        user_data_base64: pulumi.Input[str] | None = None,
        timezone: pulumi.Input[str] | None = None,
        enable_agent: pulumi.Input[bool] | None = None,
        rebuild_token: pulumi.Input[str] | None = None,
        rebuild_on: pulumi.Input[Sequence[RebuildTrigger]] | None = None,
        rebuild_protection: pulumi.Input[bool] | None = None,
        adopt: pulumi.Input[Literal["auto", "only", "never"]] | None = None,
        power_off: pulumi.Input[Literal["graceful", "force"]] | None = None,
        health: pulumi.Input[HealthGate] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the OS images of many instances; inputs not explained here are those of ``InstanceOsImage``.

        Args:
            resource_name: Name of the fleet in the stack.
            instances: The instances by name: an id, or a :class:`zec_pulumi.FleetInstance` with inputs of its own.
                Or a list of ids, which are then the names, too. A name is the name of the child resource.
            max_unavailable: How many may be rebuilt at once: a number, or a percentage of the fleet such as ``"10%"``,
                rounded down and at least one.
            canary: Instances that are finished before the others begin: how many of the first, a name, or names.
            image_id: Image to run on all instances that have none of their own, and likewise the following.
            key_id: SSH key pair.
            password: Administrator's password instead of a key.
            user_data: First-boot script.
            user_data_base64: The same as Base64.
            timezone: IANA name.
            enable_agent: Guest agent on or off.
            rebuild_token: Any string; change it to rebuild the same image again.
            rebuild_on: Inputs whose change shall rebuild, too.
            rebuild_protection: Refuse every rebuild.
            adopt: What creating does with a machine that exists.
            power_off: How a machine is powered off.
            health: What a rebuilt machine must answer before the next in its lane begins, such as
                ``zec.health.tcp(22)``.
            opts: Options of the fleet; ``custom_timeouts``, ``ignore_changes``, ``additional_secret_outputs``,
                ``hide_diffs`` and ``hooks`` hold for each instance.

        Raises:
            ValueError: no instance, one instance twice, an unknown canary, or a number out of range.
            TypeError: an argument has another type, such as a number as id.
        """
        common = {
            "image_id": image_id,
            "key_id": key_id,
            "password": password,
            "user_data": user_data,
            "user_data_base64": user_data_base64,
            "timezone": timezone,
            "enable_agent": enable_agent,
            "rebuild_token": rebuild_token,
            "rebuild_on": rebuild_on,
            "rebuild_protection": rebuild_protection,
            "adopt": adopt,
            "power_off": power_off,
            "health": health,
        }
        try:
            wanted = members(instances, common)
            rollout = Rollout.of(tuple(wanted), max_unavailable, canary)
        except ValueError as error:
            raise FleetValueError(f"fleet {resource_name}: {error}") from error
        except TypeError as error:
            raise FleetTypeError(f"fleet {resource_name}: {error}") from error
        opts = opts or pulumi.ResourceOptions()
        own, handed_on = pulumi.ResourceOptions.merge(opts, None), pulumi.ResourceOptions()
        for name in _HANDED_ON:
            setattr(handed_on, name, getattr(opts, name))
            setattr(own, name, None)
        super().__init__(urns.FLEET, resource_name, None, own)
        plan = _FleetPlan(resource_name, self, rollout, wanted, opts)
        made: dict[str, InstanceOsImage] = {}
        for name in rollout.order:
            before = [plan, *(made[earlier] for earlier in rollout.after(name))]
            place = pulumi.ResourceOptions(parent=self, depends_on=before)
            made[name] = InstanceOsImage(name, **wanted[name], opts=pulumi.ResourceOptions.merge(handed_on, place))
        self.members = {name: made[name] for name in wanted}
        states = {name: {key: getattr(one, key) for key in _STATE} for name, one in self.members.items()}
        self.instances = pulumi.Output.from_input(states)
        self.summary = self.instances.apply(_summary)
        self.register_outputs({"instances": self.instances, "summary": self.summary})


class _FleetPlan(Resource, module="zec", name="FleetPlan"):
    """What all machines of a fleet depend on; the engine checks it before any of them."""

    def __init__(
        self,
        resource_name: str,
        fleet: Fleet,
        rollout: Rollout,
        wanted: Mapping[str, Mapping[str, Any]],
        opts: pulumi.ResourceOptions,
    ) -> None:
        order = {
            "canaries": rollout.canaries,
            "others": rollout.others,
            "atOnce": rollout.at_once,
            "ignored": [camel(name) for name in opts.ignore_changes or ()],
        }

        async def told() -> str:
            # As an output the URN would make the plan depend on the fleet, and so on the machines that depend on it.
            return json.dumps({"urn": await fleet.urn.future(), **order})

        properties: dict[str, Any] = {
            FLEET_KEY: told(),
            # A preview checks each machine before anything is done, so nothing more is needed there.
            MEMBERS_KEY: None if pulumi.runtime.is_dry_run() else _members(wanted),
        }
        place = pulumi.ResourceOptions(parent=fleet, depends_on=opts.depends_on)
        super().__init__(FleetPlanProvider(), resource_name, properties, place)


def _members(wanted: Mapping[str, Mapping[str, Any]]) -> pulumi.Output[str]:
    """Return what is wanted of each machine, and what the stack's state holds about these machines."""

    def told(known: Mapping[str, Any]) -> str:
        inputs = {name: {camel(key): value for key, value in one.items()} for name, one in known["wanted"].items()}
        return json.dumps({"wanted": inputs, **_ours(known["state"], inputs)}, default=plain_gate)

    known = pulumi.Output.all(wanted=wanted, state=stack_records.read())
    return pulumi.Output.secret(known.apply(told))


def _ours(state: Mapping[str, Any], inputs: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Leave only the records of this package that a machine of the fleet may have, by resource name or by id."""
    if "records" not in state:
        return dict(state)
    ids = {one.get("instanceId") for one in inputs.values()}
    records = {}
    for urn, record in state["records"].items():
        outputs = record.get("outputs") or {}
        wanted = urn.rpartition("::")[2] in inputs or outputs.get("instanceId") in ids
        if wanted and record.get("type") == urns.INSTANCE:
            records[urn] = {key: value for key, value in outputs.items() if key != "__provider"}
    return {"records": records}


def _summary(states: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    images: dict[str, int] = {}
    for one in states.values():
        images[one["image_id"]] = images.get(one["image_id"], 0) + 1
    running = sum(one["status"] == "RUNNING" for one in states.values())
    return {"instances": len(states), "running": running, "images": dict(sorted(images.items()))}
