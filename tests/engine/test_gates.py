"""Nothing unapproved is wiped: gates and approval tokens on the real engine."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from driver import RESOURCE_TYPE

if TYPE_CHECKING:
    from driver import Stack

pytestmark = pytest.mark.engine

JAMMY, NOBLE, DEBIAN = "ubuntu2204_20240712", "ubuntu2404_20240712", "debian12_20240712"
REBUILD = ["StopInstances", "ResetInstance"]
TOKEN = re.compile(r"add (\S+) to zec:approvedRebuilds")


def token(text: str) -> str:
    """Return the token that a message names."""
    found = TOKEN.search(text)
    assert found, text
    return found[1]


def test_a_rebuild_needs_its_token_and_each_token_is_good_for_one(stack: Stack, web_1: str) -> None:
    """Refused, approved, done; the same change back needs another one, and the used one is named."""
    stack.adopt(image_id=JAMMY)
    stack.configure(**{"zec:requireApproval": "true"}).declare(web={"instance_id": web_1, "image_id": NOBLE})
    rows = stack.rows()
    approval = token("".join(rows))
    assert approval.startswith(f"dev/{web_1}/")
    assert sum("approval needed" in row for row in rows) == 1
    assert token(stack.up().failed().text) == approval
    assert stack.actions() == []

    stack.configure(**{"zec:approvedRebuilds": approval})
    assert "approval needed" not in stack.preview().ok().text
    stack.up().ok()
    assert stack.actions() == REBUILD

    stack.declare(web={"instance_id": web_1, "image_id": JAMMY})
    text = stack.up().failed().text
    assert f"{approval} is used up by a rebuild from this computer" in text
    assert token(text) != approval
    assert stack.actions() == REBUILD


def test_yesterdays_token_does_not_approve_todays_plan(stack: Stack, web_1: str) -> None:
    """The program changed after the review."""
    stack.adopt(image_id=JAMMY).configure(**{"zec:requireApproval": "true"})
    stack.declare(web={"instance_id": web_1, "image_id": NOBLE})
    stack.configure(**{"zec:approvedRebuilds": token("".join(stack.rows()))})
    stack.declare(web={"instance_id": web_1, "image_id": DEBIAN})
    assert "approved another plan" in stack.up().failed().text
    assert stack.actions() == []


def test_a_new_resource_is_gated_as_well(stack: Stack, web_1: str) -> None:
    """Adopting needs no approval, wiping does, and the preview goes on to the other rows."""
    stack.configure(**{"zec:requireApproval": "true"})
    stack.declare(
        wiped={"instance_id": web_1, "image_id": NOBLE},
        adopted={"instance_id": "1272168087751233113", "image_id": NOBLE},
    )
    text = stack.preview().text
    assert "would be wiped" in text
    assert "adopt: already runs" in text
    assert "approval needed" in stack.up().failed().text
    assert stack.actions() == []


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"zec:allowRebuild": "false"}, "zec:allowRebuild is false"),
        pytest.param(
            {"zec:allowedCauses": "keyId"},
            "zec:allowedCauses allows keyId, and imageId is another",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            {"zec:approvedRebuilds": "nonsense"}, "'nonsense', which is not an approval token", marks=pytest.mark.slow
        ),
        ({"zec:requireApproval": ""}, "zec:requireApproval must be true or false"),
        (
            {"zec:requireApprovals": "true"},
            "zec:requireApprovals is none of zec_pulumi (did you mean zec:requireApproval?)",
        ),
    ],
)
def test_a_closed_gate_refuses_before_the_machine_is_touched(
    stack: Stack, web_1: str, settings: dict[str, str], text: str
) -> None:
    """In preview and in up."""
    stack.adopt(image_id=JAMMY).configure(**settings).declare(web={"instance_id": web_1, "image_id": NOBLE})
    assert text in stack.preview().text
    assert text in stack.up().failed().text
    assert stack.actions() == []


def test_a_misspelt_setting_stops_rebuilds_and_nothing_else(stack: Stack, web_1: str) -> None:
    """Adopting, a change in place and a preview of all rows pass; taken out, the rebuild passes."""
    stack.configure(**{"zec:allowrebuild": "false"})
    stack.adopt(image_id=JAMMY).declare(web={"instance_id": web_1, "instance_name": "web-one"}).up().ok()
    assert stack.actions() == ["ModifyInstancesAttribute"]
    stack.declare(web={"instance_id": web_1, "image_id": NOBLE})
    assert "zec:allowrebuild is none of zec_pulumi" in stack.preview().ok().text
    assert "did you mean zec:allowRebuild?" in stack.up().failed().text
    assert stack.actions() == ["ModifyInstancesAttribute"]
    stack.run("config", "rm", "zec:allowrebuild").ok()
    stack.up().ok()
    assert stack.actions() == ["ModifyInstancesAttribute", *REBUILD]


OWN_PROVIDERS = """
import pulumi
import zec_pulumi as zec

IMAGE = pulumi.Config().require("image")
bare = pulumi.ProviderResource("pulumi-python", "bare", {})
opening = pulumi.ProviderResource(
    "pulumi-python", "opening", {"zec:allowRebuild": "true", "zec:requireApproval": "false"}
)


class Site(pulumi.ComponentResource):
    def __init__(self, name, opts):
        super().__init__("acme:index:Site", name, None, opts)
        zec.InstanceOsImage("web-3", instance_id=IDS[2], image_id=IMAGE, opts=pulumi.ResourceOptions(parent=self))


