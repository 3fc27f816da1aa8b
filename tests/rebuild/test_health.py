"""Rebuilds with a health gate, several ups in a row: what is probed, recorded, and never sent again."""

from __future__ import annotations

import socket
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.programs import JAMMY, NOBLE
from tests.support.world import WEB
from zec_pulumi import health
from zec_pulumi.errors import StopReason
from zec_pulumi.messages import plan as plan_messages
from zec_pulumi.planning.inputs import parse_recorded
from zec_pulumi.planning.plan import Kind, Plan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.rebuild.conftest import StrictStack as Stack

REBUILD = ["StopInstances", "ResetInstance"]
LOOPBACK = "127.0.0.1"


@pytest.fixture
def port() -> Iterator[int]:
    """A port of the loopback that listens: connections stand without being accepted."""
    with socket.create_server((LOOPBACK, 0), backlog=100) as listener:
        yield listener.getsockname()[1]


@pytest.fixture
def closed_port() -> int:
    """A port that does not."""
    with socket.create_server((LOOPBACK, 0)) as listener:
        number: int = listener.getsockname()[1]
        return number


@pytest.fixture
def adopted(stack: Stack) -> Stack:
    """A stack that holds web-1, whose address is the loopback, on the older image."""
    stack.sim.patch_instance(WEB, publicIpAddresses=[LOOPBACK])
    stack.up(imageId=JAMMY)
    return stack


def tcp(port: int, **options: Any) -> dict[str, Any]:
    return health.tcp(port, **options).properties()


def previewed(stack: Stack, **inputs: Any) -> list[str]:
    """The lines of the next preview."""
    return stack.preview(inputs).lines


def fail(stack: Stack, words: str, **inputs: Any) -> None:
    with pytest.raises(stack.Failed, match=words):
        stack.up(**inputs)


def test_a_rebuild_succeeds_when_its_gate_has_passed(adopted: Stack, port: int) -> None:
    """The probes are on the row, after the verification."""
    adopted.up(imageId=NOBLE, health=tcp(port))
    lines = adopted.lines
    assert lines[-2:] == [f"healthy 1/2: tcp {port} on {LOOPBACK}", f"healthy: tcp {port} on {LOOPBACK}"]
    assert lines[-3].startswith(f"RUNNING on {NOBLE}, rebuilt in")
    assert adopted.outputs["health"] == tcp(port)
    assert "attempt" not in adopted.outputs


def test_a_gate_that_does_not_pass_is_a_recorded_failure(adopted: Stack, closed_port: int) -> None:
    """It says what the machine is, what the last probe said, and what comes next; all of it stays known."""
    words = (
        rf"instance {WEB} \(web-1\) was rebuilt and is RUNNING, but its health gate \(tcp {closed_port} on {LOOPBACK}\)"
        r" did not pass within 30s; the last probe said: connection refused. The next pulumi up probes it again and"
        " wipes nothing"
    )
    fail(adopted, words, imageId=NOBLE, health=tcp(closed_port, deadline=30))
    attempt = adopted.outputs["attempt"]
    assert (attempt["outcome"], attempt["moved"]) == ("accepted", True)
    assert attempt["startedAt"] < attempt["verifiedAt"] < adopted.clock.now() - 29
    assert adopted.outputs["applied"]["imageId"] == JAMMY
    assert "lastRebuild" not in adopted.outputs


def test_the_next_up_probes_again_and_wipes_nothing(adopted: Stack, closed_port: int) -> None:
    """As often as it takes; when it passes, the rebuild is recorded with the time of its verification."""
    gate = tcp(closed_port, deadline=30)
    for _ in range(3):
        fail(adopted, "did not pass within 30s", imageId=NOBLE, health=gate)
    at = datetime.fromtimestamp(int(adopted.outputs["attempt"]["verifiedAt"]), tz=timezone.utc)
    verified = at.strftime("%Y-%m-%dT%H:%M:%SZ")
    with socket.create_server((LOOPBACK, closed_port)):
        adopted.up(imageId=NOBLE, health=gate)
    assert adopted.actions() == REBUILD
    assert "attempt" not in adopted.outputs
    assert adopted.outputs["applied"]["imageId"] == NOBLE
    last = adopted.outputs["lastRebuild"]
    assert (last["causes"], last["finishedAt"]) == ([f"imageId {JAMMY} → {NOBLE}"], verified)


def test_preview_and_refresh_say_that_only_the_gate_is_left(adopted: Stack, closed_port: int) -> None:
    """Neither waiting nor a wipe; and refresh keeps it open."""
    gate = tcp(closed_port, deadline=30)
    fail(adopted, "did not pass", imageId=NOBLE, health=gate)
    (line,) = previewed(adopted, imageId=NOBLE, health=gate)
    assert line.startswith("join: rebuild accepted ")
    assert line.endswith(" ago and verified, RUNNING; up probes its health gate again and wipes nothing")
    (line,) = previewed(adopted, imageId=NOBLE)
    assert line.endswith("; up records it, without a health gate now, and wipes nothing")
    with pytest.raises(adopted.Failed, match="up probes its health gate again"):
        adopted.refresh()
    assert adopted.outputs["attempt"]["verifiedAt"]


