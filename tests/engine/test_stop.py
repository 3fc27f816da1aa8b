"""Ctrl-C, and engines that die: nothing more is sent, and what goes on in the cloud is not lost."""

from __future__ import annotations

import contextlib
import dataclasses
import signal
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from driver import ended, plugins

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from driver import Stack

pytestmark = pytest.mark.engine

JAMMY, NOBLE = "ubuntu2204_20240712", "ubuntu2404_20240712"
REBUILD = ["StopInstances", "ResetInstance"]
WEB_2 = "1272168087751233113"


def wait_until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    """Look often, for some seconds at most: what is waited for happens in other processes."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.02)


def interrupted(process: subprocess.Popen[str]) -> None:
    """Send what Ctrl-C in a terminal sends to the engine: its plugins have a process group of their own."""
    process.send_signal(signal.SIGINT)


def every_process_is_told(process: subprocess.Popen[str]) -> None:
    """Send SIGTERM to each process, the youngest first, as GitLab's runner does in a job's container."""
    for one in sorted(psutil.Process(process.pid).children(recursive=True), key=lambda one: -one.pid):
        with contextlib.suppress(psutil.Error):
            one.terminate()
            one.wait(1)
    process.terminate()


@pytest.mark.everywhere
@pytest.mark.parametrize("cancel", [interrupted, every_process_is_told])
def test_a_cancelled_run_ends_the_wait_at_once_and_the_next_up_goes_on(
    adopted: Stack, web_1: str, cancel: Callable[[subprocess.Popen[str]], None]
) -> None:
    """The open attempt is recorded with what goes on in the cloud; nothing is wiped again."""
    adopted.cloud.add_fault(action="ResetInstance", nth=1, effect={"type": "never_ends"})
    adopted.declare(web={"instance_id": web_1, "image_id": NOBLE})
    with adopted.start("up", "--yes", "--skip-preview") as process:
        wait_until(lambda: adopted.actions() == REBUILD)
        cancel(process)
        ran = ended(process)
    assert f"cancelled: the rebuild of instance {web_1} goes on in the cloud" in ran.failed().text
    assert adopted.state()["web"]["outputs"]["attempt"]["outcome"] == "accepted"

    adopted.cloud.patch_instance(web_1, status="RUNNING", imageId=NOBLE)
    adopted.run("cancel", "--yes").ok()  # an engine that is told twice may leave the stack locked
    adopted.up().ok()
    assert adopted.actions() == REBUILD


def test_ctrl_c_starts_no_further_rebuild(stack: Stack, web_1: str) -> None:
    """The second machine, still powering off, is not reset; what state it is in is told."""
    stack.declare(one={"instance_id": web_1, "image_id": JAMMY}, two={"instance_id": WEB_2, "image_id": NOBLE})
    stack.up().ok()
    stack.cloud.add_fault(action="ResetInstance", instanceId=web_1, effect={"type": "never_ends"})
    stack.cloud.add_fault(action="StopInstances", instanceId=WEB_2, effect={"type": "never_ends"})
    stack.declare(one={"instance_id": web_1, "image_id": NOBLE}, two={"instance_id": WEB_2, "image_id": JAMMY})
    with stack.start("up", "--yes", "--skip-preview") as process:
        wait_until(lambda: sorted(stack.actions()) == ["ResetInstance", "StopInstances", "StopInstances"])
        process.send_signal(signal.SIGINT)
        text = ended(process).failed().text
    assert (
        f"instance {WEB_2} (web-2) was sent StopInstances, and then its status could not be followed: cancelled" in text
    )
    assert "Nothing was wiped" in text
    assert stack.actions().count("ResetInstance") == 1


def test_a_killed_engine_leaves_no_plugin_behind(adopted: Stack, web_1: str) -> None:
    """The orphan sends nothing more, follows what was accepted to its end, and is gone; the next up wipes nothing."""
    adopted.cloud.add_fault(action="ResetInstance", nth=1, effect={"type": "never_ends"})
    adopted.declare(web={"instance_id": web_1, "image_id": NOBLE})
    with adopted.start("up", "--yes", "--skip-preview") as process:
        wait_until(lambda: adopted.actions() == REBUILD)
        process.kill()
        process.communicate()
    assert plugins(adopted.folder)
    adopted.cloud.patch_instance(web_1, status="RUNNING", imageId=NOBLE)
    wait_until(lambda: not plugins(adopted.folder))
    adopted.run("cancel", "--yes").ok()
    adopted.up().ok()
    assert adopted.actions() == REBUILD
    adopted.preview("--expect-no-changes").ok()


def test_an_orphan_makes_way_for_the_next_up(adopted: Stack, web_1: str) -> None:
    """While the rebuild still runs, the next up takes the instance over, and the orphan ends."""
    adopted.cloud.add_fault(action="ResetInstance", nth=1, effect={"type": "never_ends"})
    adopted.declare(web={"instance_id": web_1, "image_id": NOBLE})
    with adopted.start("up", "--yes", "--skip-preview") as process:
        wait_until(lambda: adopted.actions() == REBUILD)
        process.kill()
        process.communicate()
    orphans = plugins(adopted.folder)
    adopted.run("cancel", "--yes").ok()
    with adopted.start("up", "--yes", "--skip-preview") as process:
        wait_until(lambda: not set(orphans) & set(plugins(adopted.folder)))
        adopted.cloud.patch_instance(web_1, status="RUNNING", imageId=NOBLE)
        ended(process).ok()
    assert adopted.actions() == REBUILD


def test_two_stacks_with_one_machine_do_not_rebuild_it_twice_at_once(stack: Stack, web_1: str) -> None:
    """The second one is refused at its own deadline and told who works on the instance; the first goes on."""
    ops = dataclasses.replace(stack, name="ops")
    ops.run("stack", "init", "ops").ok()
    ops.configure(**stack.settings())
    stack.cloud.add_fault(action="ResetInstance", nth=1, effect={"type": "never_ends"})
    stack.declare(web={"instance_id": web_1, "image_id": NOBLE})
    with stack.start("up", "--yes", "--skip-preview") as process:
        wait_until(lambda: stack.actions() == REBUILD)
        # From here on nothing but the second stack's own deadline is waited for, however long it takes to start.
        stack.declare(web={"instance_id": web_1, "image_id": NOBLE, "opts": {"custom_timeouts": {"create": "3s"}}})
        text = ops.up().failed().text
        assert process.poll() is None, "the first up has ended"
        stack.cloud.patch_instance(web_1, status="RUNNING", imageId=NOBLE)
        ended(process).ok()
    assert f"instance {web_1} is worked on by resource" in text
    assert stack.actions() == REBUILD
