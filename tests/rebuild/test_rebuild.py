"""Each step of a rebuild, judged by the ledger and by the machine, not by what the code says of itself."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.programs import JAMMY, NOBLE
from tests.support.world import WEB
from zec_pulumi.api import ResetInstanceRequest
from zec_pulumi.errors import StopReason
from zec_pulumi.planning.causes import Cause
from zec_pulumi.rebuild.errors import AttemptOpenError, RebuildNotStartedError
from zec_pulumi.rebuild.rebuild import rebuild

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.rebuild.conftest import Rig

STOPPED_ONE = "1272168087751233114"
REBUILD = ["StopInstances", "ResetInstance"]


def fault(action: str, type_: str, *, nth: int = 1, times: int | None = None, **effect: Any) -> dict[str, Any]:
    return {"action": action, "nth": nth, "times": times, "effect": {"type": type_, **effect}}


LOST_BEFORE = [
    {"type": "drop"},
    {"type": "bad_gateway"},
    {"type": "empty"},
    {"type": "error", "code": "INTERNAL_SERVER_ERROR", "status": 500},
    {"type": "error", "code": "SERVICE_TEMPORARY_UNAVAILABLE", "status": 503},
    {"type": "redirect", "location": "http://127.0.0.1:1/"},
]
LOST_AFTER = [
    {"type": "drop", "carried_out": True},
    {"type": "bad_gateway", "carried_out": True},
    {"type": "empty", "carried_out": True},
    {"type": "truncated"},
    {"type": "error", "code": "INTERNAL_SERVER_ERROR", "status": 500, "carried_out": True},
]


@pytest.mark.parametrize("transition", ["DEPLOYING", "REBUILDING"])
def test_a_running_machine_is_stopped_reset_once_and_verified(make_rig: Callable[..., Rig], transition: str) -> None:
    """Whichever transitional status the cloud shows, the row tells the phases in order and each of them once."""
    rig = make_rig(transition)
    attempt, live = rig.rebuild()
    assert rig.actions() == REBUILD
    assert (live.status, live.image_id) == ("RUNNING", NOBLE)
    assert rig.row.lines == [
        "powering off",
        "sending ResetInstance",
        f"reset accepted ({attempt.request_id})",
        transition,
        "RUNNING, verifying",
    ]


def test_elapsed_time_is_told_only_where_a_person_watches(rig: Rig) -> None:
    """Ticking adds lines with the time since the phase began."""
    rig.ticking = True
    rig.rebuild()
    assert "DEPLOYING 45s" in rig.row.lines


def test_the_attempt_holds_what_was_asked_for_and_the_request_id(rig: Rig) -> None:
    """Support asks for the request id; the next up needs image and key."""
    attempt, _ = rig.rebuild()
    assert attempt.request_id == rig.sim.ledger()[-1]["requestId"]
    assert (attempt.image_id, attempt.key_id, attempt.outcome) == (NOBLE, "key-YWD2QFOl", "accepted")
    assert attempt.causes == (Cause("imageId", "a", "b"),)


def test_a_stopped_machine_is_not_stopped_again(rig: Rig) -> None:
    """ResetInstance is all that is sent."""
    rig.rebuild(STOPPED_ONE)
    assert rig.actions() == ["ResetInstance"]


@pytest.mark.parametrize("force", [False, True])
def test_the_way_of_powering_off_is_sent_explicitly(rig: Rig, *, force: bool) -> None:
    """The API's own default is to force, which data disks do not deserve."""
    rig.rebuild(force=force)
    assert rig.sim.ledger()[0]["parameters"] == {"forceShutdown": force}


def test_a_graceful_stop_that_takes_too_long_names_force(rig: Rig) -> None:
    """After five minutes it fails before anything is wiped; the way out is in the message."""
    rig.sim.add_fault(**fault("StopInstances", "never_ends"))
    begin = rig.clock.monotonic()
    with pytest.raises(RebuildNotStartedError, match=r'5m00s: it is STOPPING; nothing was wiped.*power_off="force"'):
        rig.rebuild()
    assert 300 <= rig.clock.monotonic() - begin < 310
    assert rig.actions() == ["StopInstances"]


def test_a_forced_stop_waits_as_long_as_the_deadline_and_names_no_force(rig: Rig) -> None:
    """There is nothing stronger to advise."""
    rig.sim.add_fault(**fault("StopInstances", "never_ends"))
    with pytest.raises(RebuildNotStartedError, match="10m00s: it is STOPPING") as caught:
        rig.rebuild(force=True, seconds=600)
    assert "power_off" not in str(caught.value)


def test_ids_in_the_answer_of_a_stop_are_failures(rig: Rig) -> None:
    """HTTP 200 with the id means that it was not stopped."""
    rig.sim.add_fault(**fault("StopInstances", "fail_ids"))
    with pytest.raises(RebuildNotStartedError, match=f"instance {WEB} .* failed to power off.* it is RUNNING"):
        rig.rebuild()
    assert rig.actions() == []


