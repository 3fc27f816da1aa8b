"""Changes answers of the cloud at random, and judges what comes of it: to the client, and in stories of operations."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hypothesis import Phase, given, seed, settings
from hypothesis import strategies as st

from tests.support.cloud import SEED, TOKEN
from tests.support.hostile import JUNK, attacked, judge, judge_up
from tests.support.world import WEB, World
from zec_pulumi.api import ResetInstanceRequest, ZecError
from zec_pulumi.api.exchange import HttpResponse
from zec_pulumi.time.deadline import Deadline

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.stack import Stack
    from zec_pulumi.api import Client

JAMMY, NOBLE, KEY = "ubuntu2204_20240712", "ubuntu2404_20240712", "key-YWD2QFOl"
CUSTOM = "custom-5Yx8Hq2c"

# What a changed value may be. None of it is a value that a true answer could have: a lie in the right form is not
# to be told from the truth by anybody.
VALUES: list[Any] = [
    None,
    True,
    0,
    -1,
    2**63,
    10**40,
    1.5,
    -0.0,
    1e308,
    "",
    " ",
    "x",
    JUNK,
    "\ud800",
    "RUNNING\n",
    f"{NOBLE}\u200b",
    f"{WEB} ",
    TOKEN,
    "a" * 2_000,
    [],
    {},
    [None],
    [[]],
    {"a": 1},
    "-oProxyCommand=x",
    "NaN",
]
_TEXTS = st.text(st.characters(), max_size=20)
_JSON = st.recursive(
    st.sampled_from(VALUES) | _TEXTS | st.integers() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3),
    max_leaves=5,
)
CHANGES = ("drop", "value", "twice", "wrap", "null", "swap")
HEADERS: list[tuple[str, str]] = [
    ("retry-after", "9" * 20),
    ("retry-after", "-5"),
    ("retry-after", "nan"),
    ("retry-after", "Thu, 99 Jan 20260 99:99:99 GMT"),
    ("retry-after", "Fri, 31 Dec 9999 23:59:59 -2359"),
    ("date", "Mon, 01 Jan 0001 00:00:00 +2359"),
    ("location", "http://["),
    ("location", f"//{JUNK}"),
    ("location", "http://x:99999999999/"),
    ("content-type", JUNK * 9),
    ("cf-mitigated", "challenge"),
]
DEFINITE = (403, 429, 451)
"""Statuses that may say that nothing was done. Beside a result it is a contradiction; without one, a lie."""

STATUSES = (199, 201, 204, 206, 302, 307, 400, 401, 403, 404, 408, 409, 429, 451, 500, 502, 503, 504, 599, 999)


@dataclass(frozen=True)
class Change:
    """One change at one place, found by ``path`` modulo what there is."""

    kind: str
    path: tuple[int, ...]
    value: Any


@dataclass(frozen=True)
class Mutation:
    """What is done to an answer: changes of its JSON, of its bytes, of status and headers."""

    changes: tuple[Change, ...] = ()
    cut: tuple[str, int, bytes] | None = None
    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()

    def __call__(self, answer: HttpResponse) -> HttpResponse:
        """Return what arrives in place of ``answer``."""
        envelope: Any = json.loads(answer.body)
        for change in self.changes:
            envelope = _changed(envelope, change.path, change)
        data = answer.body if self.status in DEFINITE else json.dumps(envelope).encode()
        if self.cut and self.status not in DEFINITE:
            kind, at, piece = self.cut
            at %= len(data) + 1
            data = data[:at] + (piece + data[at:] if kind == "insert" else b"" if kind == "end" else data[at + 1 :])
        return HttpResponse(self.status or answer.status, {**answer.headers, **dict(self.headers)}, data)


def mutations() -> st.SearchStrategy[Mutation]:
    """Return mutations, most of them of the JSON."""
    change = st.builds(
        Change, st.sampled_from(CHANGES), st.lists(st.integers(0, 40), min_size=1, max_size=5).map(tuple), _JSON
    )
    cut = st.tuples(st.sampled_from(["insert", "end", "remove"]), st.integers(0, 5000), st.binary(max_size=6))
    few = st.lists(change, min_size=1, max_size=3).map(tuple)
    header = st.lists(st.sampled_from(HEADERS), max_size=2).map(tuple)
    return st.one_of(
        st.builds(Mutation, few),
        st.builds(Mutation, few),
        st.builds(Mutation, cut=cut),
        st.builds(Mutation, few | st.just(()), st.none() | cut, st.sampled_from(STATUSES), header),
    )


def _changed(value: Any, path: tuple[int, ...], change: Change) -> Any:
    places: list[Any] = (
        list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
    )
    if not places:
        return change.value if change.kind != "twice" else value
    place = places[path[0] % len(places)]
    inner, rest = value[place], path[1:]
    if rest and isinstance(inner, dict | list) and inner:
        new: Any = _changed(inner, rest, change)
        return {**value, place: new} if isinstance(value, dict) else [*value[:place], new, *value[place + 1 :]]
    if isinstance(value, dict):
        return _changed_field(value, place, change)
    return _changed_item(value, place, change)


def _changed_field(value: dict[str, Any], name: str, change: Change) -> dict[str, Any]:
    if change.kind == "drop":
        return {key: item for key, item in value.items() if key != name}
    if change.kind == "twice":
        return {**value, f"{name}2": value[name]}
    if change.kind == "wrap":
        return {**value, name: [value[name]]}
    return {**value, name: None if change.kind == "null" else change.value}


def _changed_item(value: list[Any], place: int, change: Change) -> list[Any]:
    if change.kind == "drop":
        return value[:place] + value[place + 1 :]
    if change.kind == "twice":
        return [*value, value[place]]
    new = [value[place]] if change.kind == "wrap" else None if change.kind == "null" else change.value
    return [*value[:place], new, *value[place + 1 :]]


CALLS: dict[str, Callable[[Client], Any]] = {
    "DescribeInstances": lambda client: client.instances_by_id([WEB]),
    "DescribeInstances of a zone": lambda client: client.describe_all_instances(zone_id="asia-east-1a"),
    "DescribeInstancesStatus": lambda client: client.describe_instances_status([WEB]),
    "DescribeImages": lambda client: client.describe_images("asia-east-1a"),
    "DescribeCustomImages": lambda client: client.describe_custom_images(),
    "DescribeKeyPairs": lambda client: client.describe_key_pairs(key_ids=[KEY]),
    "DescribeTimeZones": lambda client: client.describe_time_zones(),
    "DescribeZones": lambda client: client.describe_zones(),
    "StopInstances": lambda client: client.stop_instances([WEB], force_shutdown=True),
    "StartInstances": lambda client: client.start_instances([WEB]),
    "ResetInstance": lambda client: client.reset_instance(
        ResetInstanceRequest(instance_id=WEB, enable_agent=True, image_id=NOBLE, key_id=KEY)
    ),
    "ResetInstancePassword": lambda client: client.reset_instance_password(WEB, "Abcdef-123"),
    "ModifyInstancesAttribute": lambda client: client.modify_instances_attribute([WEB], instance_name="renamed"),
    "ModifyResourceTags": lambda client: client.modify_resource_tags(WEB, {"key": "value"}),
    "DescribeResourceTags": lambda client: client.describe_resource_tags(WEB),
    "DescribeTags": lambda client: client.describe_tags("role"),
    "DeleteTags": lambda client: client.delete_tags("none", ["value"]),
    "CreateImage": lambda client: client.create_image(WEB, "web-1-image", {"key": "value"}),
    "DescribeCustomImages of an id": lambda client: client.custom_image_statuses([CUSTOM]),
    "DeleteImages": lambda client: client.delete_images([CUSTOM]),
}
"""Each action of the client."""

STATE = {"StartInstances": "STOPPED", "ResetInstance": "STOPPED", "CreateImage": "STOPPED"}
"""In which status the machine must be for an action, where that is not RUNNING."""


def fuzz_client(world: World, name: str, mutation: Mutation, tally: Counter[str]) -> None:
    """Call one action whose answer is changed, and judge what it returns or raises."""
    world.cloud.world.images.clear()
    world.cloud.world.images.update({image.image_id: image.model_copy() for image in SEED.images})
    world.cloud.patch(WEB, {"status": STATE.get(name, "RUNNING"), "imageId": JAMMY, "pending": None})
    call, action, accepted = CALLS[name], name.split(maxsplit=1)[0], len(world.cloud.ledger.entries())
    patient = world.process.connection.client.within(Deadline(world.clock, 30.0))
    with attacked(world, action, mutation) as happened:
        found = _called(call, patient)
    if isinstance(found, ZecError):
        tally["refused"] += 1
        text, carried_out = str(found), len(world.cloud.ledger.entries()) > accepted
        assert text.isprintable(), repr(text)
        assert TOKEN not in text, text
        assert not carried_out or found.may_have_been_carried_out, f"carried out, and it says no: {text}"
    else:
        tally["accepted"] += 1
        shown = json.dumps(_plain(found), ensure_ascii=False)
        shown.encode()
        assert shown.isprintable(), shown
        assert TOKEN not in shown, shown
        if name in ("DescribeInstances", "DescribeInstancesStatus"):
            assert found.keys() == {WEB}, f"gone, says a malformed answer: {found}"
    tally["answers"] += len(happened)


def _called(call: Callable[[Client], Any], client: Client) -> Any:
    """Return what the client returns, or the error of ours that it raises."""
    try:
        return call(client)
    except ZecError as error:
        return error


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value.model_dump(mode="json") if hasattr(value, "model_dump") else value


@dataclass
class Life:
    """One resource's story: what the program says, and which of the answers are changed, by number."""

    adopted: bool
    program: dict[str, Any]
    mutations: dict[int, Mutation] = field(default_factory=dict)
    command: str = "up"


