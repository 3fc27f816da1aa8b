"""Hostile answers and every action of the client: what comes of an up whose answers to that action are all attacked.

``ok``: success, and it is true. ``E``: an error that names the machine; the next up, with true answers, gets there.
``ask``: an error that names the machine, and the next up says what to do by hand. ``-``: there is nothing to attack.
The ledger and the machine decide in every cell, too: no second wipe, no false success, no injection, no late end.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.cloud import TOKEN, list_public_images_only
from tests.support.hostile import JUNK, Attack, attacked, body, head, judge, judge_up, names, raw, rows, texts
from tests.support.points import Disturbance, kill
from tests.support.tables import for_every_day
from tests.support.world import World
from zec_pulumi import api
from zec_pulumi.api.exchange import HttpResponse

if TYPE_CHECKING:
    from collections.abc import Iterator


JAMMY, NOBLE, CUSTOM = "ubuntu2204_20240712", "ubuntu2404_20240712", "custom-5Yx8Hq2c"
REFUSED = {"action": "ResetInstance", "nth": 1, "effect": {"type": "error", "code": "SOMETHING_NEW", "status": 400}}

COLUMNS: dict[str, tuple[str, dict[str, Any]]] = {
    "Inst": ("DescribeInstances", {"imageId": NOBLE}),
    "Stat": ("DescribeInstancesStatus", {"imageId": NOBLE}),
    "Imgs": ("DescribeImages", {"imageId": NOBLE}),
    "Cust": ("DescribeCustomImages", {"imageId": CUSTOM}),
    "Keys": ("DescribeKeyPairs", {"imageId": NOBLE}),
    "TZs": ("DescribeTimeZones", {"imageId": NOBLE, "timezone": "UTC"}),
    "Zone": ("DescribeZones", {"imageId": CUSTOM}),
    "Stop": ("StopInstances", {"imageId": NOBLE}),
    "Strt": ("StartInstances", {"imageId": NOBLE}),
    "Rset": ("ResetInstance", {"imageId": NOBLE}),
    "Pass": ("ResetInstancePassword", {"imageId": JAMMY, "password": "Abcdef-123"}),
    "Mod": ("ModifyInstancesAttribute", {"imageId": JAMMY, "instanceName": "renamed"}),
    "Tag": ("ModifyResourceTags", {"imageId": JAMMY, "userData": "#!/bin/sh\n"}),
    "Tags": ("DescribeResourceTags", {"imageId": JAMMY, "userData": "#!/bin/sh\n"}),
    "List": ("DescribeTags", {"imageId": JAMMY, "userData": "#!/bin/sh\n"}),
    "Untg": ("DeleteTags", {"imageId": JAMMY, "userData": "#!/bin/sh\n"}),
    "Make": ("CreateImage", {"imageId": NOBLE, "backup": True}),
    "Own": ("DescribeCustomImages", {"imageId": NOBLE, "backup": True}),
    "Del": ("DeleteImages", {"imageId": NOBLE, "backup": True}),
}
"""For each short name an action, and what the program says so that it is needed."""

BEFORE: dict[str, list[dict[str, Any]]] = {"DeleteImages": [{"imageId": JAMMY}, {"imageId": NOBLE, "backup": True}]}
"""What was done before, so that there is something to delete."""


def first_twice(items: list[Any]) -> list[Any]:
    return [*items, *items[:1]]


def contradicted(items: list[Any]) -> list[Any]:
    """The first row once more, with another status and another image."""
    if not items or not isinstance(items[0], dict):
        return first_twice(items)
    return [*items, {**items[0], "status": "STOPPED", "instanceStatus": "STOPPED", "imageId": NOBLE, "os": "x"}]


def stranger(items: list[Any]) -> list[Any]:
    if not items or not isinstance(items[0], dict):
        return [*items, 1]
    return [*items, {**items[0], "instanceId": "999", "imageId": "other", "keyId": "other", "zoneId": "other"}]


def counted(total: Any) -> Attack:
    return body(lambda result: {**result, "totalCount": total} if "totalCount" in result else {**result, "count": 1})


def without(*names: str) -> Attack:
    return body(lambda result: _without(result, names))


def _without(value: Any, names: tuple[str, ...]) -> Any:
    if isinstance(value, dict):
        return {name: _without(item, names) for name, item in value.items() if name not in names}
    return [_without(item, names) for item in value] if isinstance(value, list) else value


def replaced(envelope: Any, status: int = 200) -> Attack:
    return lambda answer: HttpResponse(status, answer.headers, json.dumps(envelope).encode())


def deep(answer: bytes) -> bytes:
    return answer[:-1] + b', "more": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"


ATTACKS: dict[str, Attack] = {
    "utf-16": raw(lambda answer: answer.decode().encode("utf-16")),
    "byte-order-mark": raw(lambda answer: b"\xef\xbb\xbf" + answer),
    "not-utf-8": raw(lambda answer: answer[:-1] + b', "x": "\xff\xfe"}'),
    "deep": raw(deep),
    "nan": raw(lambda answer: answer[:-1] + b', "x": NaN}'),
    "a-name-twice": raw(lambda answer: answer[:-1] + b', "response": {}}'),
    "two-documents": raw(lambda answer: answer + answer),
    "a-list": raw(lambda answer: b"[" + answer + b"]"),
    "huge-number": raw(lambda answer: answer[:-1] + b', "x": ' + b"9" * 5000 + b"}"),
    "null-response": replaced({"requestId": "T1", "response": None}),
    "empty-response": replaced({"response": {}}),
    "nothing-but-an-id": replaced({"requestId": "T1", "response": {"requestId": "T1"}}),
    "no-request-id": raw(lambda answer: re.sub(rb'"requestId": ?"T[^"]*"', b'"requestId":null', answer)),
    "junk-everywhere": texts(lambda text: text + JUNK),
    "junk-in-names": names(JUNK),
    "long-texts": texts(lambda text: text + "x" * 5_000),
    "long-names": names("n" * 100_000),
    "the-token-in-names": names(f"a {TOKEN} b"),
    "objects-for-texts": texts(lambda _: {"x": 1}),
    "numbers-for-texts": texts(lambda _: 1.5),
    "null-for-texts": texts(lambda _: None),
    "null-lists": rows(lambda _: None),  # type: ignore[arg-type, return-value]
    "null-rows": rows(lambda items: [None for _ in items] or [None]),
    "no-rows": rows(lambda _: []),
    "texts-for-rows": rows(lambda items: ["x" for _ in items] or [{}]),
    "a-text-for-rows": rows(lambda _: "instance"),  # type: ignore[arg-type, return-value]
    "a-row-twice": rows(first_twice),
    "rows-that-differ": rows(contradicted),
    "a-stranger": rows(stranger),
    "counts-more": counted(10**6),
    "counts-too-much": counted(10**30),
    "counts-less": counted(0),
    "counts-nothing": counted(None),
    "no-image": without("imageId"),
    "no-key": without("keyId"),
    "no-status": without("status", "instanceStatus"),
    "no-id": without("instanceId", "imageId", "keyId", "zoneId"),
    "no-content": head(204),
    "redirect": head(307, location=f"https://{JUNK}@evil.example/\x1b[2J"),
    "not-found": head(404),
    "failed": head(500),
    "rate-limited": head(429, retry_after="9" * 20),
    "challenged": head(403, cf_mitigated="challenge"),
    "blocked": head(451),
    "result-and-code": raw(lambda answer: answer[:-1] + b', "code": "INVALID_INSTANCE_NOT_FOUND"}'),
    "gone-says-a-proxy": replaced({"code": "RESOURCE_NOT_FOUND", "message": "no such route"}, 404),
    "gone-without-id": replaced({"code": "INVALID_INSTANCE_NOT_FOUND", "message": "gone"}, 404),
    "junk-code": replaced({"code": f"INVALID_INSTANCE_NOT_FOUND{JUNK}", "message": JUNK, "requestId": JUNK}, 503),
}

TABLE = """
                    Inst Stat Imgs Cust Keys TZs  Zone Stop Strt Rset Pass Mod  Tag  Tags List Untg Make Own  Del
