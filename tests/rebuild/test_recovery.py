"""Journal, lock and halts as up and preview meet them, and what the journal's attempts count for."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.support.points import Disturbance, kill
from tests.support.world import WEB, World
from zec_pulumi.api import Instance
from zec_pulumi.journal.journal import Entry, Journal
from zec_pulumi.journal.locks import Lock
from zec_pulumi.journal.recovery import NoLongerWanted, OutcomeUnknown, recalled, resolve_plan, unrecorded
from zec_pulumi.planning.causes import Cause
from zec_pulumi.planning.inputs import Recorded, parse_wanted
from zec_pulumi.planning.plan import Kind, Plan
from zec_pulumi.time.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from zec_pulumi.journal.journal import Event

JAMMY, NOBLE, DEBIAN = "ubuntu2204_20240712", "ubuntu2404_20240712", "debian12_20240712"
SCRIPT = "#!/bin/sh\n"
WITH_SCRIPT = {"imageId": JAMMY, "userData": SCRIPT}
LIVE = Instance(instance_id=WEB, image_id=JAMMY)
USER_DATA = Plan(Kind.REBUILD, (Cause("userData"),))


@pytest.fixture
def world() -> Iterator[World]:
    with World("DEPLOYING", Counter()) as made:
        made.stacks[0].up({"imageId": JAMMY})
        yield made


def entry(
    event: Event = "accepted", causes: tuple[Cause, ...] = (Cause("userData"),), previous: str | None = None
) -> Entry:
    return Entry("a1", WEB, "urn", causes, previous, 1000.0, event, 1001.0, "T1")


def killed_at(world: World, where: str, program: dict[str, str]) -> None:
    world.points.armed = Disturbance(where, 1, kill)
    assert world.stacks[0].up(program).end == "killed"


def test_an_intent_without_an_outcome_asks_on_the_row_and_in_up(world: World) -> None:
    """Nothing tells whether it was sent; so nothing is sent."""
    killed_at(world, "before ResetInstance", WITH_SCRIPT)
    stack = world.stacks[0]
    shown = stack.preview(WITH_SCRIPT)
    assert any("zec-pulumi attempts close" in line for line in shown.lines)
    assert not any(line.startswith("rebuild:") for line in shown.lines)
    outcome = stack.up(WITH_SCRIPT)
    assert (outcome.end, WEB in outcome.text, "attempts close" in outcome.text) == ("failed", True, True)
    assert world.actions() == ["StopInstances"]


WITH_SECRET_KEY = {"keyId": "key-2ndKey01", "userData": SCRIPT}


def test_the_journal_keeps_no_value_of_a_secret_input(world: World) -> None:
    """Its file is plain text. What the input was for stays."""
    stack = world.stacks[0]
    stack.secrets = frozenset({"keyId"})
    killed_at(world, "after ResetInstance", WITH_SECRET_KEY)
    (kept,) = Journal(stack.home, world.clock).entries(WEB)
    assert {(cause.trigger, cause.hidden) for cause in kept.causes} == {("keyId", True), ("userData", False)}
    assert not any("key-2ndKey01" in file.read_text() for file in stack.home.rglob("*.jsonl"))


def test_a_killed_rebuild_for_a_secret_input_is_not_made_twice(world: World) -> None:
    """The journal holds no value to compare, so it counts for the one that is wanted now, and the row warns."""
    stack = world.stacks[0]
    stack.secrets = frozenset({"keyId"})
    world.points.armed = Disturbance("row", 6, kill)
    assert stack.up(WITH_SECRET_KEY).end == "killed"
    outcome = stack.up(WITH_SECRET_KEY)
    assert (outcome.end, world.actions().count("ResetInstance")) == ("succeeded", 1)
    assert any("change rebuild_token as well" in line for line in outcome.lines)


@pytest.mark.parametrize(("word", "resets"), [("closed-rebuilt", 1), ("closed-not-rebuilt", 2)])
def test_a_person_s_word_settles_it(world: World, word: Event, resets: int) -> None:
    """Rebuilt: verified and recorded. Not rebuilt: rebuilt now."""
    killed_at(world, "after ResetInstance", WITH_SCRIPT)
    world.cloud.clock.advance(100)
    stack = world.stacks[0]
    journal = Journal(stack.home, world.clock)
    journal.note(WEB, journal.entries(WEB)[0].attempt_id, word)
    assert stack.up(WITH_SCRIPT).end == "succeeded"
    assert world.actions().count("ResetInstance") == resets
    assert "attempt" not in stack.outputs


def test_an_accepted_attempt_is_joined_and_the_row_says_so(world: World) -> None:
    """The kill came after the acceptance was written down."""
    world.points.armed = Disturbance("row", 6, kill)
    stack = world.stacks[0]
    assert stack.up(WITH_SCRIPT).end == "killed"
    assert Journal(stack.home, world.clock).entries(WEB)[0].event == "begun"
    shown = stack.preview(WITH_SCRIPT)
    assert any(line.startswith("join: rebuild accepted") for line in shown.lines)
    assert stack.up(WITH_SCRIPT).end == "succeeded"
    assert world.actions().count("ResetInstance") == 1


def test_a_fresh_runner_is_not_blocked(world: World) -> None:
    """No journal entry at all is a first attempt."""
    world.lose_journal(world.stacks[0])
    assert world.stacks[0].up(WITH_SCRIPT).end == "succeeded"


def test_a_failed_attempt_that_only_the_journal_knows_is_not_tried_again(world: World) -> None:
    """REINSTALL_FAILED was seen, and the plugin killed before that was recorded."""
    world.cloud.faults.add({"action": "ResetInstance", "nth": 1, "effect": {"type": "reinstall_fails"}})
    stack = world.stacks[0]
    world.points.armed = Disturbance("journal", 8, kill)
    assert stack.up(WITH_SCRIPT).end == "killed"
    assert Journal(stack.home, world.clock).entries(WEB)[0].event == "failed"
    outcome = stack.up(WITH_SCRIPT)
    assert "REINSTALL_FAILED" in outcome.text
    assert stack.outputs["attempt"]["outcome"] == "failed"
    assert world.actions().count("ResetInstance") == 1


def test_what_the_stack_has_recorded_is_forgotten_by_the_journal(world: World) -> None:
    """Only an up tidies; a preview leaves the disk as it is."""
    stack = world.stacks[0]
    stack.up(WITH_SCRIPT)
    stack.preview(WITH_SCRIPT)
    assert Journal(stack.home, world.clock).entries(WEB)
    stack.up({**WITH_SCRIPT, "imageId": NOBLE})
    assert len(Journal(stack.home, world.clock).entries(WEB)) == 1


def test_a_machine_that_somebody_else_works_on_is_left_alone(world: World) -> None:
    """The lock is another's; its holder is named, and nothing is sent."""
    stack = world.stacks[0]
    lock = Lock(stack.home / "locks" / f"{WEB}.lock")
    assert lock.take("urn:pulumi:prod::demo::type::web-9")
    outcome = stack.up({"imageId": NOBLE})
    lock.free()
    assert "web-9 of stack prod" in outcome.text
    assert world.actions() == []