def test_a_machine_that_somebody_else_stopped_meanwhile_is_fine(rig: Rig) -> None:
    """The refusal "not running" is what was wanted."""
    live = rig.live()
    rig.sim.patch_instance(WEB, status="STOPPED")
    _, done = rebuild(rig.operation(), live, _request(rig), (Cause("rebuildToken"),), force=False)
    assert done.image_id == NOBLE
    assert rig.actions() == ["ResetInstance"]


def test_a_machine_that_somebody_else_stopped_is_not_started_after_a_refusal(rig: Rig) -> None:
    """Only our own power-off is ours to undo."""
    live = rig.live()
    rig.sim.patch_instance(WEB, status="STOPPED")
    rig.sim.add_fault(**fault("ResetInstance", "error", code="INVALID_IMAGE_AGENT_NOT_SUPPORT", status=400))
    with pytest.raises(RebuildNotStartedError, match=r"Nothing was wiped; .* is STOPPED"):
        rebuild(rig.operation(), live, _request(rig), (), force=False)
    assert rig.actions() == []


def _request(rig: Rig) -> ResetInstanceRequest:
    return ResetInstanceRequest(instance_id=WEB, image_id=NOBLE, key_id=rig.live().key_id, enable_agent=True)


@pytest.mark.parametrize("effect", LOST_BEFORE)
def test_a_stop_that_was_lost_on_its_way_is_sent_again(rig: Rig, effect: dict[str, Any]) -> None:
    """RUNNING half a minute later tells that it was not carried out."""
    rig.sim.add_fault(action="StopInstances", nth=1, effect=effect)
    rig.rebuild()
    assert rig.actions() == REBUILD
    assert rig.sent("StopInstances") == 2


@pytest.mark.parametrize("effect", LOST_AFTER)
def test_a_stop_whose_answer_was_lost_is_not_sent_again(rig: Rig, effect: dict[str, Any]) -> None:
    """STOPPING, then STOPPED tells that it was carried out."""
    rig.sim.add_fault(action="StopInstances", nth=1, effect=effect)
    rig.rebuild()
    assert rig.actions() == REBUILD
    assert rig.sent("StopInstances") == 1


@pytest.mark.parametrize("effect", LOST_BEFORE)
def test_a_reset_that_was_lost_on_its_way_is_sent_again(rig: Rig, effect: dict[str, Any]) -> None:
    """STOPPED half a minute later tells that it was not carried out: the machine is wiped once."""
    rig.sim.add_fault(action="ResetInstance", nth=1, effect=effect)
    attempt, live = rig.rebuild()
    assert rig.actions() == REBUILD
    assert rig.sent("ResetInstance") == 2
    assert (attempt.request_id, live.image_id) == (rig.sim.ledger()[-1]["requestId"], NOBLE)


@pytest.mark.parametrize("transition", ["DEPLOYING", "REBUILDING"])
@pytest.mark.parametrize("effect", LOST_AFTER)
def test_a_reset_whose_answer_was_lost_is_never_sent_again(
    make_rig: Callable[..., Rig], effect: dict[str, Any], transition: str
) -> None:
    """The transitional status tells that it was accepted."""
    rig = make_rig(transition)
    rig.sim.add_fault(action="ResetInstance", nth=1, effect=effect)
    attempt, live = rig.rebuild()
    assert rig.sent("ResetInstance") == 1
    assert (attempt.request_id, attempt.outcome, live.image_id) == (None, "accepted", NOBLE)
    assert "reset accepted (its answer was lost)" in rig.row.lines


def test_a_lost_reset_and_a_status_that_lags_do_not_wipe_twice(rig: Rig) -> None:
    """Sent again after a STOPPED that was old, the API's refusal tells that the first one was carried out."""
    rig.sim.add_fault(action="ResetInstance", nth=1, effect={"type": "drop", "carried_out": True})
    for late in range(1, 9):  # each read from the third on shows what the second one saw: STOPPED
        rig.sim.add_fault(action="DescribeInstancesStatus", nth=2 + late, effect={"type": "lag", "reads": late})
    attempt, live = rig.rebuild(image_id=JAMMY, user_data=b"#!/bin/sh\n")
    assert rig.sent("ResetInstance") == 2
    assert rig.actions() == REBUILD
    assert (attempt.outcome, live.status) == ("accepted", "RUNNING")


