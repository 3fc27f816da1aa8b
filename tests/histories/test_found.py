"""Histories that once broke a claim, as they were shrunk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.histories.steps import Steps
from tests.support.points import Disturbance, kill
from tests.support.programs import DEBIAN, JAMMY, NOBLE
from tests.support.world import TAGGING, WEB
from zec_pulumi.journal.locks import Lock
from zec_pulumi.planning.inputs import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.stack import Outcome, Stack
    from tests.support.world import World

SCRIPT, OTHER_SCRIPT = "#!/bin/sh\n# one\n", "#!/bin/sh\n# two\n"


def struck(stack: Stack, where: str, what: Callable[[], None], nth: int = 1, **program: Any) -> Outcome:
    """Run up, and have something happen the ``nth`` time at a point of it."""
    stack.world.points.armed = Disturbance(where, nth, what)
    return stack.up(program)


def test_user_data_that_is_taken_out_is_no_second_wipe_after_a_kill(world: World) -> None:
    """The journal's attempt asked for no user data; the record of an older one must not stand beside it."""
    stack = world.stacks[0]
    stack.up({"imageId": JAMMY})
    stack.up({"imageId": JAMMY, "userData": SCRIPT})
    assert struck(stack, "returned", kill, imageId=JAMMY).end == "killed"
    assert stack.up({"imageId": JAMMY}).end == "succeeded"
    assert world.resets() == 2


@pytest.mark.parametrize("what", ["kill", "engine"])
def test_a_create_that_must_rebuild_is_no_second_wipe_after_a_kill(world: World, what: str) -> None:
    """The image that differed before does not differ now; it is the same planned rebuild all the same."""
    stack = world.stacks[0]
    happening = kill if what == "kill" else stack.engine_dies
    struck(stack, "after ResetInstance", happening, imageId=NOBLE, adopt="never")
    assert not stack.outputs
    if what == "kill":  # killed before the API's answer was written down: a person must say
        world.points.armed = None
    world.cloud.clock.advance(100)
    outcome = stack.up({"imageId": NOBLE, "adopt": "never"})
    assert world.resets() == 1
    assert outcome.end == "succeeded" if what == "engine" else "attempts close" in outcome.text


def test_a_refresh_after_a_kill_does_not_cost_a_second_wipe(world: World) -> None:
    """The refresh records the new image, and so one cause less is left; it is the same planned rebuild."""
    stack = world.stacks[0]
    stack.up({"imageId": JAMMY})
    struck(stack, "returned", kill, imageId=NOBLE, userData=SCRIPT)
    stack.refresh()
    assert stack.up({"imageId": NOBLE, "userData": SCRIPT}).end == "succeeded"
    assert world.resets() == 1


def test_a_refresh_in_the_middle_of_a_rebuild_does_not_cost_a_second_wipe(world: World) -> None:
    """It records the old image as drift, and so a cause more; the machine shows by then that it has come true."""
    stack = world.stacks[0]
    stack.up({"imageId": JAMMY})
    world.by_hand(imageId="debian12_20240712")
    struck(stack, "sleep", stack.engine_dies, imageId=JAMMY)
    program = {"imageId": JAMMY, "rebuildToken": "one"}
    world.points.armed = Disturbance("row", 7, kill)
    assert stack.up(program).end == "killed"
    stack.refresh()
    assert stack.up(program).end == "succeeded"
    assert world.resets() == 1


def test_an_image_taken_back_after_a_kill_is_another_planned_rebuild(world: World) -> None:
    """What the journal's attempt asked for beside the user data is not asked for any more."""
    stack = world.stacks[0]
    stack.up({"imageId": JAMMY})
    struck(stack, "returned", kill, imageId=NOBLE, userData=SCRIPT)
    assert stack.up({"imageId": JAMMY, "userData": SCRIPT}).end == "succeeded"
    assert world.resets() == 2


def test_a_change_taken_back_after_the_engine_died_is_no_success_on_the_other_image(world: World) -> None:
    """What the stack has recorded is wanted again, and the machine runs what the killed run put on it."""
    stack = world.stacks[0]
    stack.up({"imageId": JAMMY})
    assert struck(stack, "journal", kill, nth=4, imageId=NOBLE).end == "killed"
    assert "It is DEPLOYING" in stack.up({"imageId": JAMMY}).text
    world.cloud.clock.advance(100)
    outcome = stack.up({"imageId": JAMMY})
    assert (outcome.end, world.resets()) == ("failed", 1)
    assert f"Instance {WEB}" in outcome.text
    assert f"RUNNING with image {NOBLE} and key key-YWD2QFOl." in outcome.text
    stack.refresh()
    assert stack.up({"imageId": JAMMY}).end == "succeeded"
    assert (world.resets(), world.machine["imageId"]) == (2, JAMMY)


