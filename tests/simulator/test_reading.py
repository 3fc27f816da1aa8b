"""Filters, pages and limits of what is listed."""

from __future__ import annotations

from typing import Any

import pytest

WEB_1, WEB_2, BATCH_1 = "1272168087751233112", "1272168087751233113", "1272168087751233114"
FRA, LAX = "1272168087751233121", "1272168087751233122"
WEB = [WEB_1, WEB_2]


def ids(response: dict[str, Any]) -> list[str]:
    return [item["instanceId"] for item in response["dataSet"]]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"instanceIds": [WEB_2, WEB_1]}, [WEB_2, WEB_1]),
        ({"zoneId": "europe-central-1a"}, [FRA]),
        ({"imageId": "ubuntu2404_20240712", "status": "RUNNING"}, [WEB_2]),
        ({"status": "STOPPED"}, [BATCH_1]),
        ({"name": "WEB-"}, WEB),
        ({"instanceType": "z2a.cpu.8"}, [FRA]),
        ({"instanceTypeSeries": "nothing"}, []),
        ({"ipv4Address": "10.0.1.11"}, [WEB_1]),
        ({"ipv4Address": "203.0.113.8/29"}, WEB),
        ({"ipv6Address": "2001:db8::1"}, []),
        ({"tags": [{"key": "role", "value": "web"}]}, WEB),
        ({"tagKeys": ["role"]}, [*WEB, FRA]),
        ({"resourceGroupId": "rg-other"}, []),
        ({"name": "lax", "resourceGroupId": "rg-default"}, [LAX]),
    ],
)
def test_instances_are_filtered(api: Any, filters: dict[str, Any], expected: list[str]) -> None:
    """Each filter narrows the list, and totalCount says by how much."""
    response = api.ok("DescribeInstances", **filters)

    assert ids(response) == expected
    assert response["totalCount"] == len(expected)


@pytest.mark.parametrize("action", ["DescribeInstances", "DescribeInstancesStatus"])
def test_unknown_ids_are_left_out(api: Any, action: str) -> None:
    """Describing what does not exist is no error."""
    assert ids(api.ok(action, instanceIds=["1", WEB_1])) == [WEB_1]
    assert api.ok(action, instanceIds=["1"]) | {"requestId": ""} == {
        "requestId": "",
        "totalCount": 0,
        "dataSet": [],
    }


def test_pages_hold_everything_once(api: Any) -> None:
    """Three pages of four are the eleven machines, in the same order as one page."""
    pages = [api.ok("DescribeInstances", pageSize=4, pageNum=number) for number in (1, 2, 3, 4)]

    assert [len(page["dataSet"]) for page in pages] == [4, 4, 3, 0]
    assert {page["totalCount"] for page in pages} == {11}
    assert [item for page in pages for item in ids(page)] == ids(api.ok("DescribeInstances"))


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"instanceIds": [str(number) for number in range(101)]}, "INVALID_PARAMETER_EXCEED_MAXIMUM"),
        ({"pageSize": 1001}, "INVALID_PARAMETER_EXCEED_MAXIMUM"),
        ({"pageSize": 0}, "INVALID_PARAMETER_LESS_MINIMUM"),
        ({"pageNum": 0}, "INVALID_PARAMETER_LESS_MINIMUM"),
        ({"pageSize": "20"}, "INVALID_PARAMETER_TYPE"),
        ({"pageSize": True}, "INVALID_PARAMETER_TYPE"),
        ({"instanceIds": WEB_1}, "INVALID_PARAMETER_TYPE"),
        ({"instanceIds": [1272168087751233112]}, "INVALID_PARAMETER_TYPE"),
        ({"InstanceIds": [WEB_1]}, "INVALID_PARAMETER_VALUE"),
        ({"ipv4Address": "somewhere"}, "INVALID_PARAMETER_VALUE"),
        ({"ipv4Address": "10.0.0.0/8"}, "INVALID_PARAMETER_VALUE"),
    ],
)
def test_limits_and_types_are_enforced(api: Any, parameters: dict[str, Any], code: str) -> None:
    """Too much, too little, a wrong type or an unknown field is refused."""
    assert api.refused("DescribeInstances", **parameters) == (400, code)


