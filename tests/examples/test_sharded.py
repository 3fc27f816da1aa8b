"""The example with a stack for each part of a zone: who has which instance, and the files for its runners."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from driver import ROOT, of_machines

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from driver import Stack

FOLDER = ROOT / "examples" / "sharded_by_zone"
TEN_THOUSAND = {
    f"zone-{zone}": {f"m{zone}-{n}": f"14{zone}{n:016d}" for n in range(count)}
    for zone, count in enumerate((4200, 2600, 1700, 900, 500, 99, 1))
}

STACK_FIELDS = {
    "serviceAccountName": str,
    "stack": str,
    "projectRepo": str,
    "branch": str,
    "repoDir": str,
    "retryMaxBackoffDurationSeconds": int,
    "config": dict,
    "envRefs": dict,
    "workspaceTemplate": dict,
}
"""Those used of a Stack. Source: pulumi/pulumi-kubernetes-operator, operator/api/pulumi/shared/stack_types.go."""

WORKSPACE_FIELDS = {"image": str, "resources": dict, "podTemplate": dict}
"""Those used of a Workspace. Source: the same, operator/api/auto/v1alpha1/workspace_types.go."""

SETTINGS_FIELDS: dict[str, Any] = {
    "executorContext": {"executorImage": {"reference": str}},
    "sourceContext": {"git": {"repoUrl": str, "branch": str, "repoDir": str}},
    "operationContext": {
        "environmentVariables": dict,
        "options": {"skipInstallDependencies": bool},
    },
}
"""Those used of the settings. Source: pulumi/pulumi, sdk/go/common/apitype/deployments.go."""


@pytest.fixture
def shards() -> ModuleType:
    """The example's module."""
    spec = importlib.util.spec_from_file_location("shards", FOLDER / "shards.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def manifests(*arguments: str) -> list[dict[str, Any]]:
    """Return what the program prints for the operator."""
    command = [sys.executable, str(FOLDER / "shards.py"), "--kubernetes", *arguments]
    return list(yaml.safe_load_all(subprocess.check_output(command, text=True)))


def test_ten_thousand_instances_are_each_in_exactly_one_stack(
    shards: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stacks of about five hundred, and no instance twice or nowhere."""
    monkeypatch.setattr(shards, "zones", lambda: TEN_THOUSAND)
    holders: Counter[str] = Counter()
    sizes = []
    for zone, part, parts in shards.stacks(shards.MOST):
        machines = shards.mine(shards.inventory(zone), part, parts)
        holders.update(machines.values())
        sizes.append(len(machines))
    assert holders == Counter(id_ for machines in TEN_THOUSAND.values() for id_ in machines.values())
    assert len(holders) == 10_000
    assert len(sizes) == 9 + 6 + 4 + 2 + 1 + 1 + 1
    assert max(sizes) < 1.1 * shards.MOST


def test_a_new_instance_moves_no_other(shards: ModuleType) -> None:
    """Whatever its place in the inventory."""
    before = TEN_THOUSAND["zone-0"]
    after = {"new": "1499999999999999999", **before}
    for part in range(5):
        mine = shards.mine(after, part, 5)
        mine.pop("new", None)
        assert mine == shards.mine(before, part, 5)


def test_the_operator_gets_a_stack_and_a_volume_for_each_shard() -> None:
    """Only fields that the operator has, of the type that it takes; the journal is on the volume."""
    found = manifests("--most", "2")
    claims = {one["metadata"]["name"] for one in found if one["kind"] == "PersistentVolumeClaim"}
    stacks = [one for one in found if one["kind"] == "Stack"]
    assert [one["metadata"]["name"] for one in stacks] == [
        "zec-asia-east-1a-0",
        "zec-asia-east-1a-1",
        "zec-asia-east-1b-0",
    ]
    for one in stacks:
        assert one["apiVersion"] == "pulumi.com/v1"
        spec, workspace = one["spec"], one["spec"]["workspaceTemplate"]["spec"]
        assert {key: type(value) for key, value in spec.items()} == STACK_FIELDS
        assert {key: type(value) for key, value in workspace.items()} == WORKSPACE_FIELDS
        assert all(isinstance(value, str) for value in spec["config"].values())
        for reference in spec["envRefs"].values():
            kind = reference["type"]
            assert reference.keys() == {"type", kind.lower()}
            assert reference[kind.lower()].keys() == ({"value"} if kind == "Literal" else {"name", "key"})
        pod = workspace["podTemplate"]["spec"]
        (container,) = pod["containers"]
        assert container["name"] == "pulumi", "the operator's own container is the one with this name"
        (volume,), (mount,) = pod["volumes"], container["volumeMounts"]
        assert volume["name"] == mount["name"]
        assert volume["persistentVolumeClaim"]["claimName"] in claims
        assert spec["envRefs"]["PULUMI_HOME"]["literal"]["value"].startswith(mount["mountPath"] + "/")
    assert "${" not in json.dumps(found)


def test_pulumi_deployments_gets_fields_that_it_has() -> None:
    """Compared with the engine's own description of them."""

    def compare(given: Any, known: Any) -> None:
        if isinstance(known, dict):
            for key, value in given.items():
                compare(value, known[key])
        else:
            assert isinstance(given, known)

    settings = json.loads((FOLDER / "deployments" / "settings.json").read_text("utf-8"))
    compare(settings, SETTINGS_FIELDS)
    variables = settings["operationContext"]["environmentVariables"]
    assert variables.pop("PULUMI_PARALLEL") == "100"
    assert all(value.keys() == {"secret"} for value in variables.values())


@pytest.mark.engine
@pytest.mark.slow  # every day test_readmes runs a stack of a whole zone
def test_a_shard_has_its_part_of_its_zone(example: Callable[[str], Stack]) -> None:
    """The other part's and the other zone's instances are not touched."""
    stack = example("sharded_by_zone")
    stack.configure(**{"zec-sharded:zone": "asia-east-1a", "zec-sharded:parts": "2"})
    stack.up().ok()
    first = {r["outputs"]["instanceId"] for r in stack.state().values()}
    stack.configure(**{"zec-sharded:part": "1"})
    stack.up().ok()
    second = {r["outputs"]["instanceId"] for r in stack.state().values()}
    assert first | second == {f"12721680877512331{n}" for n in (12, 13, 14)}
    assert not first & second
    assert stack.actions() == []
    stack.configure(**{"zec-sharded:imageId": "debian12_20240712"})
    stack.up().ok()
    assert {entry["instanceId"] for entry in of_machines(stack.cloud.ledger())} == second
