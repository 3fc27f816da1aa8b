"""`zec-pulumi report` on what the real engine prints, and the way from its token to the rebuild."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from driver import Stack

pytestmark = pytest.mark.engine

JAMMY, NOBLE = "ubuntu2204_20240712", "ubuntu2404_20240712"


def report(preview: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Pipe a preview through the command."""
    command = [sys.executable, "-c", "from zec_pulumi.cli.main import main; raise SystemExit(main())", "report", "-"]
    return subprocess.run([*command, *arguments], input=preview, capture_output=True, text=True, check=False)


def test_from_the_report_to_an_approved_rebuild(adopted: Stack, web_1: str) -> None:
    """The pipeline stops with 2, a person approves the token that it printed, and exactly that is rebuilt."""
    stack = adopted.configure(**{"zec:requireApproval": "true"})
    stack.declare(
        web={"instance_id": web_1, "image_id": NOBLE, "user_data": "#!/bin/sh\nhidden\n"},
        other={"instance_id": "1272168087751233113"},
    )
    ran = report(stack.preview("--json").stdout, "--format", "json")
    made = json.loads(ran.stdout)
    assert (ran.returncode, ran.stderr) == (2, "")
    assert {machine["resource"]: machine["action"] for machine in made["machines"]} == {
        "web": "rebuild",
        "other": "adopt",
    }
    assert "hidden" not in ran.stdout
    (token,) = made["tokens"]
    assert stack.actions() == []

    stack.configure(**{"zec:approvedRebuilds": token})
    approved = stack.preview("--json").stdout
    ran = report(approved)
    assert ran.returncode == 0
    assert "1 boot disk to wipe (1 approved)" in ran.stdout
    assert report(approved, "--fail-on", "any").returncode == 2

    stack.up().ok()
    assert stack.actions() == ["StopInstances", "ResetInstance"]
    ran = report(stack.preview("--json").stdout, "--fail-on", "any")
    assert (ran.returncode, ran.stdout) == (0, "any/dev: no boot disk is wiped\n")


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("a<{%reset%}>b", marks=pytest.mark.slow),
        pytest.param("a<{%", marks=pytest.mark.slow),
        'x") will be wiped: rebuildToken changed; <{%',
    ],
)
def test_no_name_of_a_machine_hides_why_it_is_wiped(adopted: Stack, web_1: str, name: str) -> None:
    """The engine's colour marks among them: row and report hold the whole name and the cause."""
    adopted.declare(web={"instance_id": web_1, "image_id": NOBLE})
    adopted.cloud.patch_instance(web_1, instanceName=name)
    ran = report(adopted.preview("--json").stdout, "--format", "json")
    (machine,) = json.loads(ran.stdout)["machines"]
    assert (ran.returncode, machine["instanceName"]) == (2, name)
    assert [cause["new"]["id"] for cause in machine["causes"]] == [NOBLE]


def test_a_preview_that_fails_is_an_error_and_says_what_is_known(adopted: Stack, web_1: str) -> None:
    """A wrong image ends the preview."""
    adopted.declare(web={"instance_id": web_1, "image_id": "nothing"})
    ran = report(adopted.preview("--json").stdout)
    assert ran.returncode == 1
    assert "no image nothing in asia-east-1a" in ran.stdout
