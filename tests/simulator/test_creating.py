"""Instances are created and released, with their disks."""

from __future__ import annotations

from typing import Any

import pytest

WEB_1, BATCH_1, NEW_1, BROKEN_1, OLD_1 = (f"12721680877512331{last}" for last in (12, 14, 15, 16, 17))
WANTED: dict[str, Any] = {
    "zoneId": "asia-east-1a",
    "imageId": "ubuntu2404_20240712",
    "instanceType": "z2a.cpu.2",
    "subnetId": "subnet-0001",
    "instanceCount": 1,
    "keyId": "key-YWD2QFOl",
}


def create(api: Any, **parameters: Any) -> Any:
    (instance_id,) = api.ok("CreateZecInstances", **{**WANTED, **parameters})["instanceIdSet"]
    return instance_id


def read(api: Any, instance_id: str) -> Any:
    (machine,) = api.ok("DescribeInstances", instanceIds=[instance_id])["dataSet"]
    return machine


def test_created_instance_deploys_and_runs(sim: Any, api: Any) -> None:
    """It is read at once as DEPLOYING, with all it was created with, and later as RUNNING."""
    instance_id = create(
        api,
        instanceName="Terraform-Instance",
        timeZone="UTC",
        enableAgent=False,
        systemDisk={"diskSize": 50},
        securityGroupId="sg-0009",
        tags={"tags": [{"key": "role", "value": "new"}]},
        instanceOptions={"nestedVirtualization": True},
    )

    machine = read(api, instance_id)

    assert len(instance_id) == 19
    assert (machine["status"], machine["imageId"], machine["keyId"]) == (
        *("DEPLOYING", "ubuntu2404_20240712", "key-YWD2QFOl"),
    )
    assert (machine["instanceName"], machine["timeZone"]) == ("Terraform-Instance", "UTC")
    assert (machine["enableAgent"], machine["systemDisk"]["diskSize"]) == (False, 50)
    assert machine["nics"][0]["securityGroupId"] == "sg-0009"
    assert machine["tags"] == {"tags": [{"key": "role", "value": "new"}]}
    assert machine["instanceOptions"] == {"nestedVirtualization": True}
    sim.advance(60)
    assert api.status(instance_id) == "RUNNING"


def test_what_is_left_out_has_the_documented_defaults(api: Any) -> None:
    """The agent is on, the boot disk as small as the image allows, the address private, options are null."""
    machine = read(api, create(api))

    assert (machine["instanceName"], machine["timeZone"]) == ("instance", "America/Los_Angeles")
    assert (machine["enableAgent"], machine["enableIpForward"]) == (True, False)
    assert (machine["systemDisk"]["diskSize"], machine["dataDisks"]) == (20, [])
    assert (machine["publicIpAddresses"], machine["instanceOptions"]) == ([], None)
    assert machine["privateIpAddresses"] == machine["nics"][0]["privateIpList"] == ["10.64.0.1"]


def test_ledger_has_each_created_instance(sim: Any, api: Any) -> None:
    """Three machines are three entries and three ids, and a password is masked."""
    created = api.ok("CreateZecInstances", **{**WANTED, "keyId": None, "password": "Example+123", "instanceCount": 3})

    entries = sim.ledger()
    assert [entry["instanceId"] for entry in entries] == created["instanceIdSet"]
    assert len(set(created["instanceIdSet"])) == 3
    assert {entry["parameters"]["password"] for entry in entries} == {"***"}
    assert api.ok("DescribeInstances")["totalCount"] == 14


def test_public_address_only_when_asked_for(api: Any) -> None:
    """An internet charge type asks for one."""
    machine = read(api, create(api, internetChargeType="ByTrafficPackage", trafficPackageSize=0.5, lanIp="10.0.1.200"))

    assert (machine["publicIpAddresses"], machine["privateIpAddresses"]) == (["198.18.0.1"], ["10.0.1.200"])


@pytest.mark.parametrize(
    ("parameters", "status", "code"),
    [
        ({"zoneId": "nowhere"}, 404, "INVALID_ZONE_NOT_FOUND"),
        ({"imageId": "nowhere"}, 404, "INVALID_IMAGE_NOT_FOUND"),
        ({"imageId": "fedora40_20240712"}, 400, "INVALID_IMAGE_STATUS"),
        ({"systemDisk": {"diskSize": 19}}, 400, "INVALID_IMAGE_SIZE_EXCEED"),
        ({"imageId": "alpine320_20240712"}, 400, "INVALID_IMAGE_AGENT_NOT_SUPPORT"),
        ({"keyId": None}, 400, "INVALID_LOGIN_SETTING_CONFLICT"),
        ({"keyId": "nowhere"}, 404, "INVALID_KEY_PAIR_NOT_FOUND"),
        ({"instanceName": "x"}, 400, "INVALID_PARAMETER_LESS_LENGTH"),
        ({"timeZone": "Mars/Olympus"}, 400, "INVALID_PARAMETER_VALUE"),
        ({"resourceGroupId": "nowhere"}, 404, "OPERATION_FAILED_RESOURCE_GROUP_NOT_FOUND"),
        ({"userData": "not base64!"}, 400, "INVALID_PARAMETER_VALUE"),
        ({"lanIp": "here"}, 400, "INVALID_PARAMETER_VALUE"),
        ({"lanIp": "10.0.0.9", "instanceCount": 2}, 400, "INVALID_PARAMETER_VALUE"),
        ({"instanceCount": 0}, 400, "INVALID_PARAMETER_LESS_MINIMUM"),
        ({"instanceCount": 101}, 400, "INVALID_PARAMETER_EXCEED_MAXIMUM"),
        ({"subnetId": None}, 400, "MISSING_PARAMETER"),
        ({"systemDisk": {"size": 40}}, 400, "INVALID_PARAMETER_VALUE"),
    ],
)
def test_refused_creation_creates_nothing(
    sim: Any, api: Any, parameters: dict[str, Any], status: int, code: str
) -> None:
    """The rules of a reinstall hold for a new machine, too."""
    assert api.refused("CreateZecInstances", **{**WANTED, **parameters}) == (status, code)
    assert (len(sim.instances()), sim.ledger()) == (11, [])


