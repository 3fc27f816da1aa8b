"""Nothing unapproved is wiped: gates and approval tokens on the real engine."""

from __future__ import annotations

import re
import shutil
import time
from typing import TYPE_CHECKING

import psutil
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


def test_a_rebuild_needs_its_token_and_each_token_is_good_for_one(adopted: Stack, web_1: str) -> None:
    """Refused, approved, done; the same change back needs another one, and the used one is named.

    A token of yesterday's plan approves none of today's.
    """
    stack = adopted.configure(**{"zec:requireApproval": "true"}).declare(web={"instance_id": web_1, "image_id": NOBLE})
    rows = stack.rows()
    approval = token("".join(rows))
    assert approval.startswith(f"dev/{web_1}/")
    assert sum("approval needed" in row for row in rows) == 1
    assert token(stack.up().failed().text) == approval
    stack.configure(**{"zec:approvedRebuilds": approval})
    stack.declare(web={"instance_id": web_1, "image_id": DEBIAN})
    assert "approved another plan" in stack.up().failed().text
    assert stack.actions() == []

    stack.declare(web={"instance_id": web_1, "image_id": NOBLE})
    assert "approval needed" not in stack.up().ok().text
    assert stack.actions() == REBUILD

    stack.declare(web={"instance_id": web_1, "image_id": JAMMY})
    text = stack.up().failed().text
    assert f"{approval} is used up by a rebuild from this computer" in text
    assert token(text) != approval
    assert stack.actions() == REBUILD


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


ALLOWED_CAUSES = {"zec:allowedCauses": "keyId"}
NO_TOKEN = {"zec:approvedRebuilds": "nonsense"}
NO_TRUTH = {"zec:requireApproval": ""}
MISSPELT = {"zec:requireApprovals": "true"}


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"zec:allowRebuild": "false"}, "zec:allowRebuild is false"),
        # Every day in tests/unit and tests/rebuild.
        *(
            pytest.param(settings, text, marks=pytest.mark.slow)
            for settings, text in (
                (ALLOWED_CAUSES, "zec:allowedCauses allows keyId, and imageId is another"),
                (NO_TOKEN, "'nonsense', which is not an approval token"),
                (NO_TRUTH, "zec:requireApproval must be true or false"),
                (MISSPELT, "zec:requireApprovals is none of zec_pulumi (did you mean zec:requireApproval?)"),
            )
        ),
    ],
)
def test_a_closed_gate_refuses_before_the_machine_is_touched(
    adopted: Stack, web_1: str, settings: dict[str, str], text: str
) -> None:
    """In preview and in up."""
    adopted.configure(**settings).declare(web={"instance_id": web_1, "image_id": NOBLE})
    assert text in adopted.preview().text
    assert text in adopted.up().failed().text
    assert adopted.actions() == []


def test_a_misspelt_setting_stops_rebuilds_and_nothing_else(adopted: Stack, web_1: str) -> None:
    """A change in place and a preview of all rows pass; taken out, the rebuild passes."""
    plain = adopted.settings()
    stack = adopted.configure(**{"zec:allowrebuild": "false"})
    stack.declare(web={"instance_id": web_1, "instance_name": "web-one"}).up().ok()
    assert stack.actions() == ["ModifyInstancesAttribute"]
    stack.declare(web={"instance_id": web_1, "image_id": NOBLE})
    assert "zec:allowrebuild is none of zec_pulumi" in stack.preview().ok().text
    assert "did you mean zec:allowRebuild?" in stack.up().failed().text
    assert stack.actions() == ["ModifyInstancesAttribute"]
    stack.only(plain).up().ok()
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
    [{"zec:allowRebuild": "false"}, pytest.param({"zec:requireApproval": "true"}, marks=pytest.mark.slow)],
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
    assert stack.actions() == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "closing", [pytest.param({"zec:allowRebuild": "false"}, marks=pytest.mark.slow), {"zec:requireApproval": "true"}]
)
def test_gates_hold_for_new_records_whoever_serves_the_resource(stack: Stack, closing: dict[str, str]) -> None:
    """The same machines in a stack that does not hold them."""
    (stack.folder / "program" / "__main__.py").write_text(OWN_PROVIDERS)
    for digit in "2346":
        stack.cloud.patch_instance(f"127216808775123311{digit}", imageId=JAMMY, status="RUNNING")
    stack.configure(image=NOBLE, **closing).up("--continue-on-error").failed()
    assert stack.actions() == []


