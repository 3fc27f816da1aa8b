"""Journal, lock and halts as up and preview meet them, and what the journal's attempts count for."""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.support.points import Disturbance, kill
from tests.support.programs import DEBIAN, JAMMY, NOBLE
from tests.support.world import WEB, World
from zec_pulumi.api import Instance
from zec_pulumi.journal.journal import Entry, Journal
from zec_pulumi.journal.locks import Lock
from zec_pulumi.journal.questions import NoLongerWanted, OutcomeUnknown
from zec_pulumi.journal.recovery import forget_resource, resolve_plan, unrecorded
from zec_pulumi.journal.resolved import ResolvedPlan, recalled
from zec_pulumi.planning.causes import Cause
from zec_pulumi.planning.inputs import Recorded, parse_recorded, parse_wanted
from zec_pulumi.planning.plan import Kind, Plan
from zec_pulumi.time.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from zec_pulumi.journal.journal import Event

SCRIPT = "#!/bin/sh\n"
WITH_SCRIPT = {"imageId": JAMMY, "userData": SCRIPT}
LIVE = Instance(instance_id=WEB, image_id=JAMMY)
NOTHING = Recorded()
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


NO_TAGS = {"zec:markAttempts": "false"}
WITH_SECRET_KEY = {"keyId": "key-2ndKey01", "userData": SCRIPT}


def test_the_journal_keeps_no_value_of_a_secret_input(world: World) -> None:
    """Its file is plain text. What the input was for stays."""
    stack = world.stacks[0]
    stack.secrets = frozenset({"keyId"})
    killed_at(world, "after ResetInstance", WITH_SECRET_KEY)
    (kept,) = stack.journal.entries(WEB)
    assert {(cause.trigger, cause.hidden) for cause in kept.causes} == {("keyId", True), ("userData", False)}
    assert not any("key-2ndKey01" in file.read_text() for file in stack.home.rglob("*.jsonl"))


@pytest.mark.parametrize("marked", [True, False])
def test_a_killed_rebuild_for_a_secret_input_is_not_made_twice(world: World, *, marked: bool) -> None:
    """The journal holds no value to compare, so it counts for the one that is wanted now, and the row warns.

    The tag tells that it is the same one.
    """
    stack = world.stacks[0]
    stack.secrets = frozenset({"keyId"})
    stack.settings = {} if marked else NO_TAGS
    world.points.armed = Disturbance("row", 6, kill)
    assert stack.up(WITH_SECRET_KEY).end == "killed"
    outcome = stack.up(WITH_SECRET_KEY)
    assert (outcome.end, world.resets()) == ("succeeded", 1)
    assert any("change rebuild_token as well" in line for line in outcome.lines) is not marked


@pytest.mark.parametrize(("word", "resets"), [("closed-rebuilt", 1), ("closed-not-rebuilt", 2)])
def test_a_person_s_word_settles_it(world: World, word: Event, resets: int) -> None:
    """Rebuilt: verified and recorded. Not rebuilt: rebuilt now."""
    killed_at(world, "after ResetInstance", WITH_SCRIPT)
    world.cloud.clock.advance(100)
    stack = world.stacks[0]
    journal = stack.journal
    journal.note(WEB, journal.entries(WEB)[0].attempt_id, word)
    assert stack.up(WITH_SCRIPT).end == "succeeded"
    assert world.resets() == resets
    assert "attempt" not in stack.outputs


def test_an_accepted_attempt_is_joined_and_the_row_says_so(world: World) -> None:
    """The kill came after the acceptance was written down."""
    world.points.armed = Disturbance("row", 6, kill)
    stack = world.stacks[0]
    assert stack.up(WITH_SCRIPT).end == "killed"
    assert stack.journal.entries(WEB)[0].event == "begun"
    shown = stack.preview(WITH_SCRIPT)
    assert any(line.startswith("join: rebuild accepted") for line in shown.lines)
    assert stack.up(WITH_SCRIPT).end == "succeeded"
    assert world.resets() == 1


