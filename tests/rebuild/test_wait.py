"""Waiting for an accepted rebuild: what counts as its end, how long old reads may last, and what the next up finds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.programs import DEBIAN, JAMMY, KEY, NOBLE, OTHER_KEY
from tests.support.world import WEB
from zec_pulumi.errors import StopReason
from zec_pulumi.journal.locks import Lock
from zec_pulumi.planning.inputs import Attempt, Recorded
from zec_pulumi.rebuild.errors import AttemptOpenError
from zec_pulumi.rebuild.wait import Target, wait_until_rebuilt

if TYPE_CHECKING:
    from tests.rebuild.conftest import Rig

REBUILD = ["StopInstances", "ResetInstance"]
NEW = {"imageId": NOBLE}


def reset_fault(rig: Rig, **effect: Any) -> None:
    rig.sim.add_fault(action="ResetInstance", nth=1, effect=effect)


def status_fault(rig: Rig, *, nth: int, times: int = 1, **effect: Any) -> None:
    rig.sim.add_fault(action="DescribeInstancesStatus", nth=nth, times=times, effect=effect)


def attempt(rig: Rig, *, image_id: str = NOBLE, age: float = 0.0, outcome: str = "accepted") -> Attempt:
    given = {"image_id": image_id, "key_id": KEY, "started_at": rig.clock.now() - age, "outcome": outcome}
    return Attempt.model_validate({"id": "4f6c0f5e", **given})


def test_reinstall_failed_is_failure_and_names_request_and_way_out(rig: Rig) -> None:
    """Said so, not tried again, and marked as failed; the journal knows it too, so that nobody is asked about it."""
    reset_fault(rig, type="reinstall_fails")
    with pytest.raises(AttemptOpenError, match=f"instance {WEB} ended in REINSTALL_FAILED") as caught:
        rig.rebuild()
    request = rig.sim.ledger()[-1]["requestId"]
    assert f"(request {request}), then change rebuild_token" in str(caught.value)
    assert caught.value.attempt.outcome == "failed"
    assert [entry.event for entry in rig.journal.entries(WEB)] == ["failed"]
    assert rig.actions() == REBUILD


@pytest.mark.parametrize(("seconds", "failed"), [(60, False), (70, True)])
def test_a_machine_that_had_failed_before_may_show_that_for_a_minute(rig: Rig, seconds: int, *, failed: bool) -> None:
    """A read that lags is no failure of the new rebuild; one that still says so after a minute is."""
    pending = {"becomes": "RUNNING", "afterSeconds": seconds, "changes": NEW}
    rig.sim.patch_instance(WEB, status="REINSTALL_FAILED", pending=pending)
    target = Target(WEB, NOBLE, KEY, visible=True, failed_before=True)
    if failed:
        with pytest.raises(AttemptOpenError, match="ended in REINSTALL_FAILED"):
            wait_until_rebuilt(rig.operation(), attempt(rig), target)
    else:
        wait_until_rebuilt(rig.operation(), attempt(rig), target)
        assert rig.status() == "RUNNING"


def test_a_machine_that_had_failed_before_has_no_old_status_once_it_moved(rig: Rig) -> None:
    """What was seen to begin and shows a failure has failed again."""
    rig.sim.patch_instance(WEB, status="REINSTALL_FAILED")
    target = Target(WEB, NOBLE, KEY, visible=True, failed_before=True)
    with pytest.raises(AttemptOpenError, match="ended in REINSTALL_FAILED"):
        wait_until_rebuilt(rig.operation(), attempt(rig).model_copy(update={"moved": True}), target)
    assert sum(request["action"] == "DescribeInstancesStatus" for request in rig.sim.requests()) == 1


@pytest.mark.parametrize("seen", ["RUNNING", "DEPLOYING"])
def test_a_failed_rebuild_that_nothing_shows_is_no_success_when_the_machine_runs_again(rig: Rig, seen: str) -> None:
    """Support, or a reinstall at the console, may have brought it back without what the rebuild was for."""
    pending = {"becomes": "RUNNING", "afterSeconds": 30, "changes": {}} if seen != "RUNNING" else None
    rig.sim.patch_instance(WEB, status=seen, pending=pending)
    with pytest.raises(AttemptOpenError, match=r"REINSTALL_FAILED\. It is RUNNING now.*change rebuild_token") as caught:
        rig.join(attempt(rig, image_id=JAMMY, age=100, outcome="failed"))
    assert caught.value.attempt.outcome == "failed"
    assert rig.actions() == []


def test_a_failed_rebuild_to_another_image_is_a_success_once_the_machine_runs_on_it(rig: Rig) -> None:
    """The machine shows all that was asked for."""
    rig.sim.patch_instance(WEB, imageId=NOBLE)
    assert rig.join(attempt(rig, age=100, outcome="failed")).image_id == NOBLE


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


@pytest.mark.parametrize(
    ("machine", "shows"),
    [
        ({}, f"shows image {JAMMY}, key {KEY} instead of image {NOBLE}, key {KEY}, 5m00s after it came up"),
        ({"imageId": DEBIAN}, f"shows image {DEBIAN}, key {KEY} instead of image {NOBLE}"),
        ({"imageId": NOBLE, "keyId": OTHER_KEY}, f"key {OTHER_KEY} instead of .*key {KEY}"),
    ],
)
def test_running_as_not_wanted_is_lag_for_five_minutes(rig: Rig, machine: dict[str, Any], shows: str) -> None:
    """Then it is reported with what is shown: no success, and no other wipe by itself."""
    if machine:
        rig.sim.patch_instance(WEB, **machine)
    begin = rig.clock.monotonic()
    with pytest.raises(AttemptOpenError, match=shows):
        rig.join(attempt(rig))
    assert rig.clock.monotonic() - begin == pytest.approx(300.0)
    assert rig.actions() == []


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
    rig.join(attempt(rig))
    assert "OPTIMIZING (a status this version does not know)" in rig.row.lines


@pytest.mark.parametrize("status", ["RECYCLE", "CREATE_FAILED"])
def test_a_machine_that_will_not_come_back_by_itself_ends_the_wait(rig: Rig, status: str) -> None:
    """Waiting longer would not help."""
    rig.sim.patch_instance(WEB, status=status)
    with pytest.raises(AttemptOpenError, match=f"{WEB} is {status}; recover it"):
        rig.join(attempt(rig))


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
        rig.join(attempt(rig, image_id=JAMMY, outcome="unknown"))
    assert rig.actions() == []


def test_an_unknown_outcome_is_not_called_accepted(rig: Rig) -> None:
    """At the deadline the message claims no more than is known."""
    rig.sim.patch_instance(WEB, status="STOPPING")
    with pytest.raises(AttemptOpenError, match="may have been accepted and not finished after 1m00s"):
        rig.join(attempt(rig, outcome="unknown"), seconds=60)


def test_a_reinstall_that_is_seen_later_does_not_settle_an_unknown_outcome(rig: Rig) -> None:
    """It is followed to its end, and may be somebody else's all the same."""
    pending = {"becomes": "RUNNING", "afterSeconds": 30}
    rig.sim.patch_instance(WEB, status="DEPLOYING", pending=pending)
    with pytest.raises(AttemptOpenError, match="nothing the API shows tells") as caught:
        rig.join(attempt(rig, image_id=JAMMY, outcome="unknown"))
    assert caught.value.attempt.outcome == "unknown"


