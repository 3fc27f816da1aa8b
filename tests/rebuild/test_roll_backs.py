"""Roll-backs that do not go well: killed, lost, late, refused, on another computer. The cloud is the judge."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.points import Disturbance, kill
from tests.support.programs import DEBIAN, JAMMY, KEY, NOBLE, OTHER_KEY, PASSWORDS, ROLLS_BACK, SCRIPTS, SICK_SCRIPT
from tests.support.stack import Stack as AnyStack
from tests.support.world import WEB
from zec_pulumi.planning import backups

if TYPE_CHECKING:
    from tests.rebuild.conftest import StrictStack as Stack
    from tests.support.stack import Outcome

SICK: dict[str, Any] = {"imageId": DEBIAN, **ROLLS_BACK}
"""A change that the machine shows."""

SICK_UNSEEN: dict[str, Any] = {"imageId": JAMMY, "userData": SICK_SCRIPT, **ROLLS_BACK}
"""A change that it does not show."""

BACK_SOON = {"becomes": "RUNNING", "afterSeconds": 5}

CHANGES = pytest.mark.parametrize("program", [SICK, SICK_UNSEEN], ids=["readable", "unreadable"])
RUNNERS = pytest.mark.parametrize("lost", [False, True], ids=["with the journal", "without it"])


@pytest.fixture
def adopted(stack: Stack) -> Stack:
    """A stack that holds web-1 on the older image."""
    stack.up(imageId=JAMMY)
    return stack


def up(stack: Stack, program: dict[str, Any]) -> Outcome:
    """Run up, however it ends."""
    return AnyStack.up(stack, program)


def disk(stack: Stack) -> str:
    """What is on the boot disk."""
    identity: str = stack.machine()["diskIdentity"]
    return identity


def images(stack: Stack) -> list[str]:
    """The account's backups, as the cloud has them."""
    everything = stack.world.cloud.world.images.values()
    return [one.image_id for one in everything if any(tag.key == backups.ATTEMPT_KEY for tag in one.tags)]


def struck(stack: Stack, where: str, nth: int, what: Any = kill) -> None:
    stack.world.points.armed = Disturbance(where, nth, what)


def announces(stack: Stack, program: dict[str, Any]) -> bool:
    """Whether a preview shows the rebuild; while the machine settles, that it may come."""
    lines = stack.preview(program).lines
    settling = stack.machine()["pending"] is not None
    return any("will be wiped" in line or (settling and line.startswith("undecided: ")) for line in lines)


@CHANGES
def test_a_roll_back_brings_the_disk_of_before_and_the_next_preview_the_rebuild(
    adopted: Stack, program: dict[str, Any]
) -> None:
    before = disk(adopted)
    assert "was rebuilt from its backup" in up(adopted, program).text
    assert (disk(adopted), adopted.world.resets()) == (before, 2)
    assert announces(adopted, program)


def test_a_script_that_was_rolled_back_is_sent_to_the_restored_system_when_it_is_asked_for_anew(
    adopted: Stack,
) -> None:
    """The program omits the image, so that it is that of the backup: only the script is what the rebuild is for."""
    program = {"userData": SICK_SCRIPT, **ROLLS_BACK}
    assert "was rebuilt from its backup" in up(adopted, program).text
    assert announces(adopted, program)
    up(adopted, program)
    resets = [entry["parameters"] for entry in adopted.sim.ledger() if entry["action"] == "ResetInstance"]
    assert ["userData" in parameters for parameters in resets[:3]] == [True, False, True]


@RUNNERS
@CHANGES
@pytest.mark.parametrize(
    "where", ["before ResetInstance", "after ResetInstance", "row DEPLOYING", "returned", "row RUNNING, verifying"]
)
def test_a_run_that_is_killed_while_it_rolls_back_ends_no_success_and_no_third_wipe_unannounced(
    adopted: Stack,
    program: dict[str, Any],
    where: str,
    lost: bool,  # noqa: FBT001 a fact
) -> None:
    """What failed is nowhere taken for a success, and each wipe was shown before."""
    struck(adopted, where, 2)
    up(adopted, program)
    adopted.world.points.armed = None
    if lost:
        adopted.world.lose_journal(adopted)
    for _ in range(3):
        shown, before = announces(adopted, program), adopted.world.resets()
        outcome = up(adopted, program)
        assert outcome.end == "failed", outcome
        assert adopted.world.resets() == before or shown
        assert WEB in outcome.text
    assert "a defect" not in outcome.text


