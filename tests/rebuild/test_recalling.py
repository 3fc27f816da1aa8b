"""Whether an attempt that only the journal knows already was the rebuild that is planned now."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from zec_pulumi.api import Instance
from zec_pulumi.journal.journal import Entry, Journal
from zec_pulumi.journal.recovery import ResolvedPlan, forget_resource, resolve_plan, unrecorded
from zec_pulumi.planning.causes import Cause
from zec_pulumi.planning.inputs import Recorded, parse_recorded, parse_wanted
from zec_pulumi.planning.plan import Kind, Plan
from zec_pulumi.time.clock import SystemClock

if TYPE_CHECKING:
    from pathlib import Path

WEB, JAMMY, NOBLE, DEBIAN = "1", "ubuntu2204", "ubuntu2404", "debian12"
USER_DATA = Cause("userData")


def is_the_same(*, attempted: tuple[Cause, ...], planned: tuple[Cause, ...], wanted: str, live: Instance) -> bool:
    entry = Entry("a1", WEB, "urn", attempted, None, 1000.0, "accepted", 1001.0, "T1")
    program = parse_wanted({"instanceId": WEB, "imageId": wanted})
    return unrecorded([entry], Plan(Kind.REBUILD, planned), None, program, live) is entry


@pytest.mark.parametrize(
    ("cause", "shown", "same"),
    [
        (Cause("imageId", JAMMY, NOBLE), {"image_id": NOBLE}, True),
        (Cause("imageId", JAMMY, NOBLE), {"image_id": DEBIAN}, False),
        (Cause("keyId", None, "key-1"), {"key_id": "key-1"}, True),
        (Cause("keyId", None, "key-1"), {"key_id": None}, False),
        (Cause("timezone", "UTC", "Asia/Tokyo"), {"time_zone": "Asia/Tokyo"}, True),
        (Cause("timezone", "UTC", "Asia/Tokyo"), {"time_zone": "UTC"}, False),
        (Cause("enableAgent", "off", "on"), {"enable_agent": True}, True),
        (Cause("enableAgent", "on", "off"), {"enable_agent": None}, True),
        (Cause("enableAgent", "on", "off"), {"enable_agent": True}, False),
        (Cause("rebuildToken"), {}, False),
    ],
)
def test_a_cause_that_came_later_counts_only_where_the_machine_shows_it(
    cause: Cause, shown: dict[str, object], *, same: bool
) -> None:
    """A refresh in between may have added it to what the attempt was made for."""
    live = Instance.model_validate({"instance_id": WEB, **shown})
    planned = (cause, USER_DATA)
    assert is_the_same(attempted=(USER_DATA,), planned=planned, wanted=NOBLE, live=live) is same


@pytest.mark.parametrize(
    ("attempted", "same"),
    [
        (Cause("imageId", JAMMY, NOBLE), True),
        (Cause("imageId", DEBIAN, NOBLE, drift=True), True),
        (Cause("imageId", JAMMY, DEBIAN), False),
        (Cause("imageId", NOBLE, DEBIAN, drift=True), False),
        (Cause("rebuildToken"), False),
        (Cause(f"imageId {NOBLE}, as no release has written it"), False),
    ],
)
def test_a_cause_that_is_none_any_more_counts_only_where_the_program_still_asks_for_it(
    attempted: Cause, *, same: bool
) -> None:
    """What the attempt brought about is no reason for another one; what was given up is."""
    live = Instance(instance_id=WEB, image_id=NOBLE)
    causes = (attempted, USER_DATA)
    assert is_the_same(attempted=causes, planned=(USER_DATA,), wanted=NOBLE, live=live) is same


@pytest.mark.parametrize(
    "beside",
    [
        Cause("imageId", DEBIAN, NOBLE, drift=True, beside=True),
        Cause("keyId", "key-1", None, beside=True),
        Cause("instanceName", "mine", "web-1", beside=True),
        Cause("password", change="given", beside=True),
    ],
)
def test_what_a_rebuild_changes_beside_makes_it_no_other(beside: Cause) -> None:
    """It may have come true since, somebody may have made it since, or the program have taken it back."""
    live = Instance(instance_id=WEB, image_id=NOBLE)
    for attempted, planned in (((USER_DATA, beside), (USER_DATA,)), ((USER_DATA,), (USER_DATA, beside))):
        assert is_the_same(attempted=attempted, planned=planned, wanted=NOBLE, live=live)


def test_what_was_changed_beside_is_no_attempt_at_what_asks_now() -> None:
    """The script is new, and the attempt was for an image only."""
    attempted = (Cause("imageId", JAMMY, NOBLE), Cause("instanceName", "a", "b", beside=True))
    live = Instance(instance_id=WEB, image_id=NOBLE)
    assert not is_the_same(attempted=attempted, planned=(USER_DATA,), wanted=NOBLE, live=live)


def test_an_attempt_at_the_same_image_is_the_same_from_wherever() -> None:
    """Somebody changed the machine in between: what is planned leads to the same."""
    attempted, planned = (Cause("imageId", JAMMY, NOBLE), USER_DATA), (Cause("imageId", DEBIAN, NOBLE), USER_DATA)
    assert is_the_same(attempted=attempted, planned=planned, wanted=NOBLE, live=Instance(instance_id=WEB))


def test_only_what_asks_for_the_rebuild_decides_whether_the_machine_tells() -> None:
    """A password that is set beside a new image does not: the image shows whether it was done."""
    password = Cause("password", beside=True)
    planned = (Cause("imageId", JAMMY, NOBLE), password)
    live = Instance(instance_id=WEB, image_id=JAMMY)
    assert not is_the_same(attempted=planned, planned=planned, wanted=NOBLE, live=live)


def test_a_resource_that_begins_anew_forgets_its_own_open_attempts_only(tmp_path: Path) -> None:
    """Those of another resource on the same machine, and those that have ended, stay as they are."""
    journal = Journal(tmp_path, SystemClock())
    for attempt_id, urn in (("own", "urn:a"), ("ended", "urn:a"), ("other", "urn:b")):
        journal.intend(attempt_id, WEB, urn, (USER_DATA,), None)
    journal.note(WEB, "ended", "refused")
    forget_resource(journal, WEB, "urn:a")
    events = {entry.attempt_id: entry.event for entry in journal.entries(WEB)}
    assert events == {"own": "forgotten", "ended": "refused", "other": "intent"}


def test_what_was_remembered_cannot_be_changed_afterwards() -> None:
    """The preview shows and the up acts on the same."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        ResolvedPlan(Plan(Kind.NONE), Recorded()).question = None  # type: ignore[misc]


def test_a_person_s_word_that_it_was_rebuilt_counts_at_once(tmp_path: Path) -> None:
    """Nobody has to see the machine move, too: RUNNING on the same image is the rebuilt machine."""
    journal = Journal(tmp_path, SystemClock())
    journal.intend("a1", WEB, "urn", (USER_DATA,), None)
    journal.note(WEB, "a1", "closed-rebuilt")
    attempt = {"id": "a1", "startedAt": 0.0, "outcome": "unknown"}
    recorded = parse_recorded({"instanceId": WEB, "applied": {}, "attempt": attempt})
    live, wanted = Instance(instance_id=WEB), parse_wanted({"instanceId": WEB})
    found = resolve_plan(journal, wanted, recorded, live, {}, "urn", tidy=False).recorded
    assert found.attempt is not None
    assert (found.attempt.outcome, found.attempt.moved) == ("accepted", True)