def test_user_data_taken_back_after_the_engine_died_is_warned_of_until_it_is_settled(world: World) -> None:
    """Nothing the API shows tells that the machine ran another script than the program's: only the journal knows."""
    stack = world.stacks[0]
    stack.up({"imageId": JAMMY, "userData": SCRIPT})
    rebuilt = world.resets()
    assert struck(stack, "returned", kill, imageId=JAMMY, userData=OTHER_SCRIPT).end == "killed"
    program = {"imageId": JAMMY, "userData": SCRIPT}
    for outcome in (stack.preview(program), stack.up(program)):
        assert any("user_data that your program no longer has" in line for line in outcome.lines)
    assert world.resets() == rebuilt + 1
    program["rebuildToken"] = "this script"
    assert stack.up(program).end == "succeeded"
    assert world.resets() == rebuilt + 2
    assert not any("your program no longer has" in line for line in stack.preview(program).lines)


def test_a_stack_that_begins_anew_runs_its_user_data(world: World) -> None:
    """The journal's finished attempt was another stack's life: it does not pass for the new one."""
    stack = world.stacks[0]
    stack.up({"imageId": JAMMY})
    stack.up({"imageId": JAMMY, "userData": SCRIPT})
    stack.destroy()
    stack.up({"imageId": JAMMY})
    stack.up({"imageId": JAMMY, "userData": OTHER_SCRIPT})
    assert world.resets() == 2


def test_another_stack_s_rebuild_does_not_pass_for_this_one(world: World) -> None:
    """Two stacks with one instance and one journal: each one's first attempts are its own."""
    dev, ops = world.stacks
    ops.up({"imageId": NOBLE, "userData": SCRIPT})
    assert dev.up({"imageId": NOBLE, "adopt": "never"}).end == "succeeded"
    assert world.resets() == 2


def test_a_state_that_was_thrown_away_runs_its_user_data(world: World) -> None:
    """Without a delete, too: adopting a machine begins anew."""
    stack = world.stacks[0]
    stack.up({"imageId": JAMMY})
    stack.up({"imageId": JAMMY, "userData": SCRIPT})
    stack.outputs, stack.inputs = {}, {}
    stack.up({"imageId": JAMMY})
    stack.up({"imageId": JAMMY, "userData": OTHER_SCRIPT})
    assert world.resets() == 2


def test_a_machine_that_does_not_settle_is_named_with_a_way_out(world: World) -> None:
    """The time was up before anything was done."""
    stack = world.stacks[0]
    stack.up({"imageId": JAMMY})
    world.by_hand(status="NEW_STATUS")
    outcome = stack.up({"imageId": NOBLE})
    assert "NEW_STATUS" in outcome.text
    assert "nothing was changed. Wait until it is RUNNING or STOPPED" in outcome.text


def test_user_data_that_may_have_been_changed_after_a_kill_is_warned_of(world: World) -> None:
    """The journal keeps no value, so the finished attempt counts; preview and up say what to do about a new script.

    That is without a tag, which would tell.
    """
    stack = world.stacks[0]
    stack.settings = {"zec:markAttempts": "false"}
    stack.up({"imageId": JAMMY})
    struck(stack, "returned", kill, imageId=JAMMY, userData=SCRIPT)
    program = {"imageId": JAMMY, "userData": OTHER_SCRIPT}
    warning = "user_data was changed since that run, change rebuild_token as well"
    for outcome in (stack.preview(program), stack.up(program)):
        assert any(warning in line for line in outcome.lines)
    assert world.resets() == 1
    stack.up({**program, "rebuildToken": "new script"})
    assert world.resets() == 2


