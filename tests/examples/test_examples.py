"""Every example, as its README tells it: its own program and project, previewed and brought up."""

from __future__ import annotations

import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from checkout import left_behind
from driver import ROOT, of_machines

if TYPE_CHECKING:
    from collections.abc import Callable

    from driver import Stack

pytestmark = pytest.mark.engine

JAMMY, NOBLE = "ubuntu2204_20240712", "ubuntu2404_20240712"
WIPE = "rebuild: boot disk of 1272168087751233112 (web-1, 40 GiB) will be wiped"
ONE_REBUILD = ["StopInstances", "ResetInstance"]
TOLD = (
    "quickstart",
    "several_machines",
    "fleet",
    "first_boot_script",
    "after_a_rebuild",
    "health_gate",
    "terraform_state",
    "sharded_by_zone",
    "terraform_bridged",
)


def test_every_example_is_told_below() -> None:
    """A new example needs a test: here, beside the reader of Terraform states, or in test_sharded."""
    programs = [file.parent.name for file in (ROOT / "examples").glob("*/Pulumi.yaml") if not left_behind(file)]
    assert sorted(TOLD) == sorted(programs)


def test_quickstart_never_wipes_a_machine_that_it_meets_and_rebuilds_it_later(example: Callable[[str], Stack]) -> None:
    """A new stack that names another image is refused. The defaults adopt; then another image is one rebuild."""
    stack = example("quickstart")
    stack.run("config", "set", "imageId", NOBLE).ok()
    for ran in (stack.preview().failed(), stack.up().failed()):
        assert f'adopt is "only" and the machine differs: imageId {JAMMY} → {NOBLE}' in ran.text
    stack.run("config", "rm", "imageId").ok()
    assert f"adopt: already runs {JAMMY}; nothing is wiped" in stack.up().ok().text
    assert stack.actions() == []
    stack.run("config", "set", "imageId", NOBLE).ok()
    assert f"{WIPE}: imageId {JAMMY} (" in stack.preview().ok().text
    stack.up().ok()
    assert stack.actions() == ONE_REBUILD


def test_the_root_project_is_the_quickstart() -> None:
    """The root Pulumi.yaml differs from the example's own by its `main` alone."""
    root = (ROOT / "Pulumi.yaml").read_text().replace("main: examples/quickstart\n", "")
    assert root == (ROOT / "examples" / "quickstart" / "Pulumi.yaml").read_text()


def test_several_machines_are_rebuilt_one_after_the_other(example: Callable[[str], Stack]) -> None:
    """All are adopted as they run. Another image is two rebuilds: none begins before the one before it is done."""
    stack = example("several_machines")
    assert f"adopt: already runs {NOBLE}; nothing is wiped" in stack.up().ok().text
    assert stack.actions() == []
    assert WIPE in stack.configure(imageId=NOBLE).preview().ok().text
    stack.up().ok()
    done = [(entry["action"], entry["instanceId"][-2:]) for entry in of_machines(stack.cloud.ledger())]
    # batch-1 was powered off already
    assert done == [("StopInstances", "12"), ("ResetInstance", "12"), ("ResetInstance", "14")]


@pytest.mark.slow
def test_a_failure_leaves_the_machines_after_it_alone(example: Callable[[str], Stack]) -> None:
    """The first rebuild fails: batch-1, which comes later, was not asked for."""
    stack = example("several_machines")
    stack.up().ok()
    stack.configure(imageId=NOBLE)
    stack.cloud.add_fault(action="ResetInstance", nth=1, effect={"type": "reinstall_fails"})
    assert "ended in REINSTALL_FAILED" in stack.up().failed().text
    assert {entry["instanceId"][-2:] for entry in of_machines(stack.cloud.ledger())} == {"12"}


