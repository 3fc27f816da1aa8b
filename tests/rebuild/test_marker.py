"""The marker on the machine: when it is written, what the next up on another computer makes of it, and its faults."""

from __future__ import annotations

import re
import socket
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.points import Disturbance, kill
from tests.support.programs import DEBIAN, JAMMY, NOBLE
from tests.support.world import WEB, World
from zec_pulumi import health
from zec_pulumi.journal.marker import KEY, MAX_LENGTH, Marker, Phase, StrangeMarker, find, parse
from zec_pulumi.planning.inputs import UNKNOWN, parse_wanted
from zec_pulumi.planning.same_rebuild import plan_digest
from zec_pulumi.simulator.models import Tag

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.stack import Outcome, Stack

SCRIPT = "#!/bin/sh\n"
WITH_SCRIPT = {"imageId": JAMMY, "userData": SCRIPT}
OTHER_SCRIPT = {"imageId": JAMMY, "userData": "#!/bin/sh\necho other\n"}
NEVER = {**WITH_SCRIPT, "adopt": "never"}
URN = "urn:pulumi:prod::other::pulumi-python:dynamic/zec:InstanceOsImage::web"
MARKER = Marker.begun(URN, "0123456789abcdef", "89abcdef-28bc-4489-8924-1431be60c727", 1_790_000_000.0)
FIRST_FORM = "1.accepted.0123456789abcdef.01234567.89abcdef.20260921t141320z"
PERMISSION = {"type": "error", "code": "OPERATION_DENIED_SOMETHING_NEW", "status": 403}


@pytest.fixture
def world() -> Iterator[World]:
    with World("DEPLOYING", Counter(), one_runner=False) as made:
        made.stacks[0].up({"imageId": JAMMY})
        yield made


def phase(world: World) -> str:
    return (world.marker or "...").split(".")[1]


def killed_elsewhere(world: World, where: str, program: dict[str, Any]) -> Stack:
    """Kill an up, and lose its computer; return the stack, which goes on at another."""
    stack = world.stacks[0]
    world.points.armed = Disturbance(where, 1, kill)
    assert stack.up(program).end == "killed"
    world.lose_journal(stack)
    return stack


def mark_by_another(world: World, phase: Phase) -> None:
    world.mark(replace(MARKER, phase=phase, at=world.clock.now()).value)


# What it says.


def test_a_value_says_what_it_was_made_of() -> None:
    for one in Phase:
        marker = replace(MARKER, phase=one)
        assert parse(marker.value) == marker
        assert len(marker.value) <= MAX_LENGTH
        assert re.fullmatch("[A-Za-z0-9._-]+", marker.value)


def test_a_value_of_the_first_form_is_read_and_written_as_it_was() -> None:
    """Which had no name of a stack."""
    marker = parse(FIRST_FORM)
    assert marker == Marker(Phase.ACCEPTED, "0123456789abcdef", "01234567", "89abcdef", 1_790_000_000.0)
    assert (marker.value, marker.stack) == (FIRST_FORM, None)
    assert marker.is_plan("0123456789abcdef")
    assert MARKER.is_plan("0123456789abcdef")
    assert not MARKER.is_plan("0123456788abcdef")


@pytest.mark.parametrize(
    ("urn", "shown"),
    [
        (URN, "other/prod"),
        ("urn:pulumi:prod::storefront::t::n", "storefront/prod"),
        ("urn:pulumi:production::storefront::t::n", "store…/produ…"),
        ("urn:pulumi:dev::a-very-long-project::t::n", "a-very-lo…/dev"),
        ("urn:pulumi:eu.west 1::shop::t::n", "shop/eu-west-1"),
    ],
)
def test_a_value_names_its_stack(urn: str, shown: str) -> None:
    """Cut where it is too long, and that is shown."""
    marker = parse(Marker.begun(urn, "0" * 16, "89abcdef", 0.0).value)
    assert isinstance(marker, Marker)
    assert marker.stack == shown


@given(st.text(), st.text(), st.sampled_from(Phase), st.floats(allow_nan=False, allow_infinity=False))
def test_whatever_a_stack_is_called_its_value_can_be_a_tag(project: str, stack: str, phase: Phase, at: float) -> None:
    """And is read back."""
    begun = Marker.begun(f"urn:pulumi:{stack}::{project}::type::name", "0" * 16, "89abcdef", at)
    value = replace(begun, phase=phase).value
    assert len(value) <= MAX_LENGTH
    assert re.fullmatch("[A-Za-z0-9._-]+", value)
    found = parse(value)
    assert isinstance(found, Marker)
    assert found.value == value


@pytest.mark.parametrize(
    "value",
    [
        "",
        "1",
        "3" + MARKER.value[1:],
        MARKER.value + ".x",
        MARKER.value.replace("begun", "ended"),
        MARKER.value.replace("89abcdef", "89ABCDEF"),
        FIRST_FORM[:-16] + "20261399t000000z",
    ],
)
def test_another_value_is_not_read(value: str) -> None:
    """Somebody else's, or a newer release's."""
    assert parse(value) == StrangeMarker(value)