@pytest.mark.parametrize("where", ["before DescribeInstancesStatus", "before StopInstances"])
def test_an_up_that_is_stopped_before_the_power_off_sends_nothing_more(world: World, where: str) -> None:
    """The machine is named, and so is what it was told."""
    stack = world.stacks[0]
    world.by_hand(status="STARTING", pending={"becomes": "RUNNING", "afterSeconds": 60})
    world.points.armed = Disturbance(where, 1, stack.told_to_stop)
    outcome = stack.up({"imageId": NOBLE})
    assert WEB in outcome.text
    assert "ResetInstance" not in world.actions()
    assert "attempt" not in stack.outputs


def test_an_unreadable_journal_stops_before_anything_is_sent(world: World) -> None:
    """Nothing may be rebuilt on a guess."""
    stack = world.stacks[0]
    (stack.home / "journal").mkdir(parents=True)
    (stack.home / "journal" / f"{WEB}.jsonl").mkdir()
    outcome = stack.up({"imageId": NOBLE})
    assert "the journal of rebuilds" in outcome.text
    assert world.actions() == []


@pytest.mark.parametrize("event", ["refused", "closed-not-rebuilt", "forgotten"])
def test_an_ended_attempt_does_not_count(event: Event) -> None:
    """It left nothing on the machine."""
    assert unrecorded([entry(event)], USER_DATA, None, parse_wanted(WITH_SCRIPT), LIVE) is None


@pytest.mark.parametrize(
    ("causes", "program", "same"),
    [
        ((Cause("userData"),), WITH_SCRIPT, True),
        ((Cause("rebuildToken"),), WITH_SCRIPT, False),
        ((Cause("imageId", DEBIAN, JAMMY), Cause("userData")), WITH_SCRIPT, True),
        ((Cause("imageId", JAMMY, NOBLE), Cause("userData")), WITH_SCRIPT, False),
        (
            (Cause("imageId", NOBLE, JAMMY, drift=True), Cause("userData")),
            WITH_SCRIPT,
            True,
        ),
        (
            (Cause("imageId", JAMMY, NOBLE, drift=True), Cause("userData")),
            WITH_SCRIPT,
            False,
        ),
        ((Cause("enableAgent", "off", "on"), Cause("userData")), {**WITH_SCRIPT, "enableAgent": True}, True),
        ((Cause("enableAgent", "off", "on"), Cause("userData")), {**WITH_SCRIPT, "enableAgent": False}, False),
        ((Cause("userData"), Cause("rebuildToken")), WITH_SCRIPT, False),
    ],
)
def test_an_attempt_is_the_same_planned_rebuild(causes: tuple[Cause, ...], program: dict[str, str], same: bool) -> None:  # noqa: FBT001 a case's expectation
    """The same causes, less those that the API shows as come true."""
    assert bool(unrecorded([entry(causes=causes)], USER_DATA, None, parse_wanted(program), LIVE)) is same