def test_a_fresh_runner_is_not_blocked(world: World) -> None:
    """No journal entry at all is a first attempt."""
    world.lose_journal(world.stacks[0])
    assert world.stacks[0].up(WITH_SCRIPT).end == "succeeded"


BOTH = {"imageId": NOBLE, "userData": SCRIPT}


def killed_without_a_trace(world: World, program: dict[str, str]) -> None:
    """Kill it after the reset was accepted, and lose its journal and its marker."""
    killed_at(world, "after ResetInstance", program)
    world.lose_journal(world.stacks[0])
    world.mark(None)


def test_a_reinstall_that_nothing_explains_is_waited_for_and_asked_about(world: World) -> None:
    """A script is not to be seen afterwards. The stack keeps the question: the next up, too, wipes nothing."""
    killed_without_a_trace(world, WITH_SCRIPT)
    stack = world.stacks[0]
    shown = stack.preview(WITH_SCRIPT)
    assert any("a reinstall is under way, and no record says whose" in line for line in shown.lines)
    assert any(line.startswith("join: ") for line in shown.lines)
    assert "attempts close" in stack.up(WITH_SCRIPT).text
    assert "attempts close" in stack.up(WITH_SCRIPT).text
    assert (world.resets(), stack.outputs["attempt"]["outcome"]) == (1, "unknown")


def test_a_person_s_word_ends_the_question_about_a_reinstall(world: World) -> None:
    """The attempt that the question is about is in the journal, to be closed."""
    killed_without_a_trace(world, WITH_SCRIPT)
    stack = world.stacks[0]
    assert stack.up(WITH_SCRIPT).end == "failed"
    stack.journal.note(WEB, stack.outputs["attempt"]["id"], "closed-rebuilt")
    assert (stack.up(WITH_SCRIPT).end, world.resets()) == ("succeeded", 1)


def test_another_rebuild_token_answers_that_the_reinstall_was_not_ours(world: World) -> None:
    """As it does where an answer was lost."""
    killed_without_a_trace(world, WITH_SCRIPT)
    stack = world.stacks[0]
    assert stack.up(WITH_SCRIPT).end == "failed"
    assert (stack.up({**WITH_SCRIPT, "rebuildToken": "again"}).end, world.resets()) == ("succeeded", 2)


def test_a_reinstall_that_ends_between_the_row_and_the_change_counts_as_well(world: World) -> None:
    """The row said that nothing is wiped."""
    killed_without_a_trace(world, WITH_SCRIPT)
    world.points.armed = Disturbance("before DescribeInstances", 2, lambda: world.clock.advance(100))
    outcome = world.stacks[0].up(WITH_SCRIPT)
    assert any("a reinstall is under way" in line for line in outcome.lines)
    assert ("attempts close" in outcome.text, world.resets()) == (True, 1)


@pytest.mark.parametrize("program", [BOTH, {"imageId": JAMMY, "keyId": "key-2ndKey01", "userData": SCRIPT}])
def test_a_machine_that_shows_what_nobody_recorded_is_asked_about(world: World, program: dict[str, str]) -> None:
    """The wanted image or key, and a script that is not to be seen: both may be of a run that was killed."""
    killed_without_a_trace(world, program)
    world.cloud.clock.advance(100)
    stack = world.stacks[0]
    shown = stack.preview(program)
    assert any("and the stack has not recorded that" in line for line in shown.lines)
    assert not any(line.startswith("rebuild:") for line in shown.lines)
    outcome = stack.up(program)
    assert (outcome.end, WEB in outcome.text, "pulumi refresh" in outcome.text) == ("failed", True, True)
    assert world.resets() == 1


def test_a_refresh_answers_that_the_machine_was_not_rebuilt_for_this(world: World) -> None:
    """It records the image; the script then asks for a rebuild of its own."""
    killed_without_a_trace(world, BOTH)
    world.cloud.clock.advance(100)
    stack = world.stacks[0]
    stack.refresh()
    assert (stack.up(BOTH).end, world.resets()) == ("succeeded", 2)


