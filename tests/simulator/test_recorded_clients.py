"""The Terraform provider 0.2.28 and the zeno CLI 1.0.22, by their recorded requests: neither can be installed here.

What they send and need was observed once by running them against a server that wrote it down.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from typing import TYPE_CHECKING, Any

import pytest
import requests

from zec_pulumi.simulator import Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator

PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
OLDER, CURRENT = "2024-04-01", "2025-09-01"
# States in which the Terraform provider reads again before it looks at anything.
OPERATING = {"PENDING", "DEPLOYING", "REBUILDING", "BOOTING", "STOPPING", "RELEASING", "RECYCLING", "RESIZING"}
WANTED: dict[str, Any] = {
    "zoneId": "asia-east-1a",
    "imageId": "ubuntu2204_20240712",
    "instanceType": "z2a.cpu.2",
    "instanceName": "Terraform-Instance",
    "instanceCount": 1,
    "keyId": "key-YWD2QFOl",
    "systemDisk": {"diskSize": 40},
    "subnetId": "subnet-0001",
    "timeZone": "Asia/Shanghai",
    "enableAgent": True,
    "resourceGroupId": "rg-default",
    "tags": {"tags": [{"key": "role", "value": "web"}]},
}


def signed(sim: Simulator, body: bytes, content_type: str) -> dict[str, str]:
    """Return the headers of a signature, as the description of the API has it."""
    timestamp = str(int(time.time()))
    canonical = "\n".join(
        [
            *("POST", "/", "", f"content-type:{content_type}", f"host:{sim.host}", "", "content-type;host"),
            hashlib.sha256(body).hexdigest(),
        ]
    )
    to_sign = f"ZC2-HMAC-SHA256\n{timestamp}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = hmac.new(sim.access_key_password.encode(), to_sign.encode(), hashlib.sha256).hexdigest()
    return {
        "x-zc-timestamp": timestamp,
        "x-zc-signature-method": "ZC2-HMAC-SHA256",
        "authorization": f"ZC2-HMAC-SHA256 Credential={sim.access_key_id}, SignedHeaders=content-type;host, "
        f"Signature={signature}",
    }


def post(
    sim: Simulator, service: str, version: str, action: str, body: dict[str, Any], *, client: str, token: str = ""
) -> Any:
    """Send what a client built on the Go SDK sends: compact JSON, lower-case names, a signature or a token."""
    content = json.dumps(body, separators=(",", ":"), sort_keys=client == "zeno").encode()
    headers = {
        "x-zc-version": version,
        "x-zc-service": service,
        "x-zc-action": action,
        "x-zc-sdk-version": "0.2.45",
        "x-zc-sdk-lang": "go",
        "x-zc-request-client": client,
        "content-type": "application/json",
        **({"authorization": f"Bearer {token}"} if token else signed(sim, content, "application/json")),
    }
    trusted = str(sim.ca_file) if sim.url.startswith("https:") else True
    return requests.post(f"{sim.url}/api/v2/{service}", data=content, headers=headers, timeout=10, verify=trusted)


class Terraform:
    """The calls and waits of ``zenlayercloud_zec_instance``."""

    def __init__(self, sim: Simulator, transition: str) -> None:
        self.sim = sim
        self.transition = transition

    def call(self, action: str, body: dict[str, Any], version: str = CURRENT, service: str = "zec") -> Any:
        answer = post(self.sim, service, version, action, body, client="Terraform-latest")
        assert answer.status_code == 200, answer.text
        return answer.json()["response"]

    def read(self, instance_id: str) -> Any:
        """One read by id, without paging: the machine, or None when it is gone."""
        return next(iter(self.call("DescribeInstances", {"instanceIds": [instance_id]})["dataSet"]), None)

    def create(self) -> str:
        instance_id: str = self.call("CreateZecInstances", WANTED)["instanceIdSet"][0]
        assert self.wait(instance_id, {"PENDING", "DEPLOYING"}) == "RUNNING"
        return instance_id

    def wait(self, instance_id: str, pending: set[str]) -> Any:
        """Poll while the status is one of ``pending``, and return what came after: the first poll is at 10 s."""
        self.sim.advance(10)
        while (status := self.read(instance_id)["status"]) in pending:
            self.sim.advance(10)
        return status

    def reinstall(self, instance_id: str, **changes: Any) -> Any:
        """Stop with the older version, wait for STOPPED, reset with everything, wait on REBUILDING only."""
        self.call("StopInstances", {"instanceIds": [instance_id]}, OLDER)
        assert self.read(instance_id)["status"] in OPERATING
        assert self.wait(instance_id, OPERATING) == "STOPPED"
        reset = {"instanceId": instance_id, "imageId": WANTED["imageId"], "keyId": WANTED["keyId"]}
        self.call("ResetInstance", {**reset, "timezone": "Asia/Shanghai", "enableAgent": True, **changes})
        return self.wait(instance_id, {"REBUILDING"})

    def destroy(self, instance_id: str) -> list[Any]:
        """Release, and release again what is in the recycle bin; returns every status that was read."""
        seen = []
        self.call("ReleaseInstances", {"instanceIds": [instance_id]}, OLDER)
        while (machine := self.read(instance_id)) is not None:
            seen.append(machine["status"])
            if machine["status"] == "RECYCLE":
                self.call("ReleaseInstances", {"instanceIds": [instance_id]}, OLDER)
            else:
                self.sim.advance(5)
        return seen


def plan(machine: dict[str, Any], **wanted: Any) -> dict[str, Any]:
    """Return what Terraform would change: the fields it compares, where they differ from the configuration."""
    declared = {**WANTED, **wanted}
    compared = {
        **{name: machine[name] for name in ("zoneId", "imageId", "instanceType", "instanceName", "keyId")},
        **{name: machine[name] for name in ("subnetId", "timeZone", "enableAgent", "resourceGroupId", "tags")},
        "systemDisk": {"diskSize": machine["systemDisk"]["diskSize"]},
    }
    assert machine["instanceOptions"] is None, "not null: Terraform would replace the machine"
    assert all(machine[name] is not None for name in ("status", "enableAgent", "enableIpForward")), "crashes the client"
    return {name: value for name, value in compared.items() if value != declared[name]}


@pytest.fixture(params=["DEPLOYING", "REBUILDING"])
def terraform(request: pytest.FixtureRequest) -> Iterator[Terraform]:
    with Simulator(clock="manual", transition=request.param) as sim:
        yield Terraform(sim, request.param)


def test_terraform_creates_changes_and_destroys(terraform: Terraform) -> None:
    """Create, clean plan, change of the image, clean plan, destroy, with either status during a reinstall.

    The provider waits on REBUILDING alone: DEPLOYING is an error to it, and only its next plan finds the machine.
    """
    instance_id = terraform.create()
    assert plan(terraform.read(instance_id)) == {}

    ended = terraform.reinstall(instance_id, imageId="debian12_20240712")

    assert ended == ("RUNNING" if terraform.transition == "REBUILDING" else "DEPLOYING")
    terraform.wait(instance_id, OPERATING)
    assert plan(terraform.read(instance_id), imageId="debian12_20240712") == {}
    assert terraform.destroy(instance_id) == ["RECYCLING", "RECYCLE", "RELEASING"]
    assert [entry["action"] for entry in terraform.sim.ledger()] == [
        *("CreateZecInstances", "StopInstances", "ResetInstance", "ReleaseInstances", "ReleaseInstances")
    ]


def test_terraform_reads_a_password_as_no_key(terraform: Terraform) -> None:
    """After a reinstall with a password the key is null: a key still set would be an endless difference."""
    instance_id = terraform.create()

    terraform.reinstall(instance_id, keyId=None, password="Example+123")
    terraform.wait(instance_id, OPERATING)

    assert plan(terraform.read(instance_id)) == {"keyId": None}


def test_terraform_changes_in_place(terraform: Terraform) -> None:
    """Name, tags, resource group, security group and forwarding: each by the service and version it uses."""
    instance_id = terraform.create()
    nic = next(nic for nic in terraform.read(instance_id)["nics"] if nic["nicType"] == "Primary")

    terraform.call("ModifyInstancesAttribute", {"instanceIds": [instance_id], "instanceName": "renamed"})
    terraform.call("StartIpForward", {"instanceId": instance_id}, OLDER)
    terraform.call("ModifyNetworkInterfaceAttribute", {"nicId": nic["nicId"], "securityGroupId": "sg-0002"})
    replaced = {"resourceUuid": instance_id, "replaceTags": [{"key": "team", "value": "a"}], "deleteTagKeys": ["role"]}
    terraform.call("ModifyResourceTags", replaced, "2025-10-14", "zrm")
    grouped = {"resourceGroupId": "rg-default", "resources": [instance_id]}
    terraform.call("AddResourceResourceGroup", grouped, "2024-05-29", "user")

    machine = terraform.read(instance_id)
    assert plan(machine) == {"instanceName": "renamed", "tags": {"tags": [{"key": "team", "value": "a"}]}}
    assert (machine["enableIpForward"], machine["nics"][0]["securityGroupId"]) == (True, "sg-0002")
    assert machine["securityGroupId"] == "sg-0002"
    assert terraform.sim.ledger()[-1]["instanceId"] == instance_id
    terraform.call("StopIpForward", {"instanceId": instance_id}, OLDER)
    assert terraform.read(instance_id)["enableIpForward"] is False


def test_terraform_imports_a_machine(terraform: Terraform) -> None:
    """One read: everything that its plan compares is there, so the first plan of a true configuration is clean."""
    machine = terraform.read("1272168087751233112")

    seen = {name: machine[name] for name in WANTED if name in machine}
    assert all(value is not None for value in seen.values())
    assert WANTED.keys() - seen.keys() == {"instanceCount"}
    assert plan(machine, **{**seen, "systemDisk": {"diskSize": machine["systemDisk"]["diskSize"]}}) == {}
    assert [request["action"] for request in terraform.sim.requests()] == ["DescribeInstances"]
    assert terraform.sim.ledger() == []


def test_terraform_switches_power_and_sets_a_password(terraform: Terraform) -> None:
    """`running_flag`, and `password` alone: it starts the machine first, which is refused while that runs."""
    instance_id = terraform.create()
    start = {"instanceIds": [instance_id]}
    terraform.call("StopInstances", start, OLDER)
    assert terraform.wait(instance_id, OPERATING) == "STOPPED"
    terraform.call("StartInstances", start, OLDER)
    assert terraform.wait(instance_id, OPERATING) == "RUNNING"

    terraform.call("ResetInstancePassword", {"instanceId": instance_id, "password": "Example+123"}, OLDER)

    again = post(terraform.sim, "zec", OLDER, "StartInstances", start, client="Terraform-latest")
    assert (again.status_code, again.json()["code"]) == (403, "OPERATION_DENIED_INSTANCE_NOT_STOPPED")


@pytest.mark.parametrize("running", [True, False])
def test_a_stop_that_terraform_swallows_is_refused(terraform: Terraform, running: bool) -> None:  # noqa: FBT001
    """A machine that is off already: 403. Its apply then says success and resets nothing."""
    instance_id = terraform.create()
    body = {"instanceIds": [instance_id]}
    if not running:
        terraform.sim.patch_instance(instance_id, status="STOPPED")

    answer = post(terraform.sim, "zec", OLDER, "StopInstances", body, client="Terraform-latest")

    assert answer.status_code == (200 if running else 403)
    assert running or answer.json()["code"] == "OPERATION_DENIED_INSTANCE_NOT_RUNNING"


@pytest.mark.parametrize(
    ("service", "action", "body", "needed"),
    [
        ("zec", "DescribeInstances", {"pageSize": 100, "pageNum": 1, "zoneId": "asia-east-1a"}, "instanceId"),
        ("zec", "DescribeInstances", {"instanceIds": [str(number) for number in range(100)]}, None),
        ("zec", "DescribeImages", {"zoneId": "asia-east-1a", "pageSize": 100, "pageNum": 1}, "imageId"),
        ("zec", "DescribeImages", {"zoneId": "asia-east-1a", "imageIds": ["ubuntu2404_20240712"]}, "imageId"),
        ("zec", "DescribeImages", {"zoneId": "asia-east-1a", "osType": "linux", "category": "Ubuntu"}, "imageId"),
        ("zec", "DescribeDisks", {"pageSize": 100, "pageNum": 1}, "diskId"),
        ("ccs", "DescribeKeyPairs", {}, "keyId"),
    ],
)
def test_terraform_s_data_sources_are_served(
    sim: Simulator, service: str, action: str, body: dict[str, Any], needed: str | None
) -> None:
    """Pages of 100, filters, 100 ids at once; the total is right, which its paging goes by."""
    answer = post(sim, service, CURRENT, action, body, client="Terraform-latest")

    assert answer.status_code == 200, answer.text
    found = answer.json()["response"]
    assert found["totalCount"] == len(found["dataSet"])
    assert all(item[needed] for item in found["dataSet"]) if needed else found["dataSet"] == []
    assert found["dataSet"] or not needed


def test_more_ids_than_documented_are_refused(sim: Simulator) -> None:
    """The provider sends all ids of its data source in one call, however many."""
    body = {"instanceIds": [str(number) for number in range(150)], "pageSize": 100, "pageNum": 1}
    answer = post(sim, "zec", CURRENT, "DescribeInstances", body, client="Terraform-latest")
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_PARAMETER_EXCEED_MAXIMUM")


def test_terraform_manages_a_key_pair(terraform: Terraform) -> None:
    """Imported, described anew, used and deleted; an instance keeps a key that was deleted."""
    imported = {"keyName": "terraform", "keyDescription": "", "publicKey": f"{PUBLIC_KEY} terraform"}
    key_id = terraform.call("ImportKeyPair", imported, service="ccs")["keyId"]
    terraform.call("ModifyKeyPairAttribute", {"keyId": key_id, "keyDescription": "mine"}, service="ccs")

    (read,) = terraform.call("DescribeKeyPairs", {"keyIds": [key_id]}, service="ccs")["dataSet"]

    assert (read["keyName"], read["keyDescription"]) == ("terraform", "mine")
    instance_id = terraform.create()
    terraform.reinstall(instance_id, keyId=key_id)
    terraform.call("DeleteKeyPairs", {"keyIds": [key_id]}, service="ccs")
    terraform.wait(instance_id, OPERATING)
    assert terraform.read(instance_id)["keyId"] == key_id
    assert terraform.sim.patch_instance(instance_id, status="STOPPED")["keyId"] == key_id
    gone = post(terraform.sim, "ccs", CURRENT, "DeleteKeyPairs", {"keyIds": [key_id]}, client="Terraform-latest")
    assert gone.json()["code"] == "INVALID_KEY_PAIR_NOT_FOUND"
    assert {entry["instanceId"] for entry in terraform.sim.ledger() if "KeyPair" in entry["action"]} == {None}


@pytest.mark.parametrize(
    ("service", "version", "action", "body", "code"),
    [
        ("zrm", "2025-10-14", "ModifyResourceTags", {"resourceUuid": "1"}, "INVALID_RESOURCE_NOT_FOUND"),
        (
            *("user", "2024-05-29", "AddResourceResourceGroup", {"resourceGroupId": "rg-nowhere", "resources": ["1"]}),
            "OPERATION_FAILED_RESOURCE_GROUP_NOT_FOUND",
        ),
        ("zec", CURRENT, "ModifyNetworkInterfaceAttribute", {"nicId": "nic-1"}, "INVALID_NIC_NOT_FOUND"),
        ("zec", OLDER, "StartIpForward", {"instanceId": "1"}, "INVALID_INSTANCE_NOT_FOUND"),
        ("zec", OLDER, "StopIpForward", {"instanceId": "1272168087751233117"}, "OPERATION_DENIED_INSTANCE_RECYCLED"),
        ("ccs", CURRENT, "ModifyKeyPairAttribute", {"keyId": "key-nowhere"}, "INVALID_KEY_PAIR_NOT_FOUND"),
        (
            "ccs",
            CURRENT,
            "ImportKeyPair",
            {"keyName": "a b", "publicKey": PUBLIC_KEY},
            "INVALID_PARAMETER_PATTERN_ERROR",
        ),
        ("ccs", CURRENT, "ImportKeyPair", {"keyName": "a", "publicKey": "x"}, "INVALID_PARAMETER_VALUE"),
        ("ccs", CURRENT, "ImportKeyPair", {"keyName": "ops", "publicKey": PUBLIC_KEY}, "INVALID_KEY_PAIR_NAME_EXISTS"),
    ],
)
def test_what_does_not_exist_is_refused(
    sim: Simulator, service: str, version: str, action: str, body: dict[str, Any], code: str
) -> None:
    """With a code that says what is missing, and nothing in the ledger."""
    assert post(sim, service, version, action, body, client="Terraform-latest").json()["code"] == code
    assert sim.ledger() == []


@pytest.mark.parametrize("authentication", ["signature", "token"])
def test_zeno_works_over_https(authentication: str) -> None:
    """It speaks nothing else: create with tags, stop, reset, a batch, key pairs; zero and false are never sent."""
    with Simulator(clock="manual", tls=True) as sim:
        token = sim.token if authentication == "token" else ""

        def zeno(action: str, service: str = "zec", **body: Any) -> Any:
            answer = post(sim, service, CURRENT, action, body, client="zeno", token=token)
            assert answer.status_code == 200, answer.text
            return answer.json()["response"]

        wanted = {name: value for name, value in WANTED.items() if value}
        (instance_id,) = zeno("CreateZecInstances", **wanted)["instanceIdSet"]
        sim.advance(120)
        zeno("StopInstances", instanceIds=[instance_id], forceShutdown=True)
        sim.advance(10)
        zeno("ResetInstance", instanceId=instance_id, imageId="debian12_20240712", keyId="key-YWD2QFOl")
        (machine,) = zeno("DescribeInstancesStatus", instanceIds=[instance_id])["dataSet"]
        assert machine["instanceStatus"] == "DEPLOYING"
        sim.advance(120)
        (machine,) = zeno("DescribeInstances", instanceIds=[instance_id])["dataSet"]
        # It cannot say `--enable-agent=false`, and what it leaves out turns the agent off.
        assert (machine["imageId"], machine["enableAgent"]) == ("debian12_20240712", False)
        assert zeno("ResetInstances", instanceIds=["1272168087751233114"], keyId="key-YWD2QFOl")["instanceIds"] == []
        assert zeno("DescribeKeyPairs", "ccs")["totalCount"] == len(zeno("DescribeKeyPairs", "ccs")["dataSet"])


def test_zeno_lists_page_by_page(sim: Simulator) -> None:
    """``--page-all`` asks for pages of 100 until totalCount is reached; without parameters the body is ``{}``."""
    page = post(sim, "zec", CURRENT, "DescribeInstances", {"pageSize": 100, "pageNum": 1}, client="zeno").json()
    zones = post(sim, "zec", CURRENT, "DescribeTimeZones", {}, client="zeno")

    assert page["response"]["totalCount"] == len(page["response"]["dataSet"]) == 11
    assert zones.status_code == 200


def test_stray_word_of_zeno_stops_nothing(sim: Simulator) -> None:
    """``--instance-ids ID --force-shutdown true`` makes ``true`` an id: the whole request is refused."""
    body = {"forceShutdown": True, "instanceIds": ["1272168087751233112", "true"]}

    answer = post(sim, "zec", CURRENT, "StopInstances", body, client="zeno")

    assert (answer.status_code, answer.json()["code"]) == (404, "INVALID_INSTANCE_NOT_FOUND")
    assert sim.ledger() == []