def test_other_tags_are_no_marker() -> None:
    assert find({"zec-pulumi": MARKER.value}) is None
    assert find({"a": "b", KEY: MARKER.value}) == MARKER


BASE = {"instanceId": WEB, "imageId": JAMMY, "userData": SCRIPT, "password": "Abcdef-123", "rebuildToken": "1"}


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({"instanceName": "renamed"}, True),
        ({"password": "Ghijkl-456"}, True),
        ({"health": None, "adopt": "never"}, True),
        ({"userData": None, "userDataBase64": "IyEvYmluL3NoCg=="}, True),
        ({"imageId": NOBLE}, False),
        ({"keyId": "key-1"}, False),
        ({"userData": "#!/bin/bash\n"}, False),
        ({"userData": None}, False),
        ({"rebuildToken": "2"}, False),
        ({"password": None}, False),
        ({"instanceId": "1"}, False),
    ],
)
def test_the_digest_tells_what_a_rebuild_asks_for(change: dict[str, Any], *, same: bool) -> None:
    """A password counts by its presence only: whoever reads the tag must not be able to guess it."""
    first, second = (plan_digest("urn", None, parse_wanted({**BASE, **one})) for one in ({}, change))
    assert (first == second) is same


def test_the_digest_tells_resource_and_rebuild_before() -> None:
    wanted = parse_wanted(BASE)
    assert len({plan_digest(urn, before, wanted) for urn in ("a", "b") for before in (None, "c")}) == 4


# When it is written.


def test_a_change_that_nothing_shows_is_marked_begun_and_done(world: World) -> None:
    """Done as soon as it is seen to begin: the rest is the machine's. The old values leave the account's list again."""
    stack = world.stacks[0]
    phases: list[str] = []
    world.points.armed = Disturbance("before ResetInstance", 1, lambda: phases.append(phase(world)))
    assert stack.up(WITH_SCRIPT).end == "succeeded"
    before = len(world.tagging())
    world.points.armed = Disturbance("row RUNNING, verifying", 1, lambda: phases.append(phase(world)))
    assert stack.up(OTHER_SCRIPT).end == "succeeded"
    assert phases == ["begun", "done"]
    assert world.tagging()[before:] == ["ModifyResourceTags", "ModifyResourceTags", "DeleteTags"]
    assert world.markers == [world.marker]
    assert phase(world) == "done"
    assert (stack.previous or "").startswith((world.marker or "").split(".")[2])


@pytest.mark.parametrize("new", [False, True])
def test_a_rebuild_with_more_to_tell_is_accepted_until_it_is_done(world: World, *, new: bool) -> None:
    """A health gate that has not passed, or a resource that is new to the stack."""
    stack, phases = world.stacks[int(new)], []
    with socket.create_server(("127.0.0.1", 0), backlog=9) as listener:
        world.by_hand(publicIpAddresses=["127.0.0.1"])
        gate = health.tcp(listener.getsockname()[1]).properties()
        world.points.armed = Disturbance("row RUNNING, verifying", 1, lambda: phases.append(phase(world)))
        assert stack.up(NEVER if new else {**WITH_SCRIPT, "health": gate}).end == "succeeded"
    assert (phases, phase(world)) == (["accepted"], "done")
    assert world.markers == [world.marker]


def test_what_could_not_be_told_at_the_beginning_is_told_at_the_end(world: World) -> None:
    world.cloud.faults.add({"action": "ModifyResourceTags", "nth": 2, "effect": PERMISSION})
    assert world.stacks[0].up(WITH_SCRIPT).end == "succeeded"
    assert phase(world) == "done"
    assert world.markers == [world.marker]


def test_a_change_that_the_machine_shows_costs_no_call_more(world: World) -> None:
    before = len(world.sim.requests())
    assert world.stacks[0].up({"imageId": NOBLE}).end == "succeeded"
    services = {request["service"] for request in world.sim.requests()[before:]}
    assert (world.marker, world.tagging(), "zrm" in services) == (None, [], False)


def test_where_approval_is_required_every_rebuild_is_marked(world: World) -> None:
    stack = world.stacks[0]
    stack.settings = {"zec:requireApproval": "true"}
    lines = "\n".join(stack.preview({"imageId": NOBLE}).lines)
    found = re.search(r"dev/\d+/[0-9a-f]{16}", lines)
    assert found
    stack.settings = {**stack.settings, "zec:approvedRebuilds": found[0]}
    assert stack.up({"imageId": NOBLE}).end == "succeeded"
    assert phase(world) == "done"


def test_it_can_be_switched_off(world: World) -> None:
    stack = world.stacks[0]
    stack.settings = {"zec:markAttempts": "false"}
    assert stack.up(WITH_SCRIPT).end == "succeeded"
    assert (world.marker, world.tagging()) == (None, [])


def test_no_time_passes_for_the_marker(world: World) -> None:
    """It is written while the machine powers off and while it is reinstalled."""
    took = []
    for settings, program in (({"zec:markAttempts": "false"}, WITH_SCRIPT), ({}, OTHER_SCRIPT)):
        stack = world.stacks[0]
        stack.settings, began = settings, world.clock.monotonic()
        assert stack.up(program).end == "succeeded"
        took.append(world.clock.monotonic() - began)
    assert took[1] <= took[0]


