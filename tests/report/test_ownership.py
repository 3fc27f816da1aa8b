"""Whose a resource is: the type does not say, and what could be ours is never left out."""

from __future__ import annotations

import base64
import json
import pickle
from typing import TYPE_CHECKING, Any

import pytest

from zec_pulumi.cli.report import FailOn, read, report_of
from zec_pulumi.fleet_provider import FleetPlanProvider
from zec_pulumi.provider import InstanceOsImageProvider

if TYPE_CHECKING:
    from zec_pulumi.cli.report import Report

WIPE = (
    "rebuild: boot disk of i-1 (web-1, 40 GiB) will be wiped: imageId a → b; it is powered off, its SSH host keys"
    " change, data disks are not part of it"
)
SUBCLASS, OTHER_SUBCLASS = "pulumi-python:dynamic:Resource", "pulumi-python:dynamic/site.images:WebImage"
OURS = base64.b64encode(pickle.dumps(InstanceOsImageProvider())).decode()
# What dill makes of a class of the program itself: its bases by reference, its methods whole.
DERIVED = base64.b64encode(pickle.dumps(["P", "zec_pulumi.provider", "InstanceOsImageProvider", "__main__"])).decode()
FOREIGN = base64.b64encode(pickle.dumps(["S", "pulumi.dynamic.dynamic", "ResourceProvider", "__main__"])).decode()
IMPORTED = base64.b64encode(pickle.dumps(["helper", "Provider"])).decode()
SHAPE = {"instanceId": "i-1", "imageId": "b"}


def report(kind: str, *lines: str, op: str = "update", severity: str = "warning", **step: Any) -> Report:
    """Return the report of a preview with one resource of a type."""
    urn = f"urn:pulumi:prod::shop::{kind}::web"
    states = {"oldState": {"id": "i-1"}, "newState": {}}
    document = {
        "steps": [{"op": op, "urn": urn, **states, **step}],
        "diagnostics": [{"urn": urn, "message": f"{severity}: {line}\n", "severity": severity} for line in lines],
    }
    return report_of(read(json.dumps(document)))


def with_provider(pickled: object, **inputs: object) -> dict[str, Any]:
    return {"newState": {"inputs": {"__provider": pickled, **inputs}}}


@pytest.mark.parametrize("kind", [SUBCLASS, OTHER_SUBCLASS, "my:index:Site$pulumi-python:dynamic:Resource"])
@pytest.mark.parametrize("pickled", [OURS, DERIVED, IMPORTED, "[secret]", None])
def test_a_wipe_under_another_type_is_a_wipe(kind: str, pickled: str | None) -> None:
    """Its row says so, whatever can be read of its provider."""
    made = report(kind, WIPE, **with_provider(pickled, instanceId="i-1"))
    assert [row.action.value for row in made.rows] == ["rebuild"]
    assert made.exit_code(FailOn.UNAPPROVED) == 2


@pytest.mark.parametrize("kind", [SUBCLASS, OTHER_SUBCLASS])
@pytest.mark.parametrize("pickled", [OURS, DERIVED])
def test_a_subclass_without_a_line_is_undecided(kind: str, pickled: str) -> None:
    """As the resource itself would be: its provider is ours."""
    for op in ("update", "create", "replace"):
        made = report(kind, op=op, **with_provider(pickled))
        assert [row.action.value for row in made.rows] == ["undecided"]
        assert made.exit_code(FailOn.NEVER) == 1


def test_the_provider_of_an_old_state_counts() -> None:
    """A resource that is only updated may show it there alone, among its outputs."""
    for held in ("inputs", "outputs"):
        assert report(SUBCLASS, oldState={"id": "i-1", held: {"__provider": OURS}}).exit_code(FailOn.NEVER) == 1


