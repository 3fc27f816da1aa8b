"""A run ended too early, and its program is changed in one input, or in none, before the next up."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from typing import Any

import pytest

from tests.histories.steps import Steps
from tests.support.judge import ClaimBrokenError
from tests.support.points import Disturbance, kill
from tests.support.programs import JAMMY, KEY, NOBLE, OTHER_KEY, PASSWORDS, SCRIPTS, ZONE
from tests.support.world import World

SCRIPT, OTHER_SCRIPT = SCRIPTS
PASSWORD, OTHER_PASSWORD = PASSWORDS
OTHER_ZONE = "Asia/Tokyo"

RECORDED: list[dict[str, Any] | None] = [
    None,
    {"imageId": JAMMY},
    {"imageId": JAMMY, "userData": OTHER_SCRIPT, "password": OTHER_PASSWORD},
]
"""What the stack has recorded before; None: the resource is new to it."""

PROGRAMS: list[dict[str, Any]] = [
    {"imageId": JAMMY, "userData": SCRIPT},
    {"imageId": NOBLE, "userData": SCRIPT},
    {"rebuildToken": "one"},
    {"imageId": NOBLE, "userData": SCRIPT, "keyId": OTHER_KEY},
    {"imageId": NOBLE, "userData": SCRIPT, "password": PASSWORD},
    {"imageId": JAMMY, "password": PASSWORD, "rebuildOn": ["password"]},
    {"imageId": JAMMY, "userData": SCRIPT, "timezone": OTHER_ZONE, "rebuildOn": ["timezone"]},
    {"imageId": NOBLE, "userData": SCRIPT, "enableAgent": False, "adopt": "never"},
    {"imageId": NOBLE, "adopt": "never"},
    {"imageId": NOBLE},
]

CHANGES: list[dict[str, Any]] = [
    {},
    *({"imageId": image} for image in (JAMMY, NOBLE, None)),
    *({"keyId": key, "password": None} for key in (KEY, OTHER_KEY)),
    *({"userData": script} for script in (*SCRIPTS, None)),
    *({"rebuildToken": token} for token in ("one", "two", None)),
    *({"password": password, "keyId": None} for password in PASSWORDS),
    *({"timezone": zone} for zone in (ZONE, OTHER_ZONE, None)),
    *({"enableAgent": agent} for agent in (False, True, None)),
    {"password": OTHER_PASSWORD, "keyId": None, "rebuildOn": ["password"]},
    {"timezone": OTHER_ZONE, "rebuildOn": ["timezone"]},
    *({name: None} for name in ("keyId", "password", "rebuildOn")),
    {"instanceName": "renamed"},
]

STRIKES = [
    *((where, "killed") for where in ("row sending ResetInstance", "after ResetInstance", "row reset accepted")),
    *((where, "killed") for where in ("row DEPLOYING", "row RUNNING, verifying", "returned")),
    *((where, "cancelled") for where in ("row sending ResetInstance", "after ResetInstance", "row DEPLOYING")),
    ("after ResetInstance", "gone"),
]

LEFT = ["journal and marker", "journal", "marker"]
LATER = [0.0, 500.0]
"""Seconds until the next up: the machine is being reinstalled, or has been."""

CELLS = list(itertools.product(RECORDED, PROGRAMS, STRIKES, LEFT, CHANGES, LATER))
FEW, MANY = 60, 1500

Cell = tuple[dict[str, Any] | None, dict[str, Any], tuple[str, str], str, dict[str, Any], float]


def play(cell: Cell, tally: Counter[str]) -> str | None:
    """Play one cell; return what claim broke in it, if one did."""
    try:
        _play(cell, tally)
    except ClaimBrokenError as error:
        return f"{cell}: {error}"
    return None


def _play(cell: Cell, tally: Counter[str]) -> None:
    recorded, program, (where, how), left, change, later = cell
    with World("DEPLOYING", tally, one_runner=False) as world:
        steps, stack = Steps(world), world.stacks[0]
        stack.settings = {"zec:markAttempts": "false"} if left == "journal" else {}
        if recorded is not None:
            steps.up(stack, recorded)
        what = {"killed": kill, "cancelled": stack.told_to_stop, "gone": stack.engine_dies}[how]
        world.points.armed = Disturbance(where, 1, what)
        steps.up(stack, program)
        world.points.armed = None
        if left == "marker":
            world.lose_journal(stack)
        world.clock.advance(later)
        changed = {name: value for name, value in {**program, **change}.items() if value is not None}
        steps.up_as_previewed(stack, changed)
        tally[steps.up(stack, changed).end] += 1
        steps.come_to_rest()


def broken(cells: list[Cell]) -> list[str]:
    """Play cells; return what claims broke in which."""
    tally = Counter[str]()
    found = [play(cell, tally) for cell in cells]
    assert tally["succeeded"] > tally["failed"] > 0
    return [claim for claim in found if claim]


def test_no_claim_breaks_where_one_input_was_changed_since() -> None:
    """The same cells every time."""
    assert not broken(random.Random(1).sample(CELLS, FEW))  # noqa: S311 reproducible on purpose


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_no_claim_breaks_in_thousands_of_such_cells(new_seed: int) -> None:
    """Others each time; the seed is shown where one breaks."""
    assert not broken(random.Random(new_seed).sample(CELLS, MANY))  # noqa: S311 reproducible by its seed
