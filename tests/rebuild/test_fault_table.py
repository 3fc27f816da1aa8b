"""Every action of the client, every fault of the simulator, every documented code: what comes of it.

``ok``: success, as if nothing had been. ``E``: one clear error, and the next up, without the fault, gets there.
``ask``: one clear error, and the next up says what to do by hand. ``-``: cannot happen, or is not used by the provider.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import pytest

from tests.support.cloud import list_public_images_only
from tests.support.points import Disturbance, kill
from tests.support.programs import JAMMY, NOBLE
from tests.support.tables import for_every_day
from tests.support.world import WEB, World
from zec_pulumi import api
from zec_pulumi.api import Code
from zec_pulumi.simulator import effects

if TYPE_CHECKING:
    from collections.abc import Iterator


CUSTOM = "custom-5Yx8Hq2c"
PASSWORD = "Abcdef-123"
SCRIPT = "#!/bin/sh\n"

PROGRAMS: dict[str, dict[str, Any]] = {
    "DescribeInstances": {"imageId": NOBLE},
    "DescribeInstancesStatus": {"imageId": NOBLE},
    "DescribeImages": {"imageId": NOBLE},
    "DescribeCustomImages": {"imageId": CUSTOM},
    "DescribeKeyPairs": {"imageId": NOBLE},
    "DescribeTimeZones": {"imageId": NOBLE, "timezone": "UTC"},
    "DescribeZones": {"imageId": CUSTOM},
    "StopInstances": {"imageId": NOBLE},
    "StartInstances": {"imageId": NOBLE},
    "ResetInstance": {"imageId": NOBLE},
    "ResetInstancePassword": {"imageId": JAMMY, "password": PASSWORD},
    "ModifyInstancesAttribute": {"imageId": JAMMY, "instanceName": "renamed"},
    "ModifyResourceTags": {"imageId": JAMMY, "userData": SCRIPT},
    "DescribeResourceTags": {"imageId": JAMMY, "userData": SCRIPT},
    "DescribeTags": {"imageId": JAMMY, "userData": SCRIPT},
    "DeleteTags": {"imageId": JAMMY, "userData": SCRIPT},
    "CreateImage": {"imageId": NOBLE, "backup": True},
    "DeleteImages": {"imageId": NOBLE, "backup": True},
}
"""What the program says, so that the action is needed."""

ACTIONS = {
    "Inst": "DescribeInstances",
    "Stat": "DescribeInstancesStatus",
    "Imgs": "DescribeImages",
    "Cust": "DescribeCustomImages",
    "Keys": "DescribeKeyPairs",
    "TZs": "DescribeTimeZones",
    "Zone": "DescribeZones",
    "Stop": "StopInstances",
    "Strt": "StartInstances",
    "Rset": "ResetInstance",
    "Pass": "ResetInstancePassword",
    "Mod": "ModifyInstancesAttribute",
    "Tag": "ModifyResourceTags",
    "Tags": "DescribeResourceTags",
    "List": "DescribeTags",
    "Untg": "DeleteTags",
    "Make": "CreateImage",
    "Del": "DeleteImages",
}
"""The short names in the table's head."""

DANGEROUS = frozenset({"StopInstances", "ResetInstance"})

