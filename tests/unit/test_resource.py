"""What a program sees."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pulumi
import pytest

import zec_pulumi as zec
from zec_pulumi.program.inputs import INPUTS, OUTPUTS, PRIVATE_KEYS, snake

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zec_pulumi.program.inputs import InputSpec, OutputSpec


@pytest.fixture
def resource() -> zec.InstanceOsImage:
    """A resource that was never registered with an engine."""
    return object.__new__(zec.InstanceOsImage)


@pytest.fixture
def declared(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """The properties that the constructor hands to the SDK, whose outputs need an event loop."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    held: dict[str, Any] = {}

    def keep(_self: object, _provider: object, name: str, properties: dict[str, Any], opts: object) -> None:
        held.update(properties, name=name, opts=opts)

    monkeypatch.setattr("zec_pulumi.program.resource.Resource.__init__", keep)
    yield held
    for task in asyncio.all_tasks(loop):
        task.cancel()
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    asyncio.set_event_loop(None)


@pytest.mark.parametrize("value", [1272168087751233112, 1.5, True])
def test_a_number_as_instance_id_is_a_type_error_with_the_remedy(value: Any) -> None:
    """Before anything is registered: on its way it would lose digits and name another machine."""
    with pytest.raises(TypeError, match=f"write '{value}', in quotes"):
        zec.InstanceOsImage("web-1", instance_id=value)


@pytest.mark.parametrize("spec", [*INPUTS, *OUTPUTS], ids=lambda spec: spec.name)
def test_every_property_translates_there_and_back(resource: zec.InstanceOsImage, spec: InputSpec | OutputSpec) -> None:
    """snake_case in Python, camelCase in state."""
    assert resource.translate_input_property(spec.name) == spec.key
    assert resource.translate_output_property(spec.key) == spec.name


@pytest.mark.parametrize("spelling", ["image_id", "imageId"])
def test_ignore_changes_takes_both_spellings(resource: zec.InstanceOsImage, spelling: str) -> None:
    """They mean the same property."""
    assert resource.translate_input_property(spelling) == "imageId"


def test_the_sdks_own_property_keeps_its_name(resource: zec.InstanceOsImage) -> None:
    """Else the engine would not find the provider."""
    assert resource.translate_input_property("__provider") == "__provider"


def test_every_input_reaches_the_engine_and_every_output_comes_back(declared: dict[str, Any]) -> None:
    """The SDK sets only the properties that the constructor names."""
    values: dict[str, Any] = {spec.name: f"value of {spec.name}" for spec in INPUTS if spec.type == "string"}
    zec.InstanceOsImage("web-1", **values)

    assert set(declared) == {spec.name for spec in (*INPUTS, *OUTPUTS)} | {*map(snake, PRIVATE_KEYS), "name", "opts"}
    assert {key: declared[key] for key in values if key != "password"} == {
        key: value for key, value in values.items() if key != "password"
    }


def test_a_misspelt_input_is_a_type_error_that_names_the_right_one(declared: dict[str, Any]) -> None:
    """Before anything is registered."""
    misspelt: Any = {"imageid": "ubuntu2404"}
    with pytest.raises(TypeError, match=r"there is no input 'imageid'; did you mean 'image_id'\?"):
        zec.InstanceOsImage("web-1", instance_id="1", **misspelt)
    assert declared == {}


def test_the_type_token_is_a_contract(resource: zec.InstanceOsImage) -> None:
    """It stands in the URN of every resource."""
    assert resource._resource_type_name == "dynamic/zec:InstanceOsImage"


@pytest.mark.parametrize("name", [spec.name for spec in INPUTS if spec.secret])
def test_a_secret_input_is_always_a_secret(declared: dict[str, Any], name: str) -> None:
    """Whether or not the program marks it as one."""
    values: Any = {name: "Abcdef-1"}

    async def is_secret() -> bool:
        zec.InstanceOsImage("web-1", instance_id="1", **values)
        value: pulumi.Output[str] = declared[name]
        return await value.is_secret()

    assert asyncio.run(is_secret())


def test_a_password_is_a_secret_input() -> None:
    """The engine shows and stores it encrypted."""
    assert [spec.name for spec in INPUTS if spec.secret] == ["password"]


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
    for private in ("opts", "stack_settings", "secret_inputs", "demand"):
        given.pop(private)
    assert given == {"name": "web-1", "instance_id": "1", "image_id": "ubuntu2404"}
