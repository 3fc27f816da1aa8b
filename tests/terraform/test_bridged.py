"""The bridged example: a machine that another provider creates in the same program, and one owner of its system."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import engine
from driver import ROOT, Stack, example_stack
from zec_pulumi.simulator import Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.engine

JAMMY, NOBLE = "ubuntu2204_20240712", "ubuntu2404_20240712"
BRIDGE = Path(__file__).parent / "bridge"
IGNORED = 'opts=pulumi.ResourceOptions(ignore_changes=["imageId", "keyId", "password", "timeZone", "disableQgaAgent"]),'


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    """A copy of the example with an empty stack, on a simulated cloud; the bridge's SDK is importable."""
    found = engine.find()
    assert found is not None, "no Pulumi engine: run make engine"
    with Simulator(rebuild_seconds=0.4, stop_seconds=0.2) as cloud:
        folder = engine.with_language_host(found, ROOT / ".cache" / "engine")
        stack = example_stack("terraform_bridged", tmp_path / "example", cloud, folder)
        stack.environment["PYTHONPATH"] = str(BRIDGE)
        yield stack


@pytest.mark.slow  # tests/examples runs most of it every day
def test_one_up_creates_adopts_and_later_rebuilds_the_machine(stack: Stack) -> None:
    """Its id is not known at the first preview; a change of the image wipes once; destroy releases and never wipes."""
    assert (
        "adopt: up reads the instance, adopts it if it is as wanted, and else refuses; nothing is wiped"
        in stack.preview().ok().text
    )
    text = stack.up().ok().text
    assert f"adopt: already runs {JAMMY}; nothing is wiped" in text
    assert stack.actions() == ["CreateZecInstances"]
    stack.configure(imageId=NOBLE)
    text = stack.preview().ok().text
    assert "(web-1, 40 GiB) will be wiped" in text
    assert "~ 1 to update" in text
    stack.up().ok()
    assert stack.actions() == ["CreateZecInstances", "StopInstances", "ResetInstance"]
    # What the other provider reads back is not taken for a change of its own.
    stack.refresh().ok()
    stack.preview("--expect-no-changes").ok()

    stack.destroy().ok()
    assert stack.actions()[3:] == ["ReleaseInstances"]


def test_the_first_command_finds_requirements_and_nobody_repeats_its_line() -> None:
    """`pulumi package add` needs the file, and writes the SDK into it; what stands there is this checkout."""
    folder = ROOT / "examples" / "terraform_bridged"
    lines = [line for line in (folder / "requirements.txt").read_text("utf-8").splitlines() if line[0] != "#"]
    assert ROOT in [(folder / line.removeprefix("-e ")).resolve() for line in lines]
    assert "> requirements.txt" not in (folder / "README.md").read_text("utf-8")


@pytest.mark.slow
def test_without_ignore_changes_the_other_provider_reinstalls_past_the_gates(stack: Stack) -> None:
    """What the page warns of: one change of the image is one reinstall, and no gate of ours is asked."""
    program = stack.folder / "__main__.py"
    text = program.read_text()
    assert IGNORED in text
    program.write_text(text.replace(IGNORED, ""))
    stack.up().ok()
    stack.run("config", "set", "imageId", NOBLE).ok()
    stack.run("config", "set", "zec:allowRebuild", "false").ok()
    assert "~ 2 to update" in stack.preview().text
    stack.up().ok()
    assert stack.actions() == ["CreateZecInstances", "StopInstances", "ResetInstance"]


def another_image(stack: Stack) -> None:
    """Let the machine be created with one image, and want another."""
    program = stack.folder / "__main__.py"
    text = program.read_text()
    wanted = "instance_id=machine.id, image_id=image_id"
    assert wanted in text
    text = text.replace(wanted, f'instance_id=machine.id, image_id="{NOBLE}"')
    program.write_text(text.replace('adopt="only"', 'adopt="auto"'))


@pytest.mark.slow  # the test below does the same every day, past a gate
def test_a_machine_that_was_created_with_another_image_is_rebuilt_in_the_same_up(stack: Stack) -> None:
    """Its id and the wipe become known while `up` runs; afterwards neither provider has anything to do."""
    another_image(stack)
    assert "not known yet: instanceId" in stack.preview().ok().text
    stack.up().ok()
    assert stack.actions() == ["CreateZecInstances", "StopInstances", "ResetInstance"]
    stack.preview("--expect-no-changes").ok()


def test_a_gate_holds_a_machine_back_whose_id_was_unknown(stack: Stack) -> None:
    """The machine is created, its wipe is refused, and the token that `up` prints approves it in the next one."""
    another_image(stack)
    stack.run("config", "set", "zec:requireApproval", "true").ok()
    said = stack.up().failed().text
    assert stack.actions() == ["CreateZecInstances"]
    token = re.search(r"dev/\d{19}/[\w-]+", said)
    assert token, said
    stack.run("config", "set", "zec:approvedRebuilds", token[0]).ok()
    stack.up().ok()
    assert stack.actions() == ["CreateZecInstances", "StopInstances", "ResetInstance"]


@pytest.mark.slow
def test_one_set_of_credentials_in_the_stack_s_configuration_serves_both(stack: Stack) -> None:
    """No variable is set. The other provider refuses keys that it does not know, and ours are none of them."""
    environ = stack.cloud.environment()
    for key, name in {
        "accessKeyId": "ZENLAYERCLOUD_ACCESS_KEY_ID",
        "domain": "ZENLAYERCLOUD_DOMAIN",
        "scheme": "ZENLAYERCLOUD_SCHEME",
    }.items():
        stack.run("config", "set", f"zenlayercloud:{key}", environ[name]).ok()
    password = environ["ZENLAYERCLOUD_ACCESS_KEY_PASSWORD"]
    stack.run("config", "set", "--secret", "zenlayercloud:accessKeyPassword", password).ok()
    stack.environment.update(dict.fromkeys(environ, ""))
    stack.up().ok()
    assert stack.actions() == ["CreateZecInstances"]

    stack.run("config", "set", "zenlayercloud:scheme", "http").ok()
    assert "expected scheme to be one of [HTTP HTTPS]" in stack.up().text
    stack.run("config", "set", "zenlayercloud:scheme", "HTTP").ok()
    stack.run("config", "set", "zenlayercloud:pollInterval", "1").ok()
    assert "pollInterval is not a valid configuration key" in stack.up().text
