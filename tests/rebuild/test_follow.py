"""Following an accepted rebuild: what counts as its end, and what the next up finds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from zec_pulumi.planning.inputs import Attempt, Recorded
from zec_pulumi.rebuild.errors import AttemptOpenError
from zec_pulumi.rebuild.wait import Target

if TYPE_CHECKING:
    from tests.rebuild.conftest import Rig

JAMMY, NOBLE = "ubuntu2204_20240712", "ubuntu2404_20240712"
WEB, KEY, OTHER_KEY = "1272168087751233112", "key-YWD2QFOl", "key-2ndKey01"
REBUILD = ["StopInstances", "ResetInstance"]


def reset_fault(rig: Rig, **effect: Any) -> None:
    rig.sim.add_fault(action="ResetInstance", nth=1, effect=effect)


def status_fault(rig: Rig, *, nth: int, times: int = 1, **effect: Any) -> None:
    rig.sim.add_fault(action="DescribeInstancesStatus", nth=nth, times=times, effect=effect)


def attempt_at(rig: Rig, **more: Any) -> Attempt:
    """Return an attempt on NOBLE that was accepted just now."""
    given = {"image_id": NOBLE, "key_id": KEY, "started_at": rig.clock.now(), **more}
    return Attempt(id="4f6c0f5e", **given)


def test_reinstall_failed_is_failure_and_names_request_and_way_out(rig: Rig) -> None:
    """The disk is wiped and nothing runs: said so, not tried again, and the attempt is marked as failed."""
    reset_fault(rig, type="reinstall_fails")
    with pytest.raises(AttemptOpenError, match=f"instance {WEB} ended in REINSTALL_FAILED") as caught:
        rig.rebuild()
    request = rig.sim.ledger()[-1]["requestId"]
    assert f"(request {request}), then change rebuild_token" in str(caught.value)
    assert caught.value.attempt.outcome == "failed"
    assert rig.actions() == REBUILD


def test_a_failed_attempt_that_is_joined_fails_again_and_sends_nothing(rig: Rig) -> None:
    """As often as up runs."""
    reset_fault(rig, type="reinstall_fails")
    with pytest.raises(AttemptOpenError) as caught:
        rig.rebuild()
    with pytest.raises(AttemptOpenError, match="REINSTALL_FAILED"):
        rig.join(caught.value.attempt)
    assert rig.actions() == REBUILD


def test_a_failed_attempt_that_support_repaired_is_verified(rig: Rig) -> None:
    """RUNNING on the wanted image is what was asked for."""
    reset_fault(rig, type="reinstall_fails")
    with pytest.raises(AttemptOpenError) as caught:
        rig.rebuild()
    rig.sim.patch_instance(WEB, status="RUNNING", imageId=NOBLE)
    assert rig.join(caught.value.attempt).image_id == NOBLE


def test_a_reinstall_that_outlasts_the_deadline_is_joined_by_the_next_up(rig: Rig) -> None:
    """The deadline names status and duration; the next up waits on and wipes nothing again."""
    reset_fault(rig, type="never_ends")
    with pytest.raises(
        AttemptOpenError, match=f"{WEB} was accepted and not finished after 20m00s.*DEPLOYING"
    ) as caught:
        rig.rebuild(seconds=1200)
    assert caught.value.attempt.moved
    rig.sim.patch_instance(WEB, status="RUNNING", imageId=NOBLE)
    assert rig.join(caught.value.attempt).image_id == NOBLE
    assert rig.actions() == REBUILD


def test_running_on_the_old_image_is_lag_and_not_success(rig: Rig) -> None:
    """Right after acceptance old reads still show the machine from before."""
    status_fault(rig, nth=3, times=4, type="lag", reads=4)
    _, live = rig.rebuild()
    assert live.image_id == NOBLE
    assert rig.status() == "RUNNING"
    assert rig.actions() == REBUILD


def test_stopped_after_acceptance_is_lag_and_not_an_end(rig: Rig) -> None:
    """The row says so, and the wait goes on."""
    rig.sim.patch_instance(WEB, status="STOPPED")
    status_fault(rig, nth=1, type="lag", reads=1)
    rig.rebuild()
    assert "STOPPED (the answer lags behind)" in rig.row.lines


def test_on_the_same_image_running_counts_only_after_a_movement_was_seen(rig: Rig) -> None:
    """Three lagging reads of RUNNING are the machine from before, not the rebuilt one."""
    status_fault(rig, nth=3, times=3, type="lag", reads=3)
    before = rig.clock.monotonic()
    rig.rebuild(image_id=JAMMY)
    assert rig.status() == "RUNNING"
    assert rig.clock.monotonic() - before >= 60


def test_a_long_wait_for_acceptance_does_not_make_an_old_running_count(rig: Rig) -> None:
    """The time that an old status may still show counts from the acceptance, not from the first try."""
    rig.sim.add_fault(action="ResetInstance", nth=1, times=2, effect={"type": "rate_limit", "retry_after": 40})
    status_fault(rig, nth=3, type="lag", reads=3)
    rig.sim.add_fault(action="DescribeInstances", nth=2, effect={"type": "lag", "reads": 4})
    rig.rebuild(image_id=JAMMY)
    assert rig.status() == "RUNNING"


def test_running_on_another_image_for_good_is_reported_with_what_is_shown(rig: Rig) -> None:
    """Somebody else rebuilt it meanwhile: no success, and no other wipe by itself."""
    reset_fault(rig, type="never_ends")
    with pytest.raises(AttemptOpenError) as caught:
        rig.rebuild(seconds=60)
    rig.sim.patch_instance(WEB, status="RUNNING", imageId="debian12_20240712")
    with pytest.raises(AttemptOpenError, match=f"shows image debian12_20240712, .*instead of image {NOBLE}"):
        rig.join(caught.value.attempt)
    assert rig.actions() == REBUILD


def test_a_key_that_is_not_the_wanted_one_is_no_success(rig: Rig) -> None:
    """Image and key are both verified."""
    rig.sim.patch_instance(WEB, imageId=NOBLE, keyId=OTHER_KEY)
    with pytest.raises(AttemptOpenError, match=f"key {OTHER_KEY} instead of .*key {KEY}"):
        rig.join(attempt_at(rig))


def test_an_instance_that_is_missing_from_a_read_is_looked_for_again(rig: Rig) -> None:
    """One empty answer is a hiccup of the API."""
    status_fault(rig, nth=4, times=3, type="missing")
    rig.rebuild()
    assert rig.actions() == REBUILD


def test_an_instance_that_is_gone_ends_the_wait(rig: Rig) -> None:
    """Missing from five answers in a row: the attempt stays open and the message says gone."""
    status_fault(rig, nth=4, times=99, type="missing")
    with pytest.raises(AttemptOpenError, match=f"instance {WEB} is gone: missing from 5 answers"):
        rig.rebuild()


def test_an_unknown_status_is_named_and_waited_out(rig: Rig) -> None:
    """A status that no source documents is no end, whatever it is called."""
    rig.sim.patch_instance(
        WEB, status="OPTIMIZING", pending={"becomes": "RUNNING", "afterSeconds": 90, "changes": {"imageId": NOBLE}}
    )
    rig.join(attempt_at(rig))
    assert "OPTIMIZING (a status this version does not know)" in rig.row.lines


@pytest.mark.parametrize("status", ["RECYCLE", "CREATE_FAILED"])
def test_a_machine_that_will_not_come_back_by_itself_ends_the_wait(rig: Rig, status: str) -> None:
    """Waiting longer would not help."""
    rig.sim.patch_instance(WEB, status=status)
    with pytest.raises(AttemptOpenError, match=f"{WEB} is {status}; recover it"):
        rig.join(attempt_at(rig))


@pytest.mark.parametrize(
    "effect",
    [
        {"type": "bad_gateway"},
        {"type": "drop"},
        {"type": "rate_limit", "retry_after": 30},
        {"type": "error", "code": "INTERNAL_SERVER_ERROR", "status": 500},
    ],
)
def test_reads_that_fail_are_tried_again(rig: Rig, effect: dict[str, Any]) -> None:
    """A rebuild under way does not fail for an answer that got lost; the row says what is going on."""
    rig.sim.add_fault(action="DescribeInstancesStatus", nth=4, times=5, effect=effect)
    rig.rebuild()
    assert sum(line.startswith("status not readable (") for line in rig.row.lines) == 1


def test_credentials_that_expire_leave_the_attempt_open(rig: Rig) -> None:
    """The next up, with new ones, goes on from there."""
    status_fault(rig, nth=5, times=9, type="error", code="AUTHFAILURE_SIGNATURE_FAILURE", status=401)
    with pytest.raises(AttemptOpenError, match=rf"(?s){WEB} was accepted and not finished.*AUTHFAILURE") as caught:
        rig.rebuild()
    rig.sim.clear_faults()
    assert rig.join(caught.value.attempt).image_id == NOBLE


def test_an_unknown_outcome_on_the_same_image_stays_open_and_says_how_to_go_on(rig: Rig) -> None:
    """Nothing readable tells; only the user can."""
    with pytest.raises(AttemptOpenError, match="if it was not rebuilt, change rebuild_token"):
        rig.join(attempt_at(rig, image_id=JAMMY, outcome="unknown"))
    assert rig.actions() == []


def test_an_unknown_outcome_of_a_machine_that_stays_stopped_was_not_carried_out(rig: Rig) -> None:
    """Half a minute tells; nobody has to wait for the deadline, and the machine is not called rebuilt."""
    rig.sim.patch_instance(WEB, status="STOPPED")
    before = rig.clock.monotonic()
    with pytest.raises(AttemptOpenError, match=f"{WEB} is STOPPED .* was not carried out.*rebuild_token"):
        rig.join(attempt_at(rig, image_id=JAMMY, outcome="unknown"))
    assert rig.clock.monotonic() - before < 60


def test_an_unknown_outcome_is_not_called_accepted(rig: Rig) -> None:
    """At the deadline the message claims no more than is known."""
    rig.sim.patch_instance(WEB, status="STOPPING")
    with pytest.raises(AttemptOpenError, match="may have been accepted and not finished after 1m00s"):
        rig.join(attempt_at(rig, outcome="unknown"), seconds=60)


def test_a_reinstall_that_is_seen_later_does_not_settle_an_unknown_outcome(rig: Rig) -> None:
    """It is followed to its end, and may be somebody else's all the same."""
    pending = {"becomes": "RUNNING", "afterSeconds": 30}
    rig.sim.patch_instance(WEB, status="DEPLOYING", pending=pending)
    with pytest.raises(AttemptOpenError, match="nothing the API shows tells") as caught:
        rig.join(attempt_at(rig, image_id=JAMMY, outcome="unknown"))
    assert caught.value.attempt.outcome == "unknown"


def test_with_a_password_no_key_is_verified() -> None:
    """The machine may go on showing the one it had."""
    recorded = Recorded.model_validate({"imageId": NOBLE, "keyId": KEY, "password": "s3cret", "applied": {}})
    assert Target.of_attempt(WEB, recorded) == Target(WEB, NOBLE, None, visible=True)
