"""Rules that make requests go wrong, and what a client sees of each effect."""

from __future__ import annotations

import time
from typing import Any

import pytest
import requests

from zec_pulumi.simulator.world import SetupError

WEB_1, WEB_2, BATCH_1 = "1272168087751233112", "1272168087751233113", "1272168087751233114"
STOP = {"instanceIds": [WEB_1]}
RESET = {"instanceId": BATCH_1, "keyId": "key-YWD2QFOl", "imageId": "debian12_20240712"}


def fail(sim: Any, effect: str, *, action: str = "*", **fields: Any) -> None:
    """Make the next matching request go wrong; the rest of ``fields`` belongs to the effect."""
    sim.add_fault(action=action, nth=1, effect={"type": effect, **fields})


@pytest.mark.parametrize(
    ("effect", "fields", "status", "headers"),
    [
        ("error", {"code": "INTERNAL_SERVER_ERROR", "status": 500}, 500, {}),
        ("rate_limit", {"retryAfter": 7}, 429, {"retry-after": "7"}),
        ("bad_gateway", {}, 502, {"content-type": "text/html; charset=utf-8"}),
        ("empty", {}, 200, {"content-length": "0"}),
        ("challenge", {}, 403, {"cf-mitigated": "challenge"}),
        ("blocked", {}, 451, {}),
        ("redirect", {"location": "https://example.org/"}, 302, {"location": "https://example.org/"}),
    ],
)
def test_effect_replaces_the_request_once(
    sim: Any, api: Any, effect: str, fields: dict[str, Any], status: int, headers: dict[str, str]
) -> None:
    """The client sees the fault, nothing is carried out, and the next request is fine."""
    fail(sim, effect, **fields)

    answer = api.post("StopInstances", STOP)

    assert answer.status_code == status
    assert headers.items() <= dict(answer.headers).items()
    assert sim.ledger() == []
    api.ok("StopInstances", **STOP)


def test_error_has_the_envelope_of_the_cloud(sim: Any, api: Any) -> None:
    """Any code, status and message can be asked for."""
    fail(sim, "error", code="SERVICE_TEMPORARY_UNAVAILABLE", status=503, message="Later.")

    body = api.post("StopInstances", STOP).json()

    assert body | {"requestId": ""} == {
        "requestId": "",
        "code": "SERVICE_TEMPORARY_UNAVAILABLE",
        "message": "Later.",
    }
    assert [(entry["status"], entry["code"], entry["faults"]) for entry in sim.requests()] == [
        (503, "SERVICE_TEMPORARY_UNAVAILABLE", ["error"])
    ]


def test_rate_limit_without_retry_after(sim: Any, api: Any) -> None:
    """The header can be left out; the code is the one of the rate limit."""
    fail(sim, "rate_limit", retryAfter=None)

    answer = api.post("StopInstances", STOP)

    assert "Retry-After" not in answer.headers
    assert answer.json()["code"] == "REQUEST_LIMIT_EXCEEDED"


@pytest.mark.parametrize(
    ("effect", "fields"),
    [
        ("error", {"code": "INTERNAL_SERVER_ERROR", "status": 500}),
        ("bad_gateway", {}),
        ("empty", {}),
    ],
)
def test_effect_after_the_request_was_carried_out(sim: Any, api: Any, effect: str, fields: dict[str, Any]) -> None:
    """The client sees a failure, the machine was stopped all the same."""
    fail(sim, effect, carriedOut=True, **fields)

    api.post("StopInstances", STOP)

    assert [entry["action"] for entry in sim.ledger()] == ["StopInstances"]


@pytest.mark.parametrize("carried_out", [False, True])
def test_dropped_connection(sim: Any, api: Any, carried_out: bool) -> None:  # noqa: FBT001 -- a test parameter
    """The connection ends without an answer, before or after the request is carried out."""
    fail(sim, "drop", carriedOut=carried_out)

    with pytest.raises(requests.ConnectionError):
        api.post("StopInstances", STOP)

    assert len(sim.ledger()) == int(carried_out)
    assert sim.requests()[0]["status"] is None
    assert api.status(WEB_2) == "RUNNING"


def test_truncated_answer(sim: Any, api: Any) -> None:
    """The request is carried out, and the answer breaks off."""
    fail(sim, "truncated")

    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        api.post("StopInstances", STOP)

    assert len(sim.ledger()) == 1


