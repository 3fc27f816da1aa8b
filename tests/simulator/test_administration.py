"""The endpoints below ``/_simulator`` and the same controls in-process."""

from __future__ import annotations

import time
from typing import Any

import pytest

from zec_pulumi.simulator.world import SetupError

WEB_1, BATCH_1 = "1272168087751233112", "1272168087751233114"


def admin(api: Any, method: str, path: str, **options: Any) -> Any:
    return api.session.request(method, f"{api.sim.url}/_simulator/{path}", timeout=10, **options)


def test_ledger_masks_secrets(sim: Any, api: Any) -> None:
    """What was done can be read in full, except a password and user data."""
    api.ok("ResetInstance", instanceId=BATCH_1, password="Example+123", userData="aGk=", enableAgent=True)

    (entry,) = admin(api, "GET", "ledger").json()

    assert entry == sim.ledger()[0]
    assert entry | {"at": 0, "requestId": "T"} == {
        "sequence": 1,
        "at": 0,
        "action": "ResetInstance",
        "instanceId": BATCH_1,
        "requestId": "T",
        "parameters": {"password": "***", "userData": "***", "enableAgent": True},
    }
    assert entry["at"] == sim.now()


def test_ledger_has_an_entry_for_each_instance(sim: Any, api: Any) -> None:
    """One request about two machines is two entries with one request id."""
    api.ok("StopInstances", instanceIds=[WEB_1, "1272168087751233113"], forceShutdown=False)

    first, second = sim.ledger()

    assert (first["instanceId"], second["instanceId"]) == (WEB_1, "1272168087751233113")
    assert first["requestId"] == second["requestId"]
    assert (first["sequence"], second["sequence"]) == (1, 2)
    assert first["parameters"] == {"forceShutdown": False}


def test_request_log_has_the_refused_too(sim: Any, api: Any) -> None:
    """Reads and refusals are not in the ledger but in the log of requests."""
    api.ok("DescribeInstances", instanceIds=[WEB_1])
    api.refused("StopInstances", instanceIds=[BATCH_1])

    log = admin(api, "GET", "requests").json()

    assert sim.ledger() == []
    assert [(item["action"], item["instanceIds"], item["status"], item["code"]) for item in log] == [
        ("DescribeInstances", [WEB_1], 200, None),
        ("StopInstances", [BATCH_1], 403, "OPERATION_DENIED_INSTANCE_NOT_RUNNING"),
    ]


def test_machine_is_changed_behind_the_back_of_the_api(sim: Any, api: Any) -> None:
    """Somebody reinstalled it at the console: reads show it, the ledger does not know."""
    answer = admin(api, "PATCH", f"instances/{WEB_1}", json={"imageId": "debian12_20240712", "keyId": None})

    assert answer.status_code == 200
    machine = api.ok("DescribeInstances", instanceIds=[WEB_1])["dataSet"][0]
    assert (machine["imageId"], machine["imageName"], machine["keyId"]) == (
        "debian12_20240712",
        "Debian 12",
        None,
    )
    assert sim.ledger() == []


def test_patched_status_ends_what_was_under_way(sim: Any, api: Any) -> None:
    """The machine stays as the administrator left it."""
    api.ok("StopInstances", instanceIds=[WEB_1])

    sim.patch_instance(WEB_1, status="RUNNING")

    sim.advance(3600)
    assert api.status(WEB_1) == "RUNNING"


def test_patched_change_under_way_ends_in_its_time(sim: Any, api: Any) -> None:
    """A reinstall by somebody else can be made to run."""
    pending = {"becomes": "RUNNING", "afterSeconds": 30, "changes": {"imageId": "debian12_20240712"}}
    admin(api, "PATCH", f"instances/{WEB_1}", json={"status": "REBUILDING", "pending": pending}).raise_for_status()
    assert api.status(WEB_1) == "REBUILDING"

    sim.advance(30)

    assert (api.status(WEB_1), sim.instance(WEB_1)["imageId"]) == ("RUNNING", "debian12_20240712")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"image_id": "nowhere"}, "imageId nowhere does not exist"),
        ({"key_id": "nowhere"}, "keyId nowhere does not exist"),
        ({"time_zone": "nowhere"}, "timeZone nowhere does not exist"),
        ({"status": "running"}, "status"),
        ({"colour": "red"}, "colour"),
        ({"instanceId": "1"}, "keeps its id"),
        (
            {"pending": {"becomes": "RUNNING", "after_seconds": 1, "changes": {"imageId": "x"}}},
            "imageId x does not exist",
        ),
    ],
)
def test_impossible_patch_is_refused(sim: Any, fields: dict[str, Any], message: str) -> None:
    """The world stays consistent, and the error says where it would not."""
    before = sim.instance(WEB_1)

    with pytest.raises(SetupError, match=message):
        sim.patch_instance(WEB_1, **fields)

    assert sim.instance(WEB_1) == before