def test_gates_hold_for_a_resource_that_had_another_name(adopted: Stack, web_1: str) -> None:
    """By an alias the engine finds the record under another URN; the gates are those of this program."""
    adopted.configure(**{"zec:allowRebuild": "false"})
    former = f"urn:pulumi:dev::any::{RESOURCE_TYPE}::web"
    adopted.declare(front={"instance_id": web_1, "image_id": NOBLE, "opts": {"aliases": [former]}})
    assert "zec:allowRebuild is false" in adopted.up().failed().text
    assert adopted.actions() == []
    adopted.configure(**{"zec:allowRebuild": "true"}).up().ok()
    assert adopted.actions() == REBUILD


def test_a_token_that_the_engine_masked_still_approves(adopted: Stack, web_1: str) -> None:
    """The instance id is a secret of the stack's configuration, so the engine shows `[secret]` in its place."""
    adopted.run("config", "set", "--secret", "machine", web_1).ok()
    adopted.run("config", "set", "zec:requireApproval", "true").ok()
    adopted.declare(web={"instance_id": web_1, "image_id": NOBLE})
    approval = token("".join(adopted.rows()))
    assert "[secret]" in approval
    adopted.run("config", "set", "zec:approvedRebuilds", approval).ok()
    assert "approved by " in adopted.up().ok().text
    assert adopted.actions() == REBUILD


@pytest.mark.slow  # every day in tests/rebuild
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


def on_another_computer(stack: Stack) -> Stack:
    """Take the disk away that the commands ran on; state and configuration are kept elsewhere."""
    shutil.rmtree(stack.folder / "home")
    (stack.folder / "home").mkdir()
    return stack


def put_back(stack: Stack, machine: str) -> None:
    """Have somebody reinstall the old image at the vendor's page: the machine is as it was when the token was given."""
    stack.cloud.patch_instance(machine, imageId=JAMMY)


def up_that_is_killed(stack: Stack) -> None:
    """Kill every process of an up once the reset was accepted, and end the reinstall."""
    with stack.start("up", "--yes", "--skip-preview") as process:
        while "ResetInstance" not in stack.actions():
            assert process.poll() is None
            time.sleep(0.05)
        for one in [*psutil.Process(process.pid).children(recursive=True), psutil.Process(process.pid)]:
            one.kill()


@pytest.mark.slow  # every day in tests/rebuild
@pytest.mark.parametrize(
    "then",
    ["killed", "destroyed", "drifted", "done"],
)
def test_a_used_approval_is_used_up_on_every_computer(stack: Stack, web_1: str, then: str) -> None:
    """The machine names the attempt, and the token another one. Judged by what the cloud accepted."""
    stack.configure(**{"zec:requireApproval": "true"}).declare(web={"instance_id": web_1, "image_id": NOBLE})
    approval = token("".join(stack.rows()))
    on_another_computer(stack).configure(**{"zec:approvedRebuilds": approval})
    if then == "killed":
        up_that_is_killed(stack)
        stack.run("cancel", "--yes").ok()
        assert "approval needed" not in on_another_computer(stack).up().ok().text
    else:
        assert f"approved by {approval}" in stack.up().ok().text
    assert stack.actions() == REBUILD

    if then == "done":
        stack.declare(web={"instance_id": web_1, "image_id": JAMMY})
    else:
        put_back(stack, web_1)
        (stack.refresh() if then == "drifted" else on_another_computer(stack).destroy()).ok()
    text = on_another_computer(stack).up().failed().text
    assert token(text) != approval
    assert f"{approval} approved another plan or is used up" in text
    assert stack.actions() == REBUILD


def test_gates_work_without_credentials(adopted: Stack, web_1: str) -> None:
    """A reviewer's pipeline may have none: the preview says so, and that the token comes in up."""
    adopted.configure(**{"zec:requireApproval": "true"})
    adopted.environment.update(ZENLAYERCLOUD_ACCESS_KEY_ID="", ZENLAYERCLOUD_ACCESS_KEY_PASSWORD="")
    rows = "".join(adopted.declare(web={"instance_id": web_1, "image_id": NOBLE}).rows())
    assert "live checks were not made" in rows
    assert "up refuses and names the token" in rows


@pytest.mark.slow
def test_the_engines_own_plan_works_with_the_resource(adopted: Stack, web_1: str) -> None:
    """What was planned is done; another value is refused by the engine before anything is sent."""
    adopted.declare(web={"instance_id": web_1, "image_id": NOBLE})
    plan = str(adopted.folder / "plan.json")
    adopted.preview(f"--save-plan={plan}").ok()
    adopted.declare(web={"instance_id": web_1, "image_id": DEBIAN})
    assert "violates plan" in adopted.up(f"--plan={plan}").failed().text
    assert adopted.actions() == []
    adopted.declare(web={"instance_id": web_1, "image_id": NOBLE}).up(f"--plan={plan}").ok()
    assert adopted.actions() == REBUILD