def test_trickling_answer(sim: Any, api: Any) -> None:
    """The request is carried out and answered in full, a byte at a time: no single wait is long."""
    fail(sim, "trickle", seconds=0.001)
    began = time.monotonic()

    answer = api.post("StopInstances", STOP)

    assert time.monotonic() - began >= 0.001 * len(answer.content)
    assert answer.json()["response"]["requestId"]
    assert len(sim.ledger()) == 1


def test_a_trickling_answer_ends_with_its_client(sim: Any, api: Any) -> None:
    """The request is carried out all the same, and others are served meanwhile."""
    fail(sim, "trickle", seconds=60)
    url, headers = f"{sim.url}/api/v2/zec", api.headers("StopInstances")

    with requests.post(url, headers=headers, json=STOP, stream=True, timeout=10) as answer:
        assert next(answer.iter_content(1)) == b"{"
        assert api.status(WEB_2) == "RUNNING"
    assert [entry["action"] for entry in sim.ledger()] == ["StopInstances"]


@pytest.mark.parametrize("carried_out", [False, True])
def test_delayed_answer(sim: Any, api: Any, carried_out: bool) -> None:  # noqa: FBT001 -- a test parameter
    """The answer is late, and a delay after the request leaves time to see what it did."""
    fail(sim, "delay", seconds=0.05, carriedOut=carried_out)
    began = time.monotonic()

    api.ok("StopInstances", **STOP)

    assert time.monotonic() - began >= 0.05


def test_late_request_is_carried_out_without_its_client(sim: Any, api: Any) -> None:
    """A client that gives up waiting does not stop what it asked for."""
    fail(sim, "delay", seconds=0.1)
    with pytest.raises(requests.ReadTimeout):
        requests.post(
            f"{sim.url}/api/v2/zec",
            json=STOP,
            headers={**api.headers("StopInstances"), "Connection": "close"},
            timeout=0.02,
        )
    assert sim.ledger() == []

    deadline = time.monotonic() + 5
    while not sim.ledger() and time.monotonic() < deadline:
        time.sleep(0.01)

    assert [entry["action"] for entry in sim.ledger()] == ["StopInstances"]


def test_reinstall_fails(sim: Any, api: Any) -> None:
    """The reset is accepted, ends in REINSTALL_FAILED, and an administrator can repair the machine."""
    fail(sim, "reinstall_fails", action="ResetInstance")
    api.ok("ResetInstance", **RESET)
    assert api.status(BATCH_1) == "DEPLOYING"
    sim.advance(60)
    assert api.status(BATCH_1) == "REINSTALL_FAILED"
    assert sim.instance(BATCH_1)["imageId"] == "ubuntu2204_20240712"
    assert api.refused("ResetInstance", **RESET) == (400, "UNSUPPORTED_OPERATION_INSTANCE_STATUS")

    sim.patch_instance(BATCH_1, status="STOPPED")

    api.ok("ResetInstance", **RESET)


@pytest.mark.parametrize(
    ("action", "parameters", "instance_id", "through"),
    [("ResetInstance", RESET, BATCH_1, "DEPLOYING"), ("StopInstances", STOP, WEB_1, "STOPPING")],
)
def test_change_never_ends(
    sim: Any, api: Any, action: str, parameters: dict[str, Any], instance_id: str, through: str
) -> None:
    """A reinstall or stop can hang for ever."""
    fail(sim, "never_ends", action=action)
    api.ok(action, **parameters)

    sim.advance(10_000_000)

    assert api.status(instance_id) == through


def test_stop_answers_failed_ids(sim: Any, api: Any) -> None:
    """A 200 that names the id means that nothing was stopped."""
    fail(sim, "fail_ids", action="StopInstances")

    assert api.ok("StopInstances", **STOP)["instanceIds"] == [WEB_1]
    assert (api.status(WEB_1), sim.ledger()) == ("RUNNING", [])


def test_status_lags_behind(sim: Any, api: Any) -> None:
    """Every read shows what was true two reads ago, whichever of the two actions reads."""
    sim.add_fault(action="*", effect={"type": "lag", "reads": 2})
    api.ok("StopInstances", **STOP)
    seen = [api.status(WEB_1), api.status(WEB_1)]
    sim.advance(5)
    seen += [api.ok("DescribeInstances", instanceIds=[WEB_1])["dataSet"][0]["status"]]
    seen += [api.status(WEB_1), api.status(WEB_1)]

    assert seen == ["RUNNING", "RUNNING", "STOPPING", "STOPPING", "STOPPED"]