def lives() -> st.SearchStrategy[Life]:
    """Return stories; up to three answers of each are changed."""
    programs = [
        {"imageId": NOBLE},
        {"imageId": NOBLE, "keyId": KEY, "instanceName": "renamed"},
        {"imageId": JAMMY, "userData": "#!/bin/sh\n", "rebuildToken": "one"},
        {"imageId": JAMMY, "keyId": KEY},
        {"imageId": NOBLE, "timezone": "UTC", "enableAgent": True, "rebuildOn": ["timezone", "enableAgent"]},
        {"imageId": JAMMY, "password": "Abcdef-123"},
        {"imageId": NOBLE, "backup": True},
    ]
    return st.builds(
        Life,
        st.booleans(),
        st.sampled_from(programs),
        st.dictionaries(st.integers(0, 14), mutations(), min_size=1, max_size=3),
        st.sampled_from(["up", "up", "up", "refresh", "preview"]),
    )


def fuzz_operations(life: Life, tally: Counter[str]) -> None:
    """Live one story, and judge it by the simulator after each command; then twice more with true answers."""
    with World("DEPLOYING", Counter()) as world:
        stack = world.stacks[0]
        if life.adopted:
            stack.up({"imageId": JAMMY})
        recorded, number, lied = bool(stack.outputs), 0, False

        def mutated(answer: HttpResponse) -> HttpResponse:
            nonlocal number, lied
            mutation, number = life.mutations.get(number), number + 1
            tally["answers"] += mutation is not None
            changed = mutation(answer) if mutation else answer
            lied = lied or _shows_another_machine(answer.body, changed.body)
            return changed

        stack.timeout, began = 1800.0, world.clock.monotonic()
        with attacked(world, "", mutated):
            if life.command == "up":
                outcome = stack.up(life.program)
                judge_up(world, stack, outcome, began, 0)
            else:
                outcome = stack.refresh() if life.command == "refresh" else stack.preview(life.program)
                assert not world.actions(), f"{life.command} sent {world.actions()}"
                judge(world, stack, outcome, recorded)
        tally[f"{life.command} {outcome.end}"] += 1
        for _ in range(2):
            began, wiped = world.clock.monotonic(), world.actions().count("ResetInstance")
            judge_up(world, stack, stack.up(life.program), began, wiped)
        if not lied:
            _needs_no_wipe(world, stack, life)


