"""A run ended too early, and its program was changed before the next up: what record, journal and marker tell."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.points import Disturbance, kill
from tests.support.programs import JAMMY, KEY, NOBLE, OTHER_KEY, PASSWORDS, SCRIPTS, ZONE
from tests.support.world import WEB, World
from zec_pulumi.api import Instance
from zec_pulumi.planning.inputs import UNKNOWN, parse_wanted
from zec_pulumi.planning.same_rebuild import plan_digest, programs_alike

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.stack import Outcome, Stack

PROGRAM: dict[str, Any] = {"imageId": JAMMY, "userData": SCRIPTS[0]}
OTHER_SCRIPT = {"userData": SCRIPTS[1]}
SET_IN_PLACE = {"password": PASSWORDS[0]}
OTHER_ZONE = "Asia/Tokyo"
PERMISSION = {"type": "error", "code": "OPERATION_DENIED_SOMETHING_NEW", "status": 403}
DEPLOYING, VERIFYING = "row DEPLOYING", "row RUNNING, verifying"
NO_TAGS = {"zec:markAttempts": "false"}
NOT_KEPT = "The journal keeps no values"
NEEDS_REBUILD = "only a rebuild can change this"


@pytest.fixture
def world() -> Iterator[World]:
    with World("DEPLOYING", Counter(), one_runner=False) as made:
        made.stacks[0].up({"imageId": JAMMY})
        yield made


def ended(world: World, left: str, where: str = VERIFYING, program: dict[str, Any] = PROGRAM) -> Stack:
    """Kill an up there; of what it ``left``, the marker or the journal may be gone. Or cancel it: it is recorded."""
    stack = world.stacks[0]
    stack.settings = NO_TAGS if left == "journal" else {}
    if left == RECORD:
        world.points.armed = Disturbance(DEPLOYING, 1, stack.told_to_stop)
        assert (stack.up(program).end, "attempt" in stack.outputs) == ("failed", True)
        world.clock.advance(0 if where == DEPLOYING else 500)
        return stack
    world.points.armed = Disturbance(where, 1, kill)
    assert stack.up(program).end == "killed"
    if left == "marker":
        world.lose_journal(stack)
    return stack


def is_warned_of(outcome: Outcome) -> bool:
    return any(NOT_KEPT in line for line in outcome.lines)


RECORD = "record"
EVERYTHING = ["journal and marker", "journal", "marker", RECORD]


@pytest.mark.parametrize("left", EVERYTHING)
@pytest.mark.parametrize(
    "change", [{}, {"keyId": KEY}, {"timezone": ZONE}, {"enableAgent": True}, {"imageId": None}], ids=str
)
def test_a_program_that_asks_for_no_more_than_the_machine_has_is_the_same(
    world: World, left: str, change: dict[str, Any]
) -> None:
    """Whoever names what the machine has, or leaves it out, is not wiped for that. The marker knows the script."""
    stack = ended(world, left)
    program = {key: value for key, value in {**PROGRAM, **change}.items() if value is not None}
    shown = stack.preview(program)
    assert any(line.startswith("join: ") for line in shown.lines)
    assert is_warned_of(shown) is (left == "journal")
    assert (stack.up(program).end, world.resets()) == ("succeeded", 1)
    assert not stack.preview(program).changes


@pytest.mark.parametrize("left", EVERYTHING)
@pytest.mark.parametrize(
    "more",
    [
        {"keyId": KEY, "timezone": ZONE},
        {"keyId": OTHER_KEY},
        {"timezone": OTHER_ZONE},
        {"enableAgent": False},
        SET_IN_PLACE,
    ],
    ids=str,
)
def test_what_the_first_run_has_set_may_be_left_out(world: World, left: str, more: dict[str, Any]) -> None:
    """The machine keeps it, and that is as the program says."""
    assert ended(world, left, program={**PROGRAM, **more}).up(PROGRAM).end == "succeeded"
    assert world.resets() == 1


@pytest.mark.parametrize(("left", "resets"), [("journal and marker", 2), ("journal", 1), ("marker", 2), (RECORD, 2)])
def test_another_script_is_another_rebuild_where_the_marker_tells(world: World, left: str, resets: int) -> None:
    """The journal keeps no value to compare, so by itself it can only warn."""
    stack = ended(world, left)
    program = {**PROGRAM, **OTHER_SCRIPT}
    shown = stack.preview(program)
    assert any(line.startswith("rebuild: ") for line in shown.lines) is (resets == 2)
    assert is_warned_of(shown) is (resets == 1)
    assert (stack.up(program).end, world.resets()) == ("succeeded", resets)


@pytest.mark.parametrize("left", EVERYTHING)
def test_another_token_is_another_rebuild(world: World, left: str) -> None:
    stack = ended(world, left)
    assert (stack.up({**PROGRAM, "rebuildToken": "again"}).end, world.resets()) == ("succeeded", 2)


def test_another_token_than_that_of_the_killed_run_is_another_rebuild(world: World) -> None:
    """Somebody wants it rebuilt once more; the marker tells that the token is a new one."""
    stack = ended(world, "journal and marker", program={"imageId": JAMMY, "rebuildToken": "one"})
    assert (stack.up({"imageId": JAMMY, "rebuildToken": "two"}).end, world.resets()) == ("succeeded", 2)


@pytest.mark.parametrize("where", [DEPLOYING, VERIFYING, "returned"])
@pytest.mark.parametrize("left", EVERYTHING)
def test_a_password_that_was_added_is_set_in_place_once_the_rebuild_is_over(
    world: World, left: str, where: str
) -> None:
    """The killed run set none, as its attempt names no password: it is not recorded before it is set."""
    stack = ended(world, left, where)
    program = {**PROGRAM, **SET_IN_PLACE}
    (row,) = (line for line in stack.preview(program).lines if line.startswith("join: "))
    assert row.endswith("wipes nothing again; changed in place: password")
    assert stack.up(program).end == "succeeded"
    assert world.actions() == ["StopInstances", "ResetInstance", "ResetInstancePassword"]
    assert not stack.preview(program).changes


@pytest.mark.parametrize("left", EVERYTHING)
def test_what_was_added_is_still_to_do_after_a_join_that_failed(world: World, left: str) -> None:
    """The stack records the attempt as it was made, not as the program is now."""
    stack = ended(world, left)
    world.cloud.faults.add({"action": "ResetInstancePassword", "nth": 1, "effect": PERMISSION})
    program = {**PROGRAM, **SET_IN_PLACE}
    assert stack.up(program).end == "failed"
    assert (stack.outputs["attempt"]["outcome"], stack.outputs.get("password")) == ("accepted", None)
    assert stack.up(program).end == "succeeded"
    assert world.actions() == ["StopInstances", "ResetInstance", "ResetInstancePassword"]


@pytest.mark.parametrize("left", EVERYTHING)
@pytest.mark.parametrize(
    ("added", "name"), [({"timezone": OTHER_ZONE}, "timezone"), ({"enableAgent": False}, "enable")]
)
def test_what_only_a_rebuild_sets_is_refused_as_always(
    world: World, left: str, added: dict[str, Any], name: str
) -> None:
    """Nothing that was added since asks for another rebuild, and a success would say that it is there."""
    stack = ended(world, left)
    program = {**PROGRAM, **added}
    outcome = stack.up(program)
    assert (outcome.end, world.resets()) == ("failed", 1)
    assert (name in outcome.text, NEEDS_REBUILD in outcome.text) == (True, True)
    assert (stack.up({**program, "rebuildToken": "for this"}).end, world.resets()) == ("succeeded", 2)


@pytest.mark.parametrize(
    "beside", [{"timezone": OTHER_ZONE}, {"enableAgent": False}, {"timezone": ZONE}, SET_IN_PLACE], ids=str
)
@pytest.mark.parametrize("where", [DEPLOYING, VERIFYING])
@pytest.mark.parametrize("left", EVERYTHING)
def test_what_the_killed_run_set_beside_is_there(world: World, left: str, where: str, beside: dict[str, Any]) -> None:
    """Its attempt names it. Of a password nobody knows which one, so it is set anew."""
    program = {**PROGRAM, **beside}
    outcome = ended(world, left, where, program).up(program)
    anew = ["ResetInstancePassword"] if beside is SET_IN_PLACE and left != RECORD else []
    assert (outcome.end, world.actions()) == ("succeeded", ["StopInstances", "ResetInstance", *anew])
    assert is_warned_of(outcome) is (left == "journal")


@pytest.mark.parametrize("left", ["journal and marker", "journal", "marker"])
def test_a_password_that_cannot_be_set_anew_is_warned_of(world: World, left: str) -> None:
    """Without the agent nothing sets it but a rebuild; which one the killed run sent, nobody knows."""
    program = {**PROGRAM, **SET_IN_PLACE, "enableAgent": False}
    outcome = ended(world, left, program=program).up({**program, "password": PASSWORDS[1]})
    assert (outcome.end, world.actions()) == ("succeeded", ["StopInstances", "ResetInstance"])
    assert any("password was changed since" in line for line in outcome.lines)


@pytest.mark.parametrize("left", EVERYTHING)
def test_a_password_that_follows_the_rebuild_is_set_once(world: World, left: str) -> None:
    """Windows takes none in the rebuild, so the killed run had not set it yet."""
    world.cloud.patch(WEB, {"imageId": "windows2019_20240712", "keyId": None, "systemDisk": {"diskSize": 60}})
    stack = world.stacks[0]
    assert stack.up({"imageId": "windows2019_20240712"}).end == "succeeded"
    program = {"imageId": "windows2022_20240712", "rebuildToken": "one", **SET_IN_PLACE}
    assert ended(world, left, DEPLOYING, program).up(program).end == "succeeded"
    assert world.actions()[-3:] == ["StopInstances", "ResetInstance", "ResetInstancePassword"]


@pytest.mark.parametrize("left", EVERYTHING)
def test_what_the_first_run_set_is_no_drift_to_pass_over(world: World, left: str) -> None:
    """It switched the agent off, and the program asks for it again: only a rebuild does that."""
    stack = ended(world, left, program={**PROGRAM, "enableAgent": False})
    outcome = stack.up({**PROGRAM, "enableAgent": True})
    assert (outcome.end, NEEDS_REBUILD in outcome.text, world.resets()) == ("failed", True, 1)


@pytest.mark.parametrize("left", EVERYTHING)
@pytest.mark.parametrize("where", [DEPLOYING, VERIFYING])
def test_a_key_in_place_of_the_password_is_another_rebuild(world: World, left: str, where: str) -> None:
    """While the machine is reinstalled it still shows the key that the password takes off. Preview says so, too."""
    stack = ended(world, left, where, {**PROGRAM, **SET_IN_PLACE})
    program = {**PROGRAM, "keyId": KEY}
    assert any(line.startswith("rebuild: ") for line in stack.preview(program).lines)
    assert (stack.up(program).end, world.resets()) == ("succeeded", 2)


@pytest.mark.parametrize("left", ["journal and marker", "marker"])
def test_a_script_that_a_killed_run_has_run_is_not_called_not_run(world: World, left: str) -> None:
    """The resource is new to the stack, and the machine is adopted, as it has the image by now."""
    world.stacks.reverse()
    program = {"imageId": NOBLE, "userData": SCRIPTS[0]}
    stack = ended(world, left, program=program)
    for outcome in (stack.preview(program), stack.up(program)):
        assert outcome.lines[:1] == [f"adopt: already runs {NOBLE}; nothing is wiped"]
        assert not any("was not run" in line for line in outcome.lines)
    assert (world.resets(), stack.outputs["applied"].get("userDataNotRun")) == (1, None)


@pytest.mark.parametrize("first", [{}, SET_IN_PLACE], ids=str)
def test_a_password_that_was_added_or_changed_is_called_not_set_where_the_machine_is_adopted(
    world: World, first: dict[str, str]
) -> None:
    """The tag tells that the script was run, and not which password was set."""
    world.stacks.reverse()
    program = {"imageId": NOBLE, "userData": SCRIPTS[0]}
    stack = ended(world, "marker", program={**program, **first})
    lines = stack.up({**program, "password": PASSWORDS[1]}).lines
    assert any("password" in line and "user data" not in line for line in lines), lines


@pytest.mark.parametrize("left", ["journal and marker", "marker", "journal"])
@pytest.mark.parametrize("script", [{}, {"userData": SCRIPTS[0]}], ids=str)
def test_a_resource_that_is_rebuilt_whatever_it_has_is_rebuilt_once(
    world: World, left: str, script: dict[str, str]
) -> None:
    """It is new to the stack, with adopt="never" and another image: nothing but the tag tells of a killed run."""
    world.stacks.reverse()
    program = {"imageId": NOBLE, "adopt": "never", **script}
    stack = ended(world, left, program=program)
    world.clock.advance(500)
    assert (stack.up(program).end, world.resets()) == ("succeeded", 1)


def test_a_recorded_password_is_no_added_one(world: World) -> None:
    """A rebuild sends it again; its attempt does not name it, as the program has not changed it."""
    stack = world.stacks[0]
    assert stack.up({"imageId": JAMMY, **SET_IN_PLACE}).end == "succeeded"
    program = {**PROGRAM, **SET_IN_PLACE}
    assert ended(world, "journal", program=program).up(program).end == "succeeded"
    assert world.actions() == ["ResetInstancePassword", "StopInstances", "ResetInstance"]


@pytest.mark.parametrize("left", ["journal and marker", "marker"])
def test_a_reinstall_after_the_marked_attempt_is_joined(world: World, left: str) -> None:
    """Nobody saw the answer, and it is seen to be carried out: with the journal as without."""
    stack = ended(world, left, "after ResetInstance")
    assert (stack.up(PROGRAM).end, world.resets()) == ("succeeded", 1)


@pytest.mark.parametrize("change", [{}, {"keyId": KEY}], ids=str)
def test_an_attempt_that_nobody_saw_is_asked_about(world: World, change: dict[str, Any]) -> None:
    stack = ended(world, "journal and marker", "after ResetInstance")
    world.clock.advance(500)
    outcome = stack.up({**PROGRAM, **change})
    assert (outcome.end, "attempts close" in outcome.text, world.resets()) == ("failed", True, 1)


def test_an_attempt_that_nobody_saw_is_not_asked_about_where_it_was_for_another_script(world: World) -> None:
    """Whatever became of it: what is asked for now was never sent."""
    stack = ended(world, "journal and marker", "before ResetInstance")
    assert (stack.up({**PROGRAM, **OTHER_SCRIPT}).end, world.resets()) == ("succeeded", 1)


LIVE = Instance(instance_id=WEB, image_id=JAMMY, key_id=KEY, time_zone=ZONE)


def digests(**program: Any) -> list[str]:
    wanted = parse_wanted({"instanceId": WEB, **program})
    return [plan_digest("urn", None, one) for one in programs_alike(wanted, LIVE)]


def test_programs_that_ask_for_the_same_rebuild_differ_by_what_the_machine_has() -> None:
    """The first is the program's own; an image or a key that the machine has not is in all of them."""
    own = digests(imageId=JAMMY, userData=SCRIPTS[0])
    assert own[0] == plan_digest(
        "urn", None, parse_wanted({"instanceId": WEB, "imageId": JAMMY, "userData": SCRIPTS[0]})
    )
    assert len(set(own)) == len(own) == 16
    # With a key there was no password.
    assert set(digests(userData=SCRIPTS[0], keyId=KEY, timezone=ZONE)) < set(own)
    assert not set(own) & set(digests(imageId=NOBLE, userData=SCRIPTS[0]))
    assert not set(own) & set(digests(keyId=OTHER_KEY, userData=SCRIPTS[0]))
    assert not set(own) & set(digests(imageId=JAMMY, userData=SCRIPTS[1]))


@pytest.mark.parametrize(
    ("added", "trigger"),
    [({"timezone": OTHER_ZONE}, "timezone"), ({"enableAgent": True}, "enableAgent"), (SET_IN_PLACE, "password")],
)
def test_what_was_added_makes_another_rebuild_only_where_it_asks_for_one(added: dict[str, Any], trigger: str) -> None:
    before = digests(imageId=JAMMY)[0]
    assert before in digests(imageId=JAMMY, **added)
    assert before not in digests(imageId=JAMMY, **added, rebuildOn=[trigger])


@pytest.mark.parametrize("left", ["journal and marker", "journal", "marker"])
def test_an_image_that_is_not_known_yet_may_be_another_one(world: World, left: str) -> None:
    """So preview announces the wipe, also where the machine has the image that the killed run was for."""
    stack = ended(world, left, program={**PROGRAM, "imageId": NOBLE})
    shown = stack.preview({**PROGRAM, "imageId": UNKNOWN})
    assert any(line.startswith(("rebuild: ", "undecided: ")) for line in shown.lines), shown.lines
