"""What a message says of the next up is what the next up does."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from tests.journal.conftest import SCRIPT, Stack
from tests.support.programs import JAMMY, NOBLE
from tests.support.world import WEB
from zec_pulumi import health
from zec_pulumi.cli.main import main
from zec_pulumi.errors import StopReason
from zec_pulumi.messages import outcomes

if TYPE_CHECKING:
    from collections.abc import Callable

IMAGE = {"imageId": NOBLE}
UNSEEN = {"imageId": JAMMY, "userData": SCRIPT}
REFUSAL = {"type": "error", "code": "SOMETHING_NEW", "status": 400}
LOST, NEVER = {"type": "drop", "carriedOut": True}, {"type": "drop", "carriedOut": False}
GATE = health.command(["false"], interval=1, timeout=5, deadline=10)


def fault(action: str, effect: dict[str, Any], **rule: Any) -> Callable[[Stack], object]:
    """Return what makes the first ups go wrong."""
    return lambda stack: stack.sim.add_fault(action=action, effect=effect, **rule)


def at(phase: str, act: Callable[[Stack], object]) -> Callable[[Stack], object]:
    """Return what makes something happen once, when a phase is shown."""

    def arm(stack: Stack) -> None:
        done: list[object] = []

        def on_line(text: str) -> None:
            if text.startswith(phase) and not done:
                done.append(act(stack))

        stack.on_line = on_line

    return arm


def both(*acts: Callable[[Stack], object]) -> Callable[[Stack], object]:
    return lambda stack: [act(stack) for act in acts]


def cancel(stack: Stack) -> None:
    stack.engine = lambda: StopReason.CANCELLED


def engine_goes_after_acceptance(stack: Stack) -> None:
    def engine() -> StopReason | None:
        return StopReason.ENGINE_GONE if any(line.startswith("reset accepted") for line in stack.lines) else None

    stack.engine = engine


def patch(**fields: Any) -> Callable[[Stack], object]:
    return lambda stack: stack.sim.patch_instance(WEB, **fields)


def owner_starts(stack: Stack) -> None:
    """Somebody powers the machine on while the answer to the reset is being looked for."""
    stack.sim.patch_instance(WEB, status="RUNNING")


def settle(stack: Stack) -> None:
    stack.sim.settle()


def soon(stack: Stack) -> None:
    stack.timeout = 60.0


def closed(verdict: str) -> Callable[[Stack], object]:
    """Return what a person does with the attempt that the message names."""

    def close(stack: Stack) -> None:
        assert main(["attempts", "close", stack.journal.entries(WEB)[0].attempt_id, verdict]) == 0

    return close


def fails(said: str) -> Callable[[Stack], object]:
    """Return another up that fails, as the message says that it may."""

    def up(stack: Stack) -> None:
        assert said in stack.failed(**stack.tried)

    return up


@dataclass(frozen=True)
class Promise:
    """What goes wrong, what is said then, what a person does, and the resets after the ups that follow."""

    goes_wrong: Callable[[Stack], object]
    said: str
    resets: int
    wanted: dict[str, Any] = field(default_factory=lambda: UNSEEN)
    then: Callable[[Stack], object] = settle
    next_wanted: dict[str, Any] = field(default_factory=dict)
    again: str = ""


PROMISES: dict[str, list[Promise]] = {
    "not_rebuilt": [
        Promise(
            fault("ModifyInstancesAttribute", REFUSAL),
            "next pulumi up tries again",
            0,
            {"imageId": JAMMY, "instanceName": "new"},
        )
    ],
    "not_powered_off": [Promise(fault("StopInstances", {"type": "bad_gateway"}), "next pulumi up tries again", 1)],
    "stopped_at_start": [
        Promise(
            both(patch(status="RESIZING"), at("waiting for the instance to settle", cancel)),
            "next pulumi up tries again",
            1,
            then=patch(status="RUNNING"),
        )
    ],
    "stop_refused": [Promise(fault("StopInstances", REFUSAL), "next pulumi up tries again", 1)],
    "stop_failed": [Promise(fault("StopInstances", {"type": "fail_ids"}), "next pulumi up tries again", 1)],
    "stop_too_slow": [
        Promise(
            fault("StopInstances", {"type": "never_ends"}),
            "run pulumi up again, which goes on",
            1,
            then=patch(status="STOPPED"),
        )
    ],
    "stop_not_followed": [
        Promise(
            at(
                "powering off",
                fault("DescribeInstancesStatus", {"type": "error", "code": "AUTHFAILURE_UNAUTHORIZED", "status": 401}),
            ),
            "reads its status and goes on",
            1,
        )
    ],
    "left_off": [Promise(at("sending ResetInstance", cancel), "let the next pulumi up go on", 1)],
    "not_wiped": [
        Promise(fault("ResetInstance", REFUSAL), "next pulumi up tries again", 1),
        Promise(fault("ResetInstance", REFUSAL), "next pulumi up tries again", 1, IMAGE),
        Promise(fault("ResetInstance", NEVER), "next pulumi up tries again", 1),
    ],
    "started_by_another": [
        Promise(
            both(fault("ResetInstance", NEVER), at("the answer to ResetInstance was lost", owner_starts)),
            "so it was not rebuilt; somebody else powered it on. The next pulumi up tries again",
            1,
            {"imageId": NOBLE, "userData": SCRIPT},
        )
    ],
    "outcome_unreadable": [
        Promise(
            both(
                fault("ResetInstance", LOST),
                at("the answer to ResetInstance was lost", cancel),
            ),
            "reads the instance before it does anything",
            1,
            IMAGE,
        )
    ],
    "engine_gone_but_done": [
        Promise(engine_goes_after_acceptance, "records it and wipes nothing again", 1),
        Promise(engine_goes_after_acceptance, "records it and wipes nothing again", 1, IMAGE),
    ],
    "stopped_waiting": [Promise(at("DEPLOYING", cancel), "goes on waiting for it and wipes nothing again", 1)],
    "not_finished": [
        Promise(
            soon,
            "goes on waiting for it and wipes nothing again",
            1,
        )
    ],
    "outcome_unknown": [
        Promise(
            both(fault("ResetInstance", NEVER), at("the answer to ResetInstance was lost", owner_starts)),
            "run `zec-pulumi attempts close",
            0,
            then=closed("--rebuilt"),
        ),
        Promise(
            both(fault("ResetInstance", NEVER), at("the answer to ResetInstance was lost", owner_starts)),
            "if it was not rebuilt, change rebuild_token to ask for another rebuild",
            1,
            next_wanted={"rebuildToken": "again"},
        ),
    ],
    "cannot_finish": [
        Promise(
            at("DEPLOYING", patch(status="RECYCLED")),
            "recover it, then run pulumi up again",
            1,
            then=patch(status="RUNNING"),
        )
    ],
    "shows_something_else": [
        Promise(
            at("RUNNING, verifying", patch(imageId=JAMMY)),
            "reads it again and wipes nothing by itself",
            1,
            IMAGE,
            then=patch(imageId=NOBLE),
        ),
        Promise(
            at("RUNNING, verifying", patch(imageId=JAMMY)),
            "to rebuild it, change rebuild_token",
            2,
            IMAGE,
            next_wanted={"rebuildToken": "again"},
        ),
    ],
    "unhealthy": [
        Promise(bool, "probes it again and wipes nothing", 1, {**UNSEEN, "health": GATE}, again="probes it again")
    ],
    "reinstall_failed": [
        Promise(
            fault("ResetInstance", {"type": "reinstall_fails"}),
            "change rebuild_token to ask for another rebuild",
            2,
            then=patch(status="STOPPED"),
            next_wanted={"rebuildToken": "again"},
        ),
        Promise(
            fault("ResetInstance", {"type": "reinstall_fails"}),
            "It is not tried again by itself",
            1,
            again="It is not tried again by itself",
        ),
    ],
    "runs_after_failure": [
        Promise(
            fault("ResetInstance", {"type": "reinstall_fails"}),
            "REINSTALL_FAILED",
            2,
            then=both(patch(status="RUNNING"), fails("change rebuild_token to ask for another rebuild")),
            next_wanted={"rebuildToken": "again"},
        )
    ],
    "never_began": [
        Promise(
            both(fault("ResetInstance", NEVER), at("the answer to ResetInstance was lost", cancel)),
            "reads the instance before it does anything",
            1,
            then=fails("change rebuild_token to ask for the rebuild"),
            next_wanted={"rebuildToken": "again"},
        )
    ],
    "never_seen": [
        Promise(at("reset accepted", patch(status="RUNNING")), "if it was rebuilt, run", 1, then=closed("--rebuilt")),
        Promise(
            at("reset accepted", patch(status="RUNNING")),
            "if it was not rebuilt, change rebuild_token",
            2,
            next_wanted={"rebuildToken": "again"},
        ),
    ],
    "unhealthy_adopted": [
        Promise(
            lambda stack: stack.killed("RUNNING, verifying", imageId=NOBLE, health=GATE),
            "rebuilt by a run that was interrupted",
            1,
            {**IMAGE, "health": GATE},
            again="probes it again and wipes nothing",
        )
    ],
    "powered_off_since": [
        Promise(
            bool,
            "probes it again and wipes nothing",
            1,
            {**UNSEEN, "health": GATE},
            then=both(patch(status="STOPPED"), fails("Start it; the next pulumi up probes"), patch(status="RUNNING")),
            again="probes it again and wipes nothing",
        )
    ],
    "stays_stopped": [
        Promise(
            at("DEPLOYING", cancel),
            "goes on waiting for it and wipes nothing again",
            1,
            then=both(patch(status="STOPPED"), fails("Start it by hand; the next pulumi up"), patch(status="RUNNING")),
        )
    ],
    "never_settled": [
        Promise(both(soon, patch(status="RESIZING")), "then run pulumi up again", 1, then=patch(status="RUNNING"))
    ],
}
TRIED_ELSEWHERE = {
    "nothing_wiped": "tests/border/test_defects.py: whatever is raised wherever ends in a true sentence",
    "instance_taken": "test_lock.py: whoever took it meanwhile goes on alone",
    "not_prepared": "test_files.py: a full disk is found out before the power-off",
    "contradicted": "tests/rebuild/test_rebuild.py: a reset that contradicts the status for good stays open",
    "defect_while_rebuilding": "tests/rebuild/test_rebuild.py: a defect does not make the stack forget it",
    "not_rolled_back": "tests/rebuild/test_roll_backs.py: the next up joins it, or probes the gate again",
    "unfinished_after_rebuild": "tests/rebuild/test_health.py: a defect while probing does not cost a second wipe",
}


@pytest.mark.parametrize(
    "promise",
    [p for of_one in PROMISES.values() for p in of_one],
    ids=[f"{name}-{i}" for name, of_one in PROMISES.items() for i, _ in enumerate(of_one)],
)
def test_the_next_up_does_what_was_said(stack: Stack, promise: Promise, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the trouble is over and the person did what the message says; judged by the ledger."""
    monkeypatch.setenv("PULUMI_HOME", str(stack.home.parent))
    stack.home = stack.home.rename(stack.home.parent / "zec_pulumi")
    promise.goes_wrong(stack)
    said = stack.failed(**promise.wanted)
    assert promise.said in said
    stack.sim.clear_faults()
    stack.on_line, stack.engine, stack.timeout = bool, lambda: None, None
    promise.then(stack)
    wanted = {**promise.wanted, **promise.next_wanted}
    if promise.again:
        assert promise.again in stack.failed(**wanted)
    else:
        stack.up(**wanted)
        assert stack.status() == "RUNNING"
        stack.up(**wanted)
    assert stack.resets() == promise.resets


def test_every_sentence_that_promises_something_of_the_next_up_is_tried() -> None:
    """A new one must find its place in the table."""
    promising = {
        name
        for name, function in inspect.getmembers(outcomes, inspect.isfunction)
        if function.__module__ == outcomes.__name__
        and re.search(
            r"next\W+pulumi up|pulumi up again|_TRIES_AGAIN|_READS_FIRST|_MAY_ASK|rebuild_token",
            inspect.getsource(function),
        )
    }
    assert promising == PROMISES.keys() | TRIED_ELSEWHERE.keys()