def _shows_another_machine(true: bytes, changed: bytes) -> bool:
    """Whether a changed answer is readable and names another image or key: a lie that looks like the truth."""
    try:
        json.loads(changed)
    except ValueError:
        return False
    named = re.compile(rb'"(?:imageId|keyId)": ?"([^"]+)"')
    return bool(set(named.findall(changed)) - set(named.findall(true)))


def _needs_no_wipe(world: World, stack: Stack, life: Life) -> None:
    """A machine that was as the program says, for all that it shows, is not wiped because an answer was broken."""
    asks = life.program["imageId"] != JAMMY or (life.adopted and "rebuildToken" in life.program)
    assert asks or "ResetInstance" not in world.actions(), f"wiped for nothing: {stack.lines}"


def run(number: int, kind: str, new_seed: int | None = None) -> Counter[str]:
    """Change the answers to so many calls of the ``client``, or in stories of ``operations``; return what happened.

    Always the same ones, or those of a seed.

    Raises:
        AssertionError: a claim broke; the example is shrunk.
    """
    tally: Counter[str] = Counter()
    chosen = settings(settings.get_profile("fixed"), max_examples=number, phases=[Phase.generate, Phase.shrink])

    @chosen
    @given(st.sampled_from(sorted(CALLS)), mutations())
    def client(name: str, mutation: Mutation) -> None:
        fuzz_client(world, name, mutation, tally)

    @chosen
    @given(lives())
    def operations(life: Life) -> None:
        fuzz_operations(life, tally)

    changes = client if kind == "client" else operations
    with World("DEPLOYING", Counter()) as world:
        (changes if new_seed is None else seed(new_seed)(changes))()
    print(f"\n{kind}: " + ", ".join(f"{what} {count}" for what, count in sorted(tally.items())))  # noqa: T201 the report
    return tally
