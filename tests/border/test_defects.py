"""Whatever is raised, wherever: each call of the engine ends in a sentence that is true, and nothing is wiped twice.

A run is done once undisturbed, and every call that leaves the core is counted: of the client, the journal, the row and
the clock. Then it is done again for each of these calls, which raises.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import grpc
import pytest

from tests.histories.steps import NEXT_STEP
from tests.support.clock import FakeClock
from tests.support.cloud import CloudClock
from tests.support.row import FakeRow
from tests.support.stack import Stack
from tests.support.world import WEB, World
from zec_pulumi import health
from zec_pulumi.api import Client
from zec_pulumi.journal.approvals import UsedApprovals
from zec_pulumi.journal.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.stack import Outcome

JAMMY, NOBLE, KEY = "ubuntu2204_20240712", "ubuntu2404_20240712", "key-YWD2QFOl"
HIDDEN = "text-of-the-exception"


class PanicError(BaseException):
    """What compiled parts of libraries raise: no Exception."""


ERRORS: tuple[Callable[[], BaseException], ...] = (
    lambda: KeyError(HIDDEN),
    lambda: MemoryError(HIDDEN),
    lambda: OSError(5, HIDDEN),
    lambda: BrokenPipeError(32, HIDDEN),
    lambda: RecursionError(HIDDEN),
    lambda: UnicodeEncodeError("utf-8", HIDDEN, 0, 1, HIDDEN),
    lambda: StopIteration(HIDDEN),
    lambda: grpc.RpcError(HIDDEN),
    lambda: SystemExit(HIDDEN),
    lambda: GeneratorExit(HIDDEN),
    lambda: PanicError(HIDDEN),
)
SEAMS: dict[type, tuple[str, ...]] = {
    Client: (
        "slot",
        "describe_instances",
        "describe_all_instances",
        "describe_instances_status",
        "stop_instances",
        "start_instances",
        "reset_instance",
        "reset_instance_password",
        "modify_instances_attribute",
        "describe_images",
        "describe_custom_images",
        "describe_key_pairs",
        "describe_time_zones",
        "describe_zones",
        "modify_resource_tags",
        "describe_resource_tags",
        "delete_tags",
        "create_image",
        "custom_image_statuses",
        "delete_images",
    ),
    Journal: ("intend", "note", "entries", "forget"),
    UsedApprovals: ("used", "use", "release"),
    FakeRow: ("progress", "info", "warn", "error"),
    Stack: ("stop_reason",),
    FakeClock: ("now", "sleep"),
    CloudClock: ("monotonic",),
}


@dataclass
class Trap:
    """Counts the calls that leave the core. At call ``at`` it raises ``error``, before the call or ``after`` it."""

    at: int = -1
    error: BaseException = field(default_factory=KeyError)
    after: bool = False
    armed: bool = False
    passed: list[str] = field(default_factory=list)
    where: str = ""

    def around(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(method)
        def called(*arguments: Any, **named: Any) -> Any:
            mine = self.armed and self._is_it(name)
            if mine:
                self.where = name
            if mine and not self.after:
                raise self.error
            result = method(*arguments, **named)
            if mine:
                raise self.error
            return result

        return called

    def _is_it(self, name: str) -> bool:
        self.passed.append(name)
        return len(self.passed) == self.at


@pytest.fixture
def trap(monkeypatch: pytest.MonkeyPatch) -> Trap:
    trap = Trap()
    for owner, names in SEAMS.items():
        for name in names:
            monkeypatch.setattr(owner, name, trap.around(f"{owner.__name__}.{name}", getattr(owner, name)))
    return trap


def created(stack: Stack) -> Outcome:
    return stack.up({"imageId": NOBLE, "keyId": KEY, "instanceName": "renamed", "userData": "#!/bin/sh\n"})


def refused(stack: Stack) -> Outcome:
    stack.world.cloud.faults.add(
        {"action": "ResetInstance", "nth": 1, "effect": {"type": "error", "code": "SOMETHING_NEW", "status": 400}}
    )
    return stack.up({"imageId": NOBLE})


def lost(stack: Stack) -> Outcome:
    """The answers to both mutations are lost, after they were carried out."""
    for action in ("StopInstances", "ResetInstance"):
        stack.world.cloud.faults.add({"action": action, "nth": 1, "effect": {"type": "drop", "carriedOut": True}})
    return stack.up({"imageId": NOBLE})


def adopted(stack: Stack) -> None:
    assert stack.up({"imageId": JAMMY}).end == "succeeded"


def backed_up(stack: Stack) -> None:
    """A backup that the next one takes the place of."""
    adopted(stack)
    assert stack.up({"imageId": NOBLE, "backup": True}).end == "succeeded"
    assert stack.up({"imageId": JAMMY}).end == "succeeded"


def rolled_back(stack: Stack) -> Outcome:
    gate = health.command(["false"], deadline=1, interval=1).properties()
    return stack.up({"imageId": NOBLE, "backup": True, "health": gate, "onUnhealthy": "roll_back"})


def left_open(stack: Stack) -> None:
    """An attempt that is accepted, and whose run had no time left."""
    adopted(stack)
    stack.timeout = 10.0
    assert stack.up({"imageId": NOBLE}).end == "failed"
    assert stack.outputs["attempt"]
    stack.timeout = None


def nothing(_: Stack) -> None: ...


OPERATIONS: dict[str, tuple[Callable[[Stack], None], Callable[[Stack], Outcome]]] = {
    "create": (nothing, created),
    "adopt": (nothing, lambda stack: stack.up({"imageId": JAMMY, "instanceName": "renamed"})),
    "update": (adopted, created),
    "password": (adopted, lambda stack: stack.up({"imageId": JAMMY, "password": "Abcdef-123"})),
    "refused": (adopted, refused),
    "lost": (adopted, lost),
    "backup": (backed_up, lambda stack: stack.up({"imageId": NOBLE, "backup": True})),
    "roll back": (adopted, rolled_back),
    "join": (left_open, lambda stack: stack.up({"imageId": NOBLE})),
    "preview of a new one": (nothing, lambda stack: stack.preview({"imageId": NOBLE})),
    "preview": (adopted, lambda stack: stack.preview({"imageId": NOBLE})),
    "refresh": (adopted, lambda stack: stack.refresh()),
    "refresh while open": (left_open, lambda stack: stack.refresh()),
    "destroy": (adopted, lambda stack: stack.destroy()),
}


MOST = {"backup": 3, "roll back": 2}
"""How many wipes there may be in all, where it is not one."""

LONG = frozenset({*MOST, "lost", "refused"})
"""These raise what others raise, on a longer way."""


def run(trap: Trap, operation: str, at: int, error: BaseException, *, after: bool) -> tuple[World, Outcome]:
    """Run the operation in a new world with the trap set; the world is closed."""
    prepare, command = OPERATIONS[operation]
    with World("DEPLOYING", Counter()) as world:
        stack = world.stacks[0]
        trap.armed = False
        prepare(stack)
        before, resets = dict(stack.outputs), world.actions().count("ResetInstance")
        trap.at, trap.error, trap.after, trap.passed, trap.where = at, error, after, [], ""
        trap.armed = True
        outcome = command(stack)
        trap.armed = False
        judge(world, stack, outcome, before, resets)
        world.cloud.faults.clear()
        # The state alone must do: this is another runner, and its journal is empty.
        world.lose_journal(stack)
        for _ in range(2):
            # What was rolled back, the program asks for anew.
            if stack.program and operation != "roll back":
                stack.up(stack.program)
        most = max(MOST.get(operation, 1), resets)
        assert world.actions().count("ResetInstance") <= most, f"wiped twice, after {outcome}"
        return world, outcome


def judge(world: World, stack: Stack, outcome: Outcome, before: dict[str, Any], resets: int) -> None:
    """Check that what is said is so, and that what was accepted is recorded."""
    text = outcome.text
    assert HIDDEN not in "\n".join([text, *outcome.lines])
    assert "Traceback" not in text
    accepted = world.actions().count("ResetInstance") > resets
    attempt = (stack.outputs.get("attempt") or stack.outputs.get("lastRebuild") or {}) if accepted else {}
    if accepted:
        assert attempt, f"accepted and not recorded: {outcome}"
        assert not text or "othing was wiped" not in text
    if outcome.end == "succeeded":
        return
    assert WEB in text or text.startswith("join: "), text
    assert not stack.program or NEXT_STEP.search(text) or "up goes on" in text, text
    if before.get("attempt"):
        assert stack.outputs.get("attempt", {}).get("id") == before["attempt"]["id"]
    if not accepted and "StopInstances" in world.actions() and world.machine["status"] != "RUNNING" and not resets:
        assert re.search("STOPP|BOOTING|powered off|not shown", text), text


@pytest.mark.parametrize(
    "operation",
    [pytest.param(name, marks=pytest.mark.slow if name in LONG else ()) for name in OPERATIONS],
)
def test_whatever_is_raised_wherever_ends_in_a_true_sentence(trap: Trap, operation: str) -> None:
    """Each call raises once, each time another error."""
    run(trap, operation, -1, KeyError(), after=False)
    calls, places = trap.passed, set[str]()
    errors, after = itertools.cycle(ERRORS), itertools.cycle((False, False, False, True, True))
    for at in chosen(calls):
        run(trap, operation, at, next(errors)(), after=next(after))
        places.add(trap.where)
    assert {place.partition(".")[0] for place in places} >= EXPECTED.get(operation, {"Client"})


def chosen(calls: list[str]) -> list[int]:
    """Return the numbers of the calls to try: all, but of the clock, which is read at every turn, each tenth."""
    return [at for at, name in enumerate(calls, start=1) if "Clock." not in name or at % 10 == 0]


EXPECTED = {
    "create": {"Client", "Journal", "FakeRow", "Stack", "CloudClock"},
    "update": {"Client", "Journal", "FakeRow", "Stack", "CloudClock"},
    "destroy": {"Journal"},
}
