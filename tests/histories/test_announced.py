"""What a preview announces, and what up then does to the machine: by the ledger."""

from __future__ import annotations

import base64
import gzip
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.points import Disturbance, kill
from tests.support.programs import DEBIAN, JAMMY, KEY, NOBLE, OTHER_KEY
from zec_pulumi.planning.inputs import UNKNOWN

if TYPE_CHECKING:
    from tests.support.stack import Stack
    from tests.support.world import World

SCRIPT, OTHER_SCRIPT = "#!/bin/sh\n# one\n", "#!/bin/sh\n# two\n"


def row(stack: Stack, **program: Any) -> str:
    """Return the one line of a preview that announces a wipe, or that there may be one."""
    lines = stack.preview(program).lines
    (line,) = [line for line in lines if line.startswith(("rebuild:", "undecided:"))]
    return line


def last_causes(stack: Stack) -> list[str]:
    causes: list[str] = stack.outputs["lastRebuild"]["causes"]
    return causes


@pytest.mark.parametrize(
    ("by_hand", "program", "cause"),
    [
        ({"imageId": DEBIAN}, {"imageId": JAMMY}, f"imageId {DEBIAN} (Debian 12) → {JAMMY} (Ubuntu Server 22.04 LTS)"),
        ({"keyId": OTHER_KEY}, {"keyId": KEY}, f"keyId {OTHER_KEY} → {KEY}"),
        ({"timeZone": "UTC"}, {"timezone": "Asia/Shanghai"}, "timezone UTC → Asia/Shanghai"),
        ({"enableAgent": False}, {"enableAgent": True}, "enableAgent off → on"),
        ({"instanceName": "mine"}, {"instanceName": "web-1"}, "instanceName mine → web-1"),
    ],
)
def test_what_a_reset_puts_back_is_a_cause_whoever_changed_it(
    world: World, by_hand: dict[str, Any], program: dict[str, Any], cause: str
) -> None:
    """On the row, and in last_rebuild; the arrow points at what the machine has afterwards."""
    stack = world.stacks[0]
    stack.up(program)
    world.by_hand(**by_hand)
    wanted = {**program, "rebuildToken": "one"}
    assert f"wiped: rebuildToken given, {cause} (changed outside Pulumi); " in row(stack, **wanted)
    assert stack.up(wanted).end == "succeeded"
    assert world.resets() == 1
    assert len(last_causes(stack)) == 2
    field = next(iter(by_hand))
    assert world.machine[field] == next(iter(program.values()))


def test_what_somebody_changed_and_the_program_omits_is_no_cause(world: World) -> None:
    """The reset leaves it as it is."""
    stack = world.stacks[0]
    stack.up({})
    world.by_hand(imageId=DEBIAN, timeZone="UTC", instanceName="mine")
    assert "wiped: rebuildToken given; " in row(stack, rebuildToken="one")
    assert stack.up({"rebuildToken": "one"}).end == "succeeded"
    assert last_causes(stack) == ["rebuildToken given"]
    assert (world.machine["imageId"], world.machine["instanceName"]) == (DEBIAN, "mine")


@pytest.mark.parametrize("refreshed", [False, True])
def test_drift_points_at_what_will_run(world: World, *, refreshed: bool) -> None:
    """The row's arrow is the same before and after a refresh."""
    stack = world.stacks[0]
    stack.up({"imageId": JAMMY})
    world.by_hand(imageId=DEBIAN)
    if refreshed:
        stack.refresh()
    program = {"imageId": JAMMY} if refreshed else {"imageId": JAMMY, "rebuildToken": "one"}
    arrow = f"imageId {DEBIAN} (Debian 12) → {JAMMY} (Ubuntu Server 22.04 LTS) (changed outside Pulumi)"
    assert arrow in row(stack, **program)
    stack.up(program)
    assert world.machine["imageId"] == JAMMY


@pytest.mark.parametrize(
    "unknown",
    [
        {"adopt": UNKNOWN},
        {"rebuildOn": UNKNOWN, "timezone": "UTC"},
        {"rebuildOn": ["timezone", UNKNOWN]},
        {"timezone": UNKNOWN, "rebuildOn": ["timezone"]},
        {"imageId": UNKNOWN},
    ],
)
def test_what_a_preview_does_not_know_of_a_new_machine_it_says(world: World, unknown: dict[str, Any]) -> None:
    """Whatever it turns out to be in up."""
    assert row(world.stacks[0], **unknown).startswith("undecided: ")


