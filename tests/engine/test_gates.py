"""Nothing unapproved is wiped: gates and approval tokens on the real engine."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

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
    assert f"{approval} approved another plan or is used up" in text
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
        ({"zec:allowedCauses": "keyId"}, "zec:allowedCauses allows keyId, and imageId is another"),
        ({"zec:approvedRebuilds": "nonsense"}, "'nonsense' is not an approval token"),
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