def test_a_refused_rebuild_leaves_no_marker(world: World) -> None:
    """Nothing was wiped, so another computer has nothing to ask."""
    world.cloud.faults.add({"action": "ResetInstance", "nth": 1, "effect": PERMISSION})
    assert world.stacks[0].up(WITH_SCRIPT).end == "failed"
    assert (world.marker, world.markers, world.machine["status"]) == (None, [], "RUNNING")


# Killed, and the journal lost: the next up on another computer.


@pytest.mark.parametrize("program", [WITH_SCRIPT, {"imageId": JAMMY, "rebuildToken": "again"}])
@pytest.mark.parametrize(
    ("where", "later"),
    [("row RUNNING, verifying", 0), ("row DEPLOYING", 0), ("row DEPLOYING", 500), ("returned", 0), ("returned", 500)],
)
def test_a_killed_rebuild_that_was_seen_to_begin_is_joined(
    world: World, program: dict[str, Any], where: str, later: int
) -> None:
    """By its marker alone, however late; preview says so."""
    stack = killed_elsewhere(world, where, program)
    world.clock.advance(later)
    shown = stack.preview(program)
    assert any(line.startswith("join: ") for line in shown.lines)
    assert not any(line.startswith("rebuild: ") for line in shown.lines)
    assert stack.up(program).end == "succeeded"
    assert (world.resets(), phase(world)) == (1, "done")
    assert not stack.preview(program).changes


def test_a_killed_rebuild_with_a_value_of_the_first_form_is_joined(world: World) -> None:
    """An earlier version wrote it; its form is kept as long as it stands for that attempt."""
    stack = killed_elsewhere(world, "row RUNNING, verifying", WITH_SCRIPT)
    marker = parse(world.marker or "")
    assert isinstance(marker, Marker)
    plan = plan_digest(stack.urn, None, parse_wanted({"instanceId": WEB, **WITH_SCRIPT}))
    world.mark(replace(marker, plan=plan, names=None).value)
    assert (stack.up(WITH_SCRIPT).end, world.resets()) == ("succeeded", 1)
    assert (world.marker or "").startswith("1.done.")


def test_a_killed_rebuild_that_is_reinstalling_is_joined(world: World) -> None:
    """Its marker says begun only, and the machine says the rest."""
    stack = killed_elsewhere(world, "after ResetInstance", WITH_SCRIPT)
    assert phase(world) == "begun"
    assert (stack.up(WITH_SCRIPT).end, world.resets(), phase(world)) == ("succeeded", 1, "done")


@pytest.mark.parametrize(("answer", "resets"), [("rebuilt", 1), ("not-rebuilt", 2)])
def test_what_nobody_saw_is_asked_and_answered_by_a_setting(world: World, answer: str, resets: int) -> None:
    """Nobody needs a shell on the computer that is gone. The answer is good for that attempt only."""
    stack = killed_elsewhere(world, "after ResetInstance", WITH_SCRIPT)
    world.clock.advance(500)
    assert any("zec:closeAttempt" in line for line in stack.preview(WITH_SCRIPT).lines)
    outcome = stack.up(WITH_SCRIPT)
    assert (outcome.end, WEB in outcome.text, world.resets()) == ("failed", True, 1)
    asked = re.search(rf"([0-9a-f]{{8}})={answer}", outcome.text)
    assert asked
    stack.settings = {"zec:closeAttempt": asked[0]}
    assert (stack.up(WITH_SCRIPT).end, world.resets()) == ("succeeded", resets)
    stack = killed_elsewhere(world, "after ResetInstance", OTHER_SCRIPT)
    world.clock.advance(500)
    assert (stack.up(OTHER_SCRIPT).end, world.resets()) == ("failed", resets + 1)


@pytest.mark.parametrize("then", [OTHER_SCRIPT, WITH_SCRIPT])
@pytest.mark.parametrize("where", ["row DEPLOYING", "row RUNNING, verifying"])
def test_what_a_killed_run_left_in_the_list_of_tags_is_removed(world: World, where: str, then: dict[str, Any]) -> None:
    """By the run that joins it, or that begins another rebuild: of this resource, and not what others have written."""
    stack = world.stacks[0]
    assert stack.up({"imageId": JAMMY, "userData": "#!/bin/sh\necho first\n"}).end == "succeeded"
    others = [MARKER.value, FIRST_FORM, "strange"]
    world.cloud.world.keep_tags([Tag(key=KEY, value=value) for value in others], world.clock.now())
    killed_elsewhere(world, where, WITH_SCRIPT)
    world.clock.advance(500)
    assert stack.up(then).end == "succeeded"
    assert phase(world) == "done"
    assert sorted(world.markers) == sorted([str(world.marker), *others])


@pytest.mark.parametrize(("said", "resets"), [(Phase.ACCEPTED, 0), (Phase.CLOSED, 1)])
def test_what_a_person_has_written_into_the_marker_is_what_the_next_up_does(
    world: World, said: Phase, resets: int
) -> None:
    """By `zec-pulumi attempts close`, on another computer: it joins, or rebuilds."""
    stack = killed_elsewhere(world, "before ResetInstance", WITH_SCRIPT)
    assert stack.up(WITH_SCRIPT).end == "failed"
    marker = parse(world.marker or "")
    assert isinstance(marker, Marker)
    world.mark(replace(marker, phase=said).value)
    world.by_hand(status="RUNNING")
    assert (stack.up(WITH_SCRIPT).end, world.resets()) == ("succeeded", resets)