def test_deleted_machine_is_gone(sim: Any, api: Any) -> None:
    """Reads leave it out and mutations do not find it."""
    assert admin(api, "DELETE", f"instances/{WEB_1}").status_code == 204

    assert api.ok("DescribeInstances", instanceIds=[WEB_1])["totalCount"] == 0
    assert api.refused("StopInstances", instanceIds=[WEB_1]) == (404, "INVALID_INSTANCE_NOT_FOUND")
    with pytest.raises(KeyError):
        sim.instance(WEB_1)
    with pytest.raises(KeyError):
        sim.delete_instance(WEB_1)


def test_instances_are_listed_with_what_is_pending(api: Any) -> None:
    """An administrator sees more than the API tells."""
    listed = admin(api, "GET", "instances").json()
    one = admin(api, "GET", f"instances/{listed[3]['instanceId']}").json()

    assert len(listed) == 11
    assert one == listed[3]
    assert one["pending"]["becomes"] == "RUNNING"


def test_clock_is_advanced_over_http(sim: Any, api: Any) -> None:
    """The answer is the new time."""
    before = admin(api, "GET", "time").json()

    after = admin(api, "POST", "clock", json={"advance": 90}).json()

    assert after["now"] == pytest.approx(before["now"] + 90)
    assert after["mode"] == "manual"
    assert sim.now() == after["now"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "clock", {"advance": -1}, 400),
        ("POST", "clock", {"advance": "1"}, 400),
        ("POST", "clock", {"forward": 1}, 400),
        ("POST", "clock", [1], 400),
        ("POST", "clock", {"advance": True}, 400),
        ("POST", "faults", {"action": "*"}, 400),
        ("PATCH", f"instances/{WEB_1}", {"imageId": "x"}, 400),
        ("PATCH", f"instances/{WEB_1}", ["x"], 400),
        ("PATCH", "instances/1", {}, 404),
        ("GET", "instances/1", None, 404),
        ("DELETE", "instances/1", None, 404),
    ],
)
def test_wrong_administration_is_refused(api: Any, method: str, path: str, body: Any, status: int) -> None:
    """With one sentence that says what is wrong."""
    answer = admin(api, method, path, json=body)

    assert answer.status_code == status
    assert answer.json()["error"]


def test_fault_rules_over_http(sim: Any, api: Any) -> None:
    """Added as a list, listed with how often they happened, and removed."""
    rules = [
        {"action": "*", "nth": 1, "effect": {"type": "blocked"}},
        {"action": "StopInstances", "effect": {"type": "drop", "carriedOut": True}},
    ]
    admin(api, "POST", "faults", json=rules).raise_for_status()
    assert api.post("DescribeTimeZones").status_code == 451

    listed = admin(api, "GET", "faults").json()

    assert [(item["action"], item["happened"]) for item in listed] == [("*", 1), ("StopInstances", 0)]
    assert admin(api, "DELETE", "faults").json() == []
    api.ok("StopInstances", instanceIds=[WEB_1])
    assert len(sim.ledger()) == 1


def test_reset_returns_to_the_seed(sim: Any, api: Any) -> None:
    """World, clock, ledger, requests and faults, all of it."""
    api.ok("StopInstances", instanceIds=[WEB_1])
    sim.delete_instance(BATCH_1)
    sim.add_fault(action="*", effect={"type": "drop"})
    sim.advance(1_000_000)

    admin(api, "POST", "reset").raise_for_status()

    assert (sim.ledger(), sim.requests()) == ([], [])
    assert abs(sim.now() - time.time()) < 60
    assert api.status(WEB_1) == "RUNNING"
    assert api.status(BATCH_1) == "STOPPED"


def test_the_log_of_requests_says_what_was_asked_and_answered(api: Any) -> None:
    """Without secrets, be they misspelt, nested or of a request that was refused; null for what is no JSON object."""
    api.refused("ResetInstance", instanceId=BATCH_1, Password="x", rest={"user_data": "y", "list": [{"passwd": "z"}]})
    api.post("DescribeZones", b"[1]")
    api.post("DescribeZones", b'{"zoneIds": ' + b"[" * 300 + b"]" * 300 + b"}")

    refused, listed, nested = admin(api, "GET", "requests").json()

    masked = {"Password": "***", "rest": {"user_data": "***", "list": [{"passwd": "***"}]}}
    assert (refused["parameters"], refused["instanceIds"]) == (masked, [BATCH_1])
    assert refused["message"]
    assert refused["requestId"].startswith("T")
    assert listed["parameters"] is None
    assert "…" in str(nested["parameters"])


def test_what_a_client_begins_with_is_in_one_place(sim: Any, api: Any) -> None:
    """Credentials, images, key pairs and tags."""
    found = admin(api, "GET", "account").json()

    assert found["credentials"] == {
        "accessKeyId": sim.access_key_id,
        "accessKeyPassword": sim.access_key_password,
        "token": sim.token,
    }
    assert found["images"] == sim.images()
    assert [pair["keyId"] for pair in found["keyPairs"]][:2] == ["key-YWD2QFOl", "key-2ndKey01"]
    assert [(tag["key"], tag["value"]) for tag in found["tags"]] == sim.tags()