@pytest.mark.parametrize(
    "unknown",
    [
        {"rebuildOn": UNKNOWN, "timezone": "UTC"},
        {"rebuildOn": ["password"], "password": UNKNOWN},
        {"enableAgent": UNKNOWN, "rebuildOn": UNKNOWN},
        {"userDataBase64": UNKNOWN},
        {"rebuildToken": UNKNOWN},
    ],
)
def test_what_a_preview_does_not_know_of_a_recorded_machine_it_says(world: World, unknown: dict[str, Any]) -> None:
    """The same for an update."""
    stack = world.stacks[0]
    stack.up({"imageId": JAMMY})
    assert row(stack, imageId=JAMMY, **unknown).startswith("undecided: ")


@pytest.mark.parametrize("undecided", ["rebuildToken", "imageId", "rebuildOn"])
def test_a_password_that_only_a_rebuild_can_set_is_not_refused_while_a_rebuild_is_undecided(
    world: World, undecided: str
) -> None:
    """The machine has no agent, and up sets the password with the wipe that was announced as undecided."""
    stack = world.stacks[0]
    stack.up({"imageId": NOBLE, "enableAgent": False})
    known = {"rebuildToken": "one", "imageId": JAMMY, "rebuildOn": ["password"]}[undecided]
    program = {"imageId": NOBLE, "enableAgent": False, "password": "Abcdef-123"}
    assert row(stack, **{**program, undecided: UNKNOWN}).startswith("undecided: ")
    assert stack.up({**program, undecided: known}).end == "succeeded"
    assert world.resets() == 2


REINSTALLED = {"becomes": "RUNNING", "afterSeconds": 50, "changes": {"imageId": DEBIAN}}
UNDER_WAY = {"status": "DEPLOYING", "pending": REINSTALLED}


@pytest.mark.parametrize("recorded", [False, True])
@pytest.mark.parametrize("program", [{"imageId": NOBLE}, {"imageId": NOBLE, "keyId": KEY, "instanceName": "front"}])
def test_a_machine_that_somebody_is_reinstalling_is_undecided(
    world: World, program: dict[str, Any], *, recorded: bool
) -> None:
    """It still shows what is wanted, and up decides by what it will be."""
    stack = world.stacks[0]
    if recorded:
        stack.up({"imageId": JAMMY})
    world.by_hand(imageId=NOBLE)
    world.by_hand(**UNDER_WAY)
    assert "is DEPLOYING; up waits for that to end" in row(stack, **program)
    assert stack.up(program).end == "succeeded"
    assert (world.resets(), world.machine["imageId"]) == (1, NOBLE)


def test_a_machine_that_is_still_changing_and_is_never_rebuilt_is_not_undecided(world: World) -> None:
    """Nothing that the program asks for could differ, or adopt is "only"."""
    stack = world.stacks[0]
    world.by_hand(**UNDER_WAY)
    for program in ({}, {"imageId": JAMMY, "adopt": "only"}):
        assert not any(line.startswith("undecided:") for line in stack.preview(program).lines)


@pytest.mark.parametrize("empty", [{"userData": ""}, {"userDataBase64": ""}])
def test_an_empty_script_is_none(world: World, empty: dict[str, Any]) -> None:
    """There and back, nothing is wiped, and nothing is to be done."""
    stack = world.stacks[0]
    stack.up({"imageId": JAMMY})
    for program in (empty, {}, empty):
        outcome = stack.up({"imageId": JAMMY, **program})
        assert (outcome.end, outcome.changes) == ("succeeded", False)
    assert world.actions() == []
    stack.up({"imageId": NOBLE, **empty})
    assert "userData" not in world.cloud.ledger.entries()[-1]["parameters"]


def test_an_adopted_script_may_be_taken_out(world: World) -> None:
    """The machine never ran it: only the record changes, and the row says so. Refreshing forgets nothing."""
    stack = world.stacks[0]
    stack.up({"imageId": JAMMY, "userData": SCRIPT})
    stack.refresh()
    outcome = stack.up({"imageId": JAMMY})
    assert any(line.startswith("record: user data is taken out that was never run") for line in outcome.lines)
    assert stack.up({"imageId": JAMMY}).changes is False
    assert world.actions() == []
    assert stack.outputs["applied"] == {"imageId": JAMMY, "keyId": KEY}


def test_an_adopted_script_that_is_changed_is_run(world: World) -> None:
    """From then on it is on the machine, so that taking it out is a wipe."""
    stack = world.stacks[0]
    stack.up({"imageId": JAMMY, "userData": SCRIPT})
    assert "wiped: userData changed; " in row(stack, imageId=JAMMY, userData=OTHER_SCRIPT)
    stack.up({"imageId": JAMMY, "userData": OTHER_SCRIPT})
    assert "wiped: userData taken out; " in row(stack, imageId=JAMMY)
    stack.up({"imageId": JAMMY})
    assert world.resets() == 2