def test_another_script_after_a_killed_run_is_another_rebuild(world: World) -> None:
    """The marker knows the script's digest, so that the new one reaches the machine."""
    stack = killed_elsewhere(world, "row RUNNING, verifying", WITH_SCRIPT)
    world.clock.advance(500)
    assert (stack.up(OTHER_SCRIPT).end, world.resets()) == ("succeeded", 2)


def test_a_refresh_in_between_changes_nothing(world: World) -> None:
    program = {"imageId": NOBLE, "userData": SCRIPT}
    stack = killed_elsewhere(world, "row RUNNING, verifying", program)
    world.clock.advance(500)
    stack.refresh()
    assert (stack.up(program).end, world.resets()) == ("succeeded", 1)


def test_a_killed_create_that_nobody_verified_is_joined(world: World) -> None:
    other = world.stacks[1]
    world.points.armed = Disturbance("row RUNNING, verifying", 1, kill)
    assert other.up(NEVER).end == "killed"
    world.lose_journal(other)
    assert (other.up(NEVER).end, world.resets()) == ("succeeded", 1)


def test_a_create_that_was_done_and_not_recorded_asks(world: World) -> None:
    """The stack may also have been destroyed since, and begin anew: then it is to be rebuilt."""
    other = world.stacks[1]
    world.points.armed = Disturbance("returned", 1, kill)
    assert other.up(NEVER).end == "killed"
    world.lose_journal(other)
    outcome = other.up(NEVER)
    assert (outcome.end, "zec:closeAttempt" in outcome.text, world.resets()) == ("failed", True, 1)
    anew = {**NEVER, "rebuildToken": "anew"}
    assert (other.up(anew).end, world.resets()) == ("succeeded", 2)


def test_a_power_off_that_was_cancelled_asks_nothing_on_the_same_computer(world: World) -> None:
    """Its journal knows that nothing was sent for what the marker says."""
    stack = world.stacks[0]
    world.points.armed = Disturbance("after ModifyResourceTags", 1, stack.told_to_stop)
    assert stack.up(WITH_SCRIPT).end == "failed"
    assert phase(world) == "begun"
    assert (stack.up(WITH_SCRIPT).end, world.resets(), phase(world)) == ("succeeded", 1, "done")


# Others.


@pytest.mark.parametrize("program", [WITH_SCRIPT, {"imageId": NOBLE}])
def test_while_another_resource_s_rebuild_is_open_nothing_is_sent(world: World, program: dict[str, Any]) -> None:
    mark_by_another(world, Phase.ACCEPTED)
    stack = world.stacks[0]
    assert any("by another resource" in line for line in stack.preview(program).lines)
    outcome = stack.up(program)
    assert (outcome.end, WEB in outcome.text, world.actions()) == ("failed", True, [])
    stack.settings = {"zec:closeAttempt": "89abcdef=not-rebuilt"}
    assert (stack.up(program).end, world.resets()) == ("succeeded", 1)


@pytest.mark.parametrize("change", [{"instanceName": "renamed"}, {"password": "Abcdef-123"}])
@pytest.mark.parametrize("phase", Phase)
def test_while_another_resource_s_rebuild_is_open_nothing_is_changed_in_place(
    world: World, phase: Phase, change: dict[str, str]
) -> None:
    """Its reset would take the password off again, and the stack would not know."""
    mark_by_another(world, phase)
    stack = world.stacks[0]
    is_open = phase in (Phase.BEGUN, Phase.ACCEPTED)
    assert (stack.up({"imageId": JAMMY, **change}).end == "failed") == is_open
    assert (world.actions() == []) == is_open
    assert stack.up({"imageId": JAMMY}).end == "succeeded", "with nothing to do, nobody is in the way"


def test_while_another_resource_s_rebuild_still_installs_nothing_is_sent(world: World) -> None:
    """Its marker says that nothing more is to be told of it; the machine says that it is not done."""
    mark_by_another(world, Phase.DONE)
    world.by_hand(status="DEPLOYING")
    stack = world.stacks[0]
    assert any("accepted 0s ago" in line for line in stack.preview(WITH_SCRIPT).lines)
    outcome = stack.up(WITH_SCRIPT)
    assert (outcome.end, "by another resource" in outcome.text, world.actions()) == ("failed", True, [])
    world.by_hand(status="RUNNING")
    assert (stack.up(WITH_SCRIPT).end, world.resets()) == ("succeeded", 1)


def test_a_resource_under_a_new_name_is_told_that_the_rebuild_was_its_own(world: World) -> None:
    """Its URN is another now. The answer that it was rebuilt never wipes."""
    mark_by_another(world, Phase.ACCEPTED)
    stack = world.stacks[0]
    stack.settings = {"zec:closeAttempt": "89abcdef=rebuilt"}
    assert (stack.up(WITH_SCRIPT).end, world.resets()) == ("succeeded", 0)
    assert not stack.preview(WITH_SCRIPT).changes


