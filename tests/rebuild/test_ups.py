"""Several ups in a row, with the record of each handed to the next, as the engine does it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.points import Disturbance
from tests.support.programs import JAMMY, KEY, NOBLE, OTHER_KEY
from tests.support.world import WEB
from zec_pulumi.errors import StopReason

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.rebuild.conftest import StrictStack as Stack
    from zec_pulumi.journal.journal import Event

REBUILD = ["StopInstances", "ResetInstance"]
SCRIPT = "#!/bin/sh\necho first\n"


def open_attempt(stack: Stack, *, seconds: float = 30, **inputs: str) -> None:
    """Let an up run into its deadline after the rebuild was accepted."""
    stack.timeout = seconds
    with pytest.raises(stack.Failed, match="accepted and not finished"):
        stack.up(**inputs)
    stack.timeout = None
    assert stack.outputs["attempt"]["outcome"] == "accepted"


def test_an_image_change_is_done_once_and_recorded(stack: Stack) -> None:
    """The next up with the same program touches nothing."""
    stack.up(imageId=JAMMY)
    stack.up(imageId=NOBLE)
    assert stack.outputs["applied"] == {"imageId": NOBLE, "keyId": KEY}
    assert stack.outputs["lastRebuild"]["causes"] == [f"imageId {JAMMY} → {NOBLE}"]
    stack.up(imageId=NOBLE)
    assert stack.actions() == REBUILD


def test_an_open_attempt_is_joined_and_closed(stack: Stack) -> None:
    """Accepted once, verified by the next up."""
    stack.up(imageId=JAMMY)
    open_attempt(stack, imageId=NOBLE)
    stack.up(imageId=NOBLE)
    assert "attempt" not in stack.outputs
    assert stack.actions() == REBUILD


def test_an_open_attempt_of_a_create_is_joined_by_an_update(stack: Stack) -> None:
    """The partial failure makes the resource known to the stack."""
    open_attempt(stack, imageId=NOBLE, userData=SCRIPT)
    stack.up(imageId=NOBLE, userData=SCRIPT)
    assert stack.actions() == REBUILD
    assert stack.outputs["applied"]["imageId"] == NOBLE


def test_an_open_attempt_survives_a_refresh(stack: Stack) -> None:
    """What the next up must know stays known."""
    open_attempt(stack, imageId=NOBLE)
    attempt = stack.outputs["attempt"]
    with pytest.raises(stack.Failed, match="join"):
        stack.refresh()
    assert stack.outputs["attempt"] == attempt
    stack.up(imageId=NOBLE)
    assert stack.actions() == REBUILD


def test_an_attempt_on_a_machine_that_had_drifted_is_verified_by_what_was_sent(stack: Stack) -> None:
    """Key and image that the program omits are the machine's own then, not those of an older record."""
    stack.up()
    stack.sim.patch_instance(WEB, imageId="debian12_20240712", keyId=OTHER_KEY)
    open_attempt(stack, rebuildToken="one")
    stack.up(rebuildToken="one")
    assert stack.outputs["applied"] == {"imageId": "debian12_20240712", "keyId": OTHER_KEY}
    assert stack.actions() == REBUILD


def test_an_image_named_while_an_attempt_on_another_is_open_is_a_change(stack: Stack) -> None:
    """The record holds what the attempt asked for, so the old image does not pass for the new one."""
    stack.up()
    stack.sim.patch_instance(WEB, imageId="debian12_20240712")
    open_attempt(stack, rebuildToken="one")
    stack.up(rebuildToken="one", imageId=JAMMY)
    assert stack.machine()["imageId"] == JAMMY
    assert stack.actions() == REBUILD * 2


def test_a_generic_image_is_verified_without_the_key_that_it_does_not_take(stack: Stack) -> None:
    """The join does not wait for the key the machine had before."""
    stack.up(imageId=JAMMY)
    open_attempt(stack, imageId="generic_20240712", enableAgent=False)  # type: ignore[arg-type]
    stack.up(imageId="generic_20240712", enableAgent=False)
    assert stack.actions() == REBUILD


def test_a_key_asked_for_while_an_attempt_with_password_is_open_is_installed(stack: Stack) -> None:
    """The key from before that attempt does not count as being there."""
    stack.up(imageId=JAMMY, keyId=KEY)
    open_attempt(stack, imageId=NOBLE, password="Abcdef-123")
    stack.up(imageId=NOBLE, keyId=KEY)
    assert stack.machine()["keyId"] == KEY


def test_a_password_changed_while_an_attempt_is_open_is_set_in_the_end(stack: Stack) -> None:
    """A second deadline must not pass for having set it."""
    stack.up(imageId=JAMMY)
    open_attempt(stack, imageId=NOBLE, password="Abcdef-123")
    stack.sim.patch_instance(WEB, status="RUNNING")
    open_attempt(stack, imageId=NOBLE, password="Ghijkl-456", seconds=10)
    stack.sim.patch_instance(WEB, imageId=NOBLE)
    stack.up(imageId=NOBLE, password="Ghijkl-456")
    assert stack.actions() == [*REBUILD, "ResetInstancePassword"]


