"""An approval is good for one rebuild of what it was given for. Judged by the ledger."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.points import Disturbance, kill
from tests.support.programs import DEBIAN, JAMMY, NOBLE
from tests.support.world import WEB
from zec_pulumi import health
from zec_pulumi.errors import StopReason
from zec_pulumi.messages.parse import Word, parse
from zec_pulumi.planning.approval import digest_of

if TYPE_CHECKING:
    from tests.rebuild.conftest import StrictStack as Stack

REBUILD = ["StopInstances", "ResetInstance"]
TOKEN = re.compile(r"add (\S+) to zec:approvedRebuilds")


def refused(stack: Stack, **inputs: Any) -> str:
    """Return the token that a refused up names."""
    before = stack.actions()
    with pytest.raises(stack.Failed, match="approval needed") as failure:
        stack.up(**inputs)
    assert stack.actions() == before
    (token,) = TOKEN.findall(str(failure.value))
    return str(token)


def approve(stack: Stack, *tokens: str) -> None:
    stack.settings = {"zec:requireApproval": "true", "zec:approvedRebuilds": ",".join(tokens)}


@pytest.fixture
def gated(stack: Stack) -> Stack:
    """A stack that requires approval; web-1 runs jammy and is not recorded."""
    stack.settings = {"zec:requireApproval": "true"}
    return stack


@pytest.fixture
def recorded(gated: Stack) -> Stack:
    """The same with web-1 adopted."""
    gated.up(imageId=JAMMY)
    return gated


def test_an_approved_rebuild_is_done_once(recorded: Stack) -> None:
    """And its token is not asked for again."""
    token = refused(recorded, imageId=NOBLE)
    approve(recorded, token)
    recorded.up(imageId=NOBLE)
    recorded.up(imageId=NOBLE)
    assert recorded.actions() == REBUILD
    recorded.up(imageId=NOBLE, instanceName="web-one")
    assert refused(recorded, imageId=JAMMY) != token


def test_destroyed_and_declared_anew_with_never_needs_another_approval(gated: Stack) -> None:
    """The same image over the same image starts and ends alike each time."""
    program = {"imageId": JAMMY, "adopt": "never"}
    first = refused(gated, **program)
    approve(gated, first)
    gated.up(**program)
    assert gated.actions() == REBUILD
    gated.destroy()
    second = refused(gated, **program)
    assert second != first
    approve(gated, first, second)
    gated.up(**program)
    assert gated.actions() == REBUILD * 2
    gated.destroy()
    assert refused(gated, **program) not in (first, second)


def test_a_foreign_image_after_a_destroy_needs_another_approval(gated: Stack) -> None:
    """Somebody puts the old image back at the console: the plan is the one of the first approval, letter by letter."""
    first = refused(gated, imageId=NOBLE)
    approve(gated, first)
    gated.up(imageId=NOBLE)
    gated.destroy()
    gated.sim.patch_instance(WEB, imageId=JAMMY)
    gated.clock.sleep(60)
    assert refused(gated, imageId=NOBLE) != first


def test_a_killed_rebuild_has_used_its_approval(gated: Stack) -> None:
    """Accepted, never recorded, adopted; later the machine drifts to where the approval began."""
    first = refused(gated, imageId=NOBLE)
    approve(gated, first)
    gated.halt_at("reset accepted", StopReason.ENGINE_GONE)
    with pytest.raises(gated.Failed):
        gated.up(imageId=NOBLE)
    gated.clock.sleep(900)
    gated.up(imageId=NOBLE)
    assert gated.actions() == REBUILD
    gated.destroy()
    gated.sim.patch_instance(WEB, imageId=JAMMY)
    gated.clock.sleep(60)
    assert refused(gated, imageId=NOBLE) != first


# On another computer, which has no memory of what was used: the machine names the attempt.


def elsewhere(stack: Stack) -> None:
    stack.world.lose_journal(stack)


def test_an_approval_stays_used_up_after_a_destroy_on_another_computer(gated: Stack) -> None:
    """Somebody puts the old image back at the console: the plan is the one of the first approval, letter by letter."""
    first = refused(gated, imageId=NOBLE)
    approve(gated, first)
    gated.up(imageId=NOBLE)
    gated.destroy()
    gated.sim.patch_instance(WEB, imageId=JAMMY)
    gated.clock.sleep(60)
    elsewhere(gated)
    assert refused(gated, imageId=NOBLE) != first
    assert gated.actions() == REBUILD


def test_an_approval_stays_used_up_where_the_machine_drifts_back(recorded: Stack) -> None:
    """And a refresh records that."""
    token = refused(recorded, imageId=NOBLE)
    approve(recorded, token)
    recorded.up(imageId=NOBLE)
    recorded.sim.patch_instance(WEB, imageId=JAMMY)
    recorded.clock.sleep(60)
    elsewhere(recorded)
    recorded.refresh()
    assert refused(recorded, imageId=NOBLE) != token
    assert recorded.actions() == REBUILD


@pytest.mark.parametrize("where", ["reset accepted", "DEPLOYING"])
def test_a_killed_rebuild_is_joined_elsewhere_and_has_used_its_approval(gated: Stack, where: str) -> None:
    """Nobody is asked for an approval while it is followed; afterwards the old one is none."""
    first = refused(gated, imageId=NOBLE)
    approve(gated, first)
    gated.halt_at(where, StopReason.ENGINE_GONE)
    with pytest.raises(gated.Failed):
        gated.up(imageId=NOBLE)
    gated.destroy()
    elsewhere(gated)
    gated.up(imageId=NOBLE)
    assert gated.actions() == REBUILD
    gated.destroy()
    gated.sim.patch_instance(WEB, imageId=JAMMY)
    gated.clock.sleep(60)
    elsewhere(gated)
    assert refused(gated, imageId=NOBLE) != first
    assert gated.actions() == REBUILD


@pytest.mark.parametrize("at", ["row DEPLOYING", "row RUNNING, verifying"])
def test_a_killed_rebuild_that_no_api_shows_is_joined_elsewhere_without_an_approval(recorded: Stack, at: str) -> None:
    """It is the one that was approved."""
    program = {"imageId": JAMMY, "userData": "#!/bin/sh\n"}
    approve(recorded, refused(recorded, **program))
    recorded.world.points.armed = Disturbance(at, 1, kill)
    with pytest.raises(recorded.Failed):
        recorded.up(**program)
    elsewhere(recorded)
    recorded.settings = {"zec:requireApproval": "true"}
    recorded.up(**program)
    assert recorded.actions() == REBUILD


def test_a_run_that_was_killed_before_the_reset_asks_for_another_approval_elsewhere(recorded: Stack) -> None:
    """Nobody there knows that nothing was sent."""
    token = refused(recorded, imageId=NOBLE)
    approve(recorded, token)
    recorded.world.points.armed = Disturbance("before ResetInstance", 1, kill)
    with pytest.raises(recorded.Failed):
        recorded.up(imageId=NOBLE)
    elsewhere(recorded)
    second = refused(recorded, imageId=NOBLE)
    approve(recorded, token, second)
    recorded.up(imageId=NOBLE)
    assert (second != token, recorded.actions().count("ResetInstance")) == (True, 1)


def test_between_preview_and_up_the_token_is_the_same_on_two_computers(recorded: Stack) -> None:
    """With and without an attempt on the machine."""
    for image in (NOBLE, JAMMY):
        (token,) = TOKEN.findall("\n".join(preview(recorded, imageId=image)))
        elsewhere(recorded)
        approve(recorded, token)
        recorded.up(imageId=image)
    assert recorded.actions() == REBUILD * 2


def test_a_refused_reset_leaves_the_attempt_before_it_on_the_machine(recorded: Stack) -> None:
    """So the approval still stands on every computer, and the one before stays used up."""
    approve(recorded, refused(recorded, imageId=NOBLE))
    recorded.up(imageId=NOBLE)
    before = recorded.world.marker
    token = refused(recorded, imageId=JAMMY)
    approve(recorded, token)
    effect = {"type": "error", "code": "OPERATION_DENIED", "status": 403}
    recorded.sim.add_fault(action="ResetInstance", nth=1, effect=effect)
    with pytest.raises(recorded.Failed):
        recorded.up(imageId=JAMMY)
    assert recorded.world.marker == before is not None
    assert recorded.world.markers == [before]
    elsewhere(recorded)
    recorded.up(imageId=JAMMY)
    assert recorded.actions().count("ResetInstance") == 2


def test_where_the_tag_was_taken_off_this_computer_still_remembers(gated: Stack) -> None:
    """Terraform does that, or a person."""
    first = refused(gated, imageId=NOBLE)
    approve(gated, first)
    gated.up(imageId=NOBLE)
    gated.destroy()
    gated.world.mark(None)
    gated.sim.patch_instance(WEB, imageId=JAMMY)
    gated.clock.sleep(60)
    assert refused(gated, imageId=NOBLE) != first


@pytest.mark.parametrize(
    ("action", "nth", "why"),
    [
        ("DescribeResourceTags", 1, "tag not readable"),
        ("DescribeResourceTags", 2, "zec:requireApproval needs it"),
        ("ModifyResourceTags", 1, "zec:requireApproval needs it"),
    ],
)
def test_without_the_tag_nothing_is_rebuilt_where_approval_is_required(
    recorded: Stack, action: str, nth: int, why: str
) -> None:
    """Neither where it cannot be read nor where it cannot be written; the machine runs on."""
    token = refused(recorded, imageId=NOBLE)
    approve(recorded, token)
    effect = {"type": "error", "code": "OPERATION_DENIED", "status": 403}
    recorded.sim.add_fault(action=action, nth=nth, times=99, effect=effect)
    with pytest.raises(recorded.Failed, match=f"{why}.*Permit DescribeResourceTags") as failure:
        recorded.up(imageId=NOBLE)
    assert WEB in str(failure.value)
    assert "ResetInstance" not in recorded.actions()
    assert recorded.machine()["status"] == "RUNNING"
    assert recorded.machine()["imageId"] == JAMMY


@pytest.mark.parametrize("absent", [False, True])
def test_where_machines_are_shown_without_tags_the_token_is_the_same_in_preview_and_up(
    recorded: Stack, *, absent: bool
) -> None:
    """Their own service is asked."""
    hidden = {"type": "tags_hidden", "absent": absent}
    recorded.sim.add_fault(action="DescribeInstances", nth=1, times=9999, effect=hidden)
    for image in (NOBLE, JAMMY):
        (token,) = TOKEN.findall("\n".join(preview(recorded, imageId=image)))
        elsewhere(recorded)
        approve(recorded, token)
        recorded.up(imageId=image)
    assert recorded.actions() == REBUILD * 2


def test_a_preview_that_cannot_read_the_tag_names_no_token(recorded: Stack) -> None:
    """Where the machine is shown without its tags, and their own service does not answer."""
    hidden = {"type": "tags_hidden", "absent": True}
    recorded.sim.add_fault(action="DescribeInstances", nth=1, times=99, effect=hidden)
    (token,) = TOKEN.findall("\n".join(preview(recorded, imageId=NOBLE)))
    denied = {"type": "error", "code": "OPERATION_DENIED", "status": 403}
    recorded.sim.add_fault(action="DescribeResourceTags", nth=1, times=99, effect=denied)
    (line,) = (parse(line) for line in preview(recorded, imageId=NOBLE) if line.startswith("tag not readable: "))
    assert (line.word, line.gate, line.unreadable) == (Word.GATE, "zec:requireApproval", False)
    approve(recorded, token)
    with pytest.raises(recorded.Failed, match="tag not readable"):
        recorded.up(imageId=NOBLE)
    assert recorded.actions() == []


def test_a_stack_that_requires_approval_and_writes_no_tag_rebuilds_nothing(recorded: Stack) -> None:
    """The settings contradict each other."""
    token = refused(recorded, imageId=NOBLE)
    settings = {"zec:requireApproval": "true", "zec:approvedRebuilds": token}
    recorded.settings = {**settings, "zec:markAttempts": "false"}
    with pytest.raises(recorded.Failed, match="zec:markAttempts must not be false where zec:requireApproval is true"):
        recorded.up(imageId=NOBLE)
    assert recorded.actions() == []


def test_a_rebuild_of_another_name_does_not_use_the_approval(recorded: Stack) -> None:
    """Two plans that are approved together are two rebuilds."""
    one, two = refused(recorded, imageId=NOBLE), refused(recorded, imageId=DEBIAN)
    approve(recorded, one, two)
    recorded.up(imageId=NOBLE)
    # The second stood on the machine before the first.
    assert refused(recorded, imageId=DEBIAN) not in (one, two)


def test_a_refused_reset_gives_the_approval_back(recorded: Stack) -> None:
    """Nothing was wiped, so the approval still stands."""
    token = refused(recorded, imageId=NOBLE)
    approve(recorded, token)
    recorded.sim.add_fault(
        action="ResetInstance", nth=1, effect={"type": "error", "code": "OPERATION_DENIED", "status": 403}
    )
    with pytest.raises(recorded.Failed):
        recorded.up(imageId=NOBLE)
    assert "ResetInstance" not in recorded.actions()
    recorded.up(imageId=NOBLE)
    assert recorded.actions().count("ResetInstance") == 1


def test_a_person_who_says_that_nothing_was_rebuilt_gives_the_approval_back(recorded: Stack) -> None:
    """`zec-pulumi attempts close --not-rebuilt` after a run that died before it knew."""
    token = refused(recorded, imageId=NOBLE)
    journal = recorded.journal
    journal.intend("a1", WEB, recorded.urn, (), None, digest_of(token))
    approve(recorded, token)
    assert refused(recorded, imageId=NOBLE) != token
    journal.note(WEB, "a1", "closed-not-rebuilt")
    recorded.up(imageId=NOBLE)
    assert recorded.actions() == REBUILD


@pytest.mark.parametrize("broken", ["a file", "unwritable"])
def test_without_a_memory_nothing_is_sent(recorded: Stack, broken: str) -> None:
    """What is used must be remembered before it is used."""
    token = refused(recorded, imageId=NOBLE)
    approve(recorded, token)
    folder = recorded.home / "approvals"
    if broken == "a file":
        folder.write_text("where the folder should be")
    else:
        folder.mkdir()
        (folder / f"{WEB}.jsonl").mkdir()
    with pytest.raises(recorded.Failed, match="cannot be used"):
        recorded.up(imageId=NOBLE)
    assert "ResetInstance" not in recorded.actions()
    assert recorded.machine()["status"] == "RUNNING"


def test_a_line_of_the_memory_that_cannot_be_read_counts_as_a_use(recorded: Stack) -> None:
    """Whoever wrote it meant that the approval is used up."""
    token = refused(recorded, imageId=NOBLE)
    approve(recorded, token)
    folder = recorded.home / "approvals"
    folder.mkdir()
    (folder / f"{WEB}.jsonl").write_text(f'{{"event": "spent", "by": ["{digest_of(token)}"]}}\n')
    assert refused(recorded, imageId=NOBLE) != token


@pytest.mark.parametrize(
    "change",
    [
        {"powerOff": "force"},
        {"health": health.command(["true"]).properties()},
        {"rebuildToken": "2"},
        {"enableAgent": False},
        {"userData": "#!/bin/sh\necho other\n"},
    ],
)
def test_what_changes_after_the_review_is_not_approved(recorded: Stack, change: dict[str, Any]) -> None:
    """However the rebuild is done and whatever it runs."""
    token = refused(recorded, imageId=NOBLE)
    approve(recorded, token)
    assert refused(recorded, imageId=NOBLE, **change) != token


def test_a_machine_that_changes_after_the_review_is_not_approved(recorded: Stack) -> None:
    """The disk that would be wiped is another one."""
    token = refused(recorded, imageId=NOBLE)
    approve(recorded, token)
    recorded.sim.patch_instance(WEB, imageId=DEBIAN)
    recorded.clock.sleep(60)
    assert refused(recorded, imageId=NOBLE) != token


def test_the_row_of_an_approved_rebuild_names_the_approval(recorded: Stack) -> None:
    """The report goes by that line."""
    recorded.destroy()
    lines = preview(recorded, imageId=NOBLE)
    assert not any(line.startswith("approved by ") for line in lines)
    (token,) = TOKEN.findall("\n".join(lines))
    approve(recorded, token)
    lines = preview(recorded, imageId=NOBLE)
    assert [line for line in lines if line.startswith("approved by ")] == [f"approved by {token}"]
    lines = preview(recorded, imageId=NOBLE, rebuildProtection=True)
    assert not any(line.startswith("approved by ") for line in lines)


def preview(stack: Stack, **inputs: Any) -> list[str]:
    """Return the lines on the row of a resource that the stack does not hold."""
    return stack.preview(inputs).lines


@pytest.mark.parametrize("settings", [None, "", "[]", '{"zec:allowRebuild": false}', '{"zec:allowrebuild": "true"}'])
def test_without_readable_settings_nothing_is_rebuilt(stack: Stack, settings: str | None) -> None:
    """An older program, a transform that drops what it does not know, a wrong or a misspelt setting."""
    stack.settings = settings
    with pytest.raises(stack.Failed, match="is not rebuilt"):
        stack.up(imageId=NOBLE)
    assert stack.actions() == []
    stack.up(imageId=JAMMY)
    stack.up(imageId=JAMMY, instanceName="web-one")
    assert stack.actions() == ["ModifyInstancesAttribute"]


def test_a_resource_that_was_not_checked_is_not_rebuilt(stack: Stack) -> None:
    """Its gates are not known."""
    wanted = {"instanceId": WEB, "imageId": NOBLE}
    outcome = stack._command(lambda: stack._apply(wanted))
    assert "was not checked in this run" in outcome.text
    assert stack.actions() == []
