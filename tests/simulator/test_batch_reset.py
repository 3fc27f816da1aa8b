"""ResetInstances: the rules of ResetInstance, for several instances at once."""

from __future__ import annotations

from typing import Any

import pytest

WEB_1, WEB_2, BATCH_1 = "1272168087751233112", "1272168087751233113", "1272168087751233114"
KEY = "key-YWD2QFOl"


def test_those_that_can_be_are_reinstalled(sim: Any, api: Any) -> None:
    """A running machine is answered as failed; the stopped one is reinstalled, and only it is in the ledger."""
    answer = api.ok("ResetInstances", instanceIds=[WEB_1, BATCH_1], keyId=KEY, imageId="debian12_20240712")

    assert answer["instanceIds"] == [WEB_1]
    assert [(entry["action"], entry["instanceId"]) for entry in sim.ledger()] == [("ResetInstances", BATCH_1)]
    assert sim.ledger()[0]["parameters"] == {"keyId": KEY, "imageId": "debian12_20240712"}
    assert api.status(BATCH_1) == "DEPLOYING"
    sim.advance(60)
    assert (sim.instance(BATCH_1)["imageId"], sim.instance(WEB_1)["imageId"]) == (
        *("debian12_20240712", "ubuntu2204_20240712"),
    )


def test_each_accepted_instance_has_an_entry(sim: Any, api: Any) -> None:
    """Two machines in one request are two reinstalls with one request id; naming one twice is one."""
    sim.patch_instance(WEB_1, status="STOPPED")

    assert api.ok("ResetInstances", instanceIds=[WEB_1, BATCH_1, WEB_1], keyId=KEY)["instanceIds"] == []

    first, second = sim.ledger()
    assert (first["instanceId"], second["instanceId"]) == (WEB_1, BATCH_1)
    assert first["requestId"] == second["requestId"]


@pytest.mark.parametrize(
    ("parameters", "refusal"),
    [
        ({"instanceIds": [WEB_1, WEB_2], "keyId": KEY}, (400, "UNSUPPORTED_OPERATION_INSTANCE_STATUS")),
        ({"instanceIds": [BATCH_1]}, (400, "INVALID_LOGIN_SETTING_CONFLICT")),
        ({"instanceIds": [BATCH_1], "password": "short"}, (400, "INVALID_PASSWORD_MALFORMED")),
        ({"instanceIds": [BATCH_1, "1"], "keyId": KEY}, (404, "INVALID_INSTANCE_NOT_FOUND")),
        ({"instanceIds": [], "keyId": KEY}, (400, "INVALID_PARAMETER_LESS_MINIMUM")),
        ({"keyId": KEY}, (400, "MISSING_PARAMETER")),
    ],
)
def test_when_none_can_be_the_reason_is_told(
    sim: Any, api: Any, parameters: dict[str, Any], refusal: tuple[int, str]
) -> None:
    """The request is refused, and nothing is changed."""
    before = sim.instances()

    assert api.refused("ResetInstances", **parameters) == refusal
    assert (sim.instances(), sim.ledger()) == (before, [])


def test_older_version_has_no_batch(api: Any) -> None:
    """The action came with 2025-09-01."""
    answer = api.post("ResetInstances", {"instanceIds": [BATCH_1], "keyId": KEY}, version="2024-04-01")

    assert answer.json()["code"] == "AUTHFAILURE_UNAUTHORIZED_OPERATION"


@pytest.mark.parametrize(
    ("effect", "status"),
    [("reinstall_fails", "REINSTALL_FAILED"), ("never_ends", "DEPLOYING"), ("fail_ids", "STOPPED")],
)
def test_faults_of_a_reinstall_happen_to_it(sim: Any, api: Any, effect: str, status: str) -> None:
    """It can fail, never end, or answer every id as failed."""
    sim.add_fault(action="ResetInstances", effect={"type": effect})

    answer = api.ok("ResetInstances", instanceIds=[BATCH_1], keyId=KEY)

    sim.advance(100_000)
    assert api.status(BATCH_1) == status
    assert answer["instanceIds"] == ([BATCH_1] if effect == "fail_ids" else [])
    assert len(sim.ledger()) == (0 if effect == "fail_ids" else 1)
