"""What a finished rebuild must show, and what of it tells a finished rebuild from none."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from zec_pulumi.api import Instance, ResetInstanceRequest
from zec_pulumi.planning.inputs import parse_recorded
from zec_pulumi.rebuild.wait import Target

WEB, JAMMY, NOBLE, KEY, OTHER_KEY = "1", "ubuntu2204", "ubuntu2404", "key-1", "key-2"
IMAGE_CAUSE = f"imageId {JAMMY} → {NOBLE}"


def before(status: str = "RUNNING") -> Instance:
    return Instance(instance_id=WEB, image_id=JAMMY, key_id=KEY, status=status)


def of_attempt(*, outcome: str = "unknown", causes: tuple[str, ...] = (IMAGE_CAUSE,), **asked: Any) -> Target:
    attempt = {"id": "a", "startedAt": 0.0, "outcome": outcome, "causes": list(causes)}
    recorded = {"instanceId": WEB, "imageId": NOBLE, "keyId": KEY, "applied": {"imageId": JAMMY, "keyId": KEY}}
    return Target.of_attempt(WEB, parse_recorded({**recorded, "attempt": attempt, **asked}))


@pytest.mark.parametrize(
    ("image_id", "key_id", "visible"),
    [(NOBLE, KEY, True), (JAMMY, OTHER_KEY, True), (NOBLE, OTHER_KEY, True), (JAMMY, KEY, False), (JAMMY, None, False)],
)
def test_a_new_image_or_a_new_key_is_visible(image_id: str, key_id: str | None, *, visible: bool) -> None:
    """Each of them alone tells the rebuilt machine from the one before."""
    target = Target.of(
        ResetInstanceRequest(instance_id=WEB, image_id=image_id, key_id=key_id, enable_agent=True), before()
    )
    assert (target.image_id, target.key_id, target.visible) == (image_id, key_id, visible)


@pytest.mark.parametrize(("status", "failed"), [("RUNNING", False), ("STOPPED", False), ("REINSTALL_FAILED", True)])
def test_a_machine_that_had_failed_before_is_known_as_such(status: str, *, failed: bool) -> None:
    """Its REINSTALL_FAILED is no answer until something moved."""
    target = Target.of(ResetInstanceRequest(instance_id=WEB, image_id=NOBLE, enable_agent=True), before(status))
    assert target.failed_before is failed


@pytest.mark.parametrize(
    ("asked", "visible"),
    [
        ({}, True),
        ({"outcome": "accepted", "userData": "x"}, True),
        ({"outcome": "accepted", "causes": ("userData changed",)}, True),
        ({"causes": ("userData changed",)}, False),
        ({"causes": (IMAGE_CAUSE, "rebuildToken changed")}, False),
        ({"userData": "x"}, False),
        ({"password": "s3cret-Aa"}, False),
        ({"userData": "x", "password": "s3cret-Aa"}, False),
        ({"imageId": JAMMY}, False),
        ({"imageId": JAMMY, "keyId": OTHER_KEY}, True),
        ({"outcome": "accepted", "imageId": JAMMY, "keyId": OTHER_KEY, "password": "s3cret-Aa"}, False),
    ],
)
def test_after_a_lost_answer_only_what_the_machine_shows_tells(asked: dict[str, Any], *, visible: bool) -> None:
    """A script and a password are shown by nothing, and image and key may be somebody else's rebuild."""
    assert of_attempt(**asked).visible is visible


def test_a_record_without_an_attempt_has_a_target_all_the_same() -> None:
    """An attempt that only the journal knew is verified against the record."""
    recorded = {"instanceId": WEB, "imageId": NOBLE, "applied": {"imageId": JAMMY}}
    assert Target.of_attempt(WEB, parse_recorded(recorded)).visible


def test_a_target_cannot_be_changed_while_it_is_waited_for() -> None:
    """What was asked for is what is verified."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        of_attempt().image_id = None  # type: ignore[misc]
