"""More rebuilds than the engine runs at a time: preview and ``up`` say so, and nothing of it is recorded."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from zec_pulumi.cli.report import read, report_of
from zec_pulumi.messages.places import REBUILDS, planned, waiting

if TYPE_CHECKING:
    from driver import Stack

pytestmark = pytest.mark.engine

MACHINES = [f"12721680877512331{number}" for number in (12, 13, 14, 20, 21, 22)]
PLACES = 2
LINE = planned(len(MACHINES), len(MACHINES), PLACES, waves=3, recorded=None)


@pytest.mark.everywhere
def test_more_rebuilds_than_places_are_said_once(stack: Stack) -> None:
    """On the stack's row, with the number that the language host hands on; the report repeats it."""
    stack.declare(**{f"m{number}": {"instance_id": id_, "adopt": "never"} for number, id_ in enumerate(MACHINES)})

    printed = stack.preview("--json", "--parallel", str(PLACES)).ok().stdout
    found = json.loads(printed)["diagnostics"]
    assert [d["message"].strip() for d in found if REBUILDS in d["message"]] == [LINE]
    assert f"{REBUILDS}{report_of(read(printed)).pace}" == LINE

    stack.environment["PULUMI_PARALLEL"] = str(PLACES)
    text = stack.up().ok().text
    assert text.count(REBUILDS) == text.count(waiting(PLACES + 1, PLACES)) == 1
    assert stack.actions().count("ResetInstance") == len(MACHINES)