def test_lag_can_be_of_one_instance(sim: Any, api: Any) -> None:
    """The others are shown as they are."""
    sim.add_fault(action="*", effect={"type": "lag", "reads": 1, "instanceId": WEB_1})
    api.ok("StopInstances", instanceIds=[WEB_1, WEB_2])

    assert (api.status(WEB_1), api.status(WEB_2)) == ("RUNNING", "STOPPING")


def test_instance_is_missing_from_one_read(sim: Any, api: Any) -> None:
    """One machine is absent once, and then there again."""
    fail(sim, "missing", action="DescribeInstances", instanceId=WEB_1)

    listed = [api.ok("DescribeInstances", instanceIds=[WEB_1, WEB_2])["totalCount"] for _ in range(2)]

    assert listed == [1, 2]


def codes(api: Any, count: int) -> list[int]:
    return [api.post("DescribeTimeZones").status_code for _ in range(count)]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({}, [451, 451, 451, 451]),
        ({"times": 2}, [451, 451, 200, 200]),
        ({"nth": 3}, [200, 200, 451, 200]),
        ({"nth": 2, "times": 2}, [200, 451, 451, 200]),
        ({"probability": 1.0, "times": 1}, [451, 200, 200, 200]),
        ({"probability": 0.0}, [200, 200, 200, 200]),
        ({"instanceId": WEB_1}, [200, 200, 200, 200]),
    ],
)
def test_rule_says_how_often(sim: Any, api: Any, rule: dict[str, Any], expected: list[int]) -> None:
    """Always, a number of times, from the nth on, by chance, or only for one instance."""
    sim.add_fault(action="DescribeTimeZones", effect={"type": "blocked"}, **rule)

    assert codes(api, 4) == expected


def test_chance_is_the_same_in_every_run(sim: Any, api: Any) -> None:
    """A failing run can be repeated."""
    rule = {"action": "*", "probability": 0.5, "effect": {"type": "blocked"}}
    sim.add_fault(**rule)
    first = codes(api, 12)
    sim.clear_faults()
    sim.add_fault(**rule)

    assert codes(api, 12) == first
    assert set(first) == {200, 451}


def test_rule_of_an_instance_counts_only_its_requests(sim: Any, api: Any) -> None:
    """The second request that names the machine goes wrong, whatever comes between."""
    sim.add_fault(action="*", instance_id=WEB_1, nth=2, effect={"type": "blocked"})
    named = [WEB_1, WEB_2, WEB_1]

    answers = [api.post("DescribeInstances", {"instanceIds": [item]}).status_code for item in named]

    assert answers == [200, 200, 451]


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"action": "DescribeEverything", "effect": {"type": "drop"}}, "not an action"),
        ({"action": "*", "effect": {"type": "explode"}}, "effect"),
        ({"action": "*", "nth": 1, "probability": 0.5, "effect": {"type": "drop"}}, "not both"),
        ({"action": "*", "nth": 0, "effect": {"type": "drop"}}, "nth"),
        ({"action": "*", "effect": {"type": "error", "code": "X", "status": 200}}, "status"),
        ({"action": "*"}, "effect"),
        ({"action": "StopInstances", "effect": {"type": "lag", "reads": 1}}, "lag cannot happen to StopInstances"),
    ],
)
def test_rule_that_cannot_be_is_refused(sim: Any, rule: dict[str, Any], message: str) -> None:
    """A misspelt rule is an error and not a fault that never happens."""
    with pytest.raises(SetupError, match=message):
        sim.add_fault(**rule)


def test_effect_counts_only_the_actions_it_concerns(sim: Any, api: Any) -> None:
    """Reads in between do not use up a fault of the next reinstall."""
    sim.add_fault(action="*", nth=1, effect={"type": "reinstall_fails"})
    api.status(BATCH_1)
    api.ok("ResetInstance", **RESET)

    sim.advance(60)

    assert api.status(BATCH_1) == "REINSTALL_FAILED"


def test_a_rate_limit_refuses_only_what_is_above_it(sim: Any, api: Any) -> None:
    """Refused requests do not count against it, and a second later there is room again."""
    sim.add_fault(action="*", abovePerSecond=3, effect={"type": "rate_limit"})

    def burst() -> list[int]:
        return [api.post("DescribeInstances", {}).status_code for _ in range(5)]

    assert burst() == [200, 200, 200, 429, 429]
    sim.advance(0.9)
    assert burst() == [429] * 5
    sim.advance(0.1)
    assert burst() == [200, 200, 200, 429, 429]
