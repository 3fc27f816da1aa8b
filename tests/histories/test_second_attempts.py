"""One attempt was left open and another begins: how the first ended, what is asked then, and where that is struck."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from tests.histories.steps import Steps
from tests.support.judge import ClaimBrokenError
from tests.support.points import Disturbance, kill
from tests.support.programs import DEBIAN, JAMMY, KEY, NOBLE, OTHER_KEY, PASSWORDS, SCRIPTS
from tests.support.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.stack import Stack

SCRIPT, OTHER_SCRIPT = SCRIPTS
FIRST: dict[str, Any] = {"imageId": NOBLE, "userData": SCRIPT}

SECOND: list[dict[str, Any]] = [
    FIRST,
    {"imageId": NOBLE},
    {"imageId": NOBLE, "userData": OTHER_SCRIPT},
    {"imageId": JAMMY},
    {"imageId": JAMMY, "userData": SCRIPT},
    {"imageId": JAMMY, "userData": OTHER_SCRIPT},
    {"imageId": JAMMY, "userData": SCRIPT, "keyId": OTHER_KEY},
    {"imageId": JAMMY, "userData": SCRIPT, "rebuildToken": "one"},
    {"imageId": DEBIAN, "userData": SCRIPT},
    {"userData": SCRIPT},
    *({**FIRST, **more} for more in ({"password": PASSWORDS[0]}, {"timezone": "Asia/Tokyo"}, {"enableAgent": False})),
    {**FIRST, "keyId": KEY},
]

ENDS: dict[str, tuple[str, str, list[dict[str, Any]]]] = {
    "cancelled before the reset": ("row sending ResetInstance", "cancelled", []),
    "lost before it arrived": (
        *("after ResetInstance", "cancelled"),
        [{"action": "ResetInstance", "nth": 1, "effect": {"type": "drop"}}],
    ),
    "cancelled at the answer": ("after ResetInstance", "cancelled", []),
    "cancelled after acceptance": ("row reset accepted", "cancelled", []),
    "cancelled in the reinstall": ("row DEPLOYING", "cancelled", []),
    "killed after acceptance": ("row reset accepted", "killed", []),
    "killed in the reinstall": ("row DEPLOYING", "killed", []),
    "failed": (
        *("", "nothing"),
        [{"action": "ResetInstance", "nth": 1, "effect": {"type": "reinstall_fails"}}],
    ),
}
"""Where the first attempt is struck, by what, and with which faults."""

STRIKES = [
    *(("row", 1), ("row", 3), ("row", 5)),
    *(("journal", 1), ("journal", 3)),
    ("sleep", 1),
    ("after ModifyResourceTags", 1),
    ("after ResetInstance", 1),
    ("returned", 1),
]


NOT_STRUCK = "not struck"


def striking(stack: Stack, how: str) -> Callable[[], None]:
    """Return what ends an operation on this stack in the middle."""
    return {"killed": kill, "gone": stack.engine_dies, "cancelled": stack.told_to_stop, "nothing": lambda: None}[how]


def play(end: str, how: str, second: dict[str, Any], strike: tuple[str, int], *, back: bool, lost: bool) -> str:
    """Play one cell; return how its last up ended, what claim broke, or that nothing was struck."""
    with World("DEPLOYING", Counter(), one_runner=False) as world:
        steps, stack, points = Steps(world), world.stacks[0], world.points
        try:
            steps.up(stack, {"imageId": JAMMY})
            where, by, faults = ENDS[end]
            with steps.faults(faults):
                points.armed = Disturbance(where, 1, striking(stack, by))
                steps.up(stack, FIRST)
            if world.machine["status"] == "REINSTALL_FAILED":
                world.by_hand(status="STOPPED")  # by Zenlayer's support; nothing else leads on
            struck, points.armed = points.happened, Disturbance(*strike, striking(stack, how))
            steps.up(stack, second)
            if points.happened == struck:
                return NOT_STRUCK
            if lost:
                world.lose_journal(stack)
            for _ in range(3):
                outcome = steps.up(stack, FIRST if back else second)
                if outcome.end == "succeeded":
                    break
                world.cloud.clock.advance(400)
            steps.come_to_rest()
        except ClaimBrokenError as error:
            return f"{second}, struck at {strike}, back={back}, lost={lost}: {error}"
        return outcome.end


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("how", ["killed", "gone", "cancelled"])
@pytest.mark.parametrize("end", list(ENDS))
def test_no_claim_breaks_where_a_second_attempt_is_struck(end: str, how: str) -> None:
    """With the journal and without, whether the second program is asked for again or the first one."""
    cells = itertools.product(SECOND, STRIKES, (False, True), (False, True))
    ended = Counter(play(end, how, second, strike, back=back, lost=lost) for second, strike, back, lost in cells)
    broken = [what for what in ended if what not in ("succeeded", "failed", NOT_STRUCK)]
    assert not broken, "\n".join([f"{len(broken)} cells", *broken[:10]])
    assert ended["succeeded"] > 0
