"""Many instances and one description. Imports nothing but the SDK, so that programs start fast."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi.dynamic import Resource

from zec_pulumi.fleet_provider import FLEET_KEY, MEMBERS_KEY, FleetPlanProvider
from zec_pulumi.program import places, stack_settings, stack_state, urns
from zec_pulumi.program.fleet_members import members
from zec_pulumi.program.inputs import INPUTS, SETTINGS_KEY, camel, refuse_unknown
from zec_pulumi.program.options import NO_EFFECT, refuse_unserved, spelled_out
from zec_pulumi.program.refusals import refusing
from zec_pulumi.program.resource import InstanceOsImage
from zec_pulumi.program.rollout import Rollout
from zec_pulumi.program.signature import describe

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from typing_extensions import Unpack

    from zec_pulumi.program.inputs import FleetInputs, FleetInstance

_FLEET_INPUTS = tuple(spec for spec in INPUTS if spec.in_fleet)
_STATE = ("instance_id", "status", "image_id", "public_ip_addresses", "private_ip_addresses", "last_rebuild")
_HANDED_ON = ("custom_timeouts", "ignore_changes", "additional_secret_outputs", "hide_diffs", "hooks")
"""Options that the engine does not hand from a component to its children."""


class Fleet(pulumi.ComponentResource):
    """The OS images of many instances, as ordinary :class:`zec_pulumi.InstanceOsImage` resources.

    The canaries are rebuilt first and must be healthy. Then the others follow, at most ``max_unavailable`` at once.
    The first failure stops every instance that has not begun, and the next ``up`` continues. All instances are checked
    before the first is touched: if any is refused, none is touched. Adding, removing and reordering instances leaves
    the others alone.
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
        opts: pulumi.ResourceOptions | None = None,
        **inputs: Unpack[FleetInputs],
    ) -> None:
        """Declare the OS images of many instances.

        Args:
            resource_name: Name of the fleet in the stack.
            instances: The instances by name: an id, or a :class:`zec_pulumi.FleetInstance` with inputs of its own.
                Or a list of ids, which are then the names, too. A name is the name of the child resource.
            max_unavailable: How many may be rebuilt at once: a number, or a percentage of the fleet such as ``"10%"``,
                rounded down and at least one.
            canary: Instances that are finished before the others begin: how many of the first, a name, or names.
            opts: Options of the fleet; ``custom_timeouts``, ``ignore_changes``, ``additional_secret_outputs``,
                ``hide_diffs`` and ``hooks`` hold for each instance.
            inputs: Inputs of :class:`zec_pulumi.InstanceOsImage`, for each instance that has no value of its own.

        Raises:
            ValueError: no instance, one instance twice, an unknown canary, a number out of range, a text or an option
                that :class:`zec_pulumi.InstanceOsImage` refuses.
            TypeError: an argument has another type, such as a number as id, or there is no such input.
        """
        opts = opts or pulumi.ResourceOptions()
        with refusing(f"fleet {resource_name}"):
            refuse_unserved(opts)
            _refuse_unknown(inputs)
            member_inputs = members(instances, inputs)
            rollout = Rollout.of(tuple(member_inputs), max_unavailable, canary)
        fleet_opts, member_opts = pulumi.ResourceOptions.merge(opts, None), pulumi.ResourceOptions()
        for name in _HANDED_ON:
            setattr(member_opts, name, getattr(opts, name))
            setattr(fleet_opts, name, None)
        super().__init__(urns.FLEET, resource_name, None, fleet_opts)
        if opts.replace_on_changes:
            pulumi.log.warn(f"fleet {resource_name}: {NO_EFFECT}", self)
        plan = _FleetPlan(resource_name, self, rollout, member_inputs, opts)
        resources: dict[str, InstanceOsImage] = {}
        for name in rollout.order:
            predecessors = [plan, *(resources[earlier] for earlier in rollout.after(name))]
            place = pulumi.ResourceOptions(parent=self, depends_on=predecessors)
            options = pulumi.ResourceOptions.merge(member_opts, place)
            resources[name] = InstanceOsImage(name, opts=options, **member_inputs[name])
        self.members = {name: resources[name] for name in member_inputs}
        states = {name: {key: getattr(member, key) for key in _STATE} for name, member in self.members.items()}
        self.instances = pulumi.Output.from_input(states)
        self.summary = self.instances.apply(_summary)
        self.register_outputs({"instances": self.instances, "summary": self.summary})


describe(Fleet.__init__, _FLEET_INPUTS)


def _refuse_unknown(inputs: Mapping[str, object]) -> None:
    for spec in INPUTS:
        if spec.name in inputs and not spec.in_fleet:
            raise TypeError(f"{spec.name} belongs to one instance: give it in instances")
    refuse_unknown(inputs, ["instances", "max_unavailable", "canary", "opts", *(spec.name for spec in _FLEET_INPUTS)])


class _FleetPlan(Resource, module="zec", name="FleetPlan"):
    """What all machines of a fleet depend on; the engine checks it before any of them."""

    def __init__(
        self,
        resource_name: str,
        fleet: Fleet,
        rollout: Rollout,
        member_inputs: Mapping[str, Mapping[str, Any]],
        opts: pulumi.ResourceOptions,
    ) -> None:
        order = {
            "canaries": rollout.canaries,
            "others": rollout.others,
            "atOnce": rollout.at_once,
            "places": places.read(),
            "ignored": [camel(name) for name in spelled_out(opts.ignore_changes) or ()],
        }

        async def order_json() -> str:
            # As an output the URN would make the plan depend on the fleet, and so on the machines that depend on it.
            return json.dumps({"urn": await fleet.urn.future(), **order})

        properties: dict[str, Any] = {
            FLEET_KEY: order_json(),
            # A preview checks each machine before anything is done, so nothing more is needed there.
            MEMBERS_KEY: None if pulumi.runtime.is_dry_run() else _members_json(member_inputs),
            SETTINGS_KEY: stack_settings.read(),
        }
        place = pulumi.ResourceOptions(parent=fleet, depends_on=opts.depends_on)
        super().__init__(FleetPlanProvider(), resource_name, properties, place)


def _members_json(member_inputs: Mapping[str, Mapping[str, Any]]) -> pulumi.Output[str]:
    """Return the inputs of each machine, and the stack's records of these machines, as a secret."""

    def to_json(values: Mapping[str, Any]) -> str:
        wanted = {
            name: {camel(key): value for key, value in inputs.items()} for name, inputs in values["inputs"].items()
        }
        return json.dumps({"wanted": wanted, **_member_records(values["state"], wanted)})

    values = pulumi.Output.all(inputs=member_inputs, state=stack_state.read())
    return pulumi.Output.secret(values.apply(to_json))


def _member_records(state: Mapping[str, Any], wanted: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the records of this package that a machine of the fleet may have, by resource name or by id."""
    if "records" not in state:
        return dict(state)
    ids = {inputs.get("instanceId") for inputs in wanted.values()}
    records = {}
    for urn, record in state["records"].items():
        outputs = record.get("outputs") or {}
        is_member = urns.name_of(urn) in wanted or outputs.get("instanceId") in ids
        if is_member and record.get("type") == urns.INSTANCE:
            records[urn] = {key: value for key, value in outputs.items() if key != "__provider"}
    return {"records": records}


def _summary(states: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    images: dict[str, int] = {}
    for state in states.values():
        images[state["image_id"]] = images.get(state["image_id"], 0) + 1
    running = sum(state["status"] == "RUNNING" for state in states.values())
    return {"instances": len(states), "running": running, "images": dict(sorted(images.items()))}