def test_adopting_answers_that_the_machine_was_rebuilt_for_this(world: World) -> None:
    """As the question says: the stack forgets the resource, and records the machine as it is."""
    killed_without_a_trace(world, BOTH)
    world.cloud.clock.advance(100)
    stack = world.stacks[0]
    stack.outputs, stack.inputs = {}, {}
    assert (stack.up({**BOTH, "adopt": "only"}).end, world.resets()) == ("succeeded", 1)


def test_an_image_that_was_changed_by_hand_to_another_than_the_wanted_one_asks_nothing(world: World) -> None:
    """Nobody here can have wanted it."""
    world.by_hand(imageId=DEBIAN)
    assert (world.stacks[0].up(BOTH).end, world.resets()) == ("succeeded", 1)


def test_an_instance_that_is_still_created_is_rebuilt_when_it_is_there(world: World) -> None:
    """DEPLOYING also means first creation: it is no killed run of a resource that is new to the stack."""
    world.by_hand(status="DEPLOYING", pending={"becomes": "RUNNING", "afterSeconds": 60})
    other = world.stacks[1]
    assert (other.up({**WITH_SCRIPT, "adopt": "never"}).end, world.resets()) == ("succeeded", 1)


def test_a_failed_attempt_that_only_the_journal_knows_is_not_tried_again(world: World) -> None:
    """REINSTALL_FAILED was seen, and the plugin killed before that was recorded."""
    world.cloud.faults.add({"action": "ResetInstance", "nth": 1, "effect": {"type": "reinstall_fails"}})
    stack = world.stacks[0]
    world.points.armed = Disturbance("journal", 8, kill)
    assert stack.up(WITH_SCRIPT).end == "killed"
    assert stack.journal.entries(WEB)[0].event == "failed"
    outcome = stack.up(WITH_SCRIPT)
    assert "REINSTALL_FAILED" in outcome.text
    assert stack.outputs["attempt"]["outcome"] == "failed"
    assert world.resets() == 1


def test_what_the_stack_has_recorded_is_forgotten_by_the_journal(world: World) -> None:
    """Only an up tidies; a preview leaves the disk as it is."""
    stack = world.stacks[0]
    stack.up(WITH_SCRIPT)
    stack.preview(WITH_SCRIPT)
    assert stack.journal.entries(WEB)
    stack.up({**WITH_SCRIPT, "imageId": NOBLE})
    assert len(stack.journal.entries(WEB)) == 1


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
    assert unrecorded([entry(event)], USER_DATA, None, parse_wanted(WITH_SCRIPT), NOTHING, LIVE) is None


@pytest.mark.parametrize(
    ("causes", "program", "same"),
    [
        ((Cause("userData"),), WITH_SCRIPT, True),
        ((Cause("rebuildToken"),), WITH_SCRIPT, False),
        ((Cause("enableAgent", "off", "on"), Cause("userData")), {**WITH_SCRIPT, "enableAgent": True}, True),
        ((Cause("enableAgent", "off", "on"), Cause("userData")), {**WITH_SCRIPT, "enableAgent": False}, False),
        ((Cause("userData"), Cause("rebuildToken")), WITH_SCRIPT, False),
    ],
)
def test_an_attempt_is_the_same_planned_rebuild(causes: tuple[Cause, ...], program: dict[str, str], same: bool) -> None:  # noqa: FBT001 a case's expectation
    """The same causes, less those that the API shows as come true."""
    assert bool(unrecorded([entry(causes=causes)], USER_DATA, None, parse_wanted(program), NOTHING, LIVE)) is same


def test_an_attempt_on_another_recorded_rebuild_is_another() -> None:
    """What was recorded since came after it."""
    assert unrecorded([entry(previous="a0")], USER_DATA, "a1", parse_wanted(WITH_SCRIPT), NOTHING, LIVE) is None


def test_of_several_attempts_the_last_counts() -> None:
    """Lines are in order."""
    first, last = entry("failed"), entry("accepted")
    assert unrecorded([first, last], USER_DATA, None, parse_wanted(WITH_SCRIPT), NOTHING, LIVE) is last