def test_with_a_password_no_key_is_verified() -> None:
    """The machine may go on showing the one it had."""
    recorded = Recorded.model_validate({"imageId": NOBLE, "keyId": KEY, "password": "s3cret", "applied": {}})
    assert Target.of_attempt(WEB, recorded) == Target(WEB, NOBLE, None, visible=True)


@pytest.mark.parametrize(("age", "waits"), [(0, 305), (100, 205), (301, 0), (1e9, 0)])
def test_on_the_same_image_time_alone_proves_nothing(rig: Rig, age: float, waits: float) -> None:
    """RUNNING without another status since the acceptance stays open, and a person is asked."""
    begin = rig.clock.monotonic()
    with pytest.raises(AttemptOpenError, match=f"{WEB} was accepted, but it is RUNNING.*attempts close 4f6c0f5e"):
        rig.join(attempt(rig, image_id=JAMMY, age=age))
    assert rig.clock.monotonic() - begin == pytest.approx(waits)


@pytest.mark.parametrize("seen", ["STOPPED", "DEPLOYING"])
def test_on_the_same_image_a_status_that_was_read_since_proves_it(rig: Rig, seen: str) -> None:
    """However short it was seen."""
    rig.sim.patch_instance(WEB, status=seen, pending={"becomes": "RUNNING", "afterSeconds": 4})
    assert rig.join(attempt(rig, image_id=JAMMY)).status == "RUNNING"


