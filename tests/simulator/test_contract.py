"""Requests and responses have the fields of the official SDK's models: none unknown, none missing."""

from __future__ import annotations

import inspect
import warnings
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel
from pydantic.alias_generators import to_camel
from zenlayercloud.ccs.v20250901 import ccs_client
from zenlayercloud.ccs.v20250901 import models as ccs
from zenlayercloud.common.abstract_model import AbstractModel
from zenlayercloud.common.config import Config
from zenlayercloud.common.credential import Credential, TokenCredential
from zenlayercloud.user.v20240529 import models as user
from zenlayercloud.user.v20240529 import user_client
from zenlayercloud.zec.v20240401 import models as older
from zenlayercloud.zec.v20240401 import zec_client as older_client
from zenlayercloud.zec.v20250901 import models as current
from zenlayercloud.zec.v20250901 import zec_client
from zenlayercloud.zrm.v20251014 import models as zrm
from zenlayercloud.zrm.v20251014 import zrm_client

from zec_pulumi.simulator.actions import ACTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zec_pulumi.simulator import Simulator

SERVICES: dict[tuple[str, str], tuple[Any, Any]] = {
    ("zec", "2025-09-01"): (current, zec_client.ZecClient),
    ("zec", "2024-04-01"): (older, older_client.ZecClient),
    ("ccs", "2025-09-01"): (ccs, ccs_client.CcsClient),
    ("zrm", "2025-10-14"): (zrm, zrm_client.ZrmClient),
    ("user", "2024-05-29"): (user, user_client.UserClient),
}
# The SDK has no model of DescribeKeyPairs in the older zec, where older clients ask for them: it is that of ccs.
MODELLED_ELSEWHERE = {("zec", "2024-04-01", "DescribeKeyPairs"): ("ccs", "2025-09-01")}

PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f mine"
WEB_1, BATCH_1 = "1272168087751233112", "1272168087751233114"
# One request for each action, in every field whose answer depends on it.
TABLE: dict[str, dict[str, Any]] = {
    "AddResourceResourceGroup": {"resourceGroupId": "rg-default", "resources": [WEB_1]},
    "CreateZecInstances": {
        "zoneId": "asia-east-1a",
        "imageId": "ubuntu2404_20240712",
        "instanceType": "z2a.cpu.2",
        "subnetId": "subnet-0001",
        "instanceCount": 1,
        "keyId": "key-YWD2QFOl",
        "systemDisk": {"diskSize": 40},
        "dataDisks": [{"diskSize": 100, "diskAmount": 2}],
    },
    "DeleteKeyPairs": {"keyIds": ["key-2ndKey01"]},
    "CreateImage": {"instanceId": BATCH_1, "imageName": "backup"},
    "DeleteImages": {"imageIds": ["custom-5Yx8Hq2c"]},
    "DescribeCustomImages": {},
    "DescribeDisks": {},
    "DescribeImages": {"zoneId": "asia-east-1a"},
    "DescribeInstances": {},
    "DescribeInstancesStatus": {},
    "DescribeKeyPairs": {},
    "DescribeTimeZones": {},
    "DescribeZones": {},
    "ImportKeyPair": {"keyName": "mine", "publicKey": PUBLIC_KEY},
    "ModifyInstancesAttribute": {"instanceIds": [WEB_1], "instanceName": "renamed"},
    "ModifyKeyPairAttribute": {"keyId": "key-2ndKey01", "keyDescription": "another"},
    "ModifyNetworkInterfaceAttribute": {"nicId": f"nic-{WEB_1}", "securityGroupId": "sg-0002"},
    "ModifyResourceTags": {"resourceUuid": WEB_1, "replaceTags": [{"key": "a", "value": "b"}], "deleteTagKeys": ["c"]},
    "RebootInstances": {"instanceIds": [WEB_1]},
    "ReleaseInstances": {"instanceIds": [BATCH_1]},
    "ResetInstance": {"instanceId": BATCH_1, "keyId": "key-YWD2QFOl"},
    "ResetInstancePassword": {"instanceId": WEB_1, "password": "Example+123"},
    "CreateTags": {"tags": [{"key": "a", "value": "b"}]},
    "DeleteTags": {"tags": [{"key": "role", "value": "nobody"}]},
    "DescribeResourceByTags": {"tagKeys": ["role"]},
    "DescribeResourceTags": {"resourceUuid": WEB_1},
    "DescribeTags": {},
    "TagBindResources": {"tag": {"key": "role", "value": "web"}, "resourceUuids": [BATCH_1]},
    "TagUnbindResources": {"tag": {"key": "role", "value": "web"}, "resourceUuids": [WEB_1]},
    "ResetInstances": {"instanceIds": [BATCH_1], "keyId": "key-YWD2QFOl"},
    "StartInstances": {"instanceIds": [BATCH_1]},
    "StartIpForward": {"instanceId": WEB_1},
    "StopInstances": {"instanceIds": [WEB_1]},
    "StopIpForward": {"instanceId": WEB_1},
}
# Lists that are always empty here: only instances and custom images have tags.
ALWAYS_EMPTY = {
    "DescribeDisks": {"dataSet.tags.tags"},
    "DescribeInstances": {"dataSet.nics.tags.tags"},
}
# What the English documents spell otherwise than the SDK.
ALSO_ACCEPTED = {"DescribeResourceTags": {"resourceUuids"}}
EVERY = pytest.mark.parametrize(("service", "version", "action"), sorted(ACTIONS))