def test_an_answer_that_nothing_asks_for_changes_nothing(world: World) -> None:
    """The rebuild of another resource that is done is none of this one, whatever is said."""
    mark_by_another(world, Phase.DONE)
    stack = world.stacks[0]
    stack.settings = {"zec:closeAttempt": "89abcdef=rebuilt"}
    assert (stack.up(WITH_SCRIPT).end, world.resets()) == ("succeeded", 1)


def test_what_another_change_has_begun_is_not_called_done_where_the_machine_is_adopted(world: World) -> None:
    """Nobody knows whether its script ran: asked for again, it is asked about."""
    stack = killed_elsewhere(world, "after ResetInstance", {"imageId": NOBLE, "userData": SCRIPT})
    world.clock.advance(500)
    assert stack.up({"imageId": NOBLE}).end == "succeeded"
    assert phase(world) == "begun"
    outcome = stack.up({"imageId": NOBLE, "userData": SCRIPT})
    assert (outcome.end, "zec:closeAttempt" in outcome.text, world.resets()) == ("failed", True, 1)


def test_another_resource_s_rebuild_that_is_done_is_named(world: World) -> None:
    mark_by_another(world, Phase.DONE)
    stack = world.stacks[0]
    lines = stack.preview(WITH_SCRIPT).lines
    said = "rebuilt by another resource, of stack other/prod, 0s ago, as the tag zec-pulumi-attempt says"
    assert said in lines
    assert any(line.startswith("rebuild: ") for line in lines)
    assert stack.up(WITH_SCRIPT).end == "succeeded"


def test_of_two_stacks_the_second_stops_before_the_power_off(world: World) -> None:
    """The other one has marked the machine since this one has read it."""
    stack = world.stacks[0]
    world.points.armed = Disturbance("before DescribeResourceTags", 1, lambda: mark_by_another(world, Phase.BEGUN))
    outcome = stack.up(WITH_SCRIPT)
    assert (outcome.end, "by another resource" in outcome.text, world.actions()) == ("failed", True, [])


def test_only_a_killed_run_makes_the_list_of_tags_be_read(world: World) -> None:
    """A rebuild that nothing disturbed knows all its values."""
    stack = world.stacks[0]
    for program in (WITH_SCRIPT, OTHER_SCRIPT, {"imageId": NOBLE}):
        assert stack.up(program).end == "succeeded"
    assert not any(request["action"] == "DescribeTags" for request in world.sim.requests())


def test_a_value_that_is_not_read_is_named_and_counts_for_nothing(world: World) -> None:
    world.mark("9.strange")
    stack = world.stacks[0]
    assert any(
        "a value that this version does not know: 9.strange" in line for line in stack.preview(WITH_SCRIPT).lines
    )
    assert (stack.up(WITH_SCRIPT).end, phase(world)) == ("succeeded", "done")


@pytest.mark.parametrize("absent", [False, True])
def test_where_a_machine_is_shown_without_tags_their_own_service_tells(world: World, *, absent: bool) -> None:
    """Preview asks it where not even the field is there; up asks it anyway."""
    stack = killed_elsewhere(world, "row RUNNING, verifying", WITH_SCRIPT)
    world.clock.advance(500)
    effect = {"type": "tags_hidden", "absent": absent}
    world.cloud.faults.add({"action": "DescribeInstances", "nth": 1, "times": 9999, "effect": effect})
    if absent:
        assert any(line.startswith("join: ") for line in stack.preview(WITH_SCRIPT).lines)
    assert (stack.up(WITH_SCRIPT).end, world.resets()) == ("succeeded", 1)


def test_a_tag_that_others_took_off_wipes_nothing_that_would_not_have_been_wiped(world: World) -> None:
    """With the journal at hand, it is as before there were markers."""
    stack = world.stacks[0]
    world.points.armed = Disturbance("row RUNNING, verifying", 1, kill)
    assert stack.up(WITH_SCRIPT).end == "killed"
    world.mark(None)
    assert (stack.up(WITH_SCRIPT).end, world.resets()) == ("succeeded", 1)


# When it cannot be written.


def test_where_it_cannot_be_written_the_row_warns_once_and_the_rebuild_goes_on(world: World) -> None:
    world.cloud.faults.add({"action": "ModifyResourceTags", "nth": 1, "times": 9999, "effect": PERMISSION})
    outcome = world.stacks[0].up(WITH_SCRIPT)
    assert (outcome.end, world.resets()) == ("succeeded", 1)
    assert sum("was not written" in line for line in outcome.lines) == 1
    assert sum(request["action"] == "ModifyResourceTags" for request in world.sim.requests()) == 1


@pytest.mark.parametrize("action", ["ModifyResourceTags", "DescribeResourceTags"])
def test_where_it_is_required_nothing_is_wiped_without_it(world: World, action: str) -> None:
    """Before the power-off if it cannot be read; else the machine is started again."""
    world.cloud.faults.add({"action": action, "nth": 1, "times": 9999, "effect": PERMISSION})
    stack = world.stacks[0]
    stack.settings = {"zec:requireMarker": "true"}
    outcome = stack.up(WITH_SCRIPT)
    assert (outcome.end, "zec:requireMarker" in outcome.text, world.resets()) == ("failed", True, 0)
    assert (world.machine["status"], WEB in outcome.text) == ("RUNNING", True)
    assert ("StopInstances" in world.actions()) is (action == "ModifyResourceTags")


