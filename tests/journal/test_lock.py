"""The lock is held while the run works: a silence of the engine does not give it away for good."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.programs import JAMMY, NOBLE
from tests.support.world import WEB
from zec_pulumi.errors import StopReason
from zec_pulumi.journal.locks import Lock, lock_of
from zec_pulumi.rebuild.silence import SILENCES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.journal.conftest import Stack


class Engine:
    """An engine that does not answer the questions of some numbers, counted from the acceptance on."""

    def __init__(self, stack: Stack, silent: range) -> None:
        self.stack = stack
        self.silent = silent
        self.asked = 0
        self.seen: list[bool] = []

    def __call__(self) -> StopReason | None:
        if not any(line.startswith("reset accepted") for line in self.stack.lines):
            return None
        self.asked += 1
        other = lock_of(self.stack.journal.folder, WEB)
        self.seen.append(other.take("another"))
        other.free()
        return StopReason.ENGINE_GONE if self.asked in self.silent else None


@pytest.mark.parametrize("length", [1, SILENCES - 1])
def test_a_short_silence_gives_nothing_away(stack: Stack, length: int) -> None:
    """Nobody else gets the lock at any moment, and up succeeds."""
    engine = Engine(stack, range(4, 4 + length))
    stack.engine = engine
    stack.up(imageId=NOBLE)
    assert engine.asked > 4 + length
    assert not any(engine.seen)


def test_after_a_long_silence_the_lock_is_taken_again(stack: Stack) -> None:
    """The engine was busy, not dead: from its next answer on nobody else gets the lock."""
    engine = Engine(stack, range(4, 12))
    stack.engine = engine
    stack.up(imageId=NOBLE)
    assert any(engine.seen), "the silence was too short to tell"
    assert not any(engine.seen[-3:])
    assert stack.outputs["lastRebuild"]


@pytest.fixture
def other(stack: Stack) -> Iterator[Lock]:
    lock = lock_of(stack.journal.folder, WEB)
    yield lock
    lock.free()


@pytest.mark.parametrize("back", [True, False])
def test_whoever_took_it_meanwhile_goes_on_alone(stack: Stack, other: Lock, *, back: bool) -> None:
    """The engine comes back or not: the attempt stays open in the record, and nothing is wiped again."""
    asked: list[bool] = []

    def engine() -> StopReason | None:
        if "DEPLOYING" not in stack.lines:
            return None
        asked.append(True)
        if len(asked) > SILENCES + 2 and other.take("another"):
            pass  # as soon as it is free
        return None if back and len(asked) > SILENCES + 4 else StopReason.ENGINE_GONE

    stack.engine = engine
    assert "another run has taken instance" in stack.failed(imageId=NOBLE)
    assert stack.outputs["attempt"]["outcome"] == "accepted"
    other.free()
    stack.engine = lambda: None
    stack.up(imageId=NOBLE)
    assert stack.resets() == 1


def test_a_second_run_is_refused_while_the_first_one_works(stack: Stack, make_stack: Callable[..., Stack]) -> None:
    """Through a silence of the engine as well."""
    second = make_stack(adopted=False)
    said: list[str] = []

    def engine() -> StopReason | None:
        if "DEPLOYING" in stack.lines and not said:
            said.append("")
            said[0] = second.failed(imageId=JAMMY)
            return StopReason.ENGINE_GONE
        return None

    stack.engine = engine
    stack.up(imageId=NOBLE)
    assert "is worked on by resource web-1 of stack dev" in said[0]
    assert stack.resets() == 1


# A machine is started again only when its power-off was surely ours.

REFUSED = {"type": "error", "code": "INVALID_IMAGE_AGENT_NOT_SUPPORT", "status": 400}


@pytest.mark.parametrize("carried_out", [True, False])
def test_a_power_off_that_may_be_its_owners_is_not_undone(stack: Stack, *, carried_out: bool) -> None:
    """The answer was lost, the machine is off, the reset is refused: it stays off, and that is said."""
    stack.sim.add_fault(action="StopInstances", nth=1, effect={"type": "drop", "carriedOut": carried_out})
    stack.sim.add_fault(action="ResetInstance", nth=1, effect=REFUSED)

    def owner(text: str) -> None:
        if text.startswith("powering off") and stack.sim.requests()[-1]["action"] != "DescribeInstances":
            stack.sim.patch_instance(WEB, status="STOPPED")

    stack.on_line = owner
    said = stack.failed(imageId=NOBLE)
    assert "not started again by itself" in said
    assert "StartInstances" not in stack.actions()
    assert stack.status() == "STOPPED"


def test_a_power_off_that_was_answered_is_undone(stack: Stack) -> None:
    """It was ours."""
    stack.sim.add_fault(action="ResetInstance", nth=1, effect=REFUSED)
    assert "has been started again and is RUNNING" in stack.failed(imageId=NOBLE)
    assert stack.actions() == ["StopInstances", "StartInstances"]


def test_a_power_off_that_was_answered_at_the_second_time_is_undone(stack: Stack) -> None:
    """The first one had no effect, and the second was accepted while the machine ran."""
    stack.sim.add_fault(action="StopInstances", nth=1, effect={"type": "bad_gateway"})
    stack.sim.add_fault(action="ResetInstance", nth=1, effect=REFUSED)
    assert "has been started again and is RUNNING" in stack.failed(imageId=NOBLE)
    assert stack.status() == "RUNNING"