def test_a_program_changed_again_during_an_attempt_rebuilds_after_it(stack: Stack) -> None:
    """Two changes, two rebuilds: never more."""
    stack.up(imageId=JAMMY)
    open_attempt(stack, imageId=NOBLE)
    stack.up(imageId="debian12_20240712")
    assert stack.machine()["imageId"] == "debian12_20240712"
    assert stack.actions() == REBUILD * 2


def test_a_program_taken_back_during_an_attempt_is_not_adopted_from_an_old_reading(stack: Stack) -> None:
    """The machine from before, shown once more after acceptance, is not "already as wanted"."""
    stack.up(imageId=JAMMY)
    stack.halt_at("reset accepted", StopReason.CANCELLED)
    with pytest.raises(stack.Failed, match="goes on in the cloud"):
        stack.up(imageId=NOBLE)
    stack.sim.add_fault(action="DescribeInstances", nth=1, times=2, effect={"type": "lag", "reads": 10})
    with pytest.raises(stack.Failed, match=WEB):
        stack.up(imageId=JAMMY)
    stack.up(imageId=JAMMY)
    assert stack.machine()["imageId"] == JAMMY
    assert stack.machine()["status"] == "RUNNING"


def test_a_program_taken_back_after_a_failed_reinstall_is_no_adoption(stack: Stack) -> None:
    """The API still shows the old image, and the disk is empty: nothing "already runs"."""
    stack.up(imageId=JAMMY)
    stack.sim.add_fault(action="ResetInstance", nth=1, effect={"type": "reinstall_fails"})
    with pytest.raises(stack.Failed, match="REINSTALL_FAILED"):
        stack.up(imageId=NOBLE)
    with pytest.raises(stack.Failed, match="Nothing was wiped"):
        stack.up(imageId=JAMMY)  # this cloud refuses to rebuild a machine in that status
    assert stack.outputs["attempt"]["outcome"] == "failed"


def test_a_time_zone_beside_an_image_that_is_there_already_is_refused(stack: Stack) -> None:
    """The image was changed at the console: adopting it does not set the time zone, and must not say so."""
    stack.up(imageId=JAMMY)
    stack.sim.patch_instance(WEB, imageId=NOBLE)
    with pytest.raises(stack.Failed, match="timezone: only a rebuild can change this"):
        stack.up(imageId=NOBLE, timezone="UTC")
    assert stack.actions() == []


@pytest.mark.parametrize("transition", ["DEPLOYING", "REBUILDING"])
def test_windows_gets_its_password_after_the_rebuild(make_stack: Callable[..., Stack], transition: str) -> None:
    """Its images take none in the reset; the agent sets it once the machine runs."""
    stack = make_stack(transition)
    stack.sim.patch_instance(WEB, imageId="windows2019_20240712", keyId=None, systemDisk={"diskSize": 60})
    stack.up(imageId="windows2022_20240712", password="Abcdef-123")
    assert stack.actions() == [*REBUILD, "ResetInstancePassword"]


def test_a_windows_password_that_fails_is_set_by_the_next_up_without_a_wipe(stack: Stack) -> None:
    """The rebuild is done; only the password is missing."""
    stack.sim.patch_instance(WEB, imageId="windows2019_20240712", keyId=None, systemDisk={"diskSize": 60})
    stack.sim.add_fault(action="ResetInstancePassword", nth=1, effect={"type": "drop"})
    inputs = {"imageId": "windows2022_20240712", "password": "Abcdef-123"}
    with pytest.raises(stack.Failed, match="was rebuilt and is RUNNING, but what follows was not done"):
        stack.up(**inputs)
    stack.up(**inputs)
    assert stack.actions() == [*REBUILD, "ResetInstancePassword"]


def test_a_failure_after_the_verification_does_not_cost_a_second_wipe(stack: Stack) -> None:
    """The rebuild is done and verified: an image list that cannot be read then must not make the stack forget it."""
    stack.up(imageId=JAMMY)
    failing = {"type": "error", "code": "INTERNAL_SERVER_ERROR", "status": 500}
    unreadable = {"action": "DescribeImages", "nth": 1, "times": 99, "effect": failing}
    stack.world.points.armed = Disturbance("after ResetInstance", 1, lambda: stack.sim.add_fault(**unreadable))
    with pytest.raises(stack.Failed, match="was rebuilt and is RUNNING, but what follows was not done"):
        stack.up(imageId=JAMMY, userData=SCRIPT)
    stack.sim.clear_faults()
    stack.up(imageId=JAMMY, userData=SCRIPT)
    assert stack.actions() == REBUILD


def never_begun(stack: Stack) -> str:
    """Accept a reset to the same image that never begins; return the id of the attempt."""

    def begins_not() -> None:
        stack.sim.patch_instance(WEB, status="RUNNING", pending=None)

    stack.world.points.armed = Disturbance("row reset accepted", 1, begins_not)
    with pytest.raises(stack.Failed, match=f"{WEB} was accepted .*, but it is RUNNING.*attempts close"):
        stack.up(imageId=JAMMY, rebuildToken="one")
    return str(stack.outputs["attempt"]["id"])


