"""Values that are known only while up runs."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from driver import ROOT

if TYPE_CHECKING:
    from driver import Stack

pytestmark = pytest.mark.engine

JAMMY, NOBLE = "ubuntu2204_20240712", "ubuntu2404_20240712"
WEB_2 = "1272168087751233113"


@pytest.mark.parametrize("sdk", ["newest", pytest.param("oldest", marks=pytest.mark.slow)])
def test_what_is_not_known_yet_is_said_and_decided_in_up(stack: Stack) -> None:
    """Preview neither fails nor calls an unknown id a replacement; one up does it all."""
    shutil.copy(ROOT / "tests" / "engine" / "programs" / "chained" / "__main__.py", stack.folder / "program")
    stack.cloud.patch_instance(WEB_2, imageId=JAMMY)
    stack.declare(first={"image_id": JAMMY}, second={"instance_id": WEB_2})
    text = stack.preview().ok().text
    assert "not known yet: imageId" in text
    assert "not known yet: instanceId" in text
    stack.up().ok()
    assert stack.actions() == []

    stack.declare(first={"image_id": NOBLE}, second={"instance_id": WEB_2})
    text = stack.preview().ok().text
    assert "rebuild: boot disk of 1272168087751233112" in text
    assert f"not known yet: imageId; boot disk of {WEB_2} (web-2, 40 GiB) will be wiped if that asks for it" in text
    assert "replace" not in text
    stack.up().ok()
    assert stack.actions() == ["StopInstances", "ResetInstance"] * 2
