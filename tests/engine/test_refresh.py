"""Drift, seen by refresh and named in the next preview."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from driver import Stack

pytestmark = pytest.mark.engine

JAMMY, NOBLE, DEBIAN = "ubuntu2204_20240712", "ubuntu2404_20240712", "debian12_20240712"


@pytest.mark.parametrize("sdk", ["oldest", "newest"])
def test_an_image_changed_outside_is_named_as_drift_and_repaired_once(stack: Stack, web_1: str) -> None:
    """Refresh shows it, the next preview says that the program did not change, and up brings it back."""
    stack.adopt(image_id=JAMMY)
    stack.cloud.patch_instance(web_1, imageId=DEBIAN)
    seen = f"imageId was changed outside Pulumi: {JAMMY} → {DEBIAN}; after pulumi refresh, preview shows the way back"
    assert seen in stack.preview("--expect-no-changes").ok().text

    stack.refresh().ok()
    assert stack.state()["web"]["outputs"]["imageId"] == DEBIAN
    assert stack.actions() == []
    drift = f"imageId {DEBIAN} (Debian 12) → {JAMMY} (Ubuntu Server 22.04 LTS) (changed outside Pulumi)"
    assert drift in stack.preview().ok().text
    stack.up().ok()
    assert stack.actions() == ["StopInstances", "ResetInstance"]
    assert stack.cloud.instance(web_1)["imageId"] == JAMMY
    stack.preview("--expect-no-changes").ok()


def test_refresh_without_drift_changes_nothing(stack: Stack) -> None:
    """Neither the record nor the machine."""
    stack.adopt(image_id=JAMMY, user_data="#!/bin/sh\n", password="Secret-pass1")
    before = set(stack.state()["web"]["inputs"])
    text = stack.refresh("--expect-no-changes").ok().text
    assert "rebuild" not in text
    assert set(stack.state()["web"]["inputs"]) == before
    assert "Secret-pass1" not in stack.run("stack", "export").ok().stdout


def test_an_omitted_image_is_not_drift(stack: Stack, web_1: str) -> None:
    """A program that does not name the image has no opinion about it."""
    stack.adopt(key_id="key-YWD2QFOl")
    stack.cloud.patch_instance(web_1, imageId=DEBIAN)
    stack.refresh().ok()
    stack.preview("--expect-no-changes").ok()
    assert stack.state()["web"]["outputs"]["imageId"] == DEBIAN


def test_a_time_zone_changed_outside_is_a_warning_not_a_change(stack: Stack, web_1: str) -> None:
    """As a change it would be refused, because nothing but a rebuild can change it."""
    stack.adopt(image_id=JAMMY, timezone="Asia/Shanghai")
    stack.cloud.patch_instance(web_1, timeZone="America/New_York")
    assert "timezone was changed outside Pulumi: Asia/Shanghai → America/New_York" in stack.refresh().ok().text
    assert "timezone was changed outside Pulumi" in stack.preview("--expect-no-changes").ok().text


def test_a_machine_that_is_gone_leaves_the_state(stack: Stack, web_1: str) -> None:
    """The API shows nothing for it: refresh drops it, and until then preview says so."""
    stack.adopt(image_id=JAMMY)
    stack.cloud.delete_instance(web_1)
    assert "was not found in this account" in stack.preview().failed().text
    stack.refresh().ok()
    assert stack.state() == {}


def test_wrong_credentials_never_count_as_gone(stack: Stack) -> None:
    """Refresh fails with one sentence, and the record stays."""
    stack.adopt(image_id=JAMMY)
    stack.environment["ZENLAYERCLOUD_ACCESS_KEY_PASSWORD"] = "wrong-password"
    text = stack.refresh().failed().text
    assert "AUTHFAILURE_SIGNATURE_FAILURE" in text
    assert "wrong-password" not in text
    assert list(stack.state()) == ["web"]


def test_refresh_reads_a_stack_whose_program_sets_no_image_or_key(stack: Stack) -> None:
    """Everything omitted is recorded as the machine has it."""
    stack.adopt()
    outputs = stack.state()["web"]["outputs"]
    assert (outputs["imageId"], outputs["keyId"], outputs["instanceName"]) == (JAMMY, "key-YWD2QFOl", "web-1")
    stack.refresh("--expect-no-changes").ok()