def test_a_reset_that_contradicts_the_status_for_good_stays_open(rig: Rig) -> None:
    """Refused for a status that is not the one read: nobody knows, so nothing is started and nothing forgotten."""
    rig.sim.add_fault(action="ResetInstance", nth=1, effect={"type": "drop"})
    refusal = {"type": "error", "code": "UNSUPPORTED_OPERATION_INSTANCE_STATUS", "status": 400}
    rig.sim.add_fault(action="ResetInstance", nth=2, effect=refusal)
    with pytest.raises(AttemptOpenError, match=f"boot disk of instance {WEB} may have been wiped") as caught:
        rig.rebuild()
    assert caught.value.attempt.outcome == "unknown"
    assert rig.actions() == ["StopInstances"]


def test_a_reset_that_never_arrives_is_given_up_and_the_machine_started_again(rig: Rig) -> None:
    """Three times are enough; what was powered off for nothing runs again."""
    rig.sim.add_fault(action="ResetInstance", effect={"type": "drop"})
    with pytest.raises(RebuildNotStartedError, match=r"no answer 3 times.*has been started again and is RUNNING"):
        rig.rebuild()
    assert (rig.sent("ResetInstance"), rig.actions()) == (3, ["StopInstances", "StartInstances"])


def test_a_lost_answer_and_nothing_readable_leaves_the_outcome_open(rig: Rig) -> None:
    """RUNNING on an image that stays the same tells nothing: no second wipe, no new stop, and the message says so."""
    rig.sim.add_fault(action="ResetInstance", nth=1, effect={"type": "drop"})
    rig.sim.add_fault(action="DescribeInstancesStatus", nth=3, times=1, effect={"type": "lag", "reads": 3})
    with pytest.raises(AttemptOpenError, match="nothing the API shows tells whether it was rebuilt") as caught:
        rig.rebuild(image_id=JAMMY)
    assert caught.value.attempt.outcome == "unknown"
    assert rig.actions() == ["StopInstances"]


def test_a_lost_answer_and_a_machine_that_somebody_powered_on_is_no_success(rig: Rig) -> None:
    """RUNNING on the old image after the grace time tells that it was not rebuilt."""
    rig.sim.add_fault(action="ResetInstance", nth=1, effect={"type": "drop"})
    rig.sim.add_fault(action="DescribeInstancesStatus", nth=3, times=20, effect={"type": "lag", "reads": 20})
    with pytest.raises(RebuildNotStartedError, match=f"{WEB} is RUNNING and still shows what it had before"):
        rig.rebuild()
    assert rig.actions() == ["StopInstances"]


def test_an_answer_that_is_lost_for_good_leaves_the_attempt_open(rig: Rig) -> None:
    """Nothing can be read any more: the disk may have been wiped, and the attempt says so."""
    rig.sim.add_fault(action="ResetInstance", nth=1, effect={"type": "drop", "carried_out": True})
    denied = {"type": "error", "code": "AUTHFAILURE_SIGNATURE_FAILURE", "status": 401}
    rig.sim.add_fault(action="DescribeInstancesStatus", nth=3, times=9, effect=denied)
    with pytest.raises(AttemptOpenError, match=f"boot disk of instance {WEB} may have been wiped") as caught:
        rig.rebuild()
    rig.sim.clear_faults()
    assert rig.join(caught.value.attempt).image_id == NOBLE
    assert rig.sent("ResetInstance") == 1


def test_a_refusal_after_our_power_off_starts_the_machine_again_and_says_both(rig: Rig) -> None:
    """What preview cannot foresee must not leave the machine off."""
    rig.sim.add_fault(**fault("ResetInstance", "error", code="INVALID_IMAGE_AGENT_NOT_SUPPORT", status=400))
    with pytest.raises(RebuildNotStartedError) as caught:
        rig.rebuild()
    text = str(caught.value)
    assert "INVALID_IMAGE_AGENT_NOT_SUPPORT" in text
    assert f"Nothing was wiped; instance {WEB} (web-1) was powered off for this, has been started again" in text
    assert rig.actions() == ["StopInstances", "StartInstances"]
    assert rig.status() == "RUNNING"


def test_a_refusal_of_a_machine_that_was_off_leaves_it_off(rig: Rig) -> None:
    """It is as it was."""
    rig.sim.add_fault(**fault("ResetInstance", "error", code="INVALID_IMAGE_AGENT_NOT_SUPPORT", status=400))
    with pytest.raises(RebuildNotStartedError, match=f"Nothing was wiped; instance {STOPPED_ONE} .* is STOPPED"):
        rig.rebuild(STOPPED_ONE)
    assert rig.actions() == []


def test_a_lost_answer_of_the_start_is_waited_for(rig: Rig) -> None:
    """A machine that runs again is not reported as off."""
    rig.sim.add_fault(**fault("ResetInstance", "error", code="INVALID_IMAGE_AGENT_NOT_SUPPORT", status=400))
    rig.sim.add_fault(**fault("StartInstances", "drop", carried_out=True))
    with pytest.raises(RebuildNotStartedError, match="has been started again and is RUNNING"):
        rig.rebuild()


