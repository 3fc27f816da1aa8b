"""What a program waits for after it has declared its resources."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from driver import WEB_1
from zec_pulumi.program.sdk_outputs import wait_for_one

if TYPE_CHECKING:
    from pulumi import Resource

    from driver import Stack

pytestmark = pytest.mark.engine

PROGRAM = f"""
import pulumi
from pulumi.runtime import settings

import zec_pulumi as zec

before = len(settings.SETTINGS.outputs)
web = zec.InstanceOsImage("web", instance_id="{WEB_1}")
pulumi.export("waited for", len(settings.SETTINGS.outputs) - before)
pulumi.export("all", [web.status, web.os_type, web.last_rebuild])
"""


@pytest.mark.everywhere
def test_one_output_of_a_resource_is_waited_for_and_all_of_them_come(stack: Stack) -> None:
    """At each answer the SDK goes through all that it waits for: of a thousand resources more than 20,000 outputs."""
    (stack.folder / "program" / "__main__.py").write_text(PROGRAM)
    stack.up().ok()
    exported = json.loads(stack.run("stack", "output", "--json").ok().stdout)
    assert exported == {"waited for": 1, "all": ["RUNNING", "linux", None]}


def test_where_the_sdk_keeps_its_outputs_otherwise_it_waits_as_it_would(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program must not fail for what only makes it faster."""
    monkeypatch.delattr("pulumi.runtime.settings.SETTINGS")
    wait_for_one(cast("Resource", SimpleNamespace()))
