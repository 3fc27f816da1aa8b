"""Answers are understood in all their spellings."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from zec_pulumi.api import AnswerLostError, Image, Instance, KeyPair, ResetInstanceRequest, SystemDisk
from zec_pulumi.api.envelope import Result
from zec_pulumi.api.models import InstanceStatus

ROW = {"instanceId": "i", "imageId": "m", "keyId": None, "status": "RUNNING"}


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


def test_a_null_list_is_empty_and_a_missing_one_is_malformed() -> None:
    assert result(dataSet=None).models("dataSet", KeyPair) == ()
    assert result(instanceIds=None).failed_ids() == []
    assert result().failed_ids() == []
    with pytest.raises(AnswerLostError, match="dataSet"):
        result().models("dataSet", KeyPair)
    with pytest.raises(AnswerLostError, match="timeZones"):
        result().texts("timeZones")


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"dataSet": {}}, "dataSet"),
        ({"dataSet": [{**ROW, "instanceId": None, "instanceName": "nameless"}]}, r"dataSet\[\]\.instanceId"),
        ({"dataSet": [{**ROW, "instanceId": "two words"}]}, r"dataSet\[\]\.instanceId"),
        ({"dataSet": [{**ROW, "instanceId": True}]}, r"dataSet\[\]\.instanceId"),
        ({"dataSet": [{**ROW, "imageId": "x" * 129}]}, r"dataSet\[\]\.imageId"),
        ({"dataSet": [{**ROW, "keyId": ["k"]}]}, r"dataSet\[\]\.keyId"),
        ({"dataSet": [{"instanceId": "i", "keyId": None, "status": "RUNNING"}]}, r"dataSet\[\]\.imageId"),
        ({"dataSet": [{"instanceId": "i", "imageId": "m", "status": "RUNNING"}]}, r"dataSet\[\]\.keyId"),
        ({"dataSet": [{"instanceId": "i", "imageId": "m", "keyId": None}]}, r"dataSet\[\]\.status"),
        ({"dataSet": [{**ROW, "status": False}]}, r"dataSet\[\]\.status"),
        ({"dataSet": [{**ROW, "systemDisk": {"diskSize": "big"}}]}, r"systemDisk\.diskSize"),
        ({"dataSet": [{**ROW, "systemDisk": {"diskSize": True}}]}, r"systemDisk\.diskSize"),
        ({"dataSet": [{**ROW, "systemDisk": {"diskSize": 40.5}}]}, r"systemDisk\.diskSize"),
        ({"dataSet": [{**ROW, "systemDisk": {"diskSize": 10**400}}]}, r"systemDisk\.diskSize"),
        ({"dataSet": [{**ROW, "publicIpAddresses": "203.0.113.1"}]}, r"publicIpAddresses"),
        ({"dataSet": [ROW, ROW]}, "an id twice"),
        ({"dataSet": ["text"]}, r"dataSet\[\]"),
        ({"dataSet": [None]}, r"dataSet\[\]"),
    ],
)
def test_an_unexpected_form_names_its_place_and_no_value(fields: dict[str, Any], place: str) -> None:
    with pytest.raises(AnswerLostError, match=place) as caught:
        result(**fields).models("dataSet", Instance)

    assert "nameless" not in str(caught.value)
    assert caught.value.__cause__ is caught.value.__context__ is None


def test_failed_ids_of_an_unexpected_form_are_an_error() -> None:
    with pytest.raises(AnswerLostError, match="instanceIds"):
        result(instanceIds=[1]).failed_ids()


@pytest.mark.parametrize("total", [None, "2", 2.0, True, -1, 10**30])
def test_a_total_is_a_whole_number(total: Any) -> None:
    assert result(totalCount=2).count("totalCount") == 2
    with pytest.raises(AnswerLostError, match="totalCount"):
        result(totalCount=total).count("totalCount")


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("203.0.113.1", True),
        ("2001:db8::1", True),
        ("203.0.113.0/28", True),
        ("fe80::1%-oProxyCommand=x", False),
        ("-oProxyCommand=x", False),
        ("web-1.example", False),
        ("203.0.113.1 ", False),
        ("203.0.113.1\n", False),
        ("", False),
        (3405803777, False),
        (None, False),
        ({}, False),
    ],
)
def test_only_addresses_are_kept_and_as_they_came(address: Any, kept: bool) -> None:  # noqa: FBT001 a table's column
    found = Instance.model_validate({"instanceId": "i", "publicIpAddresses": [address]})

    assert found.public_ip_addresses == ((address,) if kept else ())


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