def test_a_corrected_gate_is_the_one_that_counts(adopted: Stack, closed_port: int, port: int) -> None:
    """A wrong port is no reason for another rebuild."""
    fail(adopted, "did not pass", imageId=NOBLE, health=tcp(closed_port, deadline=30))
    adopted.up(imageId=NOBLE, health=tcp(port))
    assert adopted.outputs["health"]["port"] == port
    assert adopted.actions() == REBUILD


def test_a_gate_taken_out_closes_the_attempt(adopted: Stack, closed_port: int) -> None:
    """Nothing is probed, and nothing of it stays recorded."""
    fail(adopted, "did not pass", imageId=NOBLE, health=tcp(closed_port, deadline=30))
    adopted.up(imageId=NOBLE)
    assert not {"attempt", "health"} & set(adopted.outputs)
    assert adopted.actions() == REBUILD


def test_another_image_during_a_failing_gate_is_another_rebuild(adopted: Stack, closed_port: int, port: int) -> None:
    """Perhaps the image was the mistake."""
    fail(adopted, "did not pass", imageId=NOBLE, health=tcp(closed_port, deadline=30))
    adopted.up(imageId=JAMMY, health=tcp(port))
    assert adopted.machine()["imageId"] == JAMMY
    assert adopted.actions() == REBUILD * 2


def test_an_attempt_joined_for_another_reason_is_probed_as_well(adopted: Stack, closed_port: int) -> None:
    """The first up ended before the gate's turn came."""
    adopted.timeout = 30
    fail(adopted, "accepted and not finished", imageId=NOBLE, health=tcp(closed_port))
    adopted.timeout = None
    assert "verifiedAt" not in adopted.outputs["attempt"]
    fail(adopted, "did not pass within 5m00s", imageId=NOBLE, health=tcp(closed_port))
    assert adopted.actions() == REBUILD


def test_nothing_is_probed_where_nothing_happened(stack: Stack, closed_port: int) -> None:
    """Adopting, a change in place, and no change at all; a gate that would fail is only recorded."""
    stack.sim.patch_instance(WEB, publicIpAddresses=[LOOPBACK])
    gate = tcp(closed_port)
    stack.up(imageId=JAMMY, health=gate)
    stack.up(imageId=JAMMY, health=gate, instanceName="front-1")
    stack.up(imageId=JAMMY, health=gate, instanceName="front-1")
    stack.up(imageId=JAMMY, health=tcp(closed_port, successes=1), instanceName="front-1")
    assert stack.outputs["health"]["successes"] == 1
    stack.up(imageId=JAMMY, instanceName="front-1")
    assert "health" not in stack.outputs
    assert stack.actions() == ["ModifyInstancesAttribute"]


@pytest.mark.parametrize("halt", StopReason)
def test_a_halt_while_probing_loses_nothing(adopted: Stack, closed_port: int, halt: StopReason) -> None:
    """Ctrl-C, or an engine that is gone: at once, and the next up goes on."""
    adopted.halt_at("not healthy yet", halt)
    begun = adopted.clock.now()
    fail(adopted, f"RUNNING, but {halt.value} before its health gate", imageId=NOBLE, health=tcp(closed_port))
    assert adopted.clock.now() - begun < 200
    assert ("attempt" in adopted.outputs) is (halt is StopReason.CANCELLED)  # a dead engine records nothing
    with socket.create_server((LOOPBACK, closed_port)):
        adopted.up(imageId=NOBLE, health=tcp(closed_port))
    assert adopted.actions() == REBUILD


def test_the_operations_deadline_is_the_gates_as_well(adopted: Stack, closed_port: int) -> None:
    """The gate's own may be longer than what is left."""
    adopted.timeout = 200
    fail(adopted, "that were left of the operation's deadline", imageId=NOBLE, health=tcp(closed_port, deadline=3000))
    assert adopted.outputs["attempt"]["verifiedAt"]


def test_what_follows_a_rebuild_is_done_before_the_gate_and_once(adopted: Stack, closed_port: int, port: int) -> None:
    """A Windows password is set, then probed for; a gate that fails does not set it again."""
    adopted.sim.patch_instance(WEB, imageId="windows2019_20240712", keyId=None, systemDisk={"diskSize": 60})
    inputs = {"imageId": "windows2022_20240712", "password": "Abcdef-123"}
    fail(adopted, "did not pass", **inputs, health=tcp(closed_port, deadline=30))
    adopted.up(**inputs, health=tcp(port))
    assert adopted.actions() == [*REBUILD, "ResetInstancePassword"]


