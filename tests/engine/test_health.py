"""A health gate on the real engine: its failure is in the state, and no up wipes for it."""

from __future__ import annotations

import os
import signal
import socket
from typing import TYPE_CHECKING, Any

import pytest

from driver import ended
from zec_pulumi import health

if TYPE_CHECKING:
    from driver import Stack

pytestmark = pytest.mark.engine

JAMMY, NOBLE = "ubuntu2204_20240712", "ubuntu2404_20240712"
LOOPBACK = "127.0.0.1"
ONE_REBUILD = ["StopInstances", "ResetInstance"]


def closed_port() -> int:
    with socket.create_server((LOOPBACK, 0)) as listener:
        number: int = listener.getsockname()[1]
        return number


def with_gate(stack: Stack, web_1: str, gate: health.HealthGate) -> dict[str, Any]:
    """Declare another image with the gate for web-1, whose address is the loopback."""
    stack.cloud.patch_instance(web_1, publicIpAddresses=[LOOPBACK])
    asked = {"instance_id": web_1, "image_id": NOBLE, "health": gate.properties()}
    stack.declare(web=asked)
    return asked


@pytest.mark.parametrize("sdk", ["newest", pytest.param("oldest", marks=pytest.mark.slow)])
def test_a_failing_gate_is_recorded_and_probed_again(adopted: Stack, web_1: str) -> None:
    """Up fails, preview says what is left, up probes again, and refresh loses nothing: one ResetInstance in all."""
    port = closed_port()
    asked = with_gate(adopted, web_1, health.tcp(port, interval=0.2, deadline=1))
    text = adopted.up().failed().text
    assert "was rebuilt and is RUNNING, but its health gate" in text
    assert "the last probe said: connection refused. The next pulumi up probes it again and wipes nothing" in text
    assert adopted.state()["web"]["outputs"]["attempt"]["verifiedAt"]

    text = adopted.preview().ok().text
    assert "and verified, RUNNING; up probes its health gate again and wipes nothing" in text
    assert "did not pass within 1s" in adopted.up("--refresh").failed().text

    # Time enough for a busy machine: two probes must succeed in it.
    adopted.declare(web={**asked, "health": health.tcp(port, interval=0.2, deadline=60).properties()})
    with socket.create_server((LOOPBACK, port), backlog=10):
        adopted.up().ok()
    assert adopted.actions() == ONE_REBUILD
    record = adopted.state()["web"]["outputs"]
    assert "attempt" not in record
    assert record["applied"]["imageId"] == NOBLE


@pytest.mark.slow  # every day in tests/rebuild
def test_another_gate_alone_touches_nothing(adopted: Stack, web_1: str) -> None:
    """It is shown and recorded as a change, and not probed; so is taking it out."""
    same = {"instance_id": web_1, "image_id": JAMMY}
    adopted.declare(web={**same, "health": health.ssh(closed_port(), deadline=20).properties()})
    text = adopted.up().ok().text
    assert "[diff: +health]" in text
    assert "rebuild" not in text
    assert adopted.state()["web"]["inputs"]["health"]["kind"] == "ssh"
    adopted.declare(web=same).up("--refresh").ok()
    assert "health" not in adopted.state()["web"]["outputs"]
    assert adopted.actions() == []


@pytest.mark.slow  # every day in tests/health
def test_a_gate_without_an_address_is_refused_in_the_preview(adopted: Stack, web_1: str) -> None:
    """Before anything is powered off."""
    with_gate(adopted, web_1, health.http("/healthz"))
    adopted.cloud.patch_instance(web_1, publicIpAddresses=[])
    for ran in (adopted.preview(), adopted.up()):
        assert f"health: instance {web_1} has no public address to probe http on" in ran.failed().text
    assert adopted.actions() == []


def test_ctrl_c_while_a_command_runs_ends_it_and_keeps_the_attempt(adopted: Stack, web_1: str) -> None:
    """It would have run for ten minutes; the next up asks it again."""
    started, healthy = adopted.folder / "started", adopted.folder / "healthy"
    os.mkfifo(started)
    script = f"test -e {healthy} && exit 0; echo > {started}; exec sleep 600"
    gate = health.command(["sh", "-c", script], timeout=600, deadline=600, interval=0.2)
    with_gate(adopted, web_1, gate)
    with adopted.start("up", "--yes", "--skip-preview") as running:
        started.read_text()  # a pipe: it ends when the command has begun
        running.send_signal(signal.SIGINT)
        text = ended(running).text
    assert "cancelled before its health gate (command sh) had passed" in text
    assert adopted.state()["web"]["outputs"]["attempt"]["verifiedAt"]
    healthy.touch()
    adopted.up().ok()
    assert adopted.actions() == ONE_REBUILD