utf-16              E    E    E    E    E    E    E    ok   E    ok   E    E    ok   ok   ok   ok   ok   E    ok
byte-order-mark     ok   ok   ok   ok   ok   ok   ok   ok   E    ok   ok   ok   ok   ok   ok   ok   ok   ok   ok
not-utf-8           E    E    E    E    E    E    E    ok   E    ok   E    E    ok   ok   ok   ok   ok   E    ok
deep                E    E    E    E    E    E    E    ok   E    ok   E    E    ok   ok   ok   ok   ok   E    ok
nan                 E    E    E    E    E    E    E    ok   E    ok   E    E    ok   ok   ok   ok   ok   E    ok
a-name-twice        E    E    E    E    E    E    E    ok   E    ok   E    E    ok   ok   ok   ok   ok   E    ok
two-documents       E    E    E    E    E    E    E    ok   E    ok   E    E    ok   ok   ok   ok   ok   E    ok
a-list              E    E    E    E    E    E    E    ok   E    ok   E    E    ok   ok   ok   ok   ok   E    ok
huge-number         E    E    E    E    E    E    E    ok   E    ok   E    E    ok   ok   ok   ok   ok   E    ok
null-response       E    E    E    E    E    E    E    ok   E    ok   E    E    ok   ok   ok   ok   ok   E    ok
empty-response      E    E    E    E    E    E    E    ok   E    ok   E    E    ok   ok   ok   ok   ok   E    ok
nothing-but-an-id   E    E    E    E    E    E    E    ok   E    ok   ok   ok   ok   ok   ok   ok   ok   E    ok
no-request-id       E    E    E    E    E    E    E    ok   E    ok   E    E    ok   ok   ok   ok   ok   E    ok
junk-everywhere     E    E    E    E    E    E    E    ok   E    ok   E    E    ok   ok   ok   ok   ok   E    ok
junk-in-names       ok   ok   ok   E    ok   ok   ok   ok   E    ok   ok   ok   ok   ok   ok   ok   ok   ok   ok
long-texts          E    E    E    E    E    E    E    ok   E    ok   E    E    ok   ok   ok   ok   ok   E    ok
long-names          ok   ok   ok   E    ok   ok   ok   ok   E    ok   ok   ok   ok   ok   ok   ok   ok   ok   ok
the-token-in-names  ok   ok   ok   E    ok   ok   ok   ok   E    ok   ok   ok   ok   ok   ok   ok   ok   ok   ok
objects-for-texts   E    E    E    E    E    E    E    ok   E    ok   E    E    ok   ok   ok   ok   ok   E    ok
numbers-for-texts   E    E    E    E    E    E    E    ok   E    ok   E    E    ok   ok   ok   ok   ok   E    ok
null-for-texts      E    E    E    E    E    E    E    ok   E    ok   ok   ok   ok   ok   ok   ok   ok   E    ok
null-lists          E    E    E    E    E    E    ok   ok   E    ok   ok   ok   ok   ok   ok   ok   ok   E    ok
null-rows           E    E    E    E    E    E    E    ok   E    ok   ok   ok   ok   ok   ok   ok   ok   E    ok
no-rows             E    E    E    E    E    E    ok   ok   E    ok   ok   ok   ok   ok   ok   ok   ok   E    ok
texts-for-rows      E    E    E    E    E    E    E    ok   E    ok   ok   ok   ok   ok   ok   ok   ok   E    ok
a-text-for-rows     E    E    E    E    E    E    E    ok   E    ok   ok   ok   ok   ok   ok   ok   ok   E    ok
a-row-twice         E    E    E    E    E    ok   E    ok   E    ok   ok   ok   ok   ok   ok   ok   ok   E    ok
rows-that-differ    E    E    E    E    E    ok   E    ok   E    ok   ok   ok   ok   ok   ok   ok   ok   E    ok
a-stranger          E    E    E    E    E    E    ok   ok   E    ok   ok   ok   ok   ok   ok   ok   ok   E    ok
counts-more         E    E    E    E    E    ok   ok   ok   E    ok   ok   ok   ok   ok   ok   ok   ok   E    ok
counts-too-much     E    E    E    E    E    ok   ok   ok   E    ok   ok   ok   ok   ok   ok   ok   ok   E    ok
counts-less         E    E    E    E    E    ok   ok   ok   E    ok   ok   ok   ok   ok   ok   ok   ok   E    ok
counts-nothing      E    E    E    E    E    ok   ok   ok   E    ok   ok   ok   ok   ok   ok   ok   ok   E    ok
no-image            E    ok   E    E    ok   ok   ok   ok   E    ok   ok   ok   ok   ok   ok   ok   ok   E    ok
no-key              E    ok   ok   ok   E    ok   ok   ok   E    ok   ok   ok   ok   ok   ok   ok   ok   ok   ok
no-status           E    E    ok   ok   ok   ok   ok   ok   E    ok   ok   ok   ok   ok   ok   ok   ok   ok   ok
no-id               E    E    E    E    E    ok   E    ok   E    ok   ok   ok   ok   ok   ok   ok   ok   E    ok
no-content          E    E    E    E    E    E    E    ok   E    ok   E    E    ok   ok   ok   ok   ok   E    ok
redirect            E    E    E    E    E    E    E    ok   E    ok   E    E    ok   ok   ok   ok   ok   E    ok
not-found           E    E    E    E    E    E    E    ok   E    ok   E    E    ok   ok   ok   ok   ok   E    ok
failed              E    E    E    E    E    E    E    ok   E    ok   E    E    ok   ok   ok   ok   ok   E    ok
rate-limited        E    E    E    E    E    E    E    ok   E    ok   E    E    ok   ok   ok   ok   ok   E    ok
challenged          E    E    E    E    E    E    E    ok   E    ok   E    E    ok   ok   ok   ok   ok   E    ok
blocked             E    E    E    E    E    E    E    ok   E    ok   E    E    ok   ok   ok   ok   ok   E    ok
result-and-code     E    E    E    E    E    E    E    ok   E    ok   E    E    ok   ok   ok   ok   ok   E    ok
gone-says-a-proxy   E    E    E    E    E    E    E    ok   E    ok   E    E    ok   ok   ok   ok   ok   E    ok
gone-without-id     E    E    E    E    E    E    E    ok   E    ok   E    E    ok   ok   ok   ok   ok   E    ok
junk-code           E    E    E    E    E    E    E    ok   E    ok   E    E    ok   ok   ok   ok   ok   E    ok
"""


def cells(table: str) -> Iterator[tuple[str, str, str]]:
    head_line, *lines = table.strip().splitlines()
    for line in lines:
        attack, *outcomes = line.split()
        yield from ((attack, short, outcome) for short, outcome in zip(head_line.split(), outcomes, strict=True))


def outcome(attack: str, short: str) -> str:
    """Preview, refresh and up under the attack, then up without it; return what came of the first up."""
    action, program = COLUMNS[short]
    with World("DEPLOYING", Counter()) as world:
        stack = world.stacks[0]
        for earlier in BEFORE.get(action, ()):
            stack.up(earlier)
        assert stack.up({"imageId": JAMMY}).end == "succeeded"
        if action == "DescribeTags":
            world.points.armed = Disturbance("row RUNNING, verifying", 1, kill)
            assert stack.up(program).end == "killed"
        wiped = world.resets()
        if program["imageId"] == CUSTOM:
            list_public_images_only(world.transport)
        with attacked(world, action, ATTACKS[attack]) as happened:
            sent = world.actions()
            judge(world, stack, stack.preview(program), recorded=True, most=wiped)
            judge(world, stack, stack.refresh(), recorded=True, most=wiped)
            assert world.actions() == sent
            if action == "StartInstances":
                world.cloud.faults.add(REFUSED)
            stack.timeout, began = 1800.0, world.clock.monotonic()
            first = stack.up(program)
            judge_up(world, stack, first, began, wiped, wiped + 1)
        if not happened:
            return "-"
        if first.end == "succeeded":
            return "ok"
        world.cloud.faults.clear()
        began = world.clock.monotonic()
        second = stack.up(program)
        judge_up(world, stack, second, began, wiped + 1, wiped + 1)
        return "E" if second.end == "succeeded" else "ask"


@pytest.mark.parametrize(
    ("attack", "short", "expected"), list(for_every_day(cells(TABLE), len(COLUMNS), frozenset({"Stop", "Rset"})))
)
def test_what_comes_of_a_hostile_answer(attack: str, short: str, expected: str) -> None:
    """It is as the table says."""
    assert outcome(attack, short) == expected


def test_every_action_of_the_client_and_every_attack_is_in_the_table() -> None:
    """A new action needs its column, a new attack its row."""
    source = (Path(api.__file__).parent / "client.py").read_text()
    actions = set(re.findall(r'(?:mutate|read|_page|_all)\(\s*"(\w+)"', source))
    assert {COLUMNS[short][0] for _, short, _ in cells(TABLE)} == actions
    assert {attack for attack, _, _ in cells(TABLE)} == ATTACKS.keys()


def test_the_judge_goes_by_the_machine_and_not_by_the_answers() -> None:
    """A lie in the right form cannot be told from the truth: the run succeeds, and the judge says that it is false."""

    def lie(result: dict[str, Any]) -> None:
        for row in result["dataSet"]:
            row["imageId"] = NOBLE

    with World("DEPLOYING", Counter()) as world:
        stack = world.stacks[0]
        stack.up({"imageId": JAMMY})
        with attacked(world, "DescribeInstances", body(lie)):
            told = stack.up({"imageId": NOBLE})
        with pytest.raises(AssertionError, match="success, and the machine is"):
            judge_up(world, stack, told, world.clock.monotonic(), 0)
