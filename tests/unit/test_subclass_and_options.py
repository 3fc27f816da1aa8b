"""Subclasses, resource options, and what a program tells its provider beside the inputs."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pulumi
import pytest

import zec_pulumi as zec
from zec_pulumi import provider as edge
from zec_pulumi.engine import Plugin
from zec_pulumi.engine.connection import EngineConnection
from zec_pulumi.fleet_provider import FLEET_KEY, FleetPlanProvider
from zec_pulumi.operations import fleet_check
from zec_pulumi.planning.gates import GateSettings, Missing
from zec_pulumi.program.inputs import DRY_RUN_KEY, INPUTS, PRIVATE_KEYS, SECRETS_KEY, SETTINGS_KEY
from zec_pulumi.program.options import refuse_unserved, spelled_out
from zec_pulumi.provider import InstanceOsImageProvider

if TYPE_CHECKING:
    from zec_pulumi.operations.context import Process

TYPE = zec.InstanceOsImage._resource_type_name


class WebImage(zec.InstanceOsImage):
    """As people write them."""


class NamedImage(zec.InstanceOsImage, module="acme", name="Named"):
    """With the SDK's class arguments."""


class GrandChild(NamedImage):
    """A subclass of a subclass."""


@pytest.mark.parametrize("kind", [WebImage, NamedImage, GrandChild], ids=lambda kind: kind.__name__)
def test_a_subclass_keeps_the_type(kind: type[zec.InstanceOsImage]) -> None:
    """Preview, report, doctor and fleets know the resource by it."""
    assert kind._resource_type_name == TYPE == "dynamic/zec:InstanceOsImage"


@pytest.mark.parametrize("everything", ["*", "[*]", '["*"]'])
def test_ignoring_everything_is_every_input_and_nothing_private(everything: str) -> None:
    """The engine would put the recorded value in its place, and of the private ones none is recorded."""
    assert spelled_out([everything]) == [spec.key for spec in INPUTS]


def test_ignoring_by_name_stays_and_private_names_are_left_out() -> None:
    """In both spellings."""
    assert spelled_out(["image_id", "userData", *PRIVATE_KEYS, "dry_run", "stack_settings"]) == ["image_id", "userData"]
    assert spelled_out(None) is None


@pytest.mark.parametrize("option", ["import_", "id", "urn"])
def test_options_that_manage_nothing_are_refused_with_the_way_that_can(option: str) -> None:
    """In the constructors of a resource and of a fleet, before anything is registered."""
    options: Any = {option: "1"}
    opts = pulumi.ResourceOptions(**options)
    for declare in (
        lambda: zec.InstanceOsImage("web", instance_id="1", opts=opts),
        lambda: zec.Fleet("web", instances=["1"], opts=opts),
    ):
        with pytest.raises(pulumi.RunError, match=f"the option {option} .* adopt"):
            declare()


def test_ordinary_options_are_not_refused() -> None:
    """Only those with which nothing would be managed."""
    refuse_unserved(pulumi.ResourceOptions(protect=True, retain_on_delete=True, delete_before_replace=True))


@pytest.fixture
def process(monkeypatch: pytest.MonkeyPatch) -> Process:
    """A plugin process without an engine; its operations need no cloud."""
    made = Plugin(EngineConnection())
    monkeypatch.setattr(edge, "plugin", lambda: made)
    monkeypatch.setattr("zec_pulumi.fleet_provider.plugin", lambda: made)
    return made.process


INVALID = {"instanceId": "1", "imageId": ""}
"""Refused for itself, so nothing is read."""


@pytest.mark.parametrize(
    "told",
    [{DRY_RUN_KEY: True}, {}, {DRY_RUN_KEY: "false"}],
    ids=["preview", "dropped on the way", "unreadable"],
)
def test_what_does_not_say_that_it_is_up_counts_as_a_preview(process: Process, told: dict[str, Any]) -> None:
    """A transform may drop what it does not know."""
    InstanceOsImageProvider().check({}, {**INVALID, **told})
    assert process.checked.take("") is True


def test_up_is_up(process: Process) -> None:
    """Its program says so."""
    InstanceOsImageProvider().check({}, {**INVALID, DRY_RUN_KEY: False})
    assert process.checked.take("") is False


def test_what_the_program_tells_reaches_the_operation_and_is_taken_out(process: Process) -> None:
    """None of it may be recorded or compared."""
    told = {DRY_RUN_KEY: False, SETTINGS_KEY: '{"zec:allowRebuild": "false"}', SECRETS_KEY: ["keyId"]}
    result = InstanceOsImageProvider().check({}, {**INVALID, **told})
    assert result.inputs == INVALID
    assert process.checked.gates("") == GateSettings(allow_rebuild=False)
    assert process.checked.secrets("") == frozenset({"keyId"})


def test_what_the_program_did_not_tell_is_not_made_up(process: Process) -> None:
    """Without settings the gates are closed, and it is not known what is secret."""
    InstanceOsImageProvider().check({}, INVALID)
    assert process.checked.gates("").missing is Missing.NOT_SENT
    assert process.checked.secrets("") is None


@pytest.mark.parametrize("sent", ["{}", None])
@pytest.mark.usefixtures("process")
def test_a_fleets_plan_tells_the_settings_too(monkeypatch: pytest.MonkeyPatch, sent: str | None) -> None:
    """Its check comes before any machine's."""
    arrived: list[Any] = []

    def check(*_: object, settings: str | None, **_more: object) -> list[str]:
        arrived.append(settings)
        return []

    monkeypatch.setattr(fleet_check, "check", check)
    order = {"urn": "urn:pulumi:dev::p::zec:index:Fleet::web", "canaries": [], "others": ["a"], "atOnce": 1}
    result = FleetPlanProvider().check({}, {FLEET_KEY: json.dumps(order), SETTINGS_KEY: sent})
    assert (result.inputs, result.failures) == ({}, [])
    assert arrived == [sent]


PROGRAM = """
import json, pulumi
from pulumi.runtime.config import set_all_config

set_all_config({"zec:allowRebuild": "false", "zec:token": "s3cret", "zec:new": "1", "zenlayercloud:domain": "x"})

class Mocks(pulumi.runtime.Mocks):
    def new_resource(self, args):
        asked[args.typ] = dict(args.inputs)
        return args.name, dict(args.inputs)

    def call(self, args):
        return {}

asked = {}
pulumi.runtime.set_mocks(Mocks())
import zec_pulumi as zec

@pulumi.runtime.test
def declare():
    zec.Fleet("web", instances=["1"], image_id=pulumi.Output.secret("a"), key_id="k")

declare()
print(json.dumps(asked))
"""


def test_a_program_tells_the_stacks_settings_as_a_secret_and_no_credentials() -> None:
    """From every machine and from the plan of a fleet; and which inputs are secret."""
    ran = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    asked = json.loads(ran.stdout)
    machine = asked["pulumi-python:dynamic/zec:InstanceOsImage"]
    for inputs in (machine, asked["pulumi-python:dynamic/zec:FleetPlan"]):
        secret = inputs[SETTINGS_KEY]
        assert secret["4dabf18193072939515e22adb298388d"] == "1b47061264138c4ac30d75fd1eb44270"  # the mark of a secret
        assert json.loads(secret["value"]) == {"zec:allowRebuild": "false", "zec:new": "1"}
    assert machine[SECRETS_KEY] == ["imageId"]