@pytest.mark.parametrize("in_flight", [False, True])
def test_another_s_rebuild_does_not_close_an_attempt_that_was_never_accepted(world: World, in_flight: bool) -> None:  # noqa: FBT001 a case
    """The image is as wanted, done or seen being reinstalled; whether the script was run, only a person can say."""
    dev, ops = world.stacks
    ops.settings = {"zec:markAttempts": "false"}
    world.cloud.faults.add({"action": "ResetInstance", "nth": 1, "effect": {"type": "drop"}})
    struck(ops, "before ResetInstance", ops.told_to_stop, imageId=NOBLE, userData=SCRIPT)
    if in_flight:
        struck(dev, "after ResetInstance", dev.engine_dies, imageId=NOBLE)
    else:
        dev.up({"imageId": NOBLE})
    outcome = ops.up({"imageId": NOBLE, "userData": SCRIPT})
    assert "lastRebuild" not in ops.outputs
    assert (outcome.end, "attempts close" in outcome.text) == ("failed", True)


def test_a_lost_answer_is_no_matter_where_the_machine_shows_all_that_was_asked(world: World) -> None:
    """It is recorded as the machine is, and not told as a rebuild of this resource's: that may be another's."""
    dev, ops = world.stacks
    ops.up({"imageId": JAMMY})
    world.cloud.faults.add({"action": "ResetInstance", "nth": 1, "effect": {"type": "drop"}})
    struck(ops, "before ResetInstance", ops.told_to_stop, imageId=NOBLE)
    assert ops.outputs["attempt"]["outcome"] == "unknown"
    dev.up({"imageId": NOBLE})
    assert ops.up({"imageId": NOBLE}).end == "succeeded"
    assert world.resets() == 1
    assert not {"lastRebuild", "attempt"} & ops.outputs.keys()


def test_a_rename_after_a_kill_asks_whose_the_attempt_was(world: World) -> None:
    """An alias keeps the record and changes the name: the attempt may be this resource's or another's."""
    stack = world.stacks[0]
    stack.up({"imageId": JAMMY})
    struck(stack, "returned", kill, imageId=JAMMY, userData=SCRIPT)
    stack.generation += 1
    outcome = stack.up({"imageId": JAMMY, "userData": SCRIPT})
    assert (world.resets(), outcome.end) == (1, "failed")
    attempt_id = stack.journal.entries(WEB)[0].attempt_id
    assert f"attempts close {attempt_id} --rebuilt" in outcome.text
    stack.journal.note(WEB, attempt_id, "closed-rebuilt")
    assert stack.up({"imageId": JAMMY, "userData": SCRIPT}).end == "succeeded"
    assert world.resets() == 1


def test_a_rebuild_on_top_of_an_unknown_attempt_is_no_second_wipe_when_it_was_not_recorded(world: World) -> None:
    """The state still holds the unknown attempt; what the journal holds after it counts all the same."""
    stack = world.stacks[0]
    stack.up({"imageId": JAMMY})
    world.cloud.faults.add({"action": "ResetInstance", "nth": 1, "effect": {"type": "drop"}})
    struck(stack, "before ResetInstance", stack.told_to_stop, imageId=JAMMY, rebuildToken="one")
    assert stack.outputs["attempt"]["outcome"] == "unknown"
    program = {"imageId": JAMMY, "userData": SCRIPT}
    assert struck(stack, "row", stack.engine_dies, 3, **program).end == "unrecorded"
    assert stack.outputs["attempt"]["outcome"] == "unknown"
    assert stack.up(program).end == "succeeded"
    assert world.resets() == 1


def test_another_token_on_top_of_an_unknown_attempt_asks_for_another_rebuild(world: World) -> None:
    """The attempt in the state was for the token before: it is neither joined nor asked about."""
    stack = world.stacks[0]
    stack.up({"imageId": JAMMY})
    world.cloud.faults.add({"action": "ResetInstance", "nth": 1, "effect": {"type": "drop", "carriedOut": True}})
    struck(stack, "after ResetInstance", stack.told_to_stop, imageId=JAMMY, rebuildToken="one")
    assert stack.outputs["attempt"]["outcome"] == "unknown"
    world.points.armed = None
    assert stack.up({"imageId": JAMMY, "rebuildToken": "two"}).end == "succeeded"
    assert world.resets() == 2


def test_a_script_added_after_a_killed_create_is_not_called_run_without_a_warning(world: World) -> None:
    """The killed run's rebuild counts for the new program, and nothing tells that it had no script."""
    world.by_hand(imageId="debian12_20240712")
    stack = world.stacks[0]
    assert struck(stack, "sleep", kill, 2, imageId=JAMMY).end == "killed"
    outcome = stack.up({"imageId": JAMMY, "userData": SCRIPT, "adopt": "never"})
    assert world.resets() == 1
    assert outcome.end == "succeeded"
    assert any("user_data was changed" in line and "change rebuild_token" in line for line in outcome.lines)