class Probe(dict[str, Any]):
    """JSON that has everything, once: a model of the SDK that reads it shows all the fields that it knows."""

    def __init__(self) -> None:
        super().__init__(something=True)

    def get(self, _: str, __: Any = None) -> Probe:
        return Probe()

    def __iter__(self) -> Iterator[Any]:
        return iter([Probe()])


def official(model: Any) -> dict[str, Any]:
    """Return the names a model of the SDK knows, each with those below it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        model._deserialize(Probe())
    return shape(model)


def shape(model: Any) -> dict[str, Any]:
    """Return the names of a filled model of the SDK, each with those below it."""
    first = {name: value[0] if isinstance(value, list) else value for name, value in vars(model).items()}
    return {name: shape(value) if isinstance(value, AbstractModel) else {} for name, value in first.items()}


def names(known: dict[str, Any], where: str = "") -> set[str]:
    """Return the path of every name."""
    return {where + name for name in known}.union(*(names(below, f"{where}{name}.") for name, below in known.items()))


def disagreements(sent: Any, known: dict[str, Any], seen: set[str], where: str = "") -> list[str]:
    """Return where JSON and the SDK disagree about fields, in every item of every list; ``seen`` gets the paths."""
    if isinstance(sent, list):
        return [found for item in sent for found in disagreements(item, known, seen, where)]
    if not isinstance(sent, dict) or not known:
        return []
    seen |= {where + name for name in sent}
    found = [f"unknown: {where}{name}" for name in sent.keys() - known]
    found += [f"missing: {where}{name}" for name in known.keys() - sent]
    for name in sent.keys() & known:
        found += disagreements(sent[name], known[name], seen, f"{where}{name}.")
    return found


def models_of(service: str, version: str, action: str) -> Any:
    return SERVICES[MODELLED_ELSEWHERE.get((service, version, action), (service, version))][0]


def accepted(request: type[BaseModel]) -> dict[str, Any]:
    """Return the names that the simulator accepts, each with those below it."""
    found: dict[str, Any] = {}
    for name, field in request.model_fields.items():
        parts = [part for part in _parts(field.annotation) if issubclass(part, BaseModel)]
        found[field.alias or to_camel(name)] = accepted(parts[0]) if parts else {}
    return found


def _parts(annotation: Any) -> list[type]:
    """Return the classes an annotation is made of."""
    if inspect.isclass(annotation) and not hasattr(annotation, "__args__"):
        return [annotation]
    return [part for inner in getattr(annotation, "__args__", ()) for part in _parts(inner)]


@pytest.fixture
def full(sim: Simulator, api: Any) -> Simulator:
    """A world in which an instance has everything an instance can have, and an image, too."""
    api.ok("CreateTags", service="zrm", tags=[{"key": "role", "value": "nobody"}])
    tag = {"key": "team", "value": "images"}
    api.ok("ModifyResourceTags", service="zrm", resourceUuid="custom-5Yx8Hq2c", replaceTags=[tag])
    disk = {"diskId": "disk-data-1", "diskName": "data", "diskSize": 100}
    sim.patch_instance(WEB_1, data_disks=[disk], instance_options={"nestedVirtualization": True})
    return sim


def test_every_action_is_in_the_table() -> None:
    """An action without a row is compared with nothing."""
    assert TABLE.keys() == {action for _, _, action in ACTIONS}


@EVERY
def test_response_has_the_fields_of_the_official_model(
    full: Simulator, api: Any, service: str, version: str, action: str
) -> None:
    """In every item of the answer every field the SDK knows is there, and no other; each is seen at least once."""
    answer = api.post(action, TABLE[action], service=service, version=version)
    assert answer.status_code == 200, answer.text
    known = official(getattr(models_of(service, version, action), f"{action}Response")())
    seen: set[str] = set()

    assert disagreements(answer.json()["response"], known, seen) == []
    empty = ALWAYS_EMPTY.get(action, set())
    assert {path for path in names(known) - seen if path.rsplit(".", 1)[0] not in empty} == set()
    assert full.instances()


@EVERY
def test_request_has_the_fields_of_the_official_model(service: str, version: str, action: str) -> None:
    """Every parameter the SDK can send is known here, and no other; below the top, none that the SDK does not know."""
    known = official(getattr(models_of(service, version, action), f"{action}Request")())
    implemented = ACTIONS[service, version, action]
    here = names(accepted(implemented.request)) - {
        path
        for path in names(accepted(implemented.request))
        if any(path == absent or path.startswith(f"{absent}.") for absent in implemented.absent_parameters)
    }

    assert {path for path in here if "." not in path} == known.keys() | ALSO_ACCEPTED.get(action, set())
    assert here <= names(known) | ALSO_ACCEPTED.get(action, set())


@pytest.mark.parametrize("authentication", ["signature", "token"])
@EVERY
def test_official_client_is_served(
    full: Simulator, service: str, version: str, action: str, authentication: str
) -> None:
    """Each action through the official SDK as it is, with both authentications; the answer becomes its model."""
    where = MODELLED_ELSEWHERE.get((service, version, action), (service, version))
    models, client = SERVICES[where]
    credential = (
        TokenCredential(full.token)
        if authentication == "token"
        else Credential(full.access_key_id, full.access_key_password)
    )
    request = getattr(models, f"{action}Request")()
    request._deserialize(TABLE[action])

    response = getattr(client(credential, Config(scheme="http", domain=full.host, rate_limit_max_retries=0)), action)(
        request
    )

    assert type(response) is getattr(models, f"{action}Response")
    assert response.requestId.startswith("T")


def test_types_real_clients_insist_on(api: Any) -> None:
    """Integers are integers, image sizes strings, and what must be null is null."""
    machine = api.ok("DescribeInstances", instanceIds=[WEB_1])["dataSet"][0]
    image = api.ok("DescribeImages", zoneId="asia-east-1a")["dataSet"][0]
    zone = api.ok("DescribeZones")["zoneSet"][0]

    assert isinstance(machine["systemDisk"]["diskSize"], int)
    assert machine["instanceOptions"] is None
    assert machine["dataDisks"] == []
    assert machine["tags"] == {"tags": [{"key": "role", "value": "web"}]}
    assert [nic["nicType"] for nic in machine["nics"]] == ["Primary"]
    assert (image["imageSize"], image["minDiskSize"]) == ("10", 20)
    assert zone["supportSecurityGroup"] is None
