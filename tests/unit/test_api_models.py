"""Answers are understood in all their spellings."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from zec_pulumi.api import AnswerLostError, Image, Instance, KeyPair, ResetInstanceRequest, SystemDisk
from zec_pulumi.api.envelope import Result
from zec_pulumi.api.models import InstanceStatus


def result(**fields: Any) -> Result:
    return Result("DescribeInstances", "h", "T1", fields)


def test_a_full_instance_is_read() -> None:
    instance = Instance.model_validate(
        {
            "instanceId": "1272168087751233112",
            "instanceName": "web-1",
            "zoneId": "asia-east-1a",
            "imageId": "ubuntu2404",
            "imageName": "Ubuntu",
            "timeZone": "Asia/Shanghai",
            "status": "RUNNING",
            "systemDisk": {"diskId": "d", "diskSize": 40},
            "publicIpAddresses": ["203.0.113.1"],
            "privateIpAddresses": ["10.0.0.1"],
            "keyId": "key-1",
            "enableAgent": False,
            "somethingNew": {"a": 1},
        }
    )

    assert instance == Instance(
        instance_id="1272168087751233112",
        instance_name="web-1",
        zone_id="asia-east-1a",
        image_id="ubuntu2404",
        image_name="Ubuntu",
        time_zone="Asia/Shanghai",
        status="RUNNING",
        system_disk=SystemDisk(disk_size=40),
        public_ip_addresses=("203.0.113.1",),
        private_ip_addresses=("10.0.0.1",),
        key_id="key-1",
        enable_agent=False,
    )


@pytest.mark.parametrize("empty", [None, "", "absent"])
def test_an_instance_without_values_is_read(empty: str | None) -> None:
    names = ["instanceName", "zoneId", "imageId", "timeZone", "status", "keyId"]
    fields: dict[str, Any] = {} if empty == "absent" else dict.fromkeys(names, empty)
    lists = {} if empty == "absent" else dict.fromkeys(["publicIpAddresses", "privateIpAddresses", "systemDisk"])

    instance = Instance.model_validate({"instanceId": "i", **fields, **lists})

    assert instance == Instance(instance_id="i")
    assert (instance.status, instance.key_id, instance.system_disk.disk_size) == ("UNKNOWN", None, None)
    assert instance.public_ip_addresses == ()


@pytest.mark.parametrize("name", ["timeZone", "timezone"])
def test_the_time_zone_has_two_spellings(name: str) -> None:
    assert Instance.model_validate({"instanceId": "i", name: "UTC"}).time_zone == "UTC"


@pytest.mark.parametrize("name", ["status", "instanceStatus"])
def test_the_status_has_two_spellings(name: str) -> None:
    assert Instance.model_validate({"instanceId": "i", name: "STOPPED"}).status == "STOPPED"
    assert InstanceStatus.model_validate({"instanceId": "i", name: "STOPPED"}).status == "STOPPED"


def test_a_null_status_does_not_hide_the_instance() -> None:
    assert InstanceStatus.model_validate({"instanceId": "i", "instanceStatus": None}).status == "UNKNOWN"


@pytest.mark.parametrize(
    ("size", "gib"),
    [
        ("30", 30.0),
        (" 2.5 ", 2.5),
        ("30GiB", 30.0),
        ("30 gb", 30.0),
        (30, 30.0),
        (30.5, 30.5),
        ("", None),
        (None, None),
        ("30 MB", None),
        ("large", None),
        ("-1", None),
        ("nan", None),
        ([], None),
        (True, None),
    ],
)
def test_an_image_s_size_is_read_or_unknown(size: Any, gib: float | None) -> None:
    assert Image.model_validate({"imageId": "m", "imageSize": size}).image_size_gib == gib


def test_an_image_without_sizes_is_read() -> None:
    image = Image.model_validate({"imageId": "m", "osType": "linux"})

    assert (image.image_size_gib, image.min_disk_size_gib, image.os_type) == (None, None, "linux")


def test_models_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Instance(instance_id="i").image_id = "other"


def test_null_lists_and_null_items_are_nothing() -> None:
    assert result(dataSet=None).models("dataSet", KeyPair) == ()
    assert result().models("dataSet", KeyPair) == ()
    assert result(dataSet=[None, {"keyId": "k"}]).models("dataSet", KeyPair) == (KeyPair(key_id="k"),)
    assert result(instanceIds=None).texts("instanceIds") == []


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"dataSet": {}}, "dataSet"),
        ({"dataSet": [{"instanceName": "nameless"}]}, r"dataSet\[\]\.instanceId"),
        ({"dataSet": [{"instanceId": "i", "systemDisk": {"diskSize": "big"}}]}, r"systemDisk\.diskSize"),
        ({"dataSet": ["text"]}, r"dataSet\[\]"),
    ],
)
def test_an_unexpected_form_names_its_place_and_no_value(fields: dict[str, Any], place: str) -> None:
    with pytest.raises(AnswerLostError, match=place) as caught:
        result(**fields).models("dataSet", Instance)

    assert "nameless" not in str(caught.value)
    assert caught.value.__cause__ is caught.value.__context__ is None


def test_failed_ids_of_an_unexpected_form_are_an_error() -> None:
    with pytest.raises(AnswerLostError, match="instanceIds"):
        result(instanceIds=[1]).texts("instanceIds")


@pytest.mark.parametrize(("total", "count"), [(7, 7), (1, 2), (None, 2), ("x", 2)])
def test_a_total_is_never_less_than_what_is_there(total: Any, count: int) -> None:
    assert result(totalCount=total).count("totalCount", at_least=2) == count


def test_a_reset_request_sends_what_is_set_and_always_the_agent() -> None:
    request = ResetInstanceRequest(instance_id="i", enable_agent=False)

    assert request.to_body() == {"instanceId": "i", "enableAgent": False}


def test_a_reset_request_sends_all_fields_and_user_data_as_base64() -> None:
    script = b'#!/bin/bash\necho "hello zenlayer" > /tmp/init.log\n'
    request = ResetInstanceRequest(
        instance_id="i",
        enable_agent=True,
        image_id="m",
        key_id="k",
        password="p",
        timezone="UTC",
        instance_name="n",
        user_data=script,
    )

    assert request.to_body() == {
        "instanceId": "i",
        "imageId": "m",
        "keyId": "k",
        "password": "p",
        "timezone": "UTC",
        "enableAgent": True,
        "instanceName": "n",
        "userData": "IyEvYmluL2Jhc2gKZWNobyAiaGVsbG8gemVubGF5ZXIiID4gL3RtcC9pbml0LmxvZwo=",
    }


def test_any_bytes_survive_as_user_data() -> None:
    data = bytes(range(256))
    body = ResetInstanceRequest(instance_id="i", enable_agent=True, user_data=data).to_body()

    assert base64.b64decode(str(body["userData"]), validate=True) == data