@pytest.mark.parametrize(
    "plan", [Plan(Kind.ADOPT, (Cause("userData"),)), Plan(Kind.REBUILD, (Cause("imageId", "a", "b"),))]
)
def test_what_the_machine_itself_tells_needs_no_journal(plan: Plan) -> None:
    """Readable causes, and plans that are no rebuild."""
    same = entry(causes=plan.causes)
    assert unrecorded([same], plan, None, parse_wanted(WITH_SCRIPT), NOTHING, LIVE) is None


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


@pytest.mark.parametrize("program", [{"imageId": NOBLE, "userData": SCRIPT}, {"imageId": NOBLE}, WITH_SCRIPT])
def test_a_killed_run_is_not_told_of_for_ever(world: World, program: dict[str, str]) -> None:
    """Another runner has rebuilt the machine since, so nothing is left of it. This runner's journal still has it."""
    stack = world.stacks[0]
    killed_at(world, "row RUNNING, verifying", program)
    here = stack.runner
    world.lose_journal(stack)
    later = {"imageId": DEBIAN, "userData": "#!/bin/sh\necho later\n"}
    world.clock.advance(100)
    assert stack.up(later).end == "succeeded"
    stack.runner = here
    for outcome in (stack.preview(later), stack.up(later)):
        assert (outcome.end, outcome.changes, outcome.lines) == ("succeeded", False, [])


BY_SCRIPT = Cause("userData")


def is_the_same(*, attempted: tuple[Cause, ...], planned: tuple[Cause, ...], wanted: str, live: Instance) -> bool:
    entry = Entry("a1", WEB, "urn", attempted, None, 1000.0, "accepted", 1001.0, "T1")
    program = parse_wanted({"instanceId": WEB, "imageId": wanted})
    return unrecorded([entry], Plan(Kind.REBUILD, planned), None, program, NOTHING, live) is entry


@pytest.mark.parametrize(
    ("cause", "shown", "same"),
    [
        (Cause("imageId", JAMMY, NOBLE), {"image_id": NOBLE}, True),
        (Cause("imageId", JAMMY, NOBLE), {"image_id": DEBIAN}, False),
        (Cause("keyId", None, "key-1"), {"key_id": "key-1"}, True),
        (Cause("keyId", None, "key-1"), {"key_id": None}, False),
        (Cause("timezone", "UTC", "Asia/Tokyo"), {"time_zone": "Asia/Tokyo"}, True),
        (Cause("timezone", "UTC", "Asia/Tokyo"), {"time_zone": "UTC"}, False),
        (Cause("enableAgent", "off", "on"), {"enable_agent": True}, True),
        (Cause("enableAgent", "on", "off"), {"enable_agent": None}, True),
        (Cause("enableAgent", "on", "off"), {"enable_agent": True}, False),
        (Cause("rebuildToken"), {}, False),
    ],
)
def test_a_cause_that_came_later_counts_only_where_the_machine_shows_it(
    cause: Cause, shown: dict[str, object], *, same: bool
) -> None:
    """A refresh in between may have added it to what the attempt was made for."""
    live = Instance.model_validate({"instance_id": WEB, **shown})
    planned = (cause, BY_SCRIPT)
    assert is_the_same(attempted=(BY_SCRIPT,), planned=planned, wanted=NOBLE, live=live) is same


@pytest.mark.parametrize(
    ("attempted", "same"),
    [
        (Cause("imageId", JAMMY, NOBLE), True),
        (Cause("imageId", DEBIAN, NOBLE, drift=True), True),
        (Cause("imageId", JAMMY, DEBIAN), False),
        (Cause("imageId", NOBLE, DEBIAN, drift=True), False),
        (Cause("rebuildToken"), False),
        (Cause(f"imageId {NOBLE}, as no release has written it"), False),
    ],
)
def test_a_cause_that_is_none_any_more_counts_only_where_the_program_still_asks_for_it(
    attempted: Cause, *, same: bool
) -> None:
    """What the attempt brought about is no reason for another one; what was given up is."""
    live = Instance(instance_id=WEB, image_id=NOBLE)
    causes = (attempted, BY_SCRIPT)
    assert is_the_same(attempted=causes, planned=(BY_SCRIPT,), wanted=NOBLE, live=live) is same


