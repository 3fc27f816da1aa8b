"""Stands in for the SDK of the bridged Terraform provider: the same names, and what that provider does to a machine.

It creates, reads, reinstalls and releases by the official Python SDK, with credentials and endpoint as the bridge hands
them to the Terraform provider: stack configuration, else the provider's own environment variables. It refuses what that
refuses, a key that it does not know and a scheme in lower case. It knows nothing of zec_pulumi.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

from pulumi.dynamic import (
    ConfigureRequest,
    CreateResult,
    DiffResult,
    ReadResult,
    Resource,
    ResourceProvider,
    UpdateResult,
)
from zenlayercloud.common.config import Config
from zenlayercloud.common.credential import Credential
from zenlayercloud.zec.v20250901 import models, zec_client

if TYPE_CHECKING:
    from pulumi import Input, ResourceOptions

REINSTALLED_FOR = ("imageId", "keyId")


SETTINGS = {
    "accessKeyId": "ZENLAYERCLOUD_ACCESS_KEY_ID",
    "accessKeyPassword": "ZENLAYERCLOUD_ACCESS_KEY_PASSWORD",
    "domain": "ZENLAYERCLOUD_DOMAIN",
    "scheme": "ZENLAYERCLOUD_SCHEME",
    "clientTimeout": "ZENLAYERCLOUD_CLIENT_TIMEOUT",
}
_settings: dict[str, str] = {}


def _configure(stack: dict[str, str]) -> None:
    given = {key.partition(":")[2]: value for key, value in stack.items() if key.startswith("zenlayercloud:")}
    unknown = sorted(given.keys() - SETTINGS.keys())
    if unknown:
        raise ValueError(f"could not validate provider configuration: {unknown[0]} is not a valid configuration key")
    _settings.update({key: given.get(key) or os.environ.get(name, "") for key, name in SETTINGS.items()})
    if _settings["scheme"] not in {"HTTP", "HTTPS"}:
        raise ValueError("expected scheme to be one of [HTTP HTTPS]")


def _client() -> Any:
    credential = Credential(_settings["accessKeyId"], _settings["accessKeyPassword"])
    return zec_client.ZecClient(credential, Config(scheme=_settings["scheme"].lower(), domain=_settings["domain"]))


def _read(client: Any, id_: str) -> Any:
    request = models.DescribeInstancesRequest()
    request.instanceIds = [id_]
    found = client.DescribeInstances(request).dataSet
    return found[0] if found else None


def _wait(client: Any, id_: str, status: str) -> None:
    while _read(client, id_).status != status:
        time.sleep(0.1)


class _Provider(ResourceProvider):
    serialize_as_secret_always = False

    def configure(self, req: ConfigureRequest) -> None:
        _configure(req.config._props)

    def create(self, props: dict[str, Any]) -> CreateResult:
        client, request = _client(), models.CreateZecInstancesRequest()
        request.zoneId, request.subnetId = props["availabilityZone"], props["subnetId"]
        request.instanceType, request.instanceName = props["instanceType"], props["instanceName"]
        request.imageId, request.keyId = props["imageId"], props["keyId"]
        request.instanceCount, request.enableAgent = 1, True
        request.systemDisk = models.SystemDisk()
        request.systemDisk.diskSize = int(props["systemDiskSize"])
        id_ = client.CreateZecInstances(request).instanceIdSet[0]
        _wait(client, id_, "RUNNING")
        return CreateResult(id_, props)

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        machine = _read(_client(), id_)
        if machine is None or machine.status == "RECYCLE":
            return ReadResult("", {})
        seen = {**props, "imageId": machine.imageId, "keyId": machine.keyId}
        return ReadResult(id_, seen, {key: value for key, value in seen.items() if key != "__provider"})

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        return DiffResult(changes=any(olds.get(name) != news.get(name) for name in REINSTALLED_FOR))

    def update(self, id_: str, _olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        client = _client()
        stop, reset = models.StopInstancesRequest(), models.ResetInstanceRequest()
        stop.instanceIds = [id_]
        client.StopInstances(stop)
        _wait(client, id_, "STOPPED")
        reset.instanceId, reset.imageId, reset.keyId, reset.enableAgent = id_, news["imageId"], news["keyId"], True
        client.ResetInstance(reset)
        _wait(client, id_, "RUNNING")
        return UpdateResult(news)

    def delete(self, id_: str, _props: dict[str, Any]) -> None:
        request = models.ReleaseInstancesRequest()
        request.instanceIds = [id_]
        _client().ReleaseInstances(request)


class ZecInstance(Resource, module="zenlayercloud", name="ZecInstance"):
    """A machine. The bridge's class has more arguments; these are the ones that the example gives."""

    def __init__(
        self,
        resource_name: str,
        opts: ResourceOptions | None = None,
        *,
        availability_zone: Input[str],
        instance_type: Input[str],
        instance_name: Input[str],
        subnet_id: Input[str],
        system_disk_size: Input[int],
        image_id: Input[str],
        key_id: Input[str],
    ) -> None:
        inputs = {
            "availabilityZone": availability_zone,
            "instanceType": instance_type,
            "instanceName": instance_name,
            "subnetId": subnet_id,
            "systemDiskSize": system_disk_size,
            "imageId": image_id,
            "keyId": key_id,
        }
        super().__init__(_Provider(), resource_name, inputs, opts)
