"""Reads of the administration that stay small: parts of logs, some of many instances, nothing when nothing is new."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from zec_pulumi.simulator import Simulator

WEB_1, BATCH_1 = "1272168087751233112", "1272168087751233114"


def read(api: Any, path: str, **headers: str) -> Any:
    return api.session.get(f"{api.sim.url}/_simulator/{path}", headers=headers, timeout=10)


@pytest.mark.parametrize("log", ["ledger", "requests"])
def test_a_log_is_read_from_where_one_was(api: Any, log: str) -> None:
    """Only what is newer, of that only the newest, and how much there is in all."""
    for instance in (WEB_1, "1272168087751233113", "1272168087751233119"):
        api.ok("StopInstances", instanceIds=[instance])

    def sequences(query: str) -> list[int]:
        answer = read(api, f"{log}?{query}")
        assert answer.headers["x-total-count"] == "3"
        return [entry["sequence"] for entry in answer.json()]

    assert sequences("") == [1, 2, 3]
    assert sequences("after=1") == [2, 3]
    assert sequences("after=1&limit=1") == [3]
    assert sequences("after=3") == []
    assert sequences("limit=0") == []


def test_instances_are_searched(api: Any) -> None:
    """By name, id, image and address, whatever the case, and by status."""

    def names(query: str) -> list[str]:
        return [item["instanceName"] for item in read(api, f"instances?{query}").json()]

    assert names("search=WEB-") == ["web-1", "web-2"]
    assert names(f"search={WEB_1}") == ["web-1"]
    assert names("search=203.0.113.12") == ["web-2"]
    assert names("search=windows") == ["win-1"]
    assert names("status=STOPPED&search=batch") == ["batch-1"]
    assert names("search=nothing-like-it") == []


def test_changing_instances_are_the_first_of_a_short_list(api: Any) -> None:
    """They are what somebody looks for."""
    api.ok("StopInstances", instanceIds=["1272168087751233119"])

    answer = read(api, "instances?limit=3")

    assert [item["instanceName"] for item in answer.json()] == ["new-1", "legacy-1", "web-1"]
    assert answer.headers["x-total-count"] == "11"


@pytest.mark.parametrize("path", ["instances?limit=x", "ledger?after=-1", "requests?colour=red"])
def test_a_query_that_cannot_be_is_refused(api: Any, path: str) -> None:
    """It says which part."""
    answer = read(api, path)

    assert answer.status_code == 400
    assert answer.json()["error"].startswith(("limit: ", "after: ", "colour: "))


@pytest.mark.parametrize("path", ["instances", "ledger", "requests", "faults", "summary"])
def test_nothing_new_is_said_in_a_line(sim: Simulator, api: Any, path: str) -> None:
    """A client that sends the tag of the last answer gets 304 until something changes."""
    first = read(api, path)
    tag = first.headers["etag"]

    same = read(api, path, **{"If-None-Match": tag})
    assert (same.status_code, same.content) == (304, b"")

    api.ok("StopInstances", instanceIds=[WEB_1])
    sim.add_fault(action="*", effect={"type": "blocked"})
    other = read(api, path, **{"If-None-Match": tag})
    assert other.status_code == 200
    assert other.headers["etag"] != tag


def test_summary_counts_everything(sim: Simulator, api: Any) -> None:
    """And tells a world that began anew from one that only went on."""
    api.ok("StopInstances", instanceIds=[WEB_1])

    before = read(api, "summary").json()
    assert (before["ledger"], before["requests"], before["changing"]) == (1, 1, 2)
    assert before["statuses"]["STOPPING"] == 1
    assert sum(before["statuses"].values()) == 11
    assert (before["now"], before["mode"], before["skew"]) == (sim.now(), "manual", 0.0)

    sim.advance(5)
    assert read(api, "summary").json()["world"] == before["world"]
    sim.reset()
    assert read(api, "summary").json()["world"] != before["world"]


def test_one_fault_is_removed_by_its_number(sim: Simulator, api: Any) -> None:
    """The others stay as they are, and numbers are not used twice."""
    for status in ("blocked", "empty"):
        sim.add_fault(action="StopInstances", effect={"type": status})

    assert api.session.delete(f"{sim.url}/_simulator/faults/1", timeout=10).status_code == 204
    assert api.session.delete(f"{sim.url}/_simulator/faults/1", timeout=10).status_code == 404

    sim.add_fault(action="*", effect={"type": "drop"})
    assert [(item["number"], item["effect"]["type"]) for item in sim.faults()] == [(2, "empty"), (3, "drop")]


def test_clock_is_moved_to_the_end_of_everything(sim: Simulator, api: Any) -> None:
    """What is under way has ended, however long it takes; what never ends does not."""
    sim.add_fault(action="StopInstances", nth=1, effect={"type": "never_ends"})
    api.ok("StopInstances", instanceIds=[WEB_1])
    api.ok("ResetInstance", instanceId=BATCH_1, keyId="key-YWD2QFOl")

    api.session.post(f"{sim.url}/_simulator/clock", json={"settle": True}, timeout=10).raise_for_status()

    assert {item["instanceName"] for item in sim.instances() if item["pending"]} == {"web-1"}
    before = sim.now()
    assert sim.settle() == before