@pytest.mark.parametrize(
    "step",
    [
        with_provider(FOREIGN, **SHAPE),
        with_provider(FOREIGN),
        with_provider("[secret]", instanceId="i-1"),
        with_provider("[secret]", instanceId="i-1", size=1),
        with_provider("[secret]", **SHAPE, tags={}),
        with_provider(IMPORTED, name="x"),
    ],
)
@pytest.mark.parametrize("op", ["create", "update", "replace"])
def test_other_peoples_dynamic_resources_are_left_alone(step: dict[str, Any], op: str) -> None:
    """Most are masked as a whole by the SDK. They neither fail the report nor stand among the machines."""
    made = report(SUBCLASS, "their own words", op=op, **step)
    assert (made.rows, made.failures, dict(made.others)) == ((), (), {op: 1})
    assert made.exit_code(FailOn.ANY) == 0


@pytest.mark.parametrize(
    "step",
    [
        with_provider("[secret]", **SHAPE),
        with_provider(IMPORTED, **SHAPE),
        with_provider("not Base64"),
        with_provider(base64.b64encode(b"no pickle").decode()),
        with_provider(base64.b64encode(pickle.dumps(InstanceOsImageProvider())[:20]).decode()),
        with_provider({"4dabf18193072939515e22adb298388d": "x"}),
        {"newState": {"inputs": {"name": "x"}}},
    ],
)
def test_what_could_be_ours_is_a_failure(step: dict[str, Any]) -> None:
    """Its provider cannot be read, or is masked and the inputs are those of this package."""
    made = report(SUBCLASS, "words of another version", **step)
    assert "may be a resource of this package" in made.failures[0].text
    assert made.exit_code(FailOn.NEVER) == 1


@pytest.mark.parametrize("op", ["delete", "same", "discard"])
def test_what_is_not_touched_needs_no_recognition(op: str) -> None:
    """Nothing that is deleted is wiped."""
    assert report(SUBCLASS, op=op, **with_provider("[secret]", **SHAPE)).exit_code(FailOn.ANY) == 0


def test_a_provider_that_serves_another_type_is_recognised() -> None:
    """By the provider resource that its step names."""
    provider = "urn:pulumi:prod::shop::pulumi:providers:pulumi-python::own::0"
    made = report("site:index:Machine", provider=provider, **with_provider(OURS))
    assert made.exit_code(FailOn.NEVER) == 1


def test_an_unknown_type_of_this_package_is_a_failure() -> None:
    """Another version has it. A component of that name touches nothing itself."""
    assert report("zec:index:Cluster").exit_code(FailOn.NEVER) == 1
    assert report("zec:index:Cluster", newState={"custom": False}).exit_code(FailOn.ANY) == 0


def test_a_line_of_ours_on_any_row_counts() -> None:
    """Whoever serves the resource. A word that other plugins use, too, is none."""
    assert report("zec:index:InstanceOsImage", WIPE).exit_code(FailOn.UNAPPROVED) == 2
    assert report("aws:ec2/instance:Instance", WIPE).exit_code(FailOn.UNAPPROVED) == 2
    assert report("aws:ec2/instance:Instance", "rebuild: the index").exit_code(FailOn.ANY) == 0
    assert report(SUBCLASS, "rebuild: of the disk", **with_provider(IMPORTED)).exit_code(FailOn.NEVER) == 1


def test_a_pickle_is_read_and_never_loaded() -> None:
    """A crafted preview must not run code."""

    class Bomb:
        def __reduce__(self) -> tuple[Any, ...]:
            return (exec, ("raise SystemExit('loaded')",))

    assert report(SUBCLASS, **with_provider(base64.b64encode(pickle.dumps(Bomb())).decode())).exit_code(FailOn.ANY) == 0


def test_a_fleets_plan_is_no_machine() -> None:
    """Its provider is of this package and touches nothing."""
    pickled = base64.b64encode(pickle.dumps(FleetPlanProvider())).decode()
    made = report("zec:index:Fleet$pulumi-python:dynamic/zec:FleetPlan", op="create", **with_provider(pickled))
    assert (made.rows, made.failures) == ((), ())