FAULTS: dict[str, dict[str, Any]] = {
    "refusal-4xx": {"type": "error", "code": "SOMETHING_NEW", "status": 400},
    "refusal-401": {"type": "error", "code": "AUTHFAILURE_SIGNATURE_EXPIRED", "status": 401},
    "failure-5xx": {"type": "error", "code": "INTERNAL_SERVER_ERROR", "status": 500},
    "failure-5xx+": {"type": "error", "code": "INTERNAL_SERVER_ERROR", "status": 500, "carriedOut": True},
    "rate-limit": {"type": "rate_limit", "retry_after": 2},
    "bad-gateway": {"type": "bad_gateway"},
    "bad-gateway+": {"type": "bad_gateway", "carriedOut": True},
    "empty": {"type": "empty"},
    "empty+": {"type": "empty", "carriedOut": True},
    "truncated": {"type": "truncated"},
    "challenge": {"type": "challenge"},
    "blocked": {"type": "blocked"},
    "redirect": {"type": "redirect", "location": "https://example.com/"},
    "late": {"type": "delay", "seconds": 600.0},
    "trickle": {"type": "trickle", "seconds": 5.0},
    "drop": {"type": "drop"},
    "drop+": {"type": "drop", "carriedOut": True},
    "reinstall-fails": {"type": "reinstall_fails"},
    "never-ends": {"type": "never_ends"},
    "lag": {"type": "lag", "reads": 3},
    "missing": {"type": "missing"},
    "failed-ids": {"type": "fail_ids"},
    "tags-hidden": {"type": "tags_hidden"},
    "image-fails": {"type": "image_fails"},
    "image-missing": {"type": "image_missing"},
}
"""The faults; ``+``: carried out all the same."""

ONCE = """
                    Inst Stat Imgs Cust Keys TZs  Zone Stop Strt Rset Pass Mod  Tag  Tags List Untg Make Del
refusal-4xx         E    ok   E    E    E    E    E    E    E    E    E    E    ok   ok   ok   ok   E    ok
refusal-401         E    E    E    E    E    E    E    E    E    E    E    E    ok   ok   ok   ok   E    ok
failure-5xx         ok   ok   ok   ok   ok   ok   ok   ok   E    ok   E    E    ok   ok   ok   ok   E    ok
failure-5xx+        ok   ok   ok   ok   ok   ok   ok   ok   E    ok   E    E    ok   ok   ok   ok   ok   ok
rate-limit          ok   ok   ok   ok   ok   ok   ok   ok   E    ok   ok   ok   ok   ok   ok   ok   ok   ok
bad-gateway         ok   ok   ok   ok   ok   ok   ok   ok   E    ok   E    E    ok   ok   ok   ok   E    ok
bad-gateway+        ok   ok   ok   ok   ok   ok   ok   ok   E    ok   E    E    ok   ok   ok   ok   ok   ok
empty               ok   ok   ok   ok   ok   ok   ok   ok   E    ok   E    E    ok   ok   ok   ok   E    ok
empty+              ok   ok   ok   ok   ok   ok   ok   ok   E    ok   E    E    ok   ok   ok   ok   ok   ok
truncated           ok   ok   ok   ok   ok   ok   ok   ok   E    ok   E    E    ok   ok   ok   ok   ok   ok
challenge           E    ok   E    E    E    E    E    E    E    E    E    E    ok   ok   ok   ok   E    ok
blocked             E    ok   E    E    E    E    E    E    E    E    E    E    ok   ok   ok   ok   E    ok
redirect            E    ok   E    E    E    E    E    ok   E    ok   E    E    ok   ok   ok   ok   E    ok
late                ok   ok   ok   ok   ok   ok   ok   ok   E    ok   E    E    ok   ok   ok   ok   ok   ok
trickle             ok   ok   ok   ok   ok   ok   ok   ok   E    ok   E    E    ok   ok   ok   ok   ok   ok
drop                ok   ok   ok   ok   ok   ok   ok   ok   E    ok   E    E    ok   ok   ok   ok   E    ok
drop+               ok   ok   ok   ok   ok   ok   ok   ok   E    ok   E    E    ok   ok   ok   ok   ok   ok
reinstall-fails     -    -    -    -    -    -    -    -    -    ask  -    -    -    -    -    -    -    -
never-ends          -    -    -    -    -    -    -    ask  ask  ask  -    -    -    -    -    -    ask  -
lag                 ok   ok   -    -    -    -    -    -    -    -    -    -    -    -    -    -    -    -
missing             ok   ok   -    -    -    -    -    -    -    -    -    -    -    -    -    -    -    -
failed-ids          -    -    -    -    -    -    -    E    E    -    -    -    -    -    -    -    -    ok
tags-hidden         ok   -    -    -    -    -    -    -    -    -    -    -    -    -    -    -    -    -
image-fails         -    -    -    -    -    -    -    -    -    -    -    -    -    -    -    -    E    -
image-missing       -    -    E    E    -    -    -    -    -    -    -    -    -    -    -    -    -    -
"""

