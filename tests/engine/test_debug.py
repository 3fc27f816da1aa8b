"""The log of API requests in the engine's debug messages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from driver import Stack

pytestmark = pytest.mark.engine

LINE = re.compile(r"debug: [\d:.]+ UTC (\w+) attempt 1, \d+\.\d{3} s: HTTP 200, request \S+$", re.MULTILINE)


def test_debug_shows_every_request_once_and_nothing_else_does(stack: Stack, web_1: str) -> None:
    """On the machine's own row, those that change it included."""
    stack.declare(web={"instance_id": web_1, "image_id": "ubuntu2404_20240712"})
    shown = stack.up("--debug").ok().stdout
    listed = shown.partition("Diagnostics:")[2]
    web = listed.partition("InstanceOsImage (web)")[2]
    assert sorted(LINE.findall(web)) == sorted(request["action"] for request in stack.cloud.requests())
    assert set(stack.actions()) == {"StopInstances", "ResetInstance"}
    assert "attempt 1" not in stack.preview().ok().text