@pytest.mark.parametrize(("carried_out", "warned"), [(True, False), (False, True)])
def test_an_answer_that_was_lost_is_found_out_by_reading(world: World, *, carried_out: bool, warned: bool) -> None:
    effect = {"type": "drop", "carriedOut": carried_out}
    world.cloud.faults.add({"action": "ModifyResourceTags", "nth": 1, "effect": effect})
    outcome = world.stacks[0].up(WITH_SCRIPT)
    assert (outcome.end, any("was not written" in line for line in outcome.lines)) == ("succeeded", warned)
    assert phase(world) == ("done" if carried_out else "")


def test_values_that_cannot_be_deleted_harm_nothing(world: World) -> None:
    world.cloud.faults.add({"action": "DeleteTags", "nth": 1, "times": 9999, "effect": PERMISSION})
    outcome = world.stacks[0].up(WITH_SCRIPT)
    assert (outcome.end, phase(world)) == ("succeeded", "done")


def test_an_adopted_machine_ends_the_marker_of_its_own_killed_run(world: World) -> None:
    """A readable change, marked for an approval: the next up reads that it was made."""
    stack = world.stacks[0]
    wanted = parse_wanted({"instanceId": WEB, "imageId": DEBIAN})
    begun = Marker.begun(stack.urn, plan_digest(stack.urn, None, wanted), "89abcdef", world.clock.now())
    world.mark(replace(begun, phase=Phase.ACCEPTED).value)
    world.by_hand(imageId=DEBIAN)
    assert stack.up({"imageId": DEBIAN}).end == "succeeded"
    assert (phase(world), world.resets()) == ("done", 0)


# A change that was taken back: nothing is to be rebuilt, and only the tag tells that it was made.


TAKEN_BACK = [
    ("row sending ResetInstance", "begun"),
    ("after ResetInstance", "begun"),
    ("row RUNNING, verifying", "done"),
]


@pytest.mark.parametrize(("where", "said"), TAKEN_BACK)
def test_a_script_that_was_taken_back_is_warned_of_until_it_is_settled(world: World, where: str, said: str) -> None:
    """On another computer, in preview and up, whether the machine was rebuilt or only about to be."""
    stack = killed_elsewhere(world, where, WITH_SCRIPT)
    world.cloud.clock.advance(400)
    rebuilt = world.resets()
    for outcome in (stack.preview({"imageId": JAMMY}), stack.up({"imageId": JAMMY}), stack.up({"imageId": JAMMY})):
        assert (outcome.end, outcome.changes, world.resets()) == ("succeeded", False, rebuilt)
        (line,) = outcome.lines
        assert f"Instance {WEB} may be running a first-boot script or a password that your program no longer" in line
        assert ("zec:closeAttempt" in line) == (said == "begun")
    assert phase(world) == said
    assert stack.up({"imageId": JAMMY, "rebuildToken": "without"}).end == "succeeded"
    assert (stack.up({"imageId": JAMMY, "rebuildToken": "without"}).lines, world.resets()) == ([], rebuilt + 1)


def test_a_person_s_word_ends_the_warning(world: World) -> None:
    """It was not rebuilt, as somebody has seen."""
    stack = killed_elsewhere(world, "row sending ResetInstance", WITH_SCRIPT)
    attempt = (world.marker or "").split(".")[2]
    stack.settings = {"zec:closeAttempt": f"{attempt}=not-rebuilt"}
    assert stack.up({"imageId": JAMMY}).lines == []
    stack.settings = {"zec:closeAttempt": f"{attempt}=rebuilt"}
    assert any("may be running" in line for line in stack.up({"imageId": JAMMY}).lines)


def test_a_rebuild_under_way_that_the_program_took_back_is_no_success(world: World) -> None:
    """The machine is off, and nobody waits for it. Once it runs, up warns."""
    stack = killed_elsewhere(world, "row DEPLOYING", WITH_SCRIPT)
    for outcome in (stack.preview({"imageId": JAMMY}), stack.up({"imageId": JAMMY})):
        (said,) = [*outcome.lines, outcome.text] if outcome.text else outcome.lines
        assert "for a change that your program no longer asks for: its tag zec-pulumi-attempt says so" in said
        assert "It is DEPLOYING" in said
    assert (outcome.end, world.resets()) == ("failed", 1)
    world.cloud.clock.advance(400)
    assert stack.up({"imageId": JAMMY}).end == "succeeded"