@RUNNERS
@pytest.mark.parametrize("settled", [False, True])
def test_a_roll_back_that_a_killed_run_has_begun_is_seen_on_the_machine(
    adopted: Stack,
    lost: bool,  # noqa: FBT001 a fact
    settled: bool,  # noqa: FBT001 a fact
) -> None:
    """It runs the backup of that attempt, be it of a change that no API shows: the rebuild is planned anew."""
    struck(adopted, "after ResetInstance", 2)
    up(adopted, SICK_UNSEEN)
    if lost:
        adopted.world.lose_journal(adopted)
    assert announces(adopted, SICK_UNSEEN)
    if settled:
        adopted.sim.settle()
        assert announces(adopted, SICK_UNSEEN)
    outcome = up(adopted, SICK_UNSEEN)
    assert "was rebuilt from its backup" in outcome.text
    assert adopted.world.resets() == 4


@RUNNERS
def test_a_machine_that_a_killed_roll_back_has_left_off_is_not_waited_for_without_end(
    adopted: Stack,
    lost: bool,  # noqa: FBT001 a fact
) -> None:
    """It was powered off for the roll-back, and the system that failed is still there."""
    struck(adopted, "before ResetInstance", 2)
    up(adopted, SICK_UNSEEN)
    if lost:
        adopted.world.lose_journal(adopted)
    began = adopted.clock.monotonic()
    assert "Start it by hand" in up(adopted, SICK_UNSEEN).text
    assert adopted.clock.monotonic() - began < 600
    adopted.sim.patch_instance(WEB, status="RUNNING")
    assert "did not pass within" in up(adopted, SICK_UNSEEN).text
    assert adopted.world.resets() == 1


@CHANGES
def test_a_roll_back_whose_answer_is_lost_is_found_by_reading(adopted: Stack, program: dict[str, Any]) -> None:
    before = disk(adopted)
    adopted.sim.add_fault(action="ResetInstance", nth=2, effect={"type": "drop", "carriedOut": True})
    assert "was rebuilt from its backup" in up(adopted, program).text
    assert (disk(adopted), adopted.world.resets()) == (before, 2)


@CHANGES
@pytest.mark.parametrize("carried_out", [True, False])
def test_a_roll_back_of_which_nothing_is_known_is_no_success(
    adopted: Stack,
    program: dict[str, Any],
    carried_out: bool,  # noqa: FBT001 a fact
) -> None:
    """Its answer is lost, and somebody cancels: the next up finds out, and takes nothing sick for a success."""
    before = disk(adopted)
    adopted.sim.add_fault(action="ResetInstance", nth=2, effect={"type": "drop", "carriedOut": carried_out})
    struck(adopted, "row the answer to ResetInstance was lost", 1, adopted.told_to_stop)
    assert "may have been wiped" in up(adopted, program).text
    assert adopted.outputs["attempt"]["rollsBack"]
    shown, resets = announces(adopted, program), adopted.world.resets()
    outcome = up(adopted, program)
    assert outcome.end == "failed", outcome
    assert adopted.world.resets() == resets or shown
    if carried_out:
        assert (disk(adopted), adopted.world.resets()) == (before, 2)


def lost_roll_back(stack: Stack, program: dict[str, Any]) -> None:
    """A roll-back that was not carried out, and of which the stack knows nothing: its answer was lost."""
    stack.sim.add_fault(action="ResetInstance", nth=2, effect={"type": "drop"})
    struck(stack, "row the answer to ResetInstance was lost", 1, stack.told_to_stop)
    up(stack, program)
    assert stack.outputs["attempt"]["rollsBack"]


@CHANGES
@pytest.mark.parametrize("started", [False, True])
@RUNNERS
def test_a_roll_back_that_was_not_carried_out_leaves_a_way_on(
    adopted: Stack,
    program: dict[str, Any],
    started: bool,  # noqa: FBT001 a fact
    lost: bool,  # noqa: FBT001 a fact
) -> None:
    """It is waited for once. Then the program decides, and what is sick is still no success."""
    lost_roll_back(adopted, program)
    if lost:
        adopted.world.lose_journal(adopted)
    if started:
        adopted.sim.patch_instance(WEB, status="RUNNING")
    assert "It is not waited for any more" in up(adopted, program).text
    shown, resets = announces(adopted, program), adopted.world.resets()
    outcome = up(adopted, program)
    assert outcome.end == "failed", outcome
    assert adopted.world.resets() == resets or shown
    adopted.up({**program, "imageId": NOBLE, "userData": SCRIPTS[0]})
    assert adopted.machine()["imageId"] == NOBLE


