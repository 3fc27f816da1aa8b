"""Following an accepted rebuild, to the second: how long what is read may still be what was before."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from zec_pulumi.errors import StopReason
from zec_pulumi.journal.locks import Lock
from zec_pulumi.planning.inputs import Attempt
from zec_pulumi.rebuild.errors import AttemptOpenError
from zec_pulumi.rebuild.wait import Target

if TYPE_CHECKING:
    from tests.rebuild.conftest import Rig

JAMMY, NOBLE = "ubuntu2204_20240712", "ubuntu2404_20240712"
WEB, KEY = "1272168087751233112", "key-YWD2QFOl"
NEW = {"imageId": NOBLE}


def attempt(rig: Rig, *, image_id: str = NOBLE, age: float = 0.0, outcome: str = "accepted") -> Attempt:
    given = {"image_id": image_id, "key_id": KEY, "started_at": rig.clock.now() - age, "outcome": outcome}
    return Attempt.model_validate({"id": "4f6c0f5e", **given})


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


def test_running_on_the_old_image_is_lag_for_five_minutes(rig: Rig) -> None:
    """Then it is reported with what is shown."""
    begin = rig.clock.monotonic()
    with pytest.raises(AttemptOpenError, match=f"shows image {JAMMY}, key {KEY} .* 5m00s after it came up"):
        rig.join(attempt(rig))
    assert rig.clock.monotonic() - begin == pytest.approx(300.0)


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
    with pytest.raises(AttemptOpenError, match="was not carried out"):
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


@pytest.mark.parametrize(("image_id", "key_id"), [(None, None), (JAMMY, None), (None, KEY), (JAMMY, KEY)])
def test_what_was_not_asked_for_is_not_verified(rig: Rig, image_id: str | None, key_id: str | None) -> None:
    """None means: not checked."""
    assert Target(WEB, image_id, key_id, visible=False).matches(rig.live())


@pytest.mark.parametrize(("image_id", "key_id"), [(NOBLE, KEY), (JAMMY, "key-2ndKey01"), (NOBLE, "key-2ndKey01")])
def test_one_difference_is_enough_not_to_match(rig: Rig, image_id: str, key_id: str) -> None:
    """Image and key must both be shown."""
    assert not Target(WEB, image_id, key_id, visible=False).matches(rig.live())


def orphaned(rig: Rig) -> None:
    """Let the engine go as soon as the reset is accepted."""
    rig.row.halt_at("reset accepted", StopReason.ENGINE_GONE)


def test_without_an_engine_the_rebuild_is_watched_to_its_end(rig: Rig) -> None:
    """So that the journal knows that it is done."""
    orphaned(rig)
    with pytest.raises(AttemptOpenError, match="the engine is gone; the rebuild went on in the cloud and is done"):
        rig.rebuild()
    assert rig.status() == "RUNNING"


def test_without_an_engine_another_run_takes_over(rig: Rig) -> None:
    """One that waits for the instance gets it, and the watching ends."""
    orphaned(rig)
    another = Lock(rig.home / "locks" / f"{WEB}.lock")
    assert another.take("urn:pulumi:dev::demo::type::web-1")
    with pytest.raises(AttemptOpenError, match="another run has taken the instance"):
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


def test_the_journal_knows_a_rebuild_that_failed(rig: Rig) -> None:
    """A failed one is an answer, too: nobody is asked about it."""
    rig.sim.add_fault(action="ResetInstance", nth=1, effect={"type": "reinstall_fails"})
    with pytest.raises(AttemptOpenError, match="REINSTALL_FAILED"):
        rig.rebuild()
    assert [entry.event for entry in rig.journal.entries(WEB)] == ["failed"]


def test_what_a_rebuild_took_is_learned_from_its_acceptance(rig: Rig) -> None:
    """The poller knows from then on when the end of the others is near: not before 97 seconds."""
    rig.sim.patch_instance(WEB, status="DEPLOYING", pending={"becomes": "RUNNING", "afterSeconds": 30, "changes": NEW})
    rig.join(attempt(rig, age=100))
    rig.poller.schedule.join()
    now = rig.clock.monotonic()
    assert rig.poller.schedule.until_poll(now - 97.0) > 5.0 >= rig.poller.schedule.until_poll(now - 98.0)


def test_it_is_polled_often_at_first_and_near_the_usual_end_and_seldom_between(rig: Rig) -> None:
    """Of a rebuild that usually takes five minutes, by the times of the reads."""
    rig.poller.schedule.learn(300.0)
    rig.sim.patch_instance(WEB, status="DEPLOYING", pending={"becomes": "RUNNING", "afterSeconds": 250, "changes": NEW})
    rig.join(attempt(rig))
    at = [request["at"] for request in rig.sim.requests() if request["action"] == "DescribeInstancesStatus"]
    gaps = [round(later - earlier) for earlier, later in itertools.pairwise(at)]
    assert gaps == [5] * 6 + [30] * 7 + [5] * 2