def test_what_is_visible_is_not_waited_for(rig: Rig) -> None:
    """The new image on a machine that runs is the rebuilt machine, at once."""
    rig.sim.patch_instance(WEB, imageId=NOBLE)
    begin = rig.clock.monotonic()
    rig.join(attempt(rig))
    assert rig.clock.monotonic() == begin


def test_a_machine_that_runs_and_cannot_be_described_shows_nothing(rig: Rig) -> None:
    """The two reads may disagree: that is lag, too, and then reported."""
    rig.sim.add_fault(action="DescribeInstances", effect={"type": "missing"})
    with pytest.raises(AttemptOpenError, match="is RUNNING but shows nothing instead of"):
        rig.join(attempt(rig))


def test_a_description_that_still_says_deploying_is_not_the_end(rig: Rig) -> None:
    """Both reads must say RUNNING: what is returned is what the stack records."""
    rig.sim.patch_instance(WEB, status="DEPLOYING", pending={"becomes": "RUNNING", "afterSeconds": 10})
    rig.sim.add_fault(action="DescribeInstances", nth=1, effect={"type": "lag", "reads": 1})
    assert rig.join(attempt(rig, image_id=JAMMY)).status == "RUNNING"


def test_a_machine_that_stays_stopped_for_half_a_minute_was_not_reset(rig: Rig) -> None:
    """What had no answer was not carried out: no sooner, because it may still be on its way, and no later."""
    rig.sim.patch_instance(WEB, status="STOPPED")
    begin = rig.clock.monotonic()
    with pytest.raises(AttemptOpenError, match=f"{WEB} is STOPPED .* was not carried out.*rebuild_token"):
        rig.join(attempt(rig, image_id=JAMMY, outcome="unknown"))
    assert rig.clock.monotonic() - begin == pytest.approx(30.0)


def test_a_movement_starts_the_half_minute_anew(rig: Rig) -> None:
    """Only STOPPED without a break tells that nothing is under way."""
    rig.sim.patch_instance(WEB, status="BOOTING")
    rig.live()
    rig.sim.patch_instance(WEB, status="STOPPED")
    rig.sim.add_fault(action="DescribeInstancesStatus", nth=4, effect={"type": "lag", "reads": 4})  # BOOTING, at 15 s
    begin = rig.clock.monotonic()
    with pytest.raises(AttemptOpenError, match="was not carried out"):
        rig.join(attempt(rig, image_id=JAMMY, outcome="unknown"))
    assert rig.clock.monotonic() - begin == pytest.approx(50.0)


def test_an_accepted_rebuild_of_a_stopped_machine_is_waited_for(rig: Rig) -> None:
    """STOPPED is lag here, for as long as the deadline allows."""
    rig.sim.patch_instance(WEB, status="STOPPED")
    with pytest.raises(AttemptOpenError, match="was accepted and not finished after 2m00s"):
        rig.join(attempt(rig), seconds=120)


def test_a_rebuild_that_failed_is_told_at_once_and_names_no_request_that_is_not_known(rig: Rig) -> None:
    """The machine ran before, so that REINSTALL_FAILED is this rebuild's end."""
    rig.sim.patch_instance(WEB, status="REINSTALL_FAILED")
    begin = rig.clock.monotonic()
    with pytest.raises(AttemptOpenError, match="ask Zenlayer's support about it, then change") as caught:
        rig.join(attempt(rig))
    assert rig.clock.monotonic() == begin
    assert (caught.value.attempt.moved, caught.value.attempt.outcome) == (True, "failed")


def orphaned(rig: Rig) -> None:
    """Let the engine go as soon as the reset is accepted."""
    rig.row.halt_at("reset accepted", StopReason.ENGINE_GONE)


