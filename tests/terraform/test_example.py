"""The example `terraform_state` beyond its README, which tests/examples runs: hand-over, doctor, and the state file."""

from __future__ import annotations

import json
import re
import textwrap
from typing import TYPE_CHECKING

import pytest

import engine
from driver import ROOT, example_stack
from zec_pulumi.cli.doctor import terraform as doctor
from zec_pulumi.simulator import Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from driver import Stack

EXAMPLE = ROOT / "examples" / "terraform_state"
BLOCK = re.compile(r"^ *```python\n(.*?)^ *```$", flags=re.MULTILINE | re.DOTALL)
READ = {
    "availability_zone": "zoneId",
    "cpu": "cpu",
    "create_time": "createTime",
    "enable_ip_forwarding": "enableIpForward",
    "id": "instanceId",
    "image_id": "imageId",
    "instance_name": "instanceName",
    "instance_status": "status",
    "instance_type": "instanceType",
    "key_id": "keyId",
    "memory": "memory",
    "private_ip_addresses": "privateIpAddresses",
    "public_ip_addresses": "publicIpAddresses",
    "resource_group_id": "resourceGroupId",
    "resource_group_name": "resourceGroupName",
    "security_group_id": "securityGroupId",
    "subnet_id": "subnetId",
    "time_zone": "timeZone",
}
"""The provider's attributes, and the fields of the API that it reads them from."""
ROWS = {f"zenlayercloud_zec_instance.web[{number}]" for number in (0, 1)}
IGNORED = re.compile(r"ignore_changes = (\[.*\])")


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    """A copy of the example with an empty stack, on a simulated cloud."""
    found = engine.find()
    assert found is not None, "no Pulumi engine: run make engine"
    with Simulator(rebuild_seconds=0.4, stop_seconds=0.2) as cloud:
        folder = engine.with_language_host(found, ROOT / ".cache" / "engine")
        yield example_stack("terraform_state", tmp_path / "example", cloud, folder)


@pytest.mark.engine
def test_machines_are_handed_over_without_a_wipe(stack: Stack) -> None:
    """The page's second step: whatever runs is adopted; and what the state loses, the stack forgets."""
    page = (ROOT / "docs" / "terraform.md").read_text("utf-8")
    step = next(block for block in BLOCK.findall(page) if 'adopt="only"' in block)
    program = textwrap.dedent(step).replace("../network", "terraform/machines.json")
    (stack.folder / "__main__.py").write_text(program)
    assert stack.up().ok().text.count("adopt: already runs") >= len(ROWS)
    assert set(stack.state()) == ROWS
    file = stack.folder / "terraform" / "machines.json"
    state = json.loads(file.read_text())
    del state["resources"][0]["instances"][1]
    file.write_text(json.dumps(state))
    stack.up().ok()
    assert "web[1]" not in stack.run("stack", "export").ok().text
    assert stack.actions() == []


@pytest.mark.engine
def test_a_state_that_is_missing_fails_the_preview_by_its_sentence(stack: Stack) -> None:
    """The stack is not taken for one without machines."""
    stack.run("config", "set", "state", "nowhere.json").ok()
    assert "nowhere.json cannot be read" in stack.preview().text
    assert stack.actions() == []


@pytest.mark.engine
def test_the_doctor_finds_the_machines_that_both_would_reinstall(stack: Stack) -> None:
    """From the state that the real engine exports; a name that the program does not set has one owner."""

    def said() -> list[tuple[str, str]]:
        found = doctor.check(stack.folder / "terraform", "dev", stack.environ(), stack.folder, marks=True)
        return [(finding.level, finding.text) for finding in found]

    both = "1272168087751233112 (zenlayercloud_zec_instance.web[0]), 1272168087751233113 (zenlayercloud_zec_instance"
    (stack.folder / "bin").mkdir()
    command = stack.folder / "bin" / "terraform"
    command.write_text("#!/bin/sh\ncat machines.json\n")
    command.chmod(0o755)
    stack.environment["PATH"] = f"{stack.folder / 'bin'}:{stack.python}:{stack.engine}:/usr/bin:/bin"
    assert said()[0][1].endswith("2 in Terraform's state, 0 in stack dev, 0 in both")
    stack.up().ok()
    assert [level for level, _ in said()] == ["ok", "ok"]
    main = stack.folder / "terraform" / "main.tf"
    main.write_text(main.read_text().replace("key_id, password", "password"))
    assert [level for level, _ in said()] == ["ok", "problem"]
    assert f"both reinstall {both}" in said()[1][1]
    assert said()[1][1].endswith("Terraform does not ignore key_id")
    program = stack.folder / "__main__.py"
    program.write_text(
        program.read_text().replace("image_id=image_id", "image_id=image_id, instance_name=machine.name")
    )
    stack.up().ok()
    assert [level for level, _ in said()] == ["ok", "problem", "warning"]
    assert "the Pulumi program both name" in said()[2][1]


def test_the_state_is_that_of_the_simulator_s_machines() -> None:
    """What the provider reads is what the state holds, so that its plan has nothing to do."""
    state = json.loads((EXAMPLE / "terraform" / "machines.json").read_text("utf-8"))
    with Simulator(clock="manual") as cloud:
        for number, instance in enumerate(state["resources"][0]["instances"]):
            recorded = instance["attributes"]
            live = cloud.instance(recorded["id"])
            assert instance["index_key"] == number
            assert {name: recorded[name] for name in READ} == {name: live[key] for name, key in READ.items()}
            assert recorded["system_disk_size"] == live["systemDisk"]["diskSize"]
            assert recorded["tags"] == {tag["key"]: tag["value"] for tag in live["tags"]}
            assert recorded["disable_qga_agent"] is not live["enableAgent"]


def test_the_page_and_the_example_ignore_the_same() -> None:
    """What Terraform must leave alone is told once."""
    told = IGNORED.search((ROOT / "docs" / "terraform.md").read_text("utf-8"))
    done = IGNORED.search((EXAMPLE / "terraform" / "main.tf").read_text("utf-8"))
    assert told
    assert done
    assert told[1] == done[1]