@pytest.mark.parametrize(
    ("effect", "words"),
    [
        ({"type": "fail_ids"}, "StartInstances answered that it failed; it is STOPPED, start it by hand"),
        (
            {"type": "error", "code": "AUTHFAILURE_UNAUTHORIZED_OPERATION", "status": 403},
            r"did not succeed \(StartInstances was refused.*\); it is STOPPED",
        ),
    ],
)
def test_a_start_that_fails_says_what_state_the_machine_is_in(rig: Rig, effect: dict[str, Any], words: str) -> None:
    """Whoever reads it must know that the machine is off."""
    rig.sim.add_fault(**fault("ResetInstance", "error", code="INVALID_IMAGE_AGENT_NOT_SUPPORT", status=400))
    rig.sim.add_fault(action="StartInstances", nth=1, effect=effect)
    with pytest.raises(RebuildNotStartedError, match=words):
        rig.rebuild()


@pytest.mark.parametrize("action", ["StopInstances", "ResetInstance"])
def test_too_many_requests_are_waited_out_as_the_server_asks(rig: Rig, action: str) -> None:
    """A 429 was surely not carried out: sent again after Retry-After, accepted once."""
    rig.sim.add_fault(action=action, nth=1, times=2, effect={"type": "rate_limit", "retry_after": 20})
    rig.rebuild()
    times = [request["at"] for request in rig.sim.requests() if request["action"] == action]
    assert [later - earlier >= 20 for earlier, later in pairwise(times)] == [True, True]
    assert rig.actions() == REBUILD


def test_endless_too_many_requests_end_with_the_machine_running_again(rig: Rig) -> None:
    """Two minutes of refusals are enough."""
    rig.sim.add_fault(action="ResetInstance", effect={"type": "rate_limit", "retry_after": 50})
    with pytest.raises(RebuildNotStartedError, match=r"REQUEST_LIMIT_EXCEEDED.*is RUNNING"):
        rig.rebuild()
    assert rig.status() == "RUNNING"


def test_a_limit_that_is_told_as_a_server_error_is_not_sent_again_unread(rig: Rig) -> None:
    """With a 503 nobody knows whether it was carried out: the status is read first."""
    limited = {"type": "error", "code": "REQUEST_LIMIT_EXCEEDED", "status": 503, "carried_out": True}
    rig.sim.add_fault(action="ResetInstance", nth=1, effect=limited)
    rig.rebuild()
    assert rig.sent("ResetInstance") == 1


@pytest.mark.parametrize("halt", list(StopReason))
@pytest.mark.parametrize("phase", ["powering off", "sending ResetInstance"])
def test_nothing_is_sent_once_the_engine_wants_nothing_more(rig: Rig, phase: str, halt: StopReason) -> None:
    """Not the stop, not the reset, and not even the start that would undo the stop."""
    rig.row.halt_at(phase, halt)
    with pytest.raises(RebuildNotStartedError, match=f"(?s){WEB}.*{halt.value}|{halt.value}.*{WEB}"):
        rig.rebuild()
    assert rig.sent("ResetInstance") == 0
    assert rig.sent("StartInstances") == 0


@pytest.mark.parametrize("halt", list(StopReason))
def test_an_engine_that_goes_after_acceptance_leaves_an_open_attempt(rig: Rig, halt: StopReason) -> None:
    """The rebuild goes on in the cloud, and the next up joins it."""
    rig.row.halt_at("reset accepted", halt)
    with pytest.raises(AttemptOpenError, match="in the cloud") as caught:
        rig.rebuild()
    rig.row = type(rig.row)()
    assert rig.join(caught.value.attempt).image_id == NOBLE
    assert rig.actions() == REBUILD


def test_credentials_that_expire_while_it_powers_off_name_the_machine(rig: Rig) -> None:
    """The machine is perhaps off: the message must say which one."""
    denied = {"type": "error", "code": "AUTHFAILURE_SIGNATURE_FAILURE", "status": 401}
    rig.sim.add_fault(action="DescribeInstancesStatus", nth=1, times=9, effect=denied)
    with pytest.raises(RebuildNotStartedError, match=f"instance {WEB} .* was sent StopInstances"):
        rig.rebuild()


def test_a_defect_after_the_reset_does_not_make_the_stack_forget_it(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever breaks here: the attempt is answered, without the text of what broke."""

    def broken(*_: object, **__: object) -> None:
        raise KeyError("a value that must not be shown")

    monkeypatch.setattr("zec_pulumi.rebuild.wait._Wait.run", broken)
    with pytest.raises(AttemptOpenError, match=rf"defect in zec_pulumi: KeyError at .* while instance {WEB}") as caught:
        rig.rebuild()
    assert "must not be shown" not in str(caught.value)
    assert caught.value.attempt.outcome == "accepted"