def test_a_password_changed_while_the_gate_fails_is_set(adopted: Stack, closed_port: int, port: int) -> None:
    """It is a change in place, like any other."""
    fail(adopted, "did not pass", imageId=NOBLE, password="Abcdef-123", health=tcp(closed_port, deadline=30))
    adopted.up(imageId=NOBLE, password="Ghijkl-456", health=tcp(port))
    assert adopted.actions() == [*REBUILD, "ResetInstancePassword"]


def test_a_machine_powered_off_while_its_gate_fails_is_named_as_such(adopted: Stack, closed_port: int) -> None:
    """Waiting would not start it."""
    fail(adopted, "did not pass", imageId=NOBLE, health=tcp(closed_port, deadline=30))
    adopted.sim.patch_instance(WEB, status="STOPPED")
    words = "was rebuilt, and somebody has powered it off since: it is STOPPED. Start it"
    fail(adopted, words, imageId=NOBLE, health=tcp(closed_port))
    assert adopted.outputs["attempt"]["verifiedAt"]


def test_a_gate_without_an_address_costs_no_power_off(adopted: Stack) -> None:
    """Found in preview, and once more before the power-off."""
    adopted.sim.patch_instance(WEB, publicIpAddresses=[])
    refusal = adopted.preview({"imageId": NOBLE, "health": tcp(22)}).text
    assert refusal.startswith(f"health: instance {WEB} has no public address to probe tcp on")
    fail(adopted, "has no public address to probe tcp on", imageId=NOBLE, health=tcp(22))
    assert adopted.actions() == []


def test_a_command_is_told_which_machine(adopted: Stack) -> None:
    """And its last line is told when it fails."""
    script = 'echo "$ZEC_INSTANCE_ID at $ZEC_ADDRESS is ill"; exit 7'
    gate = health.command(["sh", "-c", script], deadline=5).properties()
    fail(adopted, f"the last probe said: exit status 7: {WEB} at {LOOPBACK} is ill", imageId=NOBLE, health=gate)


def test_a_killed_run_with_a_change_that_nothing_shows_is_probed_by_the_next(adopted: Stack, closed_port: int) -> None:
    """The journal remembers the rebuild; the engine recorded nothing."""
    inputs = {"imageId": JAMMY, "userData": "#!/bin/sh\n"}
    adopted.halt_at("not healthy yet", StopReason.ENGINE_GONE)
    fail(adopted, "the engine does not answer", **inputs, health=tcp(closed_port))
    fail(adopted, "did not pass within 5m00s", **inputs, health=tcp(closed_port))
    assert adopted.actions() == REBUILD


def test_a_killed_run_with_a_change_that_the_machine_shows_is_probed_by_the_next(
    adopted: Stack, closed_port: int, port: int
) -> None:
    """The machine is as wanted and adopted, but the journal knows that nobody has probed it yet."""
    adopted.halt_at("not healthy yet", StopReason.ENGINE_GONE)
    fail(adopted, "the engine does not answer", imageId=NOBLE, health=tcp(closed_port))
    adopt = f"adopt: already runs {NOBLE}; nothing is wiped"
    assert adopt in previewed(adopted, imageId=NOBLE, health=tcp(closed_port))
    for _ in range(2):
        words = "RUNNING as wanted, rebuilt by a run that was interrupted, but its health gate .* did not pass"
        fail(adopted, words, imageId=NOBLE, health=tcp(closed_port))
    adopted.up(imageId=NOBLE, health=tcp(port))
    assert adopted.outputs["applied"]["imageId"] == NOBLE
    assert adopted.actions() == REBUILD


def test_a_defect_while_probing_does_not_cost_a_second_wipe(
    adopted: Stack, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The attempt stays open, whatever breaks."""
    with monkeypatch.context() as broken:
        broken.setattr("zec_pulumi.health.network_probes.tcp", None)
        fail(adopted, "what follows was not done: a defect in zec_pulumi", imageId=NOBLE, health=tcp(port))
    adopted.up(imageId=NOBLE, health=tcp(port))
    assert adopted.actions() == REBUILD


def test_the_line_of_a_lost_answer_that_only_lacks_its_gate() -> None:
    """It was sent, and the machine is as asked for."""
    attempt = {"id": "a", "startedAt": 1000.0, "outcome": "unknown", "verifiedAt": 1360.0}
    line = plan_messages.join(Plan(Kind.JOIN), parse_recorded({"attempt": attempt}), None, 1720.0)
    assert line == (
        "join: rebuild sent, its answer lost, 12m00s ago and verified, not read; up probes its health gate again and"
        " wipes nothing"
    )
