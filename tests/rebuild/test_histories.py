"""Random faults during one rebuild, then further ups without any: judged by ledger and machine alone."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.rebuild.conftest import Stack

JAMMY, NOBLE = "ubuntu2204_20240712", "ubuntu2404_20240712"
WEB = "1272168087751233112"
HISTORIES = 150
MUTATIONS = ("StopInstances", "ResetInstance", "StartInstances")
READS = ("DescribeInstances", "DescribeInstancesStatus", "DescribeImages", "DescribeKeyPairs")

ANYWHERE: list[dict[str, Any]] = [
    {"type": "drop"},
    {"type": "bad_gateway"},
    {"type": "empty"},
    {"type": "truncated"},
    {"type": "rate_limit", "retry_after": 3},
    {"type": "challenge"},
    {"type": "blocked"},
    {"type": "error", "code": "INTERNAL_SERVER_ERROR", "status": 500},
    {"type": "error", "code": "REQUEST_TIMED_OUT", "status": 504},
    {"type": "error", "code": "AUTHFAILURE_SIGNATURE_EXPIRED", "status": 401},
    {"type": "error", "code": "SOMETHING_NEW", "status": 400},
]
# A refusal with 4xx was not carried out; where even that were a lie, nothing could be known.
CARRIED_OUT = [
    {**effect, "carried_out": True}
    for effect in ANYWHERE
    if effect["type"] in ("drop", "bad_gateway", "empty") or effect.get("status", 0) >= 500
]
OF_READS = [{"type": "lag", "reads": reads} for reads in (1, 2, 4)] + [{"type": "missing"}]
OF_RESETS: list[dict[str, Any]] = [{"type": "reinstall_fails"}, {"type": "never_ends"}]
OF_POWER: list[dict[str, Any]] = [{"type": "fail_ids"}, {"type": "never_ends"}]

CHANGES: list[dict[str, Any]] = [
    {"imageId": NOBLE},
    {"imageId": JAMMY, "userData": "#!/bin/sh\n"},
    {"imageId": JAMMY, "rebuildToken": "one"},
    {"imageId": JAMMY, "keyId": "key-2ndKey01"},
    {"imageId": NOBLE, "password": "Abcdef-123", "userData": "#!/bin/sh\n"},
]


def random_fault(chance: random.Random) -> dict[str, Any]:
    action = chance.choice([*MUTATIONS, *MUTATIONS, *READS])
    effects = [*ANYWHERE]
    if action in MUTATIONS:
        effects += [*CARRIED_OUT, *(OF_RESETS if action == "ResetInstance" else OF_POWER)]
    elif action in ("DescribeInstances", "DescribeInstancesStatus"):
        effects += OF_READS
    nth = 1 if action in MUTATIONS else chance.randint(1, 8)
    return {"action": action, "nth": nth, "times": chance.choice([1, 1, 2, 6]), "effect": chance.choice(effects)}


@pytest.mark.parametrize("transition", ["DEPLOYING", "REBUILDING"])
def test_no_history_wipes_twice_or_tells_success_falsely(make_stack: Callable[..., Stack], transition: str) -> None:
    """One planned rebuild is accepted at most once; success means RUNNING as wanted; failures name the machine."""
    for number in range(HISTORIES // 2):
        chance = random.Random(f"{transition} {number}")  # noqa: S311 reproducible on purpose
        _one_history(make_stack(transition), chance, f"history {transition} {number}")


def _one_history(stack: Stack, chance: random.Random, history: str) -> None:
    stack.timeout = 1800
    stack.up(imageId=JAMMY)
    change = chance.choice(CHANGES)
    faults = [random_fault(chance) for _ in range(chance.randint(1, 3))]
    for fault in faults:
        stack.sim.add_fault(**fault)
    told = f"{history}: {change} with {faults}"
    succeeded = _up(stack, change, told)
    stack.sim.clear_faults()
    for _ in range(3):
        assert _resets(stack) <= 1, told
        if succeeded:
            break
        succeeded = _up(stack, change, told)
    assert _resets(stack) <= 1, told
    if succeeded:
        assert stack.actions().count("ResetInstance") == 1, told


def _up(stack: Stack, change: dict[str, Any], told: str) -> bool:
    before = _mutations_sent(stack)
    failure = None
    try:
        stack.up(**change)
    except stack.Failed as error:
        failure = str(error)
    if failure is not None:
        # Before anything was sent, the row alone tells which machine could not be read.
        assert WEB in failure or _mutations_sent(stack) == before, f"{told}: {failure}"
        assert "a defect in" not in failure, f"{told}: {failure}"
        return False
    machine = stack.machine()
    assert (machine["status"], machine["imageId"]) == ("RUNNING", change["imageId"]), told
    assert machine["keyId"] == (None if "password" in change else change.get("keyId", "key-YWD2QFOl")), told
    assert "attempt" not in stack.outputs, told
    return True


def _resets(stack: Stack) -> int:
    return stack.actions().count("ResetInstance")


def _mutations_sent(stack: Stack) -> int:
    return sum(request["action"] in MUTATIONS for request in stack.sim.requests())
