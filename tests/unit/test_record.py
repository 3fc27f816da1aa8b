"""What is written into the stack's state: a contract with every later release."""

from __future__ import annotations

from typing import Any

import pytest

from zec_pulumi.api import Image, Instance
from zec_pulumi.planning import record
from zec_pulumi.planning.causes import Cause
from zec_pulumi.planning.inputs import Applied, Attempt, parse_recorded, parse_wanted
from zec_pulumi.planning.plan import Kind, plan_update

LIVE = Instance.model_validate(
    {
        "instanceId": "1",
        "instanceName": "web-1",
        "imageId": "ubuntu2404",
        "imageName": "Ubuntu 24.04",
        "keyId": "key-1",
        "timeZone": "UTC",
        "enableAgent": False,
        "status": "RUNNING",
        "publicIpAddresses": ["203.0.113.1"],
        "privateIpAddresses": ["10.0.0.1"],
    }
)
IMAGE = Image.model_validate({"imageId": "ubuntu2404", "osType": "linux"})
ATTEMPT = Attempt(id="a", causes=(Cause("userData"),), started_at=1767225600.9, image_id="ubuntu2404", key_id="key-1")
BEFORE = {
    "instanceId": "1",
    "imageId": "ubuntu2204",
    "keyId": "key-0",
    "userData": "old",
    "status": "RUNNING",
    "lastRebuild": {"attemptId": "earlier"},
    "applied": {"imageId": "ubuntu2204", "keyId": "key-0"},
    "__provider": "gAS",
}


def complete(wanted: dict[str, Any]) -> dict[str, Any]:
    return record.outputs(wanted, LIVE, IMAGE, applied=record.applied_now(LIVE), last_rebuild=None)


def opened(wanted: dict[str, Any], attempt: Attempt = ATTEMPT, before: dict[str, Any] = BEFORE) -> dict[str, Any]:
    return record.with_attempt(wanted, before, attempt, Applied(image_id="ubuntu2204", key_id="key-0"), "DEPLOYING")


def test_the_whole_record_of_a_machine_as_wanted() -> None:
    """Inputs echoed, what is omitted as the machine has it; false is a value."""
    assert complete({"instanceId": "1", "imageId": "ubuntu2404", "userData": "x", "dryRun": True}) == {
        "instanceId": "1",
        "imageId": "ubuntu2404",
        "userData": "x",
        "keyId": "key-1",
        "timezone": "UTC",
        "enableAgent": False,
        "instanceName": "web-1",
        "status": "RUNNING",
        "imageName": "Ubuntu 24.04",
        "osType": "linux",
        "publicIpAddresses": ["203.0.113.1"],
        "privateIpAddresses": ["10.0.0.1"],
        "applied": {"imageId": "ubuntu2404", "keyId": "key-1"},
    }


def test_with_a_password_no_key_is_recorded() -> None:
    """The machine may still show the one it had; the program does not want it."""
    assert "keyId" not in complete({"instanceId": "1", "password": "s3cret"})


def test_a_secret_stands_only_under_the_key_of_its_input() -> None:
    """Under any other the engine would not encrypt it."""
    holding = {
        key for key, value in complete({"instanceId": "1", "password": "s3cret"}).items() if "s3cret" in str(value)
    }
    assert holding == {"password"}


def test_a_record_previews_as_no_change() -> None:
    """With the same program."""
    inputs = {"instanceId": "1", "imageId": "ubuntu2404", "userData": "x", "timezone": "UTC", "rebuildToken": "t"}
    assert plan_update(parse_wanted(inputs), parse_recorded(complete(inputs)), LIVE).kind is Kind.NONE


def test_what_the_first_release_wrote_previews_as_no_change() -> None:
    """Written down literally: not to be adapted when the code changes."""
    state = {
        "__provider": "gASV",
        "adopt": "auto",
        "applied": {"imageId": "ubuntu2404", "keyId": "key-1"},
        "enableAgent": True,
        "imageId": "ubuntu2404",
        "imageName": "Ubuntu 24.04",
        "instanceId": "1",
        "instanceName": "web-1",
        "keyId": "key-1",
        "lastRebuild": {
            "attemptId": "0b0e7f0e-3d0c-4f57-9f1e-0a3d6f0f8a11",
            "causes": ["imageId ubuntu2204 → ubuntu2404"],
            "finishedAt": "2026-01-01T00:10:00Z",
            "requestId": "TA1",
            "startedAt": "2026-01-01T00:00:00Z",
        },
        "osType": "linux",
        "powerOff": "graceful",
        "privateIpAddresses": [],
        "publicIpAddresses": [],
        "rebuildOn": ["timezone"],
        "rebuildProtection": False,
        "rebuildToken": "one",
        "status": "RUNNING",
        "timezone": "UTC",
        "userData": "#!/bin/sh\n",
    }
    program = {
        "instanceId": "1",
        "imageId": "ubuntu2404",
        "userData": "#!/bin/sh\n",
        "rebuildToken": "one",
        "rebuildOn": ["timezone"],
        "timezone": "UTC",
    }
    live = LIVE.model_copy(update={"enable_agent": True})
    plan = plan_update(parse_wanted(program), parse_recorded(state), live)
    assert (plan.kind, plan.notes, plan.refusal) == (Kind.NONE, (), None)


