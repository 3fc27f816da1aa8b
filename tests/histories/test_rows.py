"""What a row says before anything happens: names where ids belong, scripts that cannot run, records that change."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from tests.support.programs import JAMMY, NOBLE
from zec_pulumi.messages import plan as plan_messages
from zec_pulumi.messages.scripts import SCRIPT

if TYPE_CHECKING:
    from tests.support.world import World


@pytest.mark.parametrize("adopt", ["auto", "only", "never"])
def test_an_images_name_is_looked_up(world: World, adopt: str) -> None:
    """The first program that anybody copies adopts only, and its image is what the console shows: a name."""
    outcome = world.stacks[0].preview({"imageId": "Ubuntu Server 24.04 LTS", "adopt": adopt})
    assert "image_id: no image " in outcome.text
    assert f"did you mean {NOBLE}?" in outcome.text


@pytest.mark.parametrize("adopt", ["auto", "only"])
def test_a_key_pairs_name_is_looked_up(world: World, adopt: str) -> None:
    """Also where the machine differs in nothing else."""
    outcome = world.stacks[0].preview({"keyId": "ops", "adopt": adopt})
    assert "did you mean key-YWD2QFOl?" in outcome.text


@pytest.mark.parametrize("name", ["web-1", "WEB-1"])
def test_an_instances_name_is_looked_up(world: World, name: str) -> None:
    stack = world.stacks[0]
    instance_id, stack.instance_id = stack.instance_id, name
    assert f"did you mean {instance_id}?" in stack.preview({}).text


def test_an_unknown_name_names_the_command_that_lists(world: World) -> None:
    """And is quoted, as anybody may have written it."""
    stack = world.stacks[0]
    stack.instance_id = "my machine"
    assert 'instance "my machine" was not found' in stack.preview({}).text
    assert "zec-pulumi instances lists" in stack.preview({}).text


def test_an_id_that_is_gone_is_no_name(world: World) -> None:
    """It was released: no page of the account is read for it."""
    stack = world.stacks[0]
    stack.instance_id = "1272168087751299999"
    assert "If it was released, run pulumi refresh" in stack.preview({}).text


@pytest.mark.parametrize(
    ("inputs", "warned"),
    [
        ({"userData": "#!/bin/sh\r\necho\r\n"}, True),
        ({"userData": base64.b64encode(b"#!/bin/sh\n").decode()}, True),
        ({"userDataBase64": base64.b64encode(base64.b64encode(b"#!/bin/sh\n")).decode()}, True),
        ({"userData": "<powershell></powershell>"}, True),
        ({"userData": "#!/bin/sh\n"}, False),
        ({}, False),
    ],
)
def test_a_script_that_cannot_run_is_named_before_the_wipe(
    world: World,
    inputs: dict[str, str],
    warned: bool,  # noqa: FBT001 a case
) -> None:
    """One warning on the row, and no refusal."""
    outcome = world.stacks[0].preview({"imageId": NOBLE, **inputs})
    assert outcome.end == "succeeded"
    assert any(line.startswith(plan_messages.REBUILD) for line in outcome.lines)
    assert sum(line.startswith(SCRIPT) for line in outcome.lines) == warned


def test_a_script_that_is_not_run_is_not_judged(world: World) -> None:
    """The machine is adopted as it is."""
    outcome = world.stacks[0].preview({"imageId": JAMMY, "userData": "echo"})
    assert not any(line.startswith(SCRIPT) for line in outcome.lines)


def test_an_update_of_the_record_alone_says_so(world: World) -> None:
    """So that no line at all can never be taken for it."""
    stack = world.stacks[0]
    stack.up({"imageId": JAMMY})
    outcome = stack.preview({"imageId": JAMMY, "rebuildProtection": True})
    assert plan_messages.record() in outcome.lines
    assert plan_messages.record() not in stack.preview({"imageId": NOBLE, "rebuildProtection": True}).lines
    assert not stack.preview({"imageId": JAMMY}).lines
