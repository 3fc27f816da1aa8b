"""Requests and responses have the fields of the official SDK's models: none unknown, none missing."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic.alias_generators import to_camel
from zenlayercloud.ccs.v20250901 import models as ccs
from zenlayercloud.common.abstract_model import AbstractModel
from zenlayercloud.zec.v20240401 import models as older
from zenlayercloud.zec.v20250901 import models as current

from zec_pulumi.simulator.actions import ACTIONS

MODELS = {("zec", "2025-09-01"): current, ("zec", "2024-04-01"): older, ("ccs", "2025-09-01"): ccs}
# DescribeKeyPairs of the older zec is in no current SDK's zec models.
COMPARED = [key for key in ACTIONS if hasattr(MODELS[key[:2]], f"{key[2]}Response")]
WEB_1, BATCH_1 = "1272168087751233112", "1272168087751233114"
PARAMETERS: dict[str, dict[str, Any]] = {
    "DescribeImages": {"zoneId": "asia-east-1a"},
    "ModifyInstancesAttribute": {"instanceIds": [WEB_1], "instanceName": "renamed"},
    "RebootInstances": {"instanceIds": [WEB_1]},
    "ResetInstance": {"instanceId": BATCH_1, "keyId": "key-YWD2QFOl"},
    "ResetInstancePassword": {"instanceId": WEB_1, "password": "Example+123"},
    "StartInstances": {"instanceIds": [BATCH_1]},
    "StopInstances": {"instanceIds": [WEB_1]},
}


def differences(model: Any, sent: dict[str, Any], where: str) -> list[str]:
    """Return where the JSON object and the SDK's model of it disagree about fields, at every depth."""
    known = vars(type(model)()).keys()
    found = [f"{where}: unknown {name}" for name in sent.keys() - known]
    found += [f"{where}: missing {name}" for name in known - sent.keys()]
    for name, value in vars(model).items():
        children = value if isinstance(value, list) else [value]
        parts = sent[name] if isinstance(sent.get(name), list) else [sent.get(name)]
        for child, part in zip(children, parts, strict=True):
            if isinstance(child, AbstractModel):
                found += differences(child, part, f"{where}.{name}")
    return found


@pytest.mark.parametrize(("service", "version", "action"), COMPARED)
def test_response_has_the_fields_of_the_official_model(api: Any, service: str, version: str, action: str) -> None:
    """Every field the SDK knows is sent, and no other."""
    answer = api.post(action, PARAMETERS.get(action), service=service, version=version)
    assert answer.status_code == 200, answer.text
    sent = answer.json()["response"]
    model = getattr(MODELS[service, version], f"{action}Response")()

    model._deserialize(sent)

    assert differences(model, sent, action) == []


@pytest.mark.parametrize(("service", "version", "action"), COMPARED)
def test_request_has_the_fields_of_the_official_model(service: str, version: str, action: str) -> None:
    """Every parameter the SDK can send is known here, and no other."""
    accepted = ACTIONS[service, version, action]
    here = {field.alias or to_camel(name) for name, field in accepted.request.model_fields.items()}
    official = vars(getattr(MODELS[service, version], f"{action}Request")()).keys()

    assert here - accepted.absent_parameters == set(official)


def test_no_action_is_left_out() -> None:
    """Only the older DescribeKeyPairs has no model to compare with."""
    assert set(ACTIONS) - set(COMPARED) <= {("zec", "2024-04-01", "DescribeKeyPairs")}


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
