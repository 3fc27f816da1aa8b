"""What each change of the program does to the machine, on the real engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from driver import Stack

pytestmark = pytest.mark.engine

JAMMY, NOBLE = "ubuntu2204_20240712", "ubuntu2404_20240712"
REBUILD = ["StopInstances", "ResetInstance"]
WEB_2 = "1272168087751233113"


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"key_id": "key-2ndKey01"}, "keyId key-YWD2QFOl → key-2ndKey01"),
        ({"user_data": "#!/bin/sh\necho first\n"}, "userData given"),
        ({"rebuild_token": "2026-11"}, "rebuildToken given"),
        (
            {"timezone": "America/New_York", "rebuild_on": ["timezone"]},
            "timezone Asia/Shanghai → America/New_York",
        ),
        ({"enable_agent": False, "rebuild_on": ["enable_agent"]}, "enableAgent on → off"),
    ],
)
def test_a_trigger_rebuilds_once_and_leaves_nothing_to_do(stack: Stack, change: dict[str, Any], cause: str) -> None:
    """The cause is on the row, the machine is rebuilt once on the image it has, and a second up does nothing."""
    stack.adopt(image_id=JAMMY)
    stack.declare(web={"instance_id": "1272168087751233112", "image_id": JAMMY, **change})
    assert f"will be wiped: {cause}" in stack.preview().ok().text
    stack.up().ok()
    assert stack.actions() == REBUILD
    stack.preview("--expect-no-changes").ok()


def test_a_rebuild_on_the_same_image_is_done_again_with_each_token(stack: Stack, web_1: str) -> None:
    """Changing rebuild_token rebuilds the same image again, exactly once per change; taking it out does nothing."""
    stack.adopt(image_id=JAMMY)
    for token in ("one", "two"):
        stack.declare(web={"instance_id": web_1, "image_id": JAMMY, "rebuild_token": token}).up().ok()
    assert stack.actions() == REBUILD * 2
    stack.declare(web={"instance_id": web_1, "image_id": JAMMY}).up().ok()
    assert stack.actions() == REBUILD * 2


def test_the_reset_sends_what_the_machine_has_for_all_that_is_omitted(stack: Stack, web_1: str) -> None:
    """Key, time zone and agent are sent as the machine has them, so that a rebuild changes nothing but the image."""
    stack.adopt(image_id=JAMMY)
    stack.declare(web={"instance_id": web_1, "image_id": NOBLE}).up().ok()
    assert stack.cloud.ledger()[-1]["parameters"] == {
        "imageId": NOBLE,
        "keyId": "key-YWD2QFOl",
        "timezone": "Asia/Shanghai",
        "enableAgent": True,
    }


def test_a_renamed_resource_and_a_new_stack_adopt_and_wipe_nothing(stack: Stack, web_1: str) -> None:
    """User data cannot be read back, so a record that is lost must not cost a healthy machine its disk."""
    arguments = {"instance_id": web_1, "image_id": JAMMY, "user_data": "#!/bin/sh\necho first\n"}
    stack.declare(web={"instance_id": web_1, "image_id": JAMMY}).up().ok()
    stack.declare(web=arguments).up().ok()
    assert stack.actions() == REBUILD

    stack.declare(frontend=arguments)
    text = stack.preview().ok().text
    assert "adopt: already runs" in text
    assert "user data was not run" in text
    stack.up().ok()
    assert list(stack.state()) == ["frontend"]

    stack.run("stack", "rm", "--yes", "--force", "--preserve-config").ok()
    stack.run("stack", "init", "dev").ok()
    stack.up().ok()
    assert stack.actions() == REBUILD
    stack.preview("--expect-no-changes").ok()


def test_renaming_the_instance_is_in_place(stack: Stack, web_1: str) -> None:
    """ModifyInstancesAttribute is all that is sent."""
    stack.adopt(image_id=JAMMY)
    stack.declare(web={"instance_id": web_1, "image_id": JAMMY, "instance_name": "front-1"})
    assert "change in place: instanceName" in stack.preview().ok().text
    stack.up().ok()
    assert stack.actions() == ["ModifyInstancesAttribute"]
    assert stack.cloud.instance(web_1)["instanceName"] == "front-1"
    stack.preview("--expect-no-changes").ok()


def test_a_password_alone_is_set_in_place_and_never_shown(stack: Stack, web_1: str) -> None:
    """ResetInstancePassword is all that is sent; the value is in no output and encrypted in the state."""
    stack.adopt(image_id=JAMMY)
    stack.declare(web={"instance_id": web_1, "image_id": JAMMY, "password": "Secret-pass1"})
    shown = stack.preview().ok().text + stack.run("preview", "--json").ok().text + stack.up().ok().text
    assert stack.actions() == ["ResetInstancePassword"]
    assert "Secret-pass1" not in shown
    state = stack.run("stack", "export").ok().stdout
    assert "Secret-pass1" not in state
    assert "ciphertext" in str(stack.state()["web"]["outputs"]["password"])
    stack.preview("--expect-no-changes").ok()


def test_a_time_zone_alone_is_refused_in_preview(stack: Stack, web_1: str) -> None:
    """Only a rebuild changes it and nothing asks for one: refused with the two ways out, nothing sent."""
    stack.adopt(image_id=JAMMY)
    stack.declare(web={"instance_id": web_1, "image_id": JAMMY, "timezone": "America/New_York"})
    for ran in (stack.preview().failed(), stack.up().failed()):
        assert "add 'timezone' to rebuild_on or change rebuild_token" in ran.text
    assert stack.actions() == []


def test_another_instance_id_forgets_the_old_machine(stack: Stack, web_1: str) -> None:
    """The new machine is adopted, the old one forgotten; neither is touched."""
    stack.adopt(image_id=JAMMY)
    stack.declare(web={"instance_id": WEB_2, "image_id": NOBLE})
    assert "adopt: already runs" in stack.preview().ok().text
    stack.up().ok()
    assert stack.actions() == []
    assert stack.state()["web"]["id"] == WEB_2
    assert stack.cloud.instance(web_1)["imageId"] == JAMMY


def test_destroy_leaves_the_machine_running(stack: Stack, web_1: str) -> None:
    """The record is gone, the machine is as it was."""
    stack.adopt(image_id=JAMMY).destroy().ok()
    assert stack.state() == {}
    assert stack.actions() == []
    assert stack.cloud.instance(web_1)["status"] == "RUNNING"


def test_adopt_only_refuses_a_machine_that_differs(stack: Stack, web_1: str) -> None:
    """Preview and up refuse, name what differs, and send nothing."""
    stack.declare(web={"instance_id": web_1, "image_id": NOBLE, "adopt": "only"})
    for ran in (stack.preview().failed(), stack.up().failed()):
        assert f"the machine differs: imageId {JAMMY} → {NOBLE}" in ran.text
    assert stack.actions() == []


@pytest.mark.parametrize("spelling", ["image_id", "imageId"])
def test_ignore_changes_works_in_both_spellings(stack: Stack, web_1: str, spelling: str) -> None:
    """An ignored image is neither shown nor rebuilt."""
    stack.adopt(image_id=JAMMY)
    stack.declare(web={"instance_id": web_1, "image_id": NOBLE, "opts": {"ignore_changes": [spelling]}})
    stack.up("--expect-no-changes").ok()
    assert stack.actions() == []


def test_rebuild_protection_refuses_in_up_and_is_an_error_line_in_preview(stack: Stack, web_1: str) -> None:
    """The preview goes on, so that a reviewer sees all rows; up stops before the machine is touched."""
    stack.adopt(image_id=JAMMY)
    stack.declare(web={"instance_id": web_1, "image_id": NOBLE, "rebuild_protection": True})
    text = stack.preview().text
    assert "error: rebuild_protection is set" in text
    assert "warning: rebuild: boot disk" in text
    assert "rebuild_protection is set" in stack.up().failed().text
    assert stack.actions() == []
    assert stack.cloud.instance(web_1)["status"] == "RUNNING"