def test_a_wall_clock_that_is_set_during_a_rebuild_is_no_success_too_early(world: World) -> None:
    """Reads that lag show the machine as it was before; that it was long ago, only a clock that steps says."""
    stack = world.stacks[0]
    stack.up({"imageId": JAMMY})

    def clock_is_set_and_reads_lag() -> None:
        world.clock.set_wall(3600.0)
        for action in ("DescribeInstances", "DescribeInstancesStatus"):
            world.cloud.faults.add({"action": action, "nth": 1, "times": 3, "effect": {"type": "lag", "reads": 6}})

    outcome = struck(stack, "journal", clock_is_set_and_reads_lag, nth=3, imageId=JAMMY, rebuildToken="one")
    assert outcome.end == "succeeded"
    assert world.machine["status"] == "RUNNING"
    assert world.resets() == 1


def test_an_error_need_not_tell_what_another_stack_did_in_the_middle(world: World) -> None:
    """The other stack has put a password in place of the key: a finding about this one's inputs says all there is."""
    steps, (stack, other) = Steps(world), world.stacks
    steps.up(stack, {"imageId": JAMMY})
    other.program = {"imageId": JAMMY, "password": "Ghijkl-456", "rebuildOn": ["password"], "adopt": "never"}
    world.points.armed = Disturbance("", 1, steps.happening(stack, "other"))
    outcome = steps.up(stack, {"imageId": NOBLE})
    assert "key_id: the instance has no SSH key now" in outcome.text
    assert world.judge.sent_by(stack) == []
    assert [action for action in world.judge.sent_by(other) if action not in TAGGING] == [
        "StopInstances",
        "ResetInstance",
    ]


def test_a_change_in_place_that_cannot_be_recorded_names_the_machine(world: World) -> None:
    """The password was set, and the image's name for the record could not be read."""
    steps, stack = Steps(world), world.stacks[0]
    steps.up(stack, {"imageId": JAMMY})
    world.cloud.clock.advance(100)
    world.cloud.faults.add({"action": "DescribeImages", "nth": 1, "times": 1, "effect": {"type": "challenge"}})
    outcome = steps.up(stack, {"imageId": JAMMY, "password": "Abcdef-123"})
    assert outcome.end == "failed"
    assert f"Nothing was wiped; instance {WEB} (web-1) is RUNNING. The next pulumi up tries again" in outcome.text
    world.cloud.faults.clear()
    assert steps.up(stack, None).end == "succeeded"


@pytest.mark.parametrize("taken", [False, True])
def test_an_engine_that_was_silent_for_a_moment_gets_the_lock_back_before_anything_is_sent(
    world: World, *, taken: bool
) -> None:
    """Whoever watches without an engine holds no lock; the password that follows the rebuild is sent with it."""
    stack = world.stacks[0]
    world.by_hand(imageId="windows2019_20240712", keyId=None, systemDisk={"diskSize": 60})
    another, free = Lock(stack.home / "locks" / f"{WEB}.lock"), []

    def look() -> None:
        free.append(another.take("urn:pulumi:dev::demo::type::another"))

    def silent() -> None:
        stack.engine_is_silent(40.0)
        world.points.armed = (
            Disturbance("sleep", 4, look) if taken else Disturbance("before ResetInstancePass", 1, look)
        )

    outcome = struck(stack, "row DEPLOYING", silent, imageId="windows2022_20240712", password="Abcdef-123")
    another.free()
    assert free == [taken]
    assert outcome.end == ("failed" if taken else "succeeded")
    assert world.actions()[1:] == (["ResetInstance"] if taken else ["ResetInstance", "ResetInstancePassword"])


def test_a_preview_that_asks_about_an_attempt_says_what_it_does_not_know_as_well(world: World) -> None:
    """The question is about a rebuild that was taken back; what is unknown may ask for another, and up makes it."""
    stack = world.stacks[0]
    stack.up({"imageId": JAMMY})
    assert struck(stack, "after ResetInstance", kill, imageId=JAMMY, userData=SCRIPT).end == "killed"
    program = {"imageId": JAMMY, "password": "Ghijkl-456", "rebuildOn": ["password"]}
    lines = stack.preview({**program, "password": UNKNOWN}).lines
    assert any("for a change that your program no longer asks for" in line for line in lines)
    assert any(line.startswith("undecided: not known yet: password") for line in lines)
    assert stack.up(program).end == "succeeded"
    assert world.resets() == 2