def test_a_roll_back_whose_machine_runs_something_else_leaves_a_way_on(adopted: Stack) -> None:
    """Accepted, and somebody has got the system that failed to run again."""
    struck(adopted, "row reset accepted", 2, adopted.told_to_stop)
    up(adopted, SICK)
    adopted.sim.patch_instance(WEB, status="RUNNING", imageId=DEBIAN)
    assert "It is not waited for any more" in up(adopted, SICK).text
    adopted.up({**SICK, "imageId": NOBLE})


def test_a_lost_roll_back_to_a_system_with_a_script_is_told_by_its_image(adopted: Stack) -> None:
    """No other rebuild installs that backup."""
    adopted.up(imageId=NOBLE, userData=SCRIPTS[0])
    before = disk(adopted)
    adopted.sim.add_fault(action="ResetInstance", nth=2, effect={"type": "drop", "carriedOut": True})
    struck(adopted, "row the answer to ResetInstance was lost", 1, adopted.told_to_stop)
    up(adopted, SICK)
    outcome = up(adopted, SICK)
    assert "was rebuilt from its backup" in outcome.text
    assert disk(adopted) == before


@CHANGES
def test_a_stale_read_after_an_accepted_roll_back_starts_no_other_wipe(adopted: Stack, program: dict[str, Any]) -> None:
    """The machine is still shown as it was before the roll-back began."""
    before = disk(adopted)
    struck(adopted, "row reset accepted", 2, adopted.told_to_stop)
    up(adopted, program)
    adopted.sim.add_fault(action="DescribeInstances", nth=1, effect={"type": "lag", "reads": 4})
    assert not announces(adopted, program)
    adopted.sim.clear_faults()
    adopted.sim.add_fault(action="DescribeInstances", nth=1, times=2, effect={"type": "lag", "reads": 8})
    up(adopted, program)
    assert (disk(adopted), adopted.world.resets()) == (before, 2)


@CHANGES
def test_a_roll_back_that_ends_in_reinstall_failed_says_where_the_backup_is(
    adopted: Stack, program: dict[str, Any]
) -> None:
    """And the next up wipes only what was announced."""
    adopted.sim.add_fault(action="ResetInstance", nth=2, effect={"type": "reinstall_fails"})
    outcome = up(adopted, program)
    (image_id,) = images(adopted)
    assert image_id in outcome.text
    assert "REINSTALL_FAILED" in outcome.text
    shown, resets = announces(adopted, program), adopted.world.resets()
    outcome = up(adopted, program)
    assert adopted.world.resets() == resets or shown
    assert images(adopted) == [image_id]
    # The way out that is named is one, once the service's support has brought the machine to STOPPED.
    assert 'set backup=False and on_unhealthy="fail"' in outcome.text
    adopted.sim.clear_faults()
    adopted.sim.patch_instance(WEB, status="STOPPED")
    adopted.up({**program, "imageId": NOBLE, "userData": SCRIPTS[0], "backup": False, "onUnhealthy": "fail"})
    assert images(adopted) == [image_id]


def test_a_backup_that_is_gone_is_no_way_back_and_that_is_said(adopted: Stack) -> None:
    """Somebody has deleted it between the rebuild and the roll-back."""
    struck(adopted, "row not healthy yet", 1, lambda: adopted.world.cloud.world.images.pop(images(adopted)[0]))
    outcome = up(adopted, SICK)
    assert "did not pass" in outcome.text
    assert "was rebuilt and was to be rolled back" in outcome.text
    assert re.search(r"no image custom-\d+", outcome.text)
    assert (adopted.machine()["status"], adopted.world.resets()) == ("RUNNING", 1)


@CHANGES
def test_a_roll_back_that_is_not_carried_out_is_not_tried_again(adopted: Stack, program: dict[str, Any]) -> None:
    """It is refused: the message names the machine, its backup, and what the next up does."""
    refused = {"type": "error", "code": "SOMETHING_NEW", "status": 400}
    adopted.sim.add_fault(action="ResetInstance", nth=2, effect=refused)
    text = up(adopted, program).text
    assert text.startswith(f"instance {WEB} (web-1) was rebuilt and was to be rolled back, as its health gate")
    assert "tries again" not in text
    assert "othing more was wiped" in text
    assert images(adopted)[0] in text
    assert "did not pass within" in up(adopted, program).text
    assert (adopted.machine()["status"], adopted.world.resets()) == ("RUNNING", 1)


@CHANGES
def test_a_deadline_in_the_middle_of_a_roll_back_leaves_it_open(adopted: Stack, program: dict[str, Any]) -> None:
    """The next up waits for it."""
    before = disk(adopted)
    adopted.sim.add_fault(action="ResetInstance", nth=2, effect={"type": "never_ends"})
    up(adopted, program)
    assert adopted.outputs["attempt"]["rollsBack"]
    adopted.sim.patch_instance(WEB, status="DEPLOYING", imageId=images(adopted)[0], pending=BACK_SOON)
    assert "was rebuilt from its backup" in up(adopted, program).text
    assert (disk(adopted), adopted.world.resets()) == (before, 2)
    assert [one["imageId"] for one in adopted.outputs["backups"]] == images(adopted)


