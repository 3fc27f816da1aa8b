"""A new input is in every place that needs it; what is missing fails here and names the place."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from typing import TYPE_CHECKING, get_args

import pytest

import zec_pulumi as zec
from zec_pulumi.api import Instance
from zec_pulumi.planning import record
from zec_pulumi.planning.inputs import Recorded, Wanted, parse_wanted
from zec_pulumi.program.inputs import (
    INPUTS,
    OUTPUTS,
    FleetInputs,
    FleetInstance,
    Group,
    RebuildTrigger,
    camel,
    refuse_unknown,
    snake,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from zec_pulumi.program.inputs import InputSpec, OutputSpec

NAMES = {spec.name for spec in INPUTS}
FLEET_NAMES = {spec.name for spec in INPUTS if spec.in_fleet}
LIVE = Instance.model_validate(
    {
        "instanceId": "1",
        "instanceName": "web-1",
        "imageId": "ubuntu2404",
        "keyId": "key-1",
        "timeZone": "UTC",
        "enableAgent": False,
        "status": "RUNNING",
    }
)


def parameters(function: Callable[..., object]) -> set[str]:
    return set(inspect.signature(function).parameters)


PLACES = {
    "FleetInputs in zec_pulumi/program/inputs.py": (set(FleetInputs.__annotations__), FLEET_NAMES),
    "ImageInputs in zec_pulumi/program/inputs.py": (set(FleetInstance.__annotations__), NAMES),
    "the annotations of InstanceOsImage in zec_pulumi/program/resource.py": (
        {name for name in zec.InstanceOsImage.__annotations__ if not name.startswith("_")},
        NAMES | {spec.name for spec in OUTPUTS},
    ),
    "the constructor of InstanceOsImage": (parameters(zec.InstanceOsImage) - {"resource_name", "opts"}, NAMES),
    "the constructor of Fleet": (
        parameters(zec.Fleet) - {"resource_name", "instances", "max_unavailable", "canary", "opts"},
        FLEET_NAMES,
    ),
    "Wanted in zec_pulumi/planning/inputs.py": (set(Wanted.model_fields) - {"unknown"}, NAMES),
}


@pytest.mark.parametrize("place", PLACES)
def test_a_place_has_every_input_and_no_other(place: str) -> None:
    """An argument that nobody reads, or an input that is not recorded, would be a silent loss."""
    found, expected = PLACES[place]

    assert not expected - found, f"{place}: add {sorted(expected - found)}"
    assert not found - expected, f"{place}: the table does not have {sorted(found - expected)}"


@pytest.mark.parametrize("spec", [*INPUTS, *OUTPUTS], ids=lambda spec: spec.name)
def test_a_name_and_its_key_translate_there_and_back(spec: InputSpec | OutputSpec) -> None:
    """snake_case in Python, camelCase in the state."""
    assert (camel(spec.name), snake(spec.key)) == (spec.key, spec.name)


@pytest.mark.parametrize("spec", INPUTS, ids=lambda spec: spec.name)
def test_wanted_reads_an_input_under_its_key_and_with_its_default(spec: InputSpec) -> None:
    """The documentation tells the default that the plan goes by."""
    field = Wanted.model_fields[spec.name]
    default = ast.literal_eval(spec.default) if spec.default else None

    assert field.alias == spec.key
    assert field.default == (tuple(default) if isinstance(default, list) else default)


@pytest.mark.parametrize("spec", INPUTS, ids=lambda spec: spec.name)
def test_help_explains_an_input(spec: InputSpec) -> None:
    """``help()`` needs no page; a fleet explains what it takes for all of its instances."""
    assert f"\n    {spec.name} (" in str(zec.InstanceOsImage.__init__.__doc__)
    assert (f"\n    {spec.name} (" in str(zec.Fleet.__init__.__doc__)) is spec.in_fleet


@pytest.mark.parametrize("group", Group)
def test_no_section_of_the_reference_is_empty(group: Group) -> None:
    """A group without inputs is a leftover."""
    assert any(spec.group is group for spec in INPUTS)


def test_an_instance_of_a_fleet_must_have_an_id_and_nothing_else() -> None:
    """For type checkers."""
    assert FleetInstance.__required_keys__ == {spec.name for spec in INPUTS if spec.required}


def test_every_input_is_recorded() -> None:
    """The engine compares later programs with the record."""
    wanted = {spec.key: f"value of {spec.name}" for spec in INPUTS}
    outputs = record.outputs(wanted, LIVE, None, applied={}, last_rebuild=None)

    assert {key: outputs.get(key) for key in wanted} == wanted


def test_what_follows_the_machine_is_recorded_as_the_machine_has_it() -> None:
    """The documentation says for which inputs that is."""
    assert set(record.as_the_machine_has_it(LIVE)) == {spec.key for spec in INPUTS if spec.follows_machine}


def test_rebuild_on_takes_the_inputs_that_rebuild_on_demand() -> None:
    """Under both spellings, and the type of the argument has the same names."""
    specs = [spec for spec in INPUTS if spec.on_demand]

    assert set(get_args(RebuildTrigger)) == {spec.name for spec in specs}
    for spelling in ("name", "key"):
        wanted = parse_wanted({"rebuildOn": [getattr(spec, spelling) for spec in specs]})
        assert wanted.rebuild_on == tuple(spec.key for spec in specs)


@pytest.mark.parametrize("spec", [spec for spec in INPUTS if spec.instead_of], ids=lambda spec: spec.name)
def test_an_alternative_names_an_input(spec: InputSpec) -> None:
    """A fleet lets an instance's own value take the place of both."""
    assert spec.instead_of in NAMES


def test_the_record_holds_no_field_under_the_name_of_an_input() -> None:
    """A key of this package would be read as an input of the program."""
    assert set(Recorded.model_fields) - set(Wanted.model_fields) == {"applied", "attempt", "backups"}
    assert not {spec.name for spec in OUTPUTS} & NAMES


@pytest.mark.parametrize(
    ("name", "meant"), [("imageid", "image_id"), ("imageId", "image_id"), ("powerof", "power_off")]
)
def test_a_misspelt_input_is_refused_with_the_one_that_was_meant(name: str, meant: str) -> None:
    """In either spelling."""
    with pytest.raises(TypeError, match=rf"there is no input '{name}'; did you mean '{meant}'\?"):
        refuse_unknown([name], NAMES)


def test_a_strange_input_is_refused_with_all_that_exist() -> None:
    """Nothing is similar to it."""
    with pytest.raises(TypeError, match="there is no input 'flavour'; the inputs are adopt, backup, enable_agent, "):
        refuse_unknown(["flavour"], NAMES)


def test_the_table_needs_no_pulumi() -> None:
    """The report reads previews where Pulumi is not installed."""
    program = "import sys, zec_pulumi.program.inputs, zec_pulumi.planning.record; print('pulumi' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", program], text=True).strip() == "False"