ALWAYS = """
                    Inst Stat Imgs Cust Keys TZs  Zone Stop Strt Rset Pass Mod  Tag  Tags List Untg Make Del
refusal-4xx         E    E    E    E    E    E    E    E    E    E    E    E    ok   ok   ok   ok   E    ok
refusal-401         E    E    E    E    E    E    E    E    E    E    E    E    ok   ok   ok   ok   E    ok
failure-5xx         E    E    E    E    E    E    E    E    E    E    E    E    ok   ok   ok   ok   E    ok
failure-5xx+        E    E    E    E    E    E    E    ok   E    ok   E    E    ok   ok   ok   ok   ok   ok
rate-limit          E    E    E    E    E    E    E    E    E    E    E    E    ok   ok   ok   ok   E    ok
bad-gateway         E    E    E    E    E    E    E    E    E    E    E    E    ok   ok   ok   ok   E    ok
bad-gateway+        E    E    E    E    E    E    E    ok   E    ok   E    E    ok   ok   ok   ok   ok   ok
empty               E    E    E    E    E    E    E    E    E    E    E    E    ok   ok   ok   ok   E    ok
empty+              E    E    E    E    E    E    E    ok   E    ok   E    E    ok   ok   ok   ok   ok   ok
truncated           E    E    E    E    E    E    E    ok   E    ok   E    E    ok   ok   ok   ok   ok   ok
challenge           E    E    E    E    E    E    E    E    E    E    E    E    ok   ok   ok   ok   E    ok
blocked             E    E    E    E    E    E    E    E    E    E    E    E    ok   ok   ok   ok   E    ok
redirect            E    E    E    E    E    E    E    E    E    E    E    E    ok   ok   ok   ok   E    ok
late                E    E    E    E    E    E    E    ok   E    ok   E    E    ok   ok   ok   ok   ok   ok
trickle             E    E    E    E    E    E    E    ok   E    ok   E    E    ok   ok   ok   ok   ok   ok
drop                E    E    E    E    E    E    E    E    E    E    E    E    ok   ok   ok   ok   E    ok
drop+               E    E    E    E    E    E    E    ok   E    ok   E    E    ok   ok   ok   ok   ok   ok
reinstall-fails     -    -    -    -    -    -    -    -    -    ask  -    -    -    -    -    -    -    -
never-ends          -    -    -    -    -    -    -    ask  ask  ask  -    -    -    -    -    -    ask  -
lag                 ok   ok   -    -    -    -    -    -    -    -    -    -    -    -    -    -    -    -
missing             E    E    -    -    -    -    -    -    -    -    -    -    -    -    -    -    -    -
failed-ids          -    -    -    -    -    -    -    E    E    -    -    -    -    -    -    -    -    ok
tags-hidden         ok   -    -    -    -    -    -    -    -    -    -    -    -    -    -    -    -    -
image-fails         -    -    -    -    -    -    -    -    -    -    -    -    -    -    -    -    E    -
image-missing       -    -    E    E    -    -    -    -    -    -    -    -    -    -    -    -    -    -
"""


def cells(table: str) -> Iterator[tuple[str, str, str]]:
    head, *rows = table.strip().splitlines()
    for row in rows:
        fault, *outcomes = row.split()
        yield from ((ACTIONS[short], fault, outcome) for short, outcome in zip(head.split(), outcomes, strict=True))


def actions_of_the_client() -> set[str]:
    source = (Path(api.__file__).parent / "client.py").read_text()
    return set(re.findall(r'(?:mutate|read|_page|_all)\(\s*"(\w+)"', source))


def effects_of_the_simulator() -> set[str]:
    union = get_args(effects.Effect)[0]
    return {get_args(effect.model_fields["type"].annotation)[0] for effect in get_args(union)}