IDS = [f"127216808775123311{digit}" for digit in "2346"]
zec.InstanceOsImage("web-1", instance_id=IDS[0], image_id=IMAGE, opts=pulumi.ResourceOptions(provider=bare))
zec.InstanceOsImage("web-2", instance_id=IDS[1], image_id=IMAGE, opts=pulumi.ResourceOptions(provider=opening))
Site("site", pulumi.ResourceOptions(providers=[bare]))
zec.Fleet("fleet", instances={"web-4": IDS[3]}, image_id=IMAGE, opts=pulumi.ResourceOptions(providers=[bare]))
"""


@pytest.mark.parametrize(
    "closing",
    [{"zec:allowRebuild": "false"}, {"zec:requireApproval": "true"}],
    ids=["forbidden", "unapproved"],
)
def test_gates_hold_whoever_serves_the_resource(stack: Stack, closing: dict[str, str]) -> None:
    """A provider of the program's own, bare or with settings that would open them; a component; a fleet."""
    (stack.folder / "program" / "__main__.py").write_text(OWN_PROVIDERS)
    for digit in "2346":
        stack.cloud.patch_instance(f"127216808775123311{digit}", imageId=JAMMY, status="RUNNING")
    stack.configure(image=JAMMY).up().ok()
    stack.configure(image=NOBLE, **closing)
    rows = stack.rows()
    assert sum("is not rebuilt" in row for row in rows) == 4
    assert not any("will be wiped" in row for row in rows)
    stack.up("--continue-on-error").failed()
    stack.destroy().ok()
    stack.up("--continue-on-error").failed()
    assert stack.actions() == []


def test_gates_hold_for_a_resource_that_had_another_name(stack: Stack, web_1: str) -> None:
    """By an alias the engine finds the record under another URN; the gates are those of this program."""
    stack.adopt(image_id=JAMMY).configure(**{"zec:allowRebuild": "false"})
    former = f"urn:pulumi:dev::any::{RESOURCE_TYPE}::web"
    stack.declare(front={"instance_id": web_1, "image_id": NOBLE, "opts": {"aliases": [former]}})
    assert "zec:allowRebuild is false" in stack.up().failed().text
    assert stack.actions() == []
    stack.configure(**{"zec:allowRebuild": "true"}).up().ok()
    assert stack.actions() == REBUILD


def test_a_token_that_the_engine_masked_still_approves(stack: Stack, web_1: str) -> None:
    """The instance id is a secret of the stack's configuration, so the engine shows `[secret]` in its place."""
    stack.adopt(image_id=JAMMY)
    stack.run("config", "set", "--secret", "machine", web_1).ok()
    stack.run("config", "set", "zec:requireApproval", "true").ok()
    stack.declare(web={"instance_id": web_1, "image_id": NOBLE})
    approval = token("".join(stack.rows()))
    assert "[secret]" in approval
    stack.run("config", "set", "zec:approvedRebuilds", approval).ok()
    assert any(row.startswith("approved by ") for row in stack.rows())
    stack.up().ok()
    assert stack.actions() == REBUILD


def test_an_approval_does_not_come_back_with_a_new_record(stack: Stack, web_1: str) -> None:
    """Destroyed and declared anew, the machine starts from the same point; the approval was for one rebuild."""
    program = {"instance_id": web_1, "image_id": JAMMY, "adopt": "never"}
    stack.configure(**{"zec:requireApproval": "true"}).declare(web=program)
    approval = token("".join(stack.rows()))
    stack.configure(**{"zec:approvedRebuilds": approval}).up().ok()
    assert stack.actions() == REBUILD
    stack.destroy().ok()
    text = stack.up().failed().text
    assert f"{approval} is used up" in text
    assert stack.actions() == REBUILD
    stack.configure(**{"zec:approvedRebuilds": token(text)}).up().ok()
    assert stack.actions() == REBUILD * 2


def test_gates_work_without_credentials(stack: Stack, web_1: str) -> None:
    """A reviewer's pipeline may have none: the preview says so, and that the token comes in up."""
    stack.adopt(image_id=JAMMY).configure(**{"zec:requireApproval": "true"})
    stack.environment.update(ZENLAYERCLOUD_ACCESS_KEY_ID="", ZENLAYERCLOUD_ACCESS_KEY_PASSWORD="")
    rows = "".join(stack.declare(web={"instance_id": web_1, "image_id": NOBLE}).rows())
    assert "live checks were not made" in rows
    assert "up refuses and names the token" in rows


def test_the_engines_own_plan_works_with_the_resource(stack: Stack, web_1: str) -> None:
    """What was planned is done; another value is refused by the engine before anything is sent."""
    stack.adopt(image_id=JAMMY).declare(web={"instance_id": web_1, "image_id": NOBLE})
    plan = str(stack.folder / "plan.json")
    stack.preview(f"--save-plan={plan}").ok()
    stack.declare(web={"instance_id": web_1, "image_id": DEBIAN})
    assert "violates plan" in stack.up(f"--plan={plan}").failed().text
    assert stack.actions() == []
    stack.declare(web={"instance_id": web_1, "image_id": NOBLE}).up(f"--plan={plan}").ok()
    assert stack.actions() == REBUILD


def test_every_line_of_a_json_preview_stands_once(stack: Stack, web_1: str) -> None:
    """The pipeline's view: one warning under the resource's URN, with names, ids and consequences."""
    stack.adopt(image_id=JAMMY).declare(web={"instance_id": web_1, "image_id": NOBLE})
    (row,) = stack.rows()
    for part in (web_1, "web-1", "40 GiB", f"{JAMMY} (Ubuntu Server 22.04 LTS)", NOBLE, "powered off", "SSH host keys"):
        assert part in row
