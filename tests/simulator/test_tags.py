"""Tags: of instances and custom images, and of the account."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from zenlayercloud.common.config import Config
from zenlayercloud.common.credential import TokenCredential
from zenlayercloud.zec.v20250901 import models as zec
from zenlayercloud.zec.v20250901 import zec_client
from zenlayercloud.zrm.v20251014 import models, zrm_client

from zec_pulumi.simulator import Simulator, default_world

if TYPE_CHECKING:
    from pathlib import Path

WEB_1, WEB_2, BATCH_1 = "1272168087751233112", "1272168087751233113", "1272168087751233114"
IMAGE = "custom-5Yx8Hq2c"
WEB = {"key": "role", "value": "web"}
MARK = {"key": "attempt", "value": "a1"}


def tags_of(api: Any, instance_id: str) -> dict[str, str]:
    (machine,) = api.ok("DescribeInstances", instanceIds=[instance_id])["dataSet"]
    return {tag["key"]: tag["value"] for tag in machine["tags"]["tags"]}


def account(api: Any, **filters: Any) -> dict[tuple[str, str], int]:
    """Return the tags of the account, and how many resources have each."""
    listed = api.ok("DescribeTags", service="zrm", pageSize=1000, **filters)
    assert listed["totalCount"] == len(listed["dataSet"])
    return {(item["key"], item["value"]): item["bindResourceCount"] for item in listed["dataSet"]}


@pytest.fixture
def zrm(api: Any) -> Any:
    return partial(api.ok, service="zrm")


@pytest.fixture
def refused(api: Any) -> Any:
    return partial(api.refused, service="zrm")


def test_named_keys_are_set_and_the_others_are_left(sim: Simulator, api: Any, zrm: Any) -> None:
    """A new tag is created with it; the older version of the API shows none."""
    zrm("ModifyResourceTags", resourceUuid=WEB_1, replaceTags=[MARK])
    assert tags_of(api, WEB_1) == {"role": "web", "attempt": "a1"}
    zrm("ModifyResourceTags", resourceUuid=WEB_1, replaceTags=[{"key": "attempt", "value": "a2"}])
    assert tags_of(api, WEB_1) == {"role": "web", "attempt": "a2"}
    zrm("ModifyResourceTags", resourceUuid=WEB_1, deleteTagKeys=["role", "nothing"])
    assert tags_of(api, WEB_1) == {"attempt": "a2"}

    older = api.post("DescribeInstances", {"instanceIds": [WEB_1]}, version="2024-04-01")
    assert "tags" not in older.json()["response"]["dataSet"][0]
    assert sim.instance(WEB_1)["tags"] == [{"key": "attempt", "value": "a2"}]


def test_a_tag_of_the_account_outlives_what_it_was_bound_to(api: Any, zrm: Any) -> None:
    """Each value is a tag of its own, so that unique values pile up."""
    before = account(api)
    for value in ("a1", "a2", "a3"):
        zrm("ModifyResourceTags", resourceUuid=WEB_1, replaceTags=[{"key": "attempt", "value": value}])
    zrm("ModifyResourceTags", resourceUuid=WEB_1, deleteTagKeys=["attempt"])

    assert account(api) == before | {("attempt", "a1"): 0, ("attempt", "a2"): 0, ("attempt", "a3"): 0}
    zrm("DeleteTags", tags=[{"key": "attempt", "value": value} for value in ("a1", "a3")])
    assert account(api) == before | {("attempt", "a2"): 0}


def test_a_tag_is_bound_and_taken_away(api: Any, zrm: Any, refused: Any) -> None:
    """It must exist; and it stays when nothing has it any more."""
    assert refused("TagBindResources", tag=MARK, resourceUuids=[WEB_1]) == (404, "INVALID_TAG_NOT_FOUND")
    zrm("CreateTags", tags=[MARK])
    zrm("TagBindResources", tag=MARK, resourceUuids=[WEB_1, BATCH_1, IMAGE])
    assert (tags_of(api, WEB_1)["attempt"], tags_of(api, BATCH_1)) == ("a1", {"attempt": "a1"})
    assert account(api, tagKeys=["attempt"]) == {("attempt", "a1"): 3}
    zrm("TagUnbindResources", tag=MARK, resourceUuids=[WEB_1, WEB_2, IMAGE])
    assert tags_of(api, WEB_1) == {"role": "web"}
    assert account(api, tags=[MARK]) == {("attempt", "a1"): 1}


def test_a_key_has_one_value_on_an_instance(api: Any, zrm: Any, refused: Any) -> None:
    """Another value is not bound beside it, and to none of the others."""
    zrm("CreateTags", tags=[{"key": "role", "value": "other"}])
    other = {"key": "role", "value": "other"}

    found = refused("TagBindResources", tag=other, resourceUuids=[BATCH_1, WEB_1])

    assert found == (400, "INVALID_RESOURCE_TAG_KEY_EXISTS")
    assert (tags_of(api, WEB_1), tags_of(api, BATCH_1)) == ({"role": "web"}, {})


def test_resources_and_their_tags_are_found(zrm: Any) -> None:
    """By key, by key and value, and the tags of one; the id in both spellings."""
    zrm("ModifyResourceTags", resourceUuid=IMAGE, replaceTags=[WEB, MARK])
    by_key = zrm("DescribeResourceByTags", tagKeys=["attempt"])
    by_tag = zrm("DescribeResourceByTags", tags=[WEB])

    assert by_key["dataSet"] == [{"resourceType": "ZEC_IMAGE", "resourceUuid": IMAGE}]
    assert [item["resourceUuid"] for item in by_tag["dataSet"]] == [WEB_1, WEB_2, IMAGE]
    one = zrm("DescribeResourceTags", resourceUuid=IMAGE)
    assert one["totalCount"] == 2
    assert [(item["key"], item["value"]) for item in one["dataSet"]] == [("role", "web"), ("attempt", "a1")]
    assert zrm("DescribeResourceTags", resourceUuids=[IMAGE])["dataSet"] == one["dataSet"]


def test_tags_are_sorted_and_in_pages(sim: Simulator, zrm: Any) -> None:
    """As created, by key or by date; the newest page of a list that piles up can be read."""
    sim.advance(60)
    zrm("CreateTags", tags=[MARK, {"key": "b", "value": "c"}])

    def keys(**parameters: Any) -> list[str]:
        return [item["key"] for item in zrm("DescribeTags", **parameters)["dataSet"]]

    assert keys(keySort="asc") == ["attempt", "b", "role", "role"]
    assert keys(keySort="DESC", pageSize=2, pageNum=2) == ["b", "attempt"]
    assert keys(createdDateSort="desc", pageSize=2) == ["attempt", "b"]


def test_images_are_found_by_their_tags(api: Any, zrm: Any) -> None:
    """As instances are."""
    zrm("ModifyResourceTags", resourceUuid=IMAGE, replaceTags=[MARK])

    for action, where in (("DescribeCustomImages", {}), ("DescribeImages", {"zoneId": "asia-east-1a"})):
        (image,) = api.ok(action, tags=[MARK], tagKeys=["attempt"], **where)["dataSet"]
        assert (image["imageId"], image["tags"]) == (IMAGE, {"tags": [MARK]})


LONG = "x" * 65


@pytest.mark.parametrize(
    ("action", "parameters", "expected"),
    [
        ("ModifyResourceTags", {"resourceUuid": "1"}, (404, "INVALID_RESOURCE_NOT_FOUND")),
        ("ModifyResourceTags", {"resourceUuid": "key-YWD2QFOl"}, (404, "INVALID_RESOURCE_CAN_NOT_BOUND")),
        ("ModifyResourceTags", {"resourceUuid": "debian12_20240712"}, (404, "INVALID_RESOURCE_CAN_NOT_BOUND")),
        (
            *("ModifyResourceTags", {"resourceUuid": WEB_1, "replaceTags": [{"key": LONG, "value": "v"}]}),
            (400, "INVALID_PARAMETER_EXCEED_LENGTH"),
        ),
        (
            *("ModifyResourceTags", {"resourceUuid": WEB_1, "replaceTags": [{"key": "k", "value": ""}]}),
            (400, "INVALID_PARAMETER_LESS_LENGTH"),
        ),
        (
            *("ModifyResourceTags", {"resourceUuid": WEB_1, "replaceTags": [MARK, {**MARK, "value": "b"}]}),
            (400, "INVALID_PARAMETER_VALUE"),
        ),
        (
            *("ModifyResourceTags", {"resourceUuid": WEB_1, "replaceTags": [MARK], "deleteTagKeys": ["attempt"]}),
            (400, "INVALID_PARAMETER_VALUE"),
        ),
        (
            *("CreateTags", {"tags": [{"key": "k", "value": str(number)} for number in range(21)]}),
            (400, "INVALID_PARAMETER_EXCEED_MAXIMUM"),
        ),
        ("CreateTags", {"tags": [MARK, WEB]}, (400, "INVALID_TAG_EXISTS")),
        ("CreateTags", {"tags": [MARK, MARK]}, (400, "INVALID_TAG_EXISTS")),
        ("DeleteTags", {"tags": [MARK]}, (404, "INVALID_TAG_NOT_FOUND")),
        ("DeleteTags", {"tags": [WEB]}, (400, "OPERATION_DENIED_TAG_BOUND")),
        ("TagUnbindResources", {"tag": MARK, "resourceUuids": [WEB_1]}, (404, "INVALID_TAG_NOT_FOUND")),
        ("TagBindResources", {"tag": WEB, "resourceUuids": [BATCH_1, "1"]}, (404, "INVALID_RESOURCE_NOT_FOUND")),
        ("DescribeResourceTags", {}, (400, "MISSING_PARAMETER")),
        ("DescribeResourceByTags", {}, (400, "MISSING_PARAMETER")),
        ("DescribeTags", {"keySort": "up"}, (400, "INVALID_PARAMETER_PATTERN_ERROR")),
    ],
)
def test_what_cannot_be_is_refused(
    sim: Simulator, api: Any, refused: Any, action: str, parameters: dict[str, Any], expected: tuple[int, str]
) -> None:
    """With its code, all or none, and nothing in the ledger."""
    machines, tags = sim.instances(), account(api)

    assert refused(action, **parameters) == expected
    assert (sim.instances(), account(api), sim.ledger()) == (machines, tags, [])


def test_the_ledger_has_each_change_of_tags(sim: Simulator, zrm: Any) -> None:
    """One entry an instance, and one without an instance for the account and for images."""
    zrm("CreateTags", tags=[MARK])
    zrm("TagBindResources", tag=MARK, resourceUuids=[WEB_1, BATCH_1])
    zrm("ModifyResourceTags", resourceUuid=IMAGE, replaceTags=[MARK])
    zrm("TagUnbindResources", tag=MARK, resourceUuids=[WEB_1])

    assert [(entry["action"], entry["instanceId"]) for entry in sim.ledger()] == [
        ("CreateTags", None),
        ("TagBindResources", WEB_1),
        ("TagBindResources", BATCH_1),
        ("ModifyResourceTags", None),
        ("TagUnbindResources", WEB_1),
    ]


def test_a_tag_write_that_is_denied_leaves_the_tags(sim: Simulator, api: Any, refused: Any) -> None:
    """For an account that may rebuild but not tag, and for a quota."""
    for code, status in (("AUTHFAILURE_UNAUTHORIZED_OPERATION", 403), ("INVALID_TAG_QUOTA_EXCEED", 400)):
        sim.clear_faults()
        sim.add_fault(action="ModifyResourceTags", effect={"type": "error", "code": code, "status": status})
        assert refused("ModifyResourceTags", resourceUuid=WEB_1, replaceTags=[MARK]) == (status, code)
    assert tags_of(api, WEB_1) == {"role": "web"}


def test_an_endpoint_can_hide_tags(sim: Simulator, api: Any, zrm: Any) -> None:
    """DescribeInstances then shows an empty list, or no field; the tags are there all the same."""
    zrm("ModifyResourceTags", resourceUuid=WEB_1, replaceTags=[MARK])
    sim.add_fault(action="DescribeInstances", nth=1, effect={"type": "tags_hidden"})
    sim.add_fault(action="DescribeInstances", nth=2, effect={"type": "tags_hidden", "absent": True})

    shown = [api.ok("DescribeInstances", instanceIds=[WEB_1])["dataSet"][0].get("tags") for _ in range(3)]

    assert shown == [{"tags": []}, None, {"tags": [WEB, MARK]}]
    assert zrm("DescribeResourceTags", resourceUuid=WEB_1)["totalCount"] == 2


def test_the_official_client_tags_an_instance(sim: Simulator) -> None:
    """Written with the client of zrm, read with that of zec."""
    config, credential = Config(scheme="http", domain=sim.host, rate_limit_max_retries=0), TokenCredential(sim.token)
    tag = models.Tag()
    tag.key, tag.value = "attempt", "a1"
    write = models.ModifyResourceTagsRequest()
    write.resourceUuid, write.replaceTags = WEB_1, [tag]
    read = zec.DescribeInstancesRequest()
    read.instanceIds = [WEB_1]

    zrm_client.ZrmClient(credential, config).ModifyResourceTags(write)

    (machine,) = zec_client.ZecClient(credential, config).DescribeInstances(read).dataSet
    assert [(one.key, one.value) for one in machine.tags.tags] == [("role", "web"), ("attempt", "a1")]


def test_a_seed_has_tags(tmp_path: Path) -> None:
    """Of instances, of images, and of the account without anything that has them, in YAML too."""
    world = default_world()
    world["images"][-2]["tags"] = [{"key": "kept", "value": "yes"}]
    seed = tmp_path / "seed.yaml"
    seed.write_text(
        "credentials: [{accessKeyId: id, accessKeyPassword: secret}]\n"
        "tokens: [token]\n"
        + "".join(f"{name}: {json.dumps(world[name])}\n" for name in ("timeZones", "zones", "images"))
        + "tags: [{key: stage, value: NO}]\n"
        "instances:\n"
        "- {instanceId: '1', instanceName: a, zoneId: asia-east-1a, imageId: debian12_20240712,\n"
        "   tags: [{key: k, value: v}]}\n"
    )

    sim = Simulator(seed)

    assert sim.tags() == [("stage", "NO"), ("kept", "yes"), ("k", "v")]
    assert sim.instance("1")["tags"] == [{"key": "k", "value": "v"}]


def test_tags_of_the_account_are_kept_in_the_state_file(tmp_path: Path) -> None:
    """With when they were created; and what an administrator sets is a tag of the account."""
    state = tmp_path / "cloud.db"
    with Simulator(clock="manual", state=state) as sim:
        sim.patch_instance(WEB_1, tags=[MARK])
        sim.patch_instance(WEB_1, tags=[])
        sim.advance(3600)
        sim.patch_instance(WEB_1, tags=[{"key": "later", "value": "x"}])
        before = dict(sim._cloud.world.tags)

    with Simulator(clock="manual", state=state) as again:
        assert ("attempt", "a1") in again.tags()
        assert again._cloud.world.tags == before
