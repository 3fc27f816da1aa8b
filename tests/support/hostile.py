"""Hostile answers: what a broken proxy, a new release of the cloud or an attacker may answer, and how a run is judged.

An attack changes the answer to a request that was carried out, as the real client receives it.
"""

from __future__ import annotations

import contextlib
import json
import re
from typing import TYPE_CHECKING, Any, TypeAlias

from tests.histories.steps import INPUT
from tests.support.cloud import TOKEN
from tests.support.world import WEB
from zec_pulumi.api.exchange import HttpResponse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.stack import Outcome, Stack
    from tests.support.world import World
    from zec_pulumi.api import Timeouts
    from zec_pulumi.api.exchange import ApiRequest

Attack: TypeAlias = "Callable[[HttpResponse], HttpResponse]"
"""Returns what arrives in place of an answer."""

JUNK = "\x1b]8;;https://evil.example\x07x\x1b\\\r\n::add-mask::x\u202e\u2066\ud800\x00\x9b31m"
"""A link for a terminal, a line of its own that a pipeline takes for a command, hidden and impossible characters."""

LISTS = ("dataSet", "zoneSet", "timeZones", "instanceIds")


@contextlib.contextmanager
def attacked(world: World, action: str, attack: Attack) -> Iterator[list[str]]:
    """Have the answers to ``action`` attacked ("" means all); give the list of the actions whose answers were."""
    send, happened = world.transport.send, list[str]()

    def answered(call: ApiRequest, timeouts: Timeouts) -> HttpResponse:
        answer = send(call, timeouts)
        if action not in ("", call.action) or answer.status != 200:
            return answer
        happened.append(call.action)
        return attack(answer)

    world.transport.send = answered  # type: ignore[method-assign]
    try:
        yield happened
    finally:
        world.transport.send = send  # type: ignore[method-assign]


def body(change: Callable[[dict[str, Any]], Any]) -> Attack:
    """Return the attack that changes the fields of a result, in place or by what it returns."""

    def attack(answer: HttpResponse) -> HttpResponse:
        envelope = json.loads(answer.body)
        changed = change(envelope["response"])
        if changed is not None:
            envelope["response"] = changed
        return HttpResponse(answer.status, answer.headers, json.dumps(envelope).encode())

    return attack


def raw(change: Callable[[bytes], bytes]) -> Attack:
    """Return the attack that changes the bytes of a body."""
    return lambda answer: HttpResponse(answer.status, answer.headers, change(answer.body))


def head(status: int, **headers: str) -> Attack:
    """Return the attack that changes status and headers, and leaves the body."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda answer: HttpResponse(status, {**answer.headers, **names}, answer.body)


def rows(change: Callable[[list[Any]], list[Any]]) -> Attack:
    """Return the attack that changes the list of a result; one without a list gets a wrong one."""

    def changed(result: dict[str, Any]) -> None:
        name = next((name for name in LISTS if name in result), "instanceIds")
        result[name] = change(list(result.get(name) or []))

    return body(changed)


def every_text(change: Callable[[str], Any], value: Any) -> Any:
    """Return ``value`` with each text changed, at every depth."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {name: every_text(change, item) for name, item in value.items()}
    return [every_text(change, item) for item in value] if isinstance(value, list) else value


def texts(change: Callable[[str], Any]) -> Attack:
    """Return the attack that changes each text of the result."""
    return body(lambda result: every_text(change, result))


def names(text: str) -> Attack:
    """Return the attack that puts ``text`` into everything that is only shown: names, types, addresses."""

    def shown(value: Any) -> Any:
        if isinstance(value, dict):
            only = ("instanceName", "imageName", "osType", "category", "keyName", "zoneName")
            return {name: text if name in only else shown(item) for name, item in value.items()}
        return [shown(item) for item in value] if isinstance(value, list) else value

    return body(shown)


def judge(world: World, stack: Stack, outcome: Outcome, recorded: bool = False, *, most: int = 1) -> None:  # noqa: FBT001, FBT002 a fact
    """Check what must hold after every run, whatever was answered; ``recorded`` says that the stack held the resource.

    Raises:
        AssertionError: it does not hold.
    """
    shown = [*outcome.text.split("\n"), *(part for line in outcome.lines for part in line.split("\n"))]
    for line in shown:
        assert line.isprintable(), f"injected: {line!r}"
        assert not line.startswith("::"), f"a command for a pipeline: {line!r}"
        assert len(line) < 4000, f"a line of {len(line)} characters"
    state = json.dumps([stack.outputs, stack.inputs], ensure_ascii=False)
    state.encode()
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", state), f"recorded: {state!r}"
    assert TOKEN not in state + "\n".join(shown), "the token shows"
    assert "a defect" not in outcome.text, outcome.text
    assert "Traceback" not in outcome.text, outcome.text
    assert world.actions().count("ResetInstance") <= most, "wiped twice"
    assert bool(stack.outputs) or not recorded, f"dropped from the state: {outcome}"


def judge_up(world: World, stack: Stack, outcome: Outcome, began: float, wiped_before: int, most: int = 1) -> None:
    """Check what must hold after an ``up`` that began at ``began`` on the world's clock.

    ``most`` are the wipes that there may be in all.
    """
    recorded = world.actions().count("ResetInstance") > 0 or bool(stack.outputs)
    judge(world, stack, outcome, recorded, most=most)
    took = world.clock.monotonic() - began
    assert took <= (stack.timeout or 3600.0) + 120.0, f"it took {took} s"
    accepted = world.actions().count("ResetInstance") > wiped_before
    if outcome.end == "succeeded":
        machine, program = world.machine, stack.program
        for name in ("imageId", "keyId"):
            assert program.get(name) in (None, machine[name]), f"success, and the machine is {machine}"
        assert machine["status"] == "RUNNING" or "ResetInstance" not in world.actions(), f"success: {machine}"
        return
    assert WEB in outcome.text or INPUT.match(outcome.text), outcome.text
    if accepted:
        assert "othing was wiped" not in outcome.text, outcome.text
        assert stack.outputs.get("attempt") or stack.outputs.get("lastRebuild"), f"not recorded: {outcome}"
