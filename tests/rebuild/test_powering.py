"""Mutations that do not get through: when they are sent again, when they are given up, and what is told then."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.world import WEB
from zec_pulumi.errors import StopReason
from zec_pulumi.rebuild.errors import RebuildNotStartedError
from zec_pulumi.rebuild.power import GRACEFUL_STOP_SECONDS
from zec_pulumi.rebuild.send import UNSENT_SECONDS

if TYPE_CHECKING:
    from tests.rebuild.conftest import Rig

REFUSED = {"type": "error", "code": "INVALID_IMAGE_AGENT_NOT_SUPPORT", "status": 400}


def sent_after(rig: Rig, action: str) -> list[float]:
    """Return when an action arrived, in seconds since it did first."""
    times = [request["at"] for request in rig.sim.requests() if request["action"] == action]
    return [at - times[0] for at in times]


def test_without_a_word_from_the_server_the_pauses_double_up_to_half_a_minute(rig: Rig) -> None:
    """And end after two minutes in all."""
    rig.sim.add_fault(action="StopInstances", effect={"type": "rate_limit", "retry_after": None})
    with pytest.raises(RebuildNotStartedError, match="REQUEST_LIMIT_EXCEEDED"):
        rig.rebuild()
    assert sent_after(rig, "StopInstances") == pytest.approx([0, 1, 3, 7, 15, 31, 61, 91])


def test_a_pause_that_would_end_after_two_minutes_is_not_begun(rig: Rig) -> None:
    """The third pause of 40 seconds would take all that is left."""
    rig.sim.add_fault(action="StopInstances", effect={"type": "rate_limit", "retry_after": 40})
    with pytest.raises(RebuildNotStartedError, match="REQUEST_LIMIT_EXCEEDED"):
        rig.rebuild()
    assert sent_after(rig, "StopInstances") == pytest.approx([0, 40, 80])


@pytest.mark.parametrize(("effect", "why"), [("bad_gateway", "502"), ("drop", "its answer was lost")])
def test_a_stop_without_effect_is_sent_again_after_half_a_minute(rig: Rig, effect: str, why: str) -> None:
    """Three times; then the loss is told, and the machine is untouched."""
    rig.sim.add_fault(action="StopInstances", effect={"type": effect})
    told = rf"sent 3 times and instance {WEB} .* is still RUNNING; .* The next pulumi up tries again\. .*{why}"
    with pytest.raises(RebuildNotStartedError, match=told):
        rig.rebuild()
    assert rig.actions() == []
    assert sent_after(rig, "StopInstances") == pytest.approx([0, 30, 60])


def test_a_status_that_is_not_of_a_power_off_is_named_on_the_row(rig: Rig) -> None:
    """Somebody else does something with the machine meanwhile."""
    rig.sim.patch_instance(WEB, status="RESIZING")
    rig.live()
    rig.sim.patch_instance(WEB, status="RUNNING")
    rig.sim.add_fault(action="DescribeInstancesStatus", nth=1, effect={"type": "lag", "reads": 2})
    rig.rebuild()
    assert "powering off, RESIZING" in rig.row.lines


def test_after_a_lost_stop_a_machine_is_left_off_when_the_reset_is_refused(rig: Rig) -> None:
    """Its owner may have powered it off: no API tells, so it is not started, and that is said."""
    rig.sim.add_fault(action="StopInstances", nth=1, effect={"type": "drop", "carried_out": True})
    rig.sim.add_fault(action="ResetInstance", nth=1, effect=REFUSED)
    with pytest.raises(RebuildNotStartedError, match=r"is STOPPED\. The answer to StopInstances was lost, so this"):
        rig.rebuild()
    assert rig.actions() == ["StopInstances"]


def test_a_start_that_takes_too_long_is_told_after_five_minutes(rig: Rig) -> None:
    """The user is not kept waiting for an error that is known already."""
    rig.sim.add_fault(action="ResetInstance", nth=1, effect=REFUSED)
    rig.sim.add_fault(action="StartInstances", nth=1, effect={"type": "never_ends"})
    with pytest.raises(RebuildNotStartedError, match=r"did not succeed \(.*\); it is BOOTING"):
        rig.rebuild()
    begin = next(request["at"] for request in rig.sim.requests() if request["action"] == "StartInstances")
    assert rig.sim.now() - begin == pytest.approx(300)


def test_a_machine_that_stays_off_because_the_engine_told_to_stop_is_named(rig: Rig) -> None:
    """Nothing is sent any more, so the user must know that it is off."""
    rig.row.halt_at("sending ResetInstance", StopReason.CANCELLED)
    with pytest.raises(RebuildNotStartedError, match="was powered off for this and is STOPPED; start it by hand"):
        rig.rebuild()
    assert rig.actions() == ["StopInstances"]


def test_the_time_for_powering_off_begins_when_it_is_asked_for(rig: Rig) -> None:
    """Under a rate limit the turn to send may be longer in coming than powering off may take."""

    def hold_back(text: str) -> None:
        if text == "powering off":
            rig.client.limiter.on_rejected(2 * GRACEFUL_STOP_SECONDS)

    rig.row.on_line = hold_back
    rig.rebuild()
    assert rig.actions() == ["StopInstances", "ResetInstance"]


def test_the_turns_that_are_waited_for_do_not_count_as_trying_again(rig: Rig) -> None:
    """Refused once, and then a long line: the next refusal is not the last word."""
    rig.sim.add_fault(action="StopInstances", nth=1, times=2, effect={"type": "rate_limit", "retry_after": 5})

    def hold_back(text: str) -> None:
        if text.startswith("not sent yet"):
            rig.client.limiter.on_rejected(2 * UNSENT_SECONDS)

    rig.row.on_line = hold_back
    rig.rebuild()
    assert sent_after(rig, "StopInstances") == pytest.approx([0, 240, 480])