@pytest.mark.parametrize(
    "beside",
    [
        Cause("imageId", DEBIAN, NOBLE, drift=True, beside=True),
        Cause("keyId", "key-1", None, beside=True),
        Cause("instanceName", "mine", "web-1", beside=True),
        Cause("password", change="given", beside=True),
    ],
)
def test_what_a_rebuild_changes_beside_makes_it_no_other(beside: Cause) -> None:
    """It may have come true since, somebody may have made it since, or the program have taken it back."""
    live = Instance(instance_id=WEB, image_id=NOBLE)
    for attempted, planned in (((BY_SCRIPT, beside), (BY_SCRIPT,)), ((BY_SCRIPT,), (BY_SCRIPT, beside))):
        assert is_the_same(attempted=attempted, planned=planned, wanted=NOBLE, live=live)


def test_what_was_changed_beside_is_no_attempt_at_what_asks_now() -> None:
    """The script is new, and the attempt was for an image only."""
    attempted = (Cause("imageId", JAMMY, NOBLE), Cause("instanceName", "a", "b", beside=True))
    live = Instance(instance_id=WEB, image_id=NOBLE)
    assert not is_the_same(attempted=attempted, planned=(BY_SCRIPT,), wanted=NOBLE, live=live)


def test_an_attempt_at_the_same_image_is_the_same_from_wherever() -> None:
    """Somebody changed the machine in between: what is planned leads to the same."""
    attempted, planned = (Cause("imageId", JAMMY, NOBLE), BY_SCRIPT), (Cause("imageId", DEBIAN, NOBLE), BY_SCRIPT)
    assert is_the_same(attempted=attempted, planned=planned, wanted=NOBLE, live=Instance(instance_id=WEB))


def test_only_what_asks_for_the_rebuild_decides_whether_the_machine_tells() -> None:
    """A password that is set beside a new image does not: the image shows whether it was done."""
    password = Cause("password", beside=True)
    planned = (Cause("imageId", JAMMY, NOBLE), password)
    live = Instance(instance_id=WEB, image_id=JAMMY)
    assert not is_the_same(attempted=planned, planned=planned, wanted=NOBLE, live=live)


def test_a_resource_that_begins_anew_forgets_its_own_open_attempts_only(tmp_path: Path) -> None:
    """Those of another resource on the same machine, and those that have ended, stay as they are."""
    journal = Journal(tmp_path, SystemClock())
    for attempt_id, urn in (("own", "urn:a"), ("ended", "urn:a"), ("other", "urn:b")):
        journal.intend(attempt_id, WEB, urn, (BY_SCRIPT,), None)
    journal.note(WEB, "ended", "refused")
    forget_resource(journal, WEB, "urn:a")
    events = {entry.attempt_id: entry.event for entry in journal.entries(WEB)}
    assert events == {"own": "forgotten", "ended": "refused", "other": "intent"}


def test_what_was_remembered_cannot_be_changed_afterwards() -> None:
    """The preview shows and the up acts on the same."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        ResolvedPlan(Plan(Kind.NONE), Recorded()).question = None  # type: ignore[misc]


def test_a_person_s_word_that_it_was_rebuilt_counts_at_once(tmp_path: Path) -> None:
    """Nobody has to see the machine move, too: RUNNING on the same image is the rebuilt machine."""
    journal = Journal(tmp_path, SystemClock())
    journal.intend("a1", WEB, "urn", (BY_SCRIPT,), None)
    journal.note(WEB, "a1", "closed-rebuilt")
    attempt = {"id": "a1", "startedAt": 0.0, "outcome": "unknown"}
    recorded = parse_recorded({"instanceId": WEB, "applied": {}, "attempt": attempt})
    live, wanted = Instance(instance_id=WEB), parse_wanted({"instanceId": WEB})
    found = resolve_plan(journal, wanted, recorded, live, {}, "urn", tidy=False).recorded
    assert found.attempt is not None
    assert (found.attempt.outcome, found.attempt.moved) == ("accepted", True)
