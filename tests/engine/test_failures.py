"""What is left after a failure, and what the next commands do with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from driver import SDKS, Ran, Stack, more_machines, new_stack, of_machines, rows_of
from zec_pulumi.simulator import Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.engine

JAMMY, NOBLE = "ubuntu2204_20240712", "ubuntu2404_20240712"
REBUILD = ["StopInstances", "ResetInstance"]
REFUSED = "INVALID_IMAGE_AGENT_NOT_SUPPORT"
DEADLINE = "6s"
"""Long enough for a reset to be accepted on a busy machine."""

FAULTS: dict[str, dict[str, Any]] = {
    "late": {"type": "never_ends"},
    "created": {"type": "never_ends"},
    "broken": {"type": "reinstall_fails"},
    "refused": {"type": "error", "code": REFUSED, "status": 400},
    "lost": {"type": "drop", "carriedOut": True},
}
"""What happens to the first reset of each machine. ``created`` is in no state before."""
WORLD, IDS = more_machines(*FAULTS)


@dataclass
class Failed:
    """One up in which every machine meets another fault, and the commands after it."""

    stack: Stack
    up: Ran
    first: dict[str, list[str]]
    state: dict[str, dict[str, Any]]
    refreshed: dict[str, dict[str, Any]]
    rows: dict[str, list[str]]
    again: Ran

    def actions(self, name: str) -> list[str]:
        """Return what was done to the machine of that name, in order."""
        return done(self.stack)[name]


def done(stack: Stack) -> dict[str, list[str]]:
    """Return what was done to each machine, in order."""
    ledger = of_machines(stack.cloud.ledger())
    return {name: [one["action"] for one in ledger if one["instanceId"] == IDS[name]] for name in FAULTS}


def program(**more: Any) -> dict[str, dict[str, Any]]:
    """Return all resources, which want another image."""
    short = {"opts": {"custom_timeouts": {"create": DEADLINE, "update": DEADLINE}}}
    limits = {"late": short, "created": short}
    wanted = {name: {"instance_id": IDS[name], "image_id": NOBLE, **limits.get(name, {})} for name in FAULTS}
    return {name: {**one, **more.get(name, {})} for name, one in wanted.items()}


def failing_up(stack: Stack, *arguments: str) -> Ran:
    """Run up for all machines at once, whatever fails."""
    ran = stack.up("--continue-on-error", "--parallel", str(len(FAULTS)), *arguments)
    # With this option the oldest SDK ends a program in a traceback of its own.
    return ran.failed() if stack.python == SDKS["newest"] else ran


@pytest.fixture(scope="module", params=["newest", pytest.param("oldest", marks=pytest.mark.slow)])
def failed(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, engine_folder: Path
) -> Iterator[Failed]:
    """The failing up; a refresh, as the engine recommends; a preview; the cloud is done meanwhile; up once more."""
    with Simulator(WORLD, rebuild_seconds=0.4, stop_seconds=0.2) as cloud:
        stack = new_stack(tmp_path_factory.mktemp("failed"), cloud, engine_folder, str(request.param))
        recorded = [name for name in FAULTS if name != "created"]
        stack.declare(**{name: {"instance_id": IDS[name], "image_id": JAMMY} for name in recorded}).up().ok()
        for name, effect in FAULTS.items():
            cloud.add_fault(action="ResetInstance", instanceId=IDS[name], nth=1, effect=effect)
        up = failing_up(stack.declare(**program()))
        first, state = done(stack), stack.state()
        stack.refresh().ok()
        refreshed = stack.state()
        rows = rows_of(stack.preview("--json").ok().stdout)
        for name in ("late", "created"):
            cloud.patch_instance(IDS[name], status="RUNNING", imageId=NOBLE)
        yield Failed(stack, up, first, state, refreshed, rows, failing_up(stack, "--refresh"))


@pytest.mark.parametrize("name", ["late", "created"])
def test_a_rebuild_that_outlasts_its_deadline_is_joined_by_the_next_up(failed: Failed, name: str) -> None:
    """The deadline leaves an open attempt, of a new resource too; preview says join, and up wipes nothing again."""
    assert f"instance {IDS[name]} was accepted and not finished after {DEADLINE}" in failed.up.text
    assert "wipes nothing again" in failed.up.text
    assert failed.state[name]["outputs"]["attempt"]["outcome"] == "accepted"
    row = "".join(failed.rows[name])
    assert "join: rebuild accepted" in row
    assert "DEPLOYING" in row
    assert failed.actions(name) == REBUILD


@pytest.mark.parametrize("name", ["late", "created"])
def test_an_open_attempt_survives_refresh(failed: Failed, name: str) -> None:
    """Neither `refresh` nor `up --refresh` loses the attempt; what it has done is recorded then."""
    assert failed.refreshed[name]["outputs"]["attempt"] == failed.state[name]["outputs"]["attempt"]
    assert failed.refreshed[name]["inputs"] == failed.state[name]["inputs"]
    record = failed.stack.state()[name]["outputs"]
    assert "attempt" not in record
    assert record["applied"]["imageId"] == NOBLE
    assert record["lastRebuild"]["causes"] == [f"imageId {JAMMY} → {NOBLE}"]


def test_a_refusal_after_the_power_off_leaves_the_machine_running(failed: Failed) -> None:
    """What preview cannot foresee is refused after the power-off: the machine is started again, and both are said."""
    assert f"({REFUSED}, HTTP 400, request T" in failed.up.text
    assert "has been started again and is RUNNING" in failed.up.text
    assert failed.first["refused"] == ["StopInstances", "StartInstances"]
    assert "attempt" not in failed.state["refused"]["outputs"]
    assert failed.state["refused"]["outputs"]["imageId"] == JAMMY


def test_a_lost_answer_is_resolved_by_reading(failed: Failed) -> None:
    """The connection breaks after the reset was carried out: it is found to be accepted, and not sent again."""
    assert failed.state["lost"]["outputs"]["imageId"] == NOBLE
    assert failed.first["lost"] == failed.actions("lost") == REBUILD


def test_reinstall_failed_is_not_tried_again_until_the_token_changes(failed: Failed) -> None:
    """REINSTALL_FAILED stops and says so, as often as up runs; a new rebuild_token asks for another try."""
    assert "ended in REINSTALL_FAILED" in failed.up.text
    assert "nothing is wiped again unless rebuild_token changes" in "".join(failed.rows["broken"])
    assert "change rebuild_token" in failed.again.text
    assert failed.actions("broken") == REBUILD

    stack = failed.stack
    stack.cloud.patch_instance(IDS["broken"], status="STOPPED")  # the administrator repaired it
    stack.declare(**program(broken={"rebuild_token": "again"})).up().ok()
    assert failed.actions("broken") == [*REBUILD, "ResetInstance"]
    stack.preview("--expect-no-changes").ok()