def test_an_image_that_was_taken_back_with_its_script_is_no_success(world: World) -> None:
    """The machine runs it. The way back is a rebuild, which a refresh shows."""
    stack = killed_elsewhere(world, "row RUNNING, verifying", {"imageId": NOBLE, "userData": SCRIPT})
    outcome = stack.up({"imageId": JAMMY})
    assert (outcome.end, world.resets()) == ("failed", 1)
    assert f"RUNNING with image {NOBLE} and key key-YWD2QFOl. This run has changed nothing" in outcome.text
    stack.refresh()
    assert any("will be wiped: imageId" in line for line in stack.preview({"imageId": JAMMY}).lines)
    assert stack.up({"imageId": JAMMY}).end == "succeeded"
    assert (stack.up({"imageId": JAMMY}).lines, world.machine["imageId"], world.resets()) == ([], JAMMY, 2)


def test_a_script_taken_back_without_its_image_is_warned_of_where_the_machine_is_adopted(world: World) -> None:
    """It has the image, and what runs on it is not known."""
    stack = killed_elsewhere(world, "row RUNNING, verifying", {"imageId": NOBLE, "userData": SCRIPT})
    for _ in range(2):
        outcome = stack.up({"imageId": NOBLE})
        assert (outcome.end, world.resets()) == ("succeeded", 1)
        assert any("may be running a first-boot script" in line for line in outcome.lines)


@pytest.mark.parametrize("lost", [False, True], ids=["journal", "journal lost"])
def test_what_a_later_killed_run_did_is_warned_of_where_an_earlier_attempt_is_joined(
    world: World, *, lost: bool
) -> None:
    """The stack has recorded the first attempt, and wants it again; the disk is that of the second."""
    stack, first = world.stacks[0], {**WITH_SCRIPT, "imageId": NOBLE}
    world.points.armed = Disturbance("row reset accepted", 1, stack.told_to_stop)
    assert stack.up(first).end == "failed"
    world.points.armed = Disturbance("row RUNNING, verifying", 1, kill)
    assert stack.up({**OTHER_SCRIPT, "imageId": NOBLE}).end == "killed"
    if lost:
        world.lose_journal(stack)
    for outcome in (stack.preview(first), stack.up(first), stack.up(first)):
        assert (outcome.end, world.resets()) == ("succeeded", 2)
        assert any("may be running" in line and "no longer has" in line for line in outcome.lines), outcome.lines


def test_a_tag_that_a_resource_begins_with_is_not_warned_of(world: World) -> None:
    """The stack has forgotten the resource and adopts the machine as it is."""
    stack = world.stacks[0]
    assert stack.up(WITH_SCRIPT).end == "succeeded"
    attempt = (world.marker or "").split(".")[2]
    stack.destroy()
    stack.generation = 0
    assert stack.up({"imageId": JAMMY}).lines == ["adopt: already runs ubuntu2204_20240712; nothing is wiped"]
    assert stack.outputs["applied"]["markedAttempt"] == attempt
    for outcome in (stack.preview({"imageId": JAMMY}), stack.up({"imageId": JAMMY})):
        assert outcome.lines == []
    world.by_hand(imageId=NOBLE)
    assert stack.up({"imageId": NOBLE}).end == "succeeded", "adopted once more"
    assert stack.up({"imageId": NOBLE}).lines == []


def test_a_tag_of_an_earlier_rebuild_than_the_recorded_one_is_not_warned_of(world: World) -> None:
    """A rebuild for what the API shows leaves the tag of the one before."""
    stack = world.stacks[0]
    assert stack.up(WITH_SCRIPT).end == "succeeded"
    world.cloud.clock.advance(5)
    assert stack.up({"imageId": NOBLE, "userData": SCRIPT}).end == "succeeded"
    tag = world.marker
    assert stack.up({"imageId": NOBLE, "userData": SCRIPT}).lines == []
    assert (world.marker, world.resets()) == (tag, 2)


def test_of_a_script_that_a_killed_run_may_have_run_nobody_says_that_it_never_ran(world: World) -> None:
    """The record says so; the tag knows better."""
    stack = world.stacks[0]
    stack.destroy()
    assert stack.up(WITH_SCRIPT).lines[-1] == "adopted as it is: user data was not run"
    world.points.armed = Disturbance("row RUNNING, verifying", 1, kill)
    assert stack.up(OTHER_SCRIPT).end == "killed"
    world.lose_journal(stack)
    said = stack.preview({"imageId": JAMMY}).lines
    assert any("may be running" in line for line in said)
    assert not any("never run" in line for line in said)


def test_a_tag_that_was_about_to_be_sent_hides_no_rebuild_before_it(world: World) -> None:
    """Two killed runs: the second took the first one's tag away, and the machine still shows the first one."""
    first = {"imageId": NOBLE, "userData": SCRIPT}
    killed_elsewhere(world, "row RUNNING, verifying", first)
    world.cloud.clock.advance(5)
    stack = killed_elsewhere(world, "row sending ResetInstance", OTHER_SCRIPT)
    outcome = stack.up(first)
    assert (outcome.end, world.resets()) == ("failed", 1)
    assert "it has the wanted image_id, and the stack has not recorded that" in outcome.text


def own_marker(world: World, phase: Phase) -> None:
    """Put a marker of another program of the first stack's resource on the machine, which nothing knows."""
    marker = Marker.begun(world.stacks[0].urn, "0" * 16, "89abcdef", world.clock.now())
    world.mark(replace(marker, phase=phase).value)