def test_an_attempt_on_another_recorded_rebuild_is_another() -> None:
    """What was recorded since came after it."""
    assert unrecorded([entry(previous="a0")], USER_DATA, "a1", parse_wanted(WITH_SCRIPT), LIVE) is None


def test_of_several_attempts_the_last_counts() -> None:
    """Lines are in order."""
    first, last = entry("failed"), entry("accepted")
    assert unrecorded([first, last], USER_DATA, None, parse_wanted(WITH_SCRIPT), LIVE) is last


@pytest.mark.parametrize(
    "plan", [Plan(Kind.ADOPT, (Cause("userData"),)), Plan(Kind.REBUILD, (Cause("imageId", "a", "b"),))]
)
def test_what_the_machine_itself_tells_needs_no_journal(plan: Plan) -> None:
    """Readable causes, and plans that are no rebuild."""
    same = entry(causes=plan.causes)
    assert unrecorded([same], plan, None, parse_wanted(WITH_SCRIPT), LIVE) is None


@pytest.mark.parametrize(
    ("event", "asks"),
    [("intent", True), ("unknown", True), ("accepted", False), ("finished", False), ("failed", False)],
)
def test_only_an_outcome_that_nobody_saw_is_asked_about(tmp_path: Path, event: Event, asks: bool) -> None:  # noqa: FBT001 a case's expectation
    """What was accepted, or has ended, is gone on with."""
    journal = Journal(tmp_path, SystemClock())
    journal.intend("a1", WEB, "urn", (Cause("userData"),), None)
    if event != "intent":
        journal.note(WEB, "a1", event)
    wanted, recorded = parse_wanted({"instanceId": WEB, **WITH_SCRIPT}), Recorded(instance_id=WEB, image_id=JAMMY)
    resolved = resolve_plan(journal, wanted, recorded, LIVE, {"imageId": JAMMY}, "urn", tidy=False)
    asked = OutcomeUnknown(journal.entries(WEB)[0]) if asks else None
    assert (resolved.question, resolved.plan.kind) == (asked, Kind.REBUILD if asks else Kind.JOIN)


@pytest.mark.parametrize(
    ("event", "outcome", "moved"),
    [
        ("accepted", "accepted", False),
        ("finished", "accepted", True),
        ("closed-rebuilt", "accepted", True),
        ("failed", "failed", True),
    ],
)
def test_a_recalled_attempt_is_as_it_would_have_been_recorded(event: Event, outcome: str, moved: bool) -> None:  # noqa: FBT001 a case's expectation
    """With the program's values, and none of an older record that the program omits."""
    older = Recorded(instance_id=WEB, user_data="old", password="Abcdef-123", key_id="key-1", timezone="UTC")
    record = recalled(entry(event), parse_wanted({"imageId": NOBLE}), older)
    assert record.attempt is not None
    assert (record.attempt.id, record.attempt.request_id, record.attempt.started_at) == ("a1", "T1", 1000.0)
    assert (record.attempt.outcome, record.attempt.moved, record.attempt.image_id) == (outcome, moved, NOBLE)
    assert (record.image_id, record.user_data, record.password) == (NOBLE, None, None)
    assert (record.key_id, record.timezone) == ("key-1", "UTC")


def test_a_power_off_whose_answer_was_lost_is_undone_when_the_reset_is_refused(world: World) -> None:
    """It was ours all the same."""
    lost = {"type": "drop", "carriedOut": True}
    refused = {"type": "error", "code": "SOMETHING_NEW", "status": 400}
    world.cloud.faults.add({"action": "StopInstances", "nth": 1, "effect": lost})
    world.cloud.faults.add({"action": "ResetInstance", "nth": 1, "effect": refused})
    outcome = world.stacks[0].up({"imageId": NOBLE})
    assert "has been started again and is RUNNING" in outcome.text
    assert world.machine["status"] == "RUNNING"


@pytest.mark.parametrize(
    ("urn", "previous"),
    [("urn", "older"), ("urn of before an alias rename", "last")],
    ids=["of this resource, on an older record", "under another name, on this record"],
)
def test_what_an_unrecorded_rebuild_left_is_no_success_once_it_is_taken_back(
    tmp_path: Path, urn: str, previous: str
) -> None:
    """The machine runs what that rebuild put on it, and nothing is planned: whose it was, either of the two tells."""
    journal = Journal(tmp_path, SystemClock())
    journal.intend("a1", WEB, urn, (Cause("imageId", JAMMY, NOBLE),), previous)
    journal.note(WEB, "a1", "finished")
    wanted = parse_wanted({"instanceId": WEB, "imageId": JAMMY})
    live = Instance(instance_id=WEB, image_id=NOBLE, key_id="key-YWD2QFOl", status="RUNNING")
    before = {"lastRebuild": {"attemptId": "last"}}
    resolved = resolve_plan(journal, wanted, Recorded(image_id=JAMMY), live, before, "urn", tidy=True)
    assert resolved.plan.kind is Kind.NONE
    assert resolved.question == NoLongerWanted(journal.entries(WEB)[0], live)