def test_without_an_engine_the_rebuild_is_watched_to_its_end(rig: Rig) -> None:
    """So that the journal knows that it is done."""
    orphaned(rig)
    with pytest.raises(AttemptOpenError, match=f"the rebuild of instance {WEB} went on in the cloud and is done"):
        rig.rebuild()
    assert rig.status() == "RUNNING"


def test_without_an_engine_another_run_takes_over(rig: Rig) -> None:
    """One that waits for the instance gets it, and the watching ends."""
    orphaned(rig)
    another = Lock(rig.home / "locks" / f"{WEB}.lock")
    assert another.take("urn:pulumi:dev::demo::type::web-1")
    with pytest.raises(AttemptOpenError, match=f"another run has taken instance {WEB}"):
        rig.rebuild()
    assert rig.status() == "DEPLOYING"
    another.free()


def test_the_journal_knows_a_rebuild_that_is_done(rig: Rig) -> None:
    """Should the stack forget it, the same rebuild is not asked for again."""
    rig.rebuild()
    assert [entry.event for entry in rig.journal.entries(WEB)] == ["finished"]


def test_the_journal_forgets_a_rebuild_of_which_nobody_knows_whose_it_was(rig: Rig) -> None:
    """The machine shows what was wanted, and that is all that is known."""
    rig.sim.patch_instance(WEB, imageId=NOBLE)
    lost = attempt(rig, outcome="unknown")
    rig.operation().log.intend(lost.id, lost.causes)
    rig.join(lost)
    assert [entry.event for entry in rig.journal.entries(WEB)] == ["forgotten"]


def test_what_a_rebuild_took_is_learned_from_its_acceptance(rig: Rig) -> None:
    """The poller knows from then on when the end of the others is near: not before 97 seconds."""
    rig.sim.patch_instance(WEB, status="DEPLOYING", pending={"becomes": "RUNNING", "afterSeconds": 30, "changes": NEW})
    rig.join(attempt(rig, age=100))
    rig.poller.schedule.join()
    now = rig.clock.monotonic()
    assert rig.poller.schedule.until_poll(now - 97.0) > 5.0 >= rig.poller.schedule.until_poll(now - 98.0)


def test_a_reinstall_that_was_seen_is_not_waited_for_again(rig: Rig) -> None:
    """On the same image a movement must be seen once, and it was: RUNNING is the rebuilt machine at once."""
    rig.sim.patch_instance(WEB, status="STOPPED")
    rig.sim.add_fault(action="ResetInstance", nth=1, effect={"type": "drop", "carried_out": True})

    def ready_when_found(text: str) -> None:
        """Finish the reinstall as soon as it was seen to be under way."""
        if text == "reset accepted (its answer was lost)":
            rig.sim.patch_instance(WEB, status="RUNNING", pending=None)

    rig.row.on_line = ready_when_found
    begin = rig.clock.monotonic()
    attempt, live = rig.rebuild(image_id=JAMMY)
    assert (attempt.outcome, attempt.moved, live.status) == ("accepted", True, "RUNNING")
    assert rig.clock.monotonic() - begin == pytest.approx(0.0)


def test_the_loss_is_told_with_what_is_not_known(rig: Rig) -> None:
    """The message names the answer that was lost, not only what it leads to."""
    broken = {"type": "error", "code": "INTERNAL_SERVER_ERROR", "status": 500}
    rig.sim.add_fault(action="ResetInstance", nth=1, effect=broken)
    rig.sim.add_fault(action="DescribeInstancesStatus", nth=3, effect={"type": "lag", "reads": 3})
    with pytest.raises(AttemptOpenError, match=r"(?s)INTERNAL_SERVER_ERROR.*nothing the API shows tells"):
        rig.rebuild(image_id=JAMMY)


@pytest.mark.parametrize(
    ("image_id", "key_id", "matches"),
    [
        (None, None, True),
        (JAMMY, None, True),
        (None, KEY, True),
        (JAMMY, KEY, True),
        (NOBLE, KEY, False),
        (JAMMY, OTHER_KEY, False),
        (NOBLE, OTHER_KEY, False),
    ],
)
def test_image_and_key_are_verified_where_they_were_asked_for(
    rig: Rig, image_id: str | None, key_id: str | None, *, matches: bool
) -> None:
    """None means: not checked. One difference is enough not to match."""
    assert Target(WEB, image_id, key_id, visible=False).matches(rig.live()) is matches