def test_a_reset_that_was_accepted_and_never_began_is_no_success(stack: Stack) -> None:
    """Neither now nor in a later up, however late, and nothing is wiped by itself."""
    stack.up(imageId=JAMMY)
    never_begun(stack)
    stack.clock.sleep(86_400)
    for _ in range(2):
        with pytest.raises(stack.Failed, match="attempts close"):
            stack.up(imageId=JAMMY, rebuildToken="one")
    assert stack.actions() == REBUILD


def test_a_persons_word_closes_a_rebuild_that_nobody_saw(stack: Stack) -> None:
    """The next up verifies and records it."""
    stack.up(imageId=JAMMY)
    attempt = never_begun(stack)
    stack.journal.note(WEB, attempt, "closed-rebuilt")
    stack.up(imageId=JAMMY, rebuildToken="one")
    assert "attempt" not in stack.outputs
    assert stack.actions() == REBUILD


def test_another_token_asks_for_another_rebuild(stack: Stack) -> None:
    """The person found that it was not rebuilt."""
    stack.up(imageId=JAMMY)
    never_begun(stack)
    stack.up(imageId=JAMMY, rebuildToken="two")
    assert stack.actions() == REBUILD * 2


def test_a_reinstall_that_a_later_up_finds_under_way_is_a_success(stack: Stack) -> None:
    """It began after the first up had given up."""
    stack.up(imageId=JAMMY)
    never_begun(stack)
    stack.sim.patch_instance(WEB, status="DEPLOYING", pending={"becomes": "RUNNING", "afterSeconds": 60})
    stack.up(imageId=JAMMY, rebuildToken="one")
    assert "attempt" not in stack.outputs
    assert stack.actions() == REBUILD


def test_nothing_is_sent_after_the_deadline(stack: Stack) -> None:
    """The slot of the reset comes too late: nothing is wiped, and the message says how the machine is left."""
    stack.up(imageId=JAMMY)
    stack.sim.add_fault(action="DescribeInstancesStatus", nth=1, effect={"type": "rate_limit", "retry_after": 7200})
    stack.timeout = 40
    with pytest.raises(stack.Failed, match=WEB):
        stack.up(imageId=NOBLE)
    assert stack.actions() == ["StopInstances"]
    stack.timeout = None
    stack.up(imageId=NOBLE)
    assert stack.actions() == REBUILD


def lose_the_outcome(stack: Stack) -> str:
    """Let an up lose the answer, and read again only when the reinstall is done; return the attempt's id."""
    stack.up(imageId=JAMMY)
    stack.sim.add_fault(action="ResetInstance", nth=1, effect={"type": "drop", "carriedOut": True})
    stack.sim.add_fault(action="DescribeInstancesStatus", nth=3, times=20, effect={"type": "bad_gateway"})
    with pytest.raises(stack.Failed, match="nothing the API shows tells") as caught:
        stack.up(imageId=JAMMY, userData=SCRIPT)
    attempt_id: str = stack.outputs["attempt"]["id"]
    assert stack.outputs["attempt"]["outcome"] == "unknown"
    assert f"`zec-pulumi attempts close {attempt_id} --rebuilt`" in str(caught.value)
    return attempt_id


def close(stack: Stack, attempt_id: str, event: Event) -> None:
    """Say what became of it, as the command does."""
    stack.journal.note(WEB, attempt_id, event)


def test_it_is_recorded_once_a_person_says_that_it_was_rebuilt(stack: Stack) -> None:
    """Nothing is wiped again, and the attempt is the resource's last rebuild."""
    attempt_id = lose_the_outcome(stack)
    close(stack, attempt_id, "closed-rebuilt")
    stack.up(imageId=JAMMY, userData=SCRIPT)
    assert "attempt" not in stack.outputs
    assert stack.outputs["lastRebuild"]["attemptId"] == attempt_id
    stack.up(imageId=JAMMY, userData=SCRIPT)
    assert stack.actions() == REBUILD


@pytest.mark.parametrize("event", ["closed-not-rebuilt", None])
def test_it_stays_open_while_nobody_says_that_it_was_rebuilt(stack: Stack, event: Event | None) -> None:
    """As often as up runs: each time the sentence names both ways out, and the answer can still be given."""
    attempt_id = lose_the_outcome(stack)
    if event:
        close(stack, attempt_id, event)
    for _ in range(2):
        with pytest.raises(stack.Failed, match=r"attempts close .* --rebuilt.* change rebuild_token"):
            stack.up(imageId=JAMMY, userData=SCRIPT)
    assert stack.actions() == REBUILD
    close(stack, attempt_id, "closed-rebuilt")
    stack.up(imageId=JAMMY, userData=SCRIPT)
    assert stack.actions() == REBUILD


def test_a_new_token_asks_for_the_rebuild_that_did_not_happen(stack: Stack) -> None:
    """The other way out: one more rebuild, and nothing is left open."""
    lose_the_outcome(stack)
    stack.up(imageId=JAMMY, userData=SCRIPT, rebuildToken="again")
    assert stack.actions() == REBUILD * 2
    assert "attempt" not in stack.outputs