@pytest.mark.parametrize(
    "parameters", [{"tags": {"tags": []}}, {"systemDisk": {"burstingEnabled": True}}, {"instanceOptions": {}}]
)
def test_older_version_knows_less(api: Any, parameters: dict[str, Any]) -> None:
    """What 2024-04-01 does not have is refused there, below the top as well."""
    answer = api.post("CreateZecInstances", {**WANTED, **parameters}, version="2024-04-01")

    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_PARAMETER_VALUE")


@pytest.mark.parametrize("instance_id", [WEB_1, BATCH_1, BROKEN_1])
def test_released_instance_passes_the_recycle_bin(sim: Any, api: Any, instance_id: str) -> None:
    """RECYCLING, RECYCLE; released again RELEASING, gone. Running, stopped and broken machines alike."""
    assert api.ok("ReleaseInstances", instanceIds=[instance_id])["instanceIds"] == []
    assert api.status(instance_id) == "RECYCLING"
    sim.advance(5)
    assert api.status(instance_id) == "RECYCLE"
    api.ok("ReleaseInstances", instanceIds=[instance_id])
    assert api.status(instance_id) == "RELEASING"

    sim.advance(5)

    assert api.ok("DescribeInstances", instanceIds=[instance_id])["totalCount"] == 0
    assert instance_id not in {item["instanceId"] for item in sim.instances()}
    assert api.refused("ReleaseInstances", instanceIds=[instance_id]) == (404, "INVALID_INSTANCE_NOT_FOUND")


def test_busy_instance_is_not_released(api: Any) -> None:
    """Its id is answered as failed, beside another; alone it is refused."""
    assert api.ok("ReleaseInstances", instanceIds=[NEW_1, OLD_1])["instanceIds"] == [NEW_1]
    assert api.refused("ReleaseInstances", instanceIds=[NEW_1]) == (400, "UNSUPPORTED_OPERATION_INSTANCE_STATUS")


def test_failed_ids_release_nothing(sim: Any, api: Any) -> None:
    """A 200 can hide a failure."""
    sim.add_fault(action="ReleaseInstances", effect={"type": "fail_ids"})

    assert api.ok("ReleaseInstances", instanceIds=[WEB_1])["instanceIds"] == [WEB_1]
    assert (api.status(WEB_1), sim.ledger()) == ("RUNNING", [])


@pytest.mark.parametrize(("action", "status"), [("CreateZecInstances", "DEPLOYING"), ("ReleaseInstances", "RECYCLING")])
def test_creation_or_release_may_never_end(sim: Any, api: Any, action: str, status: str) -> None:
    """The fault of a reinstall can happen to them."""
    sim.add_fault(action=action, effect={"type": "never_ends"})
    instance_id = create(api) if action == "CreateZecInstances" else WEB_1
    if action == "ReleaseInstances":
        api.ok(action, instanceIds=[instance_id])

    sim.advance(100_000)

    assert api.status(instance_id) == status


def test_lag_of_a_created_instance_begins_at_its_creation(sim: Any, api: Any) -> None:
    """Reads before the first show it as it was created."""
    instance_id = create(api)
    sim.add_fault(action="*", effect={"type": "lag", "reads": 1})
    assert api.status(instance_id) == "DEPLOYING"
    sim.advance(60)

    assert [api.status(instance_id), api.status(instance_id)] == ["DEPLOYING", "RUNNING"]


def test_disks_of_a_created_instance(sim: Any, api: Any) -> None:
    """The boot disk and as many data disks as were asked for, until the machine is gone."""
    instance_id = create(api, dataDisks=[{"diskSize": 100, "diskName": "logs", "diskAmount": 2}])

    disks = api.ok("DescribeDisks", instanceId=instance_id)["dataSet"]

    assert [(disk["diskType"], disk["diskSize"], disk["diskStatus"]) for disk in disks] == [
        ("SYSTEM", 20, "IN_USE"),
        ("DATA", 100, "IN_USE"),
        ("DATA", 100, "IN_USE"),
    ]
    assert [disk["diskId"] for disk in disks[1:]] == [item["diskId"] for item in read(api, instance_id)["dataDisks"]]
    sim.advance(60)
    api.ok("ReleaseInstances", instanceIds=[instance_id])
    sim.advance(5)
    assert api.ok("DescribeDisks", diskStatus="RECYCLED", instanceId=instance_id)["totalCount"] == 3
    sim.delete_instance(instance_id)
    assert api.ok("DescribeDisks", instanceId=instance_id)["totalCount"] == 0


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ({}, 11),
        ({"diskIds": [f"disk-{WEB_1}", "nothing"]}, 1),
        ({"diskName": "WEB-1"}, 1),
        ({"diskType": "DATA"}, 0),
        ({"zoneId": "na-west-1a"}, 1),
        ({"regionId": "europe-central-1"}, 1),
        ({"diskCategory": "Basic NVMe SSD"}, 0),
        ({"snapshotAbility": False}, 0),
        ({"resourceGroupId": "nothing"}, 0),
        ({"tagKeys": ["role"]}, 0),
    ],
)
def test_disks_are_filtered(api: Any, filters: dict[str, Any], count: int) -> None:
    """Each filter narrows the list."""
    assert api.ok("DescribeDisks", **filters)["totalCount"] == count