@pytest.mark.parametrize("taken", [False, True])
def test_an_engine_that_is_there_again_is_told_which_machine_it_was_and_what_to_do(
    world: World, *, taken: bool
) -> None:
    """The rebuild ended, or another run took the instance, while it did not answer; and it shows the sentence."""
    steps, stack = Steps(world), world.stacks[0]
    steps.up(stack, {"imageId": JAMMY})
    another = Lock(stack.home / "locks" / f"{WEB}.lock")

    def take() -> None:
        assert another.take("urn:pulumi:dev::demo::type::another")

    def silent() -> None:
        stack.engine_is_silent(90.0)
        if taken:
            world.points.armed = Disturbance("sleep", 4, take)

    world.points.armed = Disturbance("row reset accepted", 1, silent)
    outcome = steps.up(stack, {"imageId": JAMMY, "rebuildToken": "one"})
    another.free()
    assert f"instance {WEB}" in outcome.text
    assert "he next pulumi up" in outcome.text
    world.cloud.clock.advance(100)
    assert steps.up(stack, {"imageId": JAMMY, "rebuildToken": "one"}).end == "succeeded"
    assert world.resets() == 1


@pytest.mark.parametrize("where", ["before DescribeInstances", "before StopInstances", "row sending"])
def test_an_engine_that_was_silent_before_anything_was_sent_is_told_what_to_do(world: World, where: str) -> None:
    """It is there again and shows the sentence; the next up does what was asked for."""
    steps, stack = Steps(world), world.stacks[0]
    steps.up(stack, {"imageId": JAMMY})
    world.points.armed = Disturbance(where, 1, lambda: stack.engine_is_silent(30.0))
    outcome = steps.up(stack, {"imageId": NOBLE})
    assert (outcome.end, world.resets()) == ("failed", 0)
    assert "next pulumi up" in outcome.text
    assert steps.up(stack, {"imageId": NOBLE}).end == "succeeded"


def test_a_backup_that_somebody_deletes_after_it_was_read_is_nobody_s_lie(world: World) -> None:
    """It was AVAILABLE when images were read last. The judge tells that from a wipe without a backup."""
    steps, stack = Steps(world), world.stacks[0]
    program = {"imageId": JAMMY, "adopt": "never", "backup": True}
    world.points.armed = Disturbance("journal", 1, steps.happening(stack, "image gone"))
    steps.up(stack, program)
    assert world.resets() == 1
    assert not world.judge.backups.images


@pytest.mark.parametrize("lost", [False, True], ids=["journal", "journal lost"])
@pytest.mark.parametrize("image", [JAMMY, DEBIAN])
@pytest.mark.parametrize("what", ["kill", "engine"])
def test_a_rebuild_after_a_cancelled_one_is_not_made_twice(world: World, image: str, what: str, *, lost: bool) -> None:
    """The stack has recorded the cancelled one only. The machine runs what is wanted, perhaps since before that one."""
    steps, stack = Steps(world), world.stacks[0]
    steps.up(stack, {"imageId": JAMMY})
    world.points.armed = Disturbance("row reset accepted", 1, stack.told_to_stop)
    assert steps.up(stack, {"imageId": NOBLE, "userData": SCRIPT}).end == "failed"
    happening = kill if what == "kill" else stack.engine_dies
    world.points.armed = Disturbance("row RUNNING, verifying", 1, happening)
    assert steps.up(stack, {"imageId": image, "userData": SCRIPT}).end in ("killed", "unrecorded")
    assert world.resets() == 2
    if lost:
        world.lose_journal(stack)
    joined = steps.up(stack, {"imageId": image, "userData": SCRIPT})
    assert joined.end == "succeeded", joined.text
    assert any(line.startswith("join: ") or "adopt: " in line for line in joined.lines)
    assert world.resets() == 2