def warns(outcome: Outcome) -> bool:
    """Whether a row says that the machine may run something else."""
    return any("may be running" in line for line in outcome.lines)


@pytest.mark.parametrize("phase", Phase)
def test_every_tag_of_this_resource_but_a_closed_one_is_warned_of(world: World, phase: Phase) -> None:
    """Nothing is to be rebuilt, and nobody has recorded that attempt."""
    own_marker(world, phase)
    assert warns(world.stacks[0].up({"imageId": JAMMY})) == (phase is not Phase.CLOSED)


def test_what_the_record_has_is_not_warned_of_on_another_computer(world: World) -> None:
    """The tag names the rebuild that the stack has recorded."""
    stack = world.stacks[0]
    assert stack.up(WITH_SCRIPT).end == "succeeded"
    world.lose_journal(stack)
    assert stack.up(WITH_SCRIPT).lines == []


def test_what_the_journal_knows_to_be_of_no_matter_is_not_warned_of(world: World) -> None:
    """A token leaves nothing on the machine. The tag does not say what it was for, the journal does."""
    stack = world.stacks[0]
    world.points.armed = Disturbance("row RUNNING, verifying", 1, kill)
    assert stack.up({"imageId": JAMMY, "rebuildToken": "one"}).end == "killed"
    assert stack.up({"imageId": JAMMY}).lines == []
    world.lose_journal(stack)
    assert warns(stack.up({"imageId": JAMMY}))


def test_a_tag_of_what_the_program_still_asks_for_is_not_warned_of(world: World) -> None:
    """A refresh has recorded the image, so nothing is to be rebuilt."""
    stack = world.stacks[0]
    wanted = parse_wanted({"instanceId": WEB, "imageId": NOBLE})
    digest = plan_digest(stack.urn, stack.previous, wanted)
    world.mark(replace(Marker.begun(stack.urn, digest, "89abcdef", world.clock.now()), phase=Phase.DONE).value)
    world.by_hand(imageId=NOBLE)
    stack.refresh()
    assert stack.up({"imageId": NOBLE}).lines == []


def test_drift_beside_a_tag_that_was_about_to_be_sent_is_only_warned_of(world: World) -> None:
    """Nobody knows whose it is."""
    own_marker(world, Phase.BEGUN)
    world.by_hand(imageId=NOBLE)
    outcome = world.stacks[0].up({"imageId": JAMMY})
    assert (outcome.end, warns(outcome), len(outcome.lines)) == ("succeeded", True, 2)


def test_an_attempt_that_is_joined_while_a_later_one_installs_is_waited_for(world: World) -> None:
    """What comes of it is verified, and what it may run is warned of."""
    stack, first = world.stacks[0], {**WITH_SCRIPT, "imageId": NOBLE}
    world.points.armed = Disturbance("row reset accepted", 1, stack.told_to_stop)
    assert stack.up(first).end == "failed"
    killed_elsewhere(world, "row DEPLOYING", {**OTHER_SCRIPT, "imageId": NOBLE})
    outcome = stack.up(first)
    assert (outcome.end, warns(outcome), world.resets()) == ("succeeded", True, 2)


def test_while_the_script_is_not_known_nobody_says_that_it_was_taken_back(world: World) -> None:
    own_marker(world, Phase.DONE)
    assert not warns(world.stacks[0].preview({"imageId": JAMMY, "userData": UNKNOWN}))


def test_a_tag_of_before_the_recorded_attempt_is_not_warned_of(world: World) -> None:
    """The attempt is for the image alone, and has no tag."""
    own_marker(world, Phase.DONE)
    world.cloud.clock.advance(60)
    stack = world.stacks[0]
    world.points.armed = Disturbance("row DEPLOYING", 1, stack.told_to_stop)
    assert stack.up({"imageId": NOBLE}).end == "failed"
    world.lose_journal(stack)
    joined = stack.up({"imageId": NOBLE})
    assert (joined.end, warns(joined), world.resets()) == ("succeeded", False, 1)


def test_a_script_that_was_changed_after_its_killed_run_is_rebuilt_for(world: World) -> None:
    """The machine has the image that nobody recorded, and the tag says that the rebuild was another."""
    stack = killed_elsewhere(world, "row RUNNING, verifying", {**WITH_SCRIPT, "imageId": NOBLE})
    assert stack.up({**OTHER_SCRIPT, "imageId": NOBLE}).end == "succeeded"
    assert world.resets() == 2


def test_an_answer_lets_a_change_in_place_through(world: World) -> None:
    """The other resource's rebuild was killed, as somebody has seen; or it was this one's, under an older name."""
    stack = world.stacks[0]
    mark_by_another(world, Phase.BEGUN)
    stack.settings = {"zec:closeAttempt": "89abcdef=not-rebuilt"}
    assert stack.up({"imageId": JAMMY, "instanceName": "renamed"}).end == "succeeded"
    stack.settings = {}
    world.mark(None)
    assert stack.up(WITH_SCRIPT).end == "succeeded"
    known = Marker.begun(URN, "0" * 16, stack.previous or "", world.clock.now())
    world.mark(known.value)
    assert stack.up({**WITH_SCRIPT, "instanceName": "again"}).end == "succeeded"