def test_the_fleet_does_its_canary_first(example: Callable[[str], Stack]) -> None:
    """All are adopted as they run. The plan on the fleet's row, web-1 before batch-1, and nothing left to do then."""
    stack = example("fleet")
    stack.up().ok()
    assert stack.actions() == []
    stack.configure(imageId=NOBLE)
    plan = "fleet: 2 of 3 instances will be wiped, 1 unchanged; canary web-1 first, then 1 other; about 10 min"
    assert plan in stack.preview().ok().text
    text = stack.up().ok().text
    assert "rebuilt 2/2, 0 running, 0 failed" in text
    assert [entry["instanceId"][-2:] for entry in of_machines(stack.cloud.ledger())] == ["12", "12", "14"]


@pytest.mark.slow
def test_a_failing_canary_leaves_the_fleet_alone(example: Callable[[str], Stack]) -> None:
    """As the README says: nothing is done to the others."""
    stack = example("fleet")
    stack.up().ok()
    stack.configure(imageId=NOBLE)
    stack.cloud.add_fault(action="ResetInstance", nth=1, effect={"type": "reinstall_fails"})
    assert "ended in REINSTALL_FAILED" in stack.up().failed().text
    assert {entry["instanceId"][-2:] for entry in of_machines(stack.cloud.ledger())} == {"12"}


def test_first_boot_script_is_held_back_until_the_protection_is_off(example: Callable[[str], Stack]) -> None:
    """Adopted with a warning; a new generation is refused while protected, then rebuilds the same image."""
    stack = example("first_boot_script")
    assert "warning: adopted as it is: user data was not run" in stack.up().ok().text
    stack.configure(generation="2")
    text = stack.preview().text
    assert f"{WIPE.replace('will', 'would')}: rebuildToken changed" in text
    assert "error: rebuild_protection is set" in text
    stack.up().failed()
    assert stack.actions() == []
    stack.configure(protected="false").up().ok()
    assert stack.actions() == ONE_REBUILD
    assert stack.cloud.instance("1272168087751233112")["imageId"] == JAMMY


def test_work_after_a_rebuild_runs_after_a_rebuild_only(example: Callable[[str], Stack]) -> None:
    """The hook runs once for the one rebuild, and neither for adopting nor for an up without changes."""
    stack = example("after_a_rebuild")
    tools = stack.folder / "tools"
    tools.mkdir()
    (tools / "ssh-keygen").write_text(f'#!/bin/sh\necho "$@" >> {tools}/called\n')
    (tools / "ssh-keygen").chmod(0o755)
    path = f"{stack.python}:{stack.engine}:{tools}:/usr/bin:/bin"
    stack.environment["PATH"] = path
    stack.up().ok()
    assert not (tools / "called").exists()
    text = stack.configure(imageId=NOBLE).up().ok().text
    assert "web-1 was rebuilt; forgot the SSH host keys of 203.0.113.11" in text
    stack.up().ok()
    assert (tools / "called").read_text() == "-R 203.0.113.11\n"


def test_a_rebuild_is_done_when_its_health_gate_has_passed(example: Callable[[str], Stack]) -> None:
    """Rebuilt once; up fails while nobody answers, and succeeds once somebody does."""
    stack = example("health_gate")
    stack.cloud.patch_instance("1272168087751233112", publicIpAddresses=["127.0.0.1"])
    answering = ThreadingHTTPServer(("127.0.0.1", 0), SimpleHTTPRequestHandler)
    stack.configure(port=str(answering.server_port), seconds="5").up().ok()
    stack.configure(imageId=NOBLE)
    # It listens, and nobody serves.
    text = stack.up().failed().text
    assert "was rebuilt and is RUNNING, but its health gate" in text
    assert "did not pass within 5s; the last probe said: no answer in" in text
    stack.configure(seconds="60")
    with answering:
        threading.Thread(target=answering.serve_forever, daemon=True).start()
        stack.up().ok()
        answering.shutdown()
    assert stack.actions() == ONE_REBUILD