@RUNNERS
@CHANGES
def test_an_approval_is_asked_for_anew_after_a_kill_in_a_roll_back(
    adopted: Stack,
    program: dict[str, Any],
    lost: bool,  # noqa: FBT001 a fact
) -> None:
    """With a marker for each rebuild; the token was good for one try."""

    def asked() -> str | None:
        found = re.search(r"dev/\d+/[0-9a-f]{16}", "\n".join(adopted.preview(program).lines))
        return found and found[0]

    adopted.settings = {"zec:requireApproval": "true"}
    token = asked()
    assert token
    adopted.settings = {"zec:requireApproval": "true", "zec:approvedRebuilds": token}
    struck(adopted, "after ResetInstance", 2)
    up(adopted, program)
    assert adopted.world.resets() == 2
    if lost:
        adopted.world.lose_journal(adopted)
    for _ in range(2):
        outcome = up(adopted, program)
        assert (outcome.end, adopted.world.resets()) == ("failed", 2), outcome


LOGINS = pytest.mark.parametrize("login", [{"keyId": KEY}, {"password": PASSWORDS[0]}], ids=["key", "password"])


@LOGINS
def test_a_machine_without_a_key_is_rolled_back_with_the_login_that_the_program_gives(
    stack: Stack, login: dict[str, str]
) -> None:
    """Nobody knows the password that it had."""
    stack.sim.patch_instance(WEB, keyId=None)
    stack.up(imageId=JAMMY)
    before = disk(stack)
    outcome = up(stack, {**SICK, **login})
    assert "was rebuilt from its backup" in outcome.text
    assert disk(stack) == before
    assert announces(stack, {**SICK, **login})


@LOGINS
def test_a_machine_whose_key_pair_was_deleted_is_rolled_back_with_the_login_that_the_program_gives(
    adopted: Stack, login: dict[str, str]
) -> None:
    """Somebody has deleted it from the account, and the API refuses it."""
    adopted.sim.patch_instance(WEB, keyId=OTHER_KEY)
    adopted.up(imageId=JAMMY)
    before = disk(adopted)
    world = adopted.world.cloud.world
    world.deleted_keys.add(OTHER_KEY)
    del world.key_pairs[OTHER_KEY]
    assert "was rebuilt from its backup" in up(adopted, {**SICK, **login}).text
    assert disk(adopted) == before


def test_a_password_of_before_is_set_again(adopted: Stack) -> None:
    """The stack knows it."""
    adopted.up(imageId=NOBLE, password=PASSWORDS[0])
    before = disk(adopted)
    up(adopted, {**SICK, "password": PASSWORDS[1]})
    assert disk(adopted) == before
    (last,) = [entry for entry in adopted.sim.ledger() if entry["action"] == "ResetInstance"][-1:]
    assert "keyId" not in last["parameters"]
    assert announces(adopted, {**SICK, "password": PASSWORDS[1]})


@CHANGES
def test_taking_the_change_back_after_a_roll_back_wipes_nothing(adopted: Stack, program: dict[str, Any]) -> None:
    """The program asks for the backup that runs."""
    up(adopted, program)
    (image_id,) = images(adopted)
    assert adopted.up(imageId=image_id, **ROLLS_BACK).changes
    assert adopted.world.resets() == 2
    assert images(adopted) == [image_id]


def test_a_healthy_image_after_a_roll_back_keeps_its_own_backup(adopted: Stack) -> None:
    """The older one goes once nothing runs it any more."""
    up(adopted, SICK)
    before = disk(adopted)
    adopted.up(imageId=NOBLE, userData=SCRIPTS[0], **ROLLS_BACK)
    (image_id,) = images(adopted)
    kept = adopted.world.cloud.world.images[image_id]
    assert kept.disk_identity == before
    assert [one["imageId"] for one in adopted.outputs["backups"]] == [image_id]


def test_each_failed_try_is_shown_first_and_the_good_system_is_never_lost(adopted: Stack) -> None:
    """A loop of ups: each try makes a backup of what runs, and the one before goes, so that no quota is used up."""
    before = disk(adopted)
    for number in range(1, 8):
        assert announces(adopted, SICK)
        up(adopted, SICK)
        assert (adopted.world.resets(), disk(adopted)) == (2 * number, before)
        assert images(adopted) == [adopted.machine()["imageId"]]
    assert adopted.machine()["status"] == "RUNNING"