@pytest.mark.parametrize("lost", [False, True], ids=["journal", "journal lost"])
@pytest.mark.parametrize("killed", [False, True])
@pytest.mark.parametrize("unseen", [{"userData": SCRIPT}, {"rebuildToken": "one"}])
def test_what_a_lost_rebuild_was_to_do_unseen_is_not_forgotten_with_its_image(
    world: World, unseen: dict[str, str], *, killed: bool, lost: bool
) -> None:
    """It was not carried out, as the machine shows, and the program goes back to the image of before."""
    steps, stack = Steps(world), world.stacks[0]
    steps.up(stack, {"imageId": JAMMY})
    with steps.faults([{"action": "ResetInstance", "nth": 1, "effect": {"type": "drop"}}]):
        world.points.armed = Disturbance("after ResetInstance", 1, stack.told_to_stop)
        assert steps.up(stack, {"imageId": NOBLE, **unseen}).end == "failed"
    assert world.resets() == 0
    program = {"imageId": JAMMY, **unseen}
    (trigger,) = unseen
    assert any(f"will be wiped: {trigger} given" in line for line in stack.preview(program).lines)
    if killed:
        world.points.armed = Disturbance("row RUNNING, verifying", 1, kill)
        assert steps.up(stack, program).end == "killed"
    if lost:
        world.lose_journal(stack)
    assert steps.up(stack, program).end == "succeeded"
    assert world.resets() == 1
    assert stack.outputs["lastRebuild"]["causes"] == [f"{trigger} given"]


@pytest.mark.parametrize("lost", [False, True], ids=["journal", "journal lost"])
def test_a_tag_that_was_left_is_not_taken_for_the_rebuild_after_it(world: World, *, lost: bool) -> None:
    """Cancelled before the reset, its tag stays. Another rebuild is under way when the first one is asked for again."""
    steps, stack = Steps(world), world.stacks[0]
    steps.up(stack, {"imageId": JAMMY})
    first = {"imageId": NOBLE, "userData": SCRIPT}
    world.points.armed = Disturbance("row sending ResetInstance", 1, stack.told_to_stop)
    assert steps.up(stack, first).end == "failed"
    assert world.resets() == 0
    world.points.armed = Disturbance("row DEPLOYING", 1, stack.told_to_stop)
    assert steps.up(stack, {"imageId": NOBLE}).end == "failed"
    if lost:
        world.lose_journal(stack)
    assert steps.up(stack, first).end == "succeeded"
    assert world.resets() == 2


@pytest.mark.parametrize(("ended", "lost"), [("killed", False), ("cancelled", False), ("cancelled", True)])
def test_a_tag_that_was_left_is_not_believed_where_tags_are_written_no_more(
    world: World, ended: str, *, lost: bool
) -> None:
    """The rebuild after it cannot put its own in that place. The journal knows it, or the record the reinstall."""
    steps, stack = Steps(world), world.stacks[0]
    steps.up(stack, {"imageId": JAMMY})
    first = {"imageId": NOBLE, "userData": SCRIPT}
    world.points.armed = Disturbance("row sending ResetInstance", 1, stack.told_to_stop)
    assert steps.up(stack, first).end == "failed"
    stack.settings = {"zec:markAttempts": "false"}
    world.points.armed = Disturbance("row DEPLOYING", 1, kill if ended == "killed" else stack.told_to_stop)
    steps.up(stack, {"imageId": NOBLE})
    assert world.resets() == 1
    if lost:
        world.lose_journal(stack)
    outcome = steps.up(stack, first)
    asked = "may already have been rebuilt" in outcome.text and world.resets() == 1
    assert asked or (outcome.end == "succeeded" and world.resets() == 2), outcome.text


@pytest.mark.parametrize("lost", [False, True], ids=["journal", "journal lost"])
@pytest.mark.parametrize("unseen", [{"userData": SCRIPT}, {"rebuildToken": "one"}, {}])
def test_what_a_lost_rebuild_was_to_do_unseen_is_not_forgotten_with_its_password(
    world: World, unseen: dict[str, str], *, lost: bool
) -> None:
    """It was to take the login key off, which the machine still has, and the program goes back to the key."""
    steps, stack = Steps(world), world.stacks[0]
    steps.up(stack, {"imageId": JAMMY, "userData": OTHER_SCRIPT})
    steps.up(stack, {"imageId": JAMMY, "userData": OTHER_SCRIPT, "rebuildToken": "zero"})
    with steps.faults([{"action": "ResetInstance", "nth": 1, "effect": {"type": "drop"}}]):
        world.points.armed = Disturbance("after ResetInstance", 1, stack.told_to_stop)
        lost_one = {"imageId": JAMMY, "rebuildToken": "zero", "password": "Ghijkl-456", **unseen}
        assert steps.up(stack, {**lost_one, "rebuildOn": ["password"]}).end == "failed"
    assert world.resets() == 1
    if lost:
        world.lose_journal(stack)
    program = {"imageId": JAMMY, "rebuildToken": "zero", "keyId": "key-YWD2QFOl", **unseen}
    assert steps.up(stack, program).end == "succeeded"
    assert world.resets() == 2