def test_what_the_first_release_wrote_of_an_open_attempt_is_joined() -> None:
    """Times come back from the engine as floats."""
    attempt = {
        "id": "a",
        "causes": ["userData changed"],
        "requestId": "TA1",
        "startedAt": 1767225600.0,
        "imageId": "ubuntu2404",
        "keyId": "key-1",
        "outcome": "accepted",
        "moved": True,
    }
    state = {"instanceId": "1", "imageId": "ubuntu2404", "applied": {"imageId": "ubuntu2204"}, "attempt": attempt}
    recorded = parse_recorded(state)
    assert plan_update(parse_wanted({"instanceId": "1", "imageId": "ubuntu2404"}), recorded, LIVE).kind is Kind.JOIN
    assert recorded.attempt is not None
    expected = {**attempt, "causes": [{"trigger": "userData"}]}
    assert recorded.attempt.model_dump(by_alias=True, mode="json", exclude_none=True) == expected


def test_an_open_attempt_is_recorded_with_what_was_asked_and_what_was_before() -> None:
    """The next up needs both to tell a finished rebuild from none."""
    outputs = opened({"instanceId": "1", "imageId": "ubuntu2404", "userDataBase64": "eA=="})
    assert outputs == {
        "instanceId": "1",
        "imageId": "ubuntu2404",
        "keyId": "key-1",
        "userDataBase64": "eA==",
        "status": "DEPLOYING",
        "lastRebuild": {"attemptId": "earlier"},
        "applied": {"imageId": "ubuntu2204", "keyId": "key-0"},
        "attempt": {
            "id": "a",
            "causes": [{"trigger": "userData"}],
            "startedAt": 1767225600.9,
            "imageId": "ubuntu2404",
            "keyId": "key-1",
            "outcome": "accepted",
            "moved": False,
        },
    }


def test_an_open_attempt_with_a_password_records_no_key() -> None:
    """Else that key would count as being there, and asking for it as no change."""
    attempt = ATTEMPT.model_copy(update={"key_id": None})
    assert "keyId" not in opened({"instanceId": "1", "password": "s3cret"}, attempt)


def test_an_attempt_that_stays_open_keeps_the_inputs_it_was_asked_with() -> None:
    """What the program changed since was not done: it must still show as a change."""
    before = opened({"instanceId": "1", "imageId": "ubuntu2404", "password": "first", "instanceName": "a1"})
    moved = ATTEMPT.model_copy(update={"moved": True})
    after = opened({"instanceId": "1", "imageId": "ubuntu2404", "password": "second"}, moved, before)
    assert (after["password"], after["instanceName"], after["attempt"]["moved"]) == ("first", "a1", True)


def test_a_finished_rebuild_tells_its_times_in_utc() -> None:
    """ISO 8601, whole seconds; no request id where its answer was lost."""
    assert record.rebuilt(ATTEMPT, 1767226200.2, ["userData changed"]) == {
        "attemptId": "a",
        "causes": ["userData changed"],
        "startedAt": "2026-01-01T00:00:00Z",
        "finishedAt": "2026-01-01T00:10:00Z",
    }


def test_the_engines_own_property_is_not_ours() -> None:
    """The pickled provider is the SDK's to write."""
    assert record.known({"__provider": "gAS", "a": 1, "b": None}) == {"a": 1}


@pytest.mark.parametrize(
    "last",
    [
        None,
        {},
        "text",
        {"startedAt": "2026-01-01T01:00:00Z", "finishedAt": "2026-01-01T00:00:00Z"},
        {"startedAt": "soon", "finishedAt": "2026-01-01T00:00:00Z"},
        {"startedAt": 1, "finishedAt": 2},
    ],
)
def test_a_duration_that_makes_no_sense_is_not_known(last: object) -> None:
    """Older releases recorded negative ones."""
    assert record.last_rebuild_seconds({"lastRebuild": last}) is None
