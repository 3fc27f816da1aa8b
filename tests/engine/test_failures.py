"""What is left after a failure, and what the next commands do with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from driver import Stack

pytestmark = pytest.mark.engine

JAMMY, NOBLE = "ubuntu2204_20240712", "ubuntu2404_20240712"


def test_a_rebuild_that_outlasts_its_deadline_is_joined_by_the_next_up(stack: Stack, web_1: str) -> None:
    """The deadline leaves an open attempt; the next preview says join, and up waits and wipes nothing again."""
    stack.adopt(image_id=JAMMY)
    stack.cloud.add_fault(action="ResetInstance", nth=1, effect={"type": "never_ends"})
    slow = {"instance_id": web_1, "image_id": NOBLE, "opts": {"custom_timeouts": {"update": "2s"}}}
    text = stack.declare(web=slow).up().failed().text
    assert "was accepted and not finished after 2s" in text
    assert "wipes nothing again" in text
    assert stack.state()["web"]["outputs"]["attempt"]["outcome"] == "accepted"

    text = stack.preview().ok().text
    assert "join: rebuild accepted" in text
    assert "DEPLOYING" in text

    stack.cloud.patch_instance(web_1, status="RUNNING", imageId=NOBLE)
    stack.up().ok()
    assert stack.actions() == ["StopInstances", "ResetInstance"]
    record = stack.state()["web"]["outputs"]
    assert "attempt" not in record
    assert record["applied"]["imageId"] == NOBLE
    assert record["lastRebuild"]["causes"] == [f"imageId {JAMMY} → {NOBLE}"]
    stack.preview("--expect-no-changes").ok()


@pytest.mark.parametrize("sdk", ["oldest", "newest"])
def test_an_open_attempt_survives_refresh(stack: Stack, web_1: str) -> None:
    """The engine itself recommends a refresh after a failure; neither it nor `up --refresh` loses the attempt."""
    stack.adopt(image_id=JAMMY)
    stack.cloud.add_fault(action="ResetInstance", nth=1, effect={"type": "never_ends"})
    slow = {"instance_id": web_1, "image_id": NOBLE, "opts": {"custom_timeouts": {"update": "2s"}}}
    stack.declare(web=slow).up().failed()
    before = stack.state()["web"]
    stack.refresh().ok()
    after = stack.state()["web"]
    assert after["outputs"]["attempt"] == before["outputs"]["attempt"]
    assert after["inputs"] == before["inputs"]

    stack.cloud.patch_instance(web_1, status="RUNNING", imageId=NOBLE)
    stack.up("--refresh").ok()
    assert stack.actions() == ["StopInstances", "ResetInstance"]
    assert "attempt" not in stack.state()["web"]["outputs"]


def test_reinstall_failed_is_not_tried_again_until_the_token_changes(stack: Stack, web_1: str) -> None:
    """REINSTALL_FAILED stops and says so, as often as up runs; a new rebuild_token asks for another try."""
    stack.adopt(image_id=JAMMY)
    stack.cloud.add_fault(action="ResetInstance", nth=1, effect={"type": "reinstall_fails"})
    stack.declare(web={"instance_id": web_1, "image_id": NOBLE})
    assert "ended in REINSTALL_FAILED" in stack.up().failed().text
    assert "nothing is wiped again unless rebuild_token changes" in stack.preview().ok().text
    assert "change rebuild_token" in stack.up().failed().text
    assert stack.actions() == ["StopInstances", "ResetInstance"]

    stack.cloud.patch_instance(web_1, status="STOPPED")  # the administrator repaired it
    stack.declare(web={"instance_id": web_1, "image_id": NOBLE, "rebuild_token": "again"})
    assert "rebuild: boot disk" in stack.preview().ok().text
    stack.up().ok()
    assert stack.actions() == ["StopInstances", "ResetInstance", "ResetInstance"]
    stack.preview("--expect-no-changes").ok()


def test_a_refusal_after_the_power_off_leaves_the_machine_running(stack: Stack, web_1: str) -> None:
    """What preview cannot foresee is refused after the power-off: the machine is started again, and both are said."""
    stack.adopt(image_id=JAMMY)
    effect = {"type": "error", "code": "INVALID_IMAGE_AGENT_NOT_SUPPORT", "status": 400}
    stack.cloud.add_fault(action="ResetInstance", nth=1, effect=effect)
    text = stack.declare(web={"instance_id": web_1, "image_id": NOBLE}).up().failed().text
    assert "INVALID_IMAGE_AGENT_NOT_SUPPORT" in text
    assert "has been started again and is RUNNING" in text
    assert stack.actions() == ["StopInstances", "StartInstances"]
    assert "attempt" not in stack.state()["web"]["outputs"]


def test_a_lost_answer_is_resolved_by_reading(stack: Stack, web_1: str) -> None:
    """The connection breaks after the reset was carried out: it is found to be accepted, and not sent again."""
    stack.adopt(image_id=JAMMY)
    stack.cloud.add_fault(action="ResetInstance", nth=1, effect={"type": "drop", "carriedOut": True})
    stack.declare(web={"instance_id": web_1, "image_id": NOBLE}).up().ok()
    assert stack.actions() == ["StopInstances", "ResetInstance"]


def test_a_create_that_fails_after_acceptance_is_recorded_and_joined(stack: Stack, web_1: str) -> None:
    """A new resource whose rebuild fails half-way is in the stack, and the next up goes on from there."""
    stack.cloud.add_fault(action="ResetInstance", nth=1, effect={"type": "never_ends"})
    slow = {"instance_id": web_1, "image_id": NOBLE, "opts": {"custom_timeouts": {"create": "2s", "update": "20s"}}}
    stack.declare(web=slow).up().failed()
    assert stack.state()["web"]["outputs"]["attempt"]["outcome"] == "accepted"
    stack.cloud.patch_instance(web_1, status="RUNNING", imageId=NOBLE)
    assert "join: rebuild accepted" in stack.preview().ok().text
    stack.up().ok()
    assert stack.actions() == ["StopInstances", "ResetInstance"]
    stack.preview("--expect-no-changes").ok()
