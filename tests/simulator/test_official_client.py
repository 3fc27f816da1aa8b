"""The official Python SDK drives the simulator unmodified."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from zenlayercloud.ccs.v20250901 import ccs_client
from zenlayercloud.ccs.v20250901 import models as ccs_models
from zenlayercloud.common.config import Config
from zenlayercloud.common.credential import Credential, TokenCredential
from zenlayercloud.common.excpetion.zenlayer_cloud_sdk_exception import ZenlayerCloudSdkException
from zenlayercloud.zec.v20240401 import models as older_models
from zenlayercloud.zec.v20240401 import zec_client as older_client
from zenlayercloud.zec.v20250901 import models, zec_client

if TYPE_CHECKING:
    from zec_pulumi.simulator import Simulator

WEB_1 = "1272168087751233112"


def config(sim: Simulator) -> Any:
    return Config(scheme="http", domain=sim.host, rate_limit_max_retries=0)


@pytest.fixture
def client(sim: Simulator) -> Any:
    return zec_client.ZecClient(Credential(sim.access_key_id, sim.access_key_password), config(sim))


def status(client: Any, instance_id: str) -> Any:
    request = models.DescribeInstancesStatusRequest()
    request.instanceIds = [instance_id]
    return client.DescribeInstancesStatus(request).dataSet[0].instanceStatus


def stop(client: Any, instance_id: str, module: Any = models) -> Any:
    request = module.StopInstancesRequest()
    request.instanceIds = [instance_id]
    return client.StopInstances(request)


def test_signed_request_is_accepted(client: Any) -> None:
    """A request signed by the official client is authentic."""
    assert client.DescribeInstances(models.DescribeInstancesRequest()).totalCount == 11


def test_token_is_accepted(sim: Simulator) -> None:
    """A request with the bearer token is authentic."""
    client = zec_client.ZecClient(TokenCredential(sim.token), config(sim))

    assert client.DescribeInstances(models.DescribeInstancesRequest()).totalCount == 11


def test_wrong_password_is_refused(sim: Simulator) -> None:
    """A signature made with another password does not match."""
    client = zec_client.ZecClient(Credential(sim.access_key_id, "another"), config(sim))

    with pytest.raises(ZenlayerCloudSdkException) as caught:
        client.DescribeTimeZones(models.DescribeTimeZonesRequest())

    assert caught.value.code == "AUTHFAILURE_SIGNATURE_FAILURE"
    assert caught.value.request_id.startswith("T")


def test_rebuild_from_stop_to_running(sim: Simulator, client: Any) -> None:
    """Stop, reset and poll: the machine ends RUNNING with what the reset asked for."""
    assert stop(client, WEB_1).instanceIds == []
    assert status(client, WEB_1) == "STOPPING"
    sim.advance(5)
    assert status(client, WEB_1) == "STOPPED"
    request = models.ResetInstanceRequest()
    request.instanceId, request.imageId, request.keyId = WEB_1, "ubuntu2404_20240712", "key-2ndKey01"
    request.timezone, request.enableAgent, request.instanceName = "UTC", True, "web-1b"
    request.userData = "IyEvYmluL3NoCg=="

    client.ResetInstance(request)

    seen: list[str] = []
    while not seen or seen[-1] != "RUNNING":
        seen.append(status(client, WEB_1))
        sim.advance(15)
    assert seen == ["DEPLOYING", "DEPLOYING", "DEPLOYING", "DEPLOYING", "RUNNING"]
    read = models.DescribeInstancesRequest()
    read.instanceIds = [WEB_1]
    machine = client.DescribeInstances(read).dataSet[0]
    assert (machine.status, machine.imageId, machine.keyId) == (
        "RUNNING",
        "ubuntu2404_20240712",
        "key-2ndKey01",
    )
    assert (machine.timeZone, machine.enableAgent, machine.instanceName) == ("UTC", True, "web-1b")
    assert machine.imageName == "Ubuntu Server 24.04 LTS"
    assert machine.systemDisk.diskSize == 40


def test_refusal_reaches_the_client(client: Any) -> None:
    """The flat error envelope is understood: code, message and request id."""
    request = models.ResetInstanceRequest()
    request.instanceId = WEB_1

    with pytest.raises(ZenlayerCloudSdkException) as caught:
        client.ResetInstance(request)

    assert caught.value.code == "UNSUPPORTED_OPERATION_INSTANCE_STATUS"


def test_key_pairs_have_their_own_service(sim: Simulator) -> None:
    """Key pairs are read from ccs."""
    client = ccs_client.CcsClient(TokenCredential(sim.token), config(sim))

    listed = client.DescribeKeyPairs(ccs_models.DescribeKeyPairsRequest())

    assert [item.keyId for item in listed.dataSet] == ["key-YWD2QFOl", "key-2ndKey01", "key-Unsupp01"]


def test_older_version_stops_and_resets(sim: Simulator) -> None:
    """The 2024-04-01 client, which the Terraform provider stops machines with, works as well."""
    client = older_client.ZecClient(TokenCredential(sim.token), config(sim))
    stop(client, WEB_1, older_models)
    sim.advance(5)
    request = older_models.ResetInstanceRequest()
    request.instanceId, request.password = WEB_1, "Example+123"

    client.ResetInstance(request)

    sim.advance(60)
    assert sim.instance(WEB_1)["status"] == "RUNNING"
    assert sim.instance(WEB_1)["keyId"] is None