def outcome(action: str, effect: dict[str, Any], times: int) -> str:
    """Run the fault, and then up without it."""
    with World("DEPLOYING", Counter()) as world:
        stack = world.stacks[0]
        world.stacks[0].timeout = 1800.0
        stack.up({"imageId": JAMMY})
        if action == "DescribeTags":
            world.points.armed = Disturbance("row RUNNING, verifying", 1, kill)
            stack.up(PROGRAMS[action])
        if action == "DeleteImages":
            stack.up({"imageId": NOBLE, "backup": True})
            stack.up({"imageId": JAMMY})
        before = world.resets()
        if PROGRAMS[action]["imageId"] == CUSTOM:
            list_public_images_only(world.transport)
        if action == "StartInstances":
            world.cloud.faults.add({"action": "ResetInstance", "nth": 1, "effect": FAULTS["refusal-4xx"]})
        world.cloud.faults.add({"action": action, "nth": 1, "times": times, "effect": effect})
        first = stack.up(PROGRAMS[action])
        happened = world.cloud.faults.rules()[-1]["happened"]
        if not happened:
            return "-"
        if first.end == "succeeded":
            assert PROGRAMS[action]["imageId"] == world.machine["imageId"]
            assert world.machine["status"] == "RUNNING"
            return "ok"
        told = first.text if action != "DescribeInstancesStatus" else "\n".join([first.text, *first.lines])
        tells(told, action, effect, nothing_done=not world.actions())
        world.cloud.faults.clear()
        second = stack.up(PROGRAMS[action])
        assert world.resets() <= before + 1
        if second.end == "succeeded":
            return "E"
        assert WEB in second.text
        return "ask"


def tells(text: str, action: str, effect: dict[str, Any], *, nothing_done: bool) -> None:
    """Check that an error names code, request id, instance, its state and the next step."""
    if effect["type"] == "error" and action != "StartInstances":
        assert effect["code"] in text, text
    if effect["type"] == "error" and action not in ("StartInstances", "DescribeInstancesStatus"):
        assert re.search(r"request T[0-9A-F-]{36}", text), text
    if nothing_done:
        return
    assert WEB in text, text
    assert re.search("RUNNING|STOPPED|STOPPING|BOOTING|DEPLOYING|FAILED|wiped|powered off|not shown|missing", text), (
        text
    )
    assert re.search("pulumi up|by hand|run again|run from another|rebuild_token|renam|see the API", text), text
    assert PASSWORD not in text


@pytest.mark.parametrize(("action", "fault", "expected"), list(for_every_day(cells(ONCE), len(ACTIONS), DANGEROUS)))
def test_a_fault_that_happens_once(action: str, fault: str, expected: str) -> None:
    """The outcome is as the table says."""
    if expected != "-":
        assert outcome(action, FAULTS[fault], 1) == expected


@pytest.mark.parametrize(("action", "fault", "expected"), list(for_every_day(cells(ALWAYS), len(ACTIONS), DANGEROUS)))
def test_a_fault_that_stays(action: str, fault: str, expected: str) -> None:
    """The outcome is as the table says."""
    if expected != "-":
        assert outcome(action, FAULTS[fault], 9999) == expected


def test_every_action_and_every_fault_is_in_the_table() -> None:
    """A new action of the client or a new effect of the simulator needs its row or column."""
    for table in (ONCE, ALWAYS):
        assert {action for action, _, _ in cells(table)} == actions_of_the_client()
        assert {FAULTS[fault]["type"] for _, fault, _ in cells(table)} == effects_of_the_simulator()


@pytest.mark.parametrize("code", list(Code), ids=lambda code: code.value)
@pytest.mark.parametrize("action", ["StopInstances", "ResetInstance"])
def test_every_documented_code_ends_in_one_sentence(action: str, code: Code) -> None:
    """It names code, request id, instance, state and next step, and the next up converges."""
    effect = {"type": "error", "code": code.value, "status": STATUSES.get(code.family.name, 400)}
    assert outcome(action, effect, 1) in ("ok", "E"), code


STATUSES = {"AUTHENTICATION": 401, "NOT_FOUND": 404, "RATE_LIMIT": 429, "SERVER": 500, "BLOCKED": 403}
