"""Wrong or missing credentials, a skewed clock, an unreachable host: one sentence each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from driver import Stack

pytestmark = pytest.mark.engine

JAMMY, NOBLE = "ubuntu2204_20240712", "ubuntu2404_20240712"


def test_without_credentials_preview_goes_on_and_up_refuses(stack: Stack, web_1: str) -> None:
    """Preview says that live checks were not made; up names each way to give credentials."""
    stack.environment.update(ZENLAYERCLOUD_ACCESS_KEY_ID="", ZENLAYERCLOUD_ACCESS_KEY_PASSWORD="")
    stack.declare(web={"instance_id": web_1, "image_id": NOBLE})
    assert "live checks were not made" in stack.preview().ok().text
    text = stack.up().failed().text
    for way in ("zenlayercloud:accessKeyId", "ZENLAYERCLOUD_ACCESS_KEY_ID", "ZENLAYER_TOKEN", "credentials.json"):
        assert way in text
    assert stack.actions() == []


@pytest.mark.slow  # test_refresh has it every day
def test_a_wrong_password_is_one_sentence(stack: Stack, web_1: str) -> None:
    """The code is there, the password is not."""
    stack.environment["ZENLAYERCLOUD_ACCESS_KEY_PASSWORD"] = "not-the-password"
    text = stack.declare(web={"instance_id": web_1, "image_id": NOBLE}).preview().failed().text
    assert "AUTHFAILURE_SIGNATURE_FAILURE" in text
    assert "not-the-password" not in text


def test_an_unreachable_host_is_named(stack: Stack, web_1: str) -> None:
    """With what was tried."""
    stack.environment["ZENLAYERCLOUD_DOMAIN"] = "127.0.0.1:9"
    text = stack.declare(web={"instance_id": web_1, "image_id": NOBLE}).preview().failed().text
    assert "127.0.0.1:9" in text


def test_a_wrong_setting_names_its_key(stack: Stack, web_1: str) -> None:
    """A poll interval that is no number."""
    stack.configure(**{"zec:pollInterval": "soon"}).declare(web={"instance_id": web_1, "image_id": NOBLE})
    assert "zec:pollInterval" in stack.preview().failed().text


def test_a_bearer_token_works_as_well(stack: Stack, web_1: str) -> None:
    """The other of the two authentications, as secret stack configuration."""
    stack.environment.update(ZENLAYERCLOUD_ACCESS_KEY_ID="", ZENLAYERCLOUD_ACCESS_KEY_PASSWORD="")
    stack.run("config", "set", "--secret", "zec:token", stack.cloud.token).ok()
    stack.declare(web={"instance_id": web_1, "image_id": NOBLE})
    stack.up().ok()
    assert stack.actions() == ["StopInstances", "ResetInstance"]
    assert stack.cloud.token not in stack.run("stack", "export").ok().stdout
