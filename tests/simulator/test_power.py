"""Stopping, starting, rebooting, naming, and passwords."""

from __future__ import annotations

from typing import Any

import pytest

WEB_1, WEB_2, BATCH_1 = "1272168087751233112", "1272168087751233113", "1272168087751233114"
OLD_1, EDGE_1 = "1272168087751233117", "1272168087751233120"


@pytest.mark.parametrize(
    ("action", "instance_id", "through", "end"),
    [
        ("StopInstances", WEB_1, "STOPPING", "STOPPED"),
        ("StartInstances", BATCH_1, "BOOTING", "RUNNING"),
        ("RebootInstances", WEB_1, "REBOOT", "RUNNING"),
    ],
)
def test_power_action_passes_through_its_status(
    sim: Any, api: Any, action: str, instance_id: str, through: str, end: str
) -> None:
    """The very next read shows the transitional status, and its time later the end."""
    assert api.ok(action, instanceIds=[instance_id])["instanceIds"] == []

    assert api.status(instance_id) == through
    sim.advance(4.9)
    assert api.status(instance_id) == through
    sim.advance(0.1)
    assert api.status(instance_id) == end


@pytest.mark.parametrize(
    ("action", "instance_id", "code"),
    [
        ("StopInstances", BATCH_1, "OPERATION_DENIED_INSTANCE_NOT_RUNNING"),
        ("StopInstances", OLD_1, "OPERATION_DENIED_INSTANCE_RECYCLED"),
        ("StartInstances", WEB_1, "OPERATION_DENIED_INSTANCE_NOT_STOPPED"),
        ("RebootInstances", BATCH_1, "OPERATION_DENIED_INSTANCE_NOT_RUNNING"),
    ],
)
def test_wrong_state_is_denied(sim: Any, api: Any, action: str, instance_id: str, code: str) -> None:
    """A single instance in the wrong state is a refusal, not a success with a failed id."""
    assert api.refused(action, instanceIds=[instance_id]) == (403, code)
    assert sim.ledger() == []


def test_list_with_some_stoppable_answers_the_others_as_failed(sim: Any, api: Any) -> None:
    """The 200 names the ids that were not stopped, and the ledger only the one that was."""
    answer = api.ok("StopInstances", instanceIds=[BATCH_1, WEB_1, OLD_1])

    assert answer["instanceIds"] == [BATCH_1, OLD_1]
    assert [entry["instanceId"] for entry in sim.ledger()] == [WEB_1]


def test_id_given_twice_is_one_machine(sim: Any, api: Any) -> None:
    """It is stopped once, and described once."""
    assert api.ok("StopInstances", instanceIds=[WEB_1, WEB_1])["instanceIds"] == []

    assert len(sim.ledger()) == 1
    assert api.ok("DescribeInstancesStatus", instanceIds=[WEB_1, WEB_1])["totalCount"] == 1


def test_unknown_id_refuses_the_whole_list(sim: Any, api: Any) -> None:
    """A stray word in the list of ids stops nothing."""
    assert api.refused("StopInstances", instanceIds=[WEB_1, "true"]) == (404, "INVALID_INSTANCE_NOT_FOUND")
    assert sim.instance(WEB_1)["status"] == "RUNNING"


def test_reboot_by_force_interrupts_a_reboot(api: Any) -> None:
    """Only forceReboot is accepted while the machine is rebooting."""
    api.ok("RebootInstances", instanceIds=[WEB_1])

    assert api.refused("RebootInstances", instanceIds=[WEB_1])[0] == 403
    api.ok("RebootInstances", instanceIds=[WEB_1], forceReboot=True)


def test_rename_is_for_all_or_none(sim: Any, api: Any) -> None:
    """One unknown id and no name changes; without it both do at once."""
    renamed = {"instanceName": "front"}
    assert api.refused("ModifyInstancesAttribute", instanceIds=[WEB_1, "x"], **renamed)[0] == 404
    assert sim.instance(WEB_1)["instanceName"] == "web-1"

    api.ok("ModifyInstancesAttribute", instanceIds=[WEB_1, WEB_2], **renamed)

    assert [sim.instance(item)["instanceName"] for item in (WEB_1, WEB_2)] == ["front", "front"]


def test_rename_in_the_recycle_bin_is_denied(api: Any) -> None:
    """Nothing is done to a machine in the recycle bin."""
    assert api.refused("ModifyInstancesAttribute", instanceIds=[OLD_1], instanceName="front") == (
        403,
        "OPERATION_DENIED_INSTANCE_RECYCLED",
    )


def test_password_is_set_in_place_and_the_key_forgotten(sim: Any, api: Any) -> None:
    """The machine goes on running, without its key pair."""
    api.ok("ResetInstancePassword", instanceId=WEB_1, password="Example+123")

    assert (sim.instance(WEB_1)["status"], sim.instance(WEB_1)["keyId"]) == ("RUNNING", None)


@pytest.mark.parametrize(
    ("instance_id", "password", "expected"),
    [
        (BATCH_1, "Example+123", (403, "OPERATION_DENIED_INSTANCE_NOT_RUNNING")),
        (EDGE_1, "Example+123", (400, "UNSUPPORTED_OPERATION_INSTANCE_STATUS")),
        (WEB_1, "weak", (400, "INVALID_PASSWORD_MALFORMED")),
    ],
)
def test_password_needs_power_agent_and_form(
    api: Any, instance_id: str, password: str, expected: tuple[int, str]
) -> None:
    """A stopped machine, one without agent and a weak password are refused."""
    assert api.refused("ResetInstancePassword", instanceId=instance_id, password=password) == expected
