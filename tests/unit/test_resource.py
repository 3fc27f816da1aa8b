"""What a program sees."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

import pulumi
import pytest

import zec_pulumi as zec
from zec_pulumi.planning.inputs import DRY_RUN_KEY, Wanted
from zec_pulumi.planning.record import INPUT_KEYS, OUTPUT_KEYS

INPUTS = [name for name in inspect.signature(zec.InstanceOsImage.__init__).parameters if name not in ("self", "opts")][
    1:
]


@pytest.fixture
def resource() -> zec.InstanceOsImage:
    """A resource that was never registered with an engine."""
    return object.__new__(zec.InstanceOsImage)


@pytest.fixture
def declared(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The properties that the constructor hands to the SDK."""
    held: dict[str, Any] = {}

    def keep(_self: object, _provider: object, name: str, properties: dict[str, Any], opts: object) -> None:
        held.update(properties, name=name, opts=opts)

    monkeypatch.setattr("zec_pulumi.program.resource.Resource.__init__", keep)
    return held


@pytest.mark.parametrize("value", [1272168087751233112, 1.5, True])
def test_a_number_as_instance_id_is_a_type_error_with_the_remedy(value: Any) -> None:
    """Before anything is registered: on its way it would lose digits and name another machine."""
    with pytest.raises(TypeError, match=f"write '{value}', in quotes"):
        zec.InstanceOsImage("web-1", instance_id=value)


@pytest.mark.parametrize("name", [*INPUTS, "status", "image_name", "public_ip_addresses", "last_rebuild"])
def test_every_property_translates_there_and_back(resource: zec.InstanceOsImage, name: str) -> None:
    """snake_case in Python, camelCase in state."""
    key = resource.translate_input_property(name)
    assert key in {*INPUT_KEYS, *OUTPUT_KEYS}
    assert resource.translate_output_property(key) == name


@pytest.mark.parametrize("spelling", ["image_id", "imageId"])
def test_ignore_changes_takes_both_spellings(resource: zec.InstanceOsImage, spelling: str) -> None:
    """They mean the same property."""
    assert resource.translate_input_property(spelling) == "imageId"


def test_the_sdks_own_property_keeps_its_name(resource: zec.InstanceOsImage) -> None:
    """Else the engine would not find the provider."""
    assert resource.translate_input_property("__provider") == "__provider"


def test_arguments_inputs_and_recorded_keys_are_the_same_set(resource: zec.InstanceOsImage) -> None:
    """An argument that is nowhere read, or an input that is not recorded, would be a silent loss."""
    arguments = {resource.translate_input_property(name) for name in INPUTS}
    fields = {field.alias for name, field in Wanted.model_fields.items() if name != "unknown"}
    assert arguments == set(INPUT_KEYS) == fields


def test_the_type_token_is_a_contract(resource: zec.InstanceOsImage) -> None:
    """It stands in the URN of every resource."""
    assert resource._resource_type_name == "dynamic/zec:InstanceOsImage"


def test_a_password_is_always_a_secret(declared: dict[str, Any]) -> None:
    """Whether or not the program marks it as one."""

    async def is_secret() -> bool:
        zec.InstanceOsImage("web-1", instance_id="1", password="Abcdef-1")
        password: pulumi.Output[str] = declared["password"]
        return await password.is_secret()

    assert asyncio.run(is_secret())


def test_a_health_gate_travels_as_plain_values(declared: dict[str, Any]) -> None:
    """Given as it is, or as an output."""
    gate = zec.health.http("/healthz")
    zec.InstanceOsImage("web-1", instance_id="1", health=gate)
    assert declared["health"] == gate.properties()

    async def when_known() -> Any:
        zec.InstanceOsImage("web-1", instance_id="1", health=pulumi.Output.from_input(gate))
        return await declared["health"].future()

    assert asyncio.run(when_known()) == gate.properties()


def test_what_is_omitted_stays_none(declared: dict[str, Any]) -> None:
    """The SDK drops None, so that a new argument of a later release changes no stack."""
    zec.InstanceOsImage("web-1", instance_id="1", image_id="ubuntu2404")
    given = {key: value for key, value in declared.items() if value is not None}
    assert given.pop("dry_run") is False
    assert given == {"name": "web-1", "instance_id": "1", "image_id": "ubuntu2404"}


def test_check_knows_the_constructors_note_by_its_key(resource: zec.InstanceOsImage) -> None:
    """check() takes it out again; under another key it would be recorded."""
    assert resource.translate_input_property("dry_run") == DRY_RUN_KEY