def test_hundred_ids_and_a_page_of_a_thousand_are_allowed(api: Any) -> None:
    """The limits themselves are inside."""
    api.ok("DescribeInstancesStatus", instanceIds=[str(number) for number in range(100)], pageSize=1000)


def test_required_parameters_are_required(api: Any) -> None:
    """A missing or null one has its own code; an empty list of ids is too few."""
    assert api.refused("DescribeImages") == (400, "MISSING_PARAMETER")
    assert api.refused("ResetInstance", instanceId=None) == (400, "MISSING_PARAMETER")
    assert api.refused("StopInstances", instanceIds=[]) == (400, "INVALID_PARAMETER_LESS_MINIMUM")


@pytest.mark.parametrize(
    ("zone", "filters", "expected"),
    [
        ("asia-east-1a", {"imageType": "CUSTOM_IMAGE"}, ["custom-5Yx8Hq2c"]),
        ("europe-central-1a", {"imageType": "CUSTOM_IMAGE"}, ["custom-fra0Db41"]),
        ("na-west-1a", {"imageName": "rocky linux 8"}, ["rocky8_lax_20240712"]),
        ("asia-east-1a", {"imageName": "rocky linux 8"}, []),
        ("asia-east-1a", {"osType": "windows"}, ["windows2019_20240712", "windows2022_20240712"]),
        ("asia-east-1a", {"category": "Generic"}, ["generic_20240712"]),
        ("asia-east-1a", {"imageStatus": "SYNCING"}, ["fedora40_20240712"]),
        ("asia-east-1a", {"imageSource": "APP"}, ["ubuntu2404_cuda_20240712"]),
        ("asia-east-1a", {"imageIds": ["debian12_20240712", "x"]}, ["debian12_20240712"]),
        ("asia-east-1a", {"tagKeys": ["x"]}, []),
    ],
)
def test_images_are_filtered(api: Any, zone: str, filters: dict[str, Any], expected: list[str]) -> None:
    """A zone lists what its machines can use, and each filter narrows that."""
    listed = api.ok("DescribeImages", zoneId=zone, **filters)["dataSet"]

    assert [item["imageId"] for item in listed] == expected


def test_unknown_zone_is_not_found(api: Any) -> None:
    """Images are asked for in a zone that exists."""
    assert api.refused("DescribeImages", zoneId="x") == (404, "INVALID_ZONE_NOT_FOUND")


def test_custom_images_of_every_region(api: Any) -> None:
    """They need no zone, and can be narrowed to a region."""
    every = api.ok("DescribeCustomImages")["dataSet"]
    frankfurt = api.ok("DescribeCustomImages", regionId="europe-central-1")["dataSet"]

    assert [item["imageId"] for item in every] == ["custom-5Yx8Hq2c", "custom-fra0Db41"]
    assert [item["regionIdList"] for item in frankfurt] == [["europe-central-1"]]


def test_key_pairs_are_filtered(api: Any) -> None:
    """By id and by a part of the name."""
    by_id = api.ok("DescribeKeyPairs", service="ccs", keyIds=["key-2ndKey01"])
    by_name = api.ok("DescribeKeyPairs", service="ccs", keyName="OPS")

    assert [item["keyName"] for item in by_id["dataSet"]] == ["ops-next"]
    assert by_name["totalCount"] == 2


def test_zones_and_time_zones(api: Any) -> None:
    """Zones can be chosen by id; the time zones are those a reset accepts."""
    zones = api.ok("DescribeZones", zoneIds=["na-west-1a"])["zoneSet"]

    assert [zone["regionId"] for zone in zones] == ["na-west-1"]
    assert "Asia/Shanghai" in api.ok("DescribeTimeZones")["timeZones"]