def test_an_adopted_script_that_ran_with_another_image_is_on_the_machine(world: World) -> None:
    """The rebuild for the image ran it for the first time."""
    stack = world.stacks[0]
    stack.up({"imageId": JAMMY, "userData": SCRIPT})
    assert "the first-boot script that is recorded runs" in row(stack, imageId=NOBLE, userData=SCRIPT)
    stack.up({"imageId": NOBLE, "userData": SCRIPT})
    assert "wiped: userData taken out; " in row(stack, imageId=NOBLE)


def test_a_script_that_a_killed_create_may_have_run_is_not_taken_for_one_that_never_ran(world: World) -> None:
    """The machine is adopted as it is, and the journal knows whose work that was."""
    stack = world.stacks[0]
    program = {"imageId": NOBLE, "userData": SCRIPT}
    world.points.armed = Disturbance("returned", 1, kill)
    assert stack.up(program).end == "killed"
    world.cloud.clock.advance(100)
    assert stack.up(program).end == "succeeded"
    assert "userDataNotRun" not in stack.outputs["applied"]
    assert "wiped: userData taken out; " in row(stack, imageId=NOBLE)


def test_a_script_of_an_older_release_is_taken_out_with_a_wipe_that_is_announced(world: World) -> None:
    """Its record does not say whether it was run."""
    stack = world.stacks[0]
    stack.up({"imageId": JAMMY, "userData": SCRIPT})
    stack.outputs["applied"].pop("userDataNotRun")
    assert "wiped: userData taken out; " in row(stack, imageId=JAMMY)


def gzipped(time: int) -> str:
    return base64.b64encode(gzip.compress(SCRIPT.encode(), mtime=time)).decode()


def mime(boundary: int) -> str:
    whole = MIMEMultipart(boundary=f"={boundary}=")
    whole.attach(MIMEText(SCRIPT, "x-shellscript"))
    return whole.as_string()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"userDataBase64": gzipped(1)}, {"userDataBase64": gzipped(2)}),
        ({"userData": mime(1)}, {"userData": mime(2)}),
    ],
)
def test_a_script_that_is_packed_anew_at_every_run_changes_nothing(
    world: World, one: dict[str, Any], other: dict[str, Any]
) -> None:
    """Neither for up nor for the engine; when something else rebuilds, what the program says is sent."""
    stack = world.stacks[0]
    stack.up({"imageId": NOBLE, **one})
    for program in (other, one, other):
        outcome = stack.up({"imageId": NOBLE, **program})
        assert (outcome.end, outcome.changes, outcome.lines) == ("succeeded", False, [])
    assert world.resets() == 1
    stack.up({"imageId": JAMMY, **other})
    assert last_causes(stack) == [f"imageId {NOBLE} → {JAMMY}"]


def test_a_stopped_machine_is_said_to_run_afterwards(world: World) -> None:
    """And so it does."""
    stack = world.stacks[0]
    stack.up({"imageId": JAMMY})
    world.by_hand(status="STOPPED")
    assert "; it is off and will run afterwards, " in row(stack, imageId=NOBLE)
    stack.up({"imageId": NOBLE})
    assert world.machine["status"] == "RUNNING"


def test_drift_after_a_kill_is_no_other_planned_rebuild(world: World) -> None:
    """Somebody changes the name of the machine after a run was killed: its attempt counts all the same."""
    stack = world.stacks[0]
    stack.up({"imageId": JAMMY, "instanceName": "web-1"})
    program = {"imageId": JAMMY, "instanceName": "web-1", "userData": SCRIPT}
    world.points.armed = Disturbance("returned", 1, kill)
    assert stack.up(program).end == "killed"
    world.by_hand(instanceName="mine")
    assert not any(line.startswith("rebuild:") for line in stack.preview(program).lines)
    stack.up(program)
    assert world.resets() == 1


def test_what_a_killed_rebuild_changed_beside_does_not_make_it_another(world: World) -> None:
    """It put back what somebody had changed; that is no cause any more, and the program changes the name again."""
    stack = world.stacks[0]
    stack.up({"imageId": JAMMY})
    world.by_hand(imageId=DEBIAN)
    program = {"imageId": JAMMY, "userData": SCRIPT, "instanceName": "front"}
    world.points.armed = Disturbance("returned", 1, kill)
    assert stack.up(program).end == "killed"
    assert stack.up({**program, "instanceName": "back"}).end == "succeeded"
    assert world.resets() == 1
    assert world.machine["instanceName"] == "back"
