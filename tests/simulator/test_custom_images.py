"""Images of boot disks: made, used and deleted; and what is on a disk."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from zenlayercloud.common.config import Config
from zenlayercloud.common.credential import Credential
from zenlayercloud.zec.v20250901 import models, zec_client

from zec_pulumi.simulator import Simulator, assert_restored, default_world

if TYPE_CHECKING:
    from collections.abc import Callable

WEB_1, BATCH_1, WIN_1 = "1272168087751233112", "1272168087751233114", "1272168087751233118"
BROKEN_1, OLD_1, FRA = "1272168087751233116", "1272168087751233117", "1272168087751233121"
KEY = "key-YWD2QFOl"
DUMP = Path(__file__).parent / "state-format-1.sql"


def make(api: Any, name: str = "backup", instance_id: str = BATCH_1, **parameters: Any) -> str:
    """Begin an image and return its id."""
    made = api.ok("CreateImage", instanceId=instance_id, imageName=name, **parameters)
    assert made["imageName"] == name
    image_id: str = made["imageId"]
    return image_id


def image(api: Any, image_id: str) -> dict[str, Any]:
    (found,) = api.ok("DescribeCustomImages", imageIds=[image_id])["dataSet"]
    assert isinstance(found, dict)
    return found


def reset(api: Any, instance_id: str = BATCH_1, **parameters: Any) -> None:
    """Reinstall a machine and wait for it."""
    api.ok("ResetInstance", instanceId=instance_id, keyId=KEY, **parameters)
    api.sim.settle()
    assert api.sim.instance(instance_id)["status"] == "RUNNING"


def off(api: Any, instance_id: str) -> None:
    api.ok("StopInstances", instanceIds=[instance_id])
    api.sim.settle()


def test_an_image_is_made_of_a_boot_disk(sim: Simulator, api: Any) -> None:
    """CREATING and IMAGING at once, AVAILABLE and STOPPED together; it is what its disk was."""
    image_id = make(api, tags={"tags": [{"key": "kept", "value": "yes"}]})

    assert (image(api, image_id)["imageStatus"], api.status(BATCH_1)) == ("CREATING", "IMAGING")
    sim.advance(59)
    assert (image(api, image_id)["imageStatus"], api.status(BATCH_1)) == ("CREATING", "IMAGING")
    sim.advance(1)
    made = image(api, image_id)
    assert (made["imageStatus"], api.status(BATCH_1)) == ("AVAILABLE", "STOPPED")
    assert (made["imageType"], made["imageSource"]) == ("CUSTOM_IMAGE", "CUSTOM")
    assert (made["osType"], made["category"], made["imageSize"], made["minDiskSize"]) == ("linux", "Ubuntu", "40", 40)
    assert (made["regionIdList"], made["resourceGroupId"]) == (["asia-east-1"], "rg-default")
    assert made["tags"] == {"tags": [{"key": "kept", "value": "yes"}]}
    assert ("kept", "yes") in sim.tags()
    (listed,) = api.ok("DescribeImages", zoneId="asia-east-1a", imageIds=[image_id], imageStatus="AVAILABLE")["dataSet"]
    assert listed["imageName"] == "backup"
    assert api.ok("DescribeImages", zoneId="europe-central-1a", imageIds=[image_id])["totalCount"] == 0


def test_an_image_of_an_instance_can_be_given_to_another(api: Any) -> None:
    """Of the same region, with a disk that holds it."""
    image_id = make(api)
    api.sim.settle()
    off(api, WEB_1)

    reset(api, WEB_1, imageId=image_id)

    (machine,) = api.ok("DescribeInstances", instanceIds=[WEB_1])["dataSet"]
    assert (machine["imageId"], machine["imageName"]) == (image_id, "backup")


@pytest.mark.parametrize(
    ("action", "parameters"),
    [
        ("ResetInstance", {"instanceId": BATCH_1, "keyId": KEY}),
        ("ResetInstances", {"instanceIds": [BATCH_1], "keyId": KEY}),
        ("StartInstances", {"instanceIds": [BATCH_1]}),
        ("StopInstances", {"instanceIds": [BATCH_1]}),
        ("RebootInstances", {"instanceIds": [BATCH_1], "forceReboot": True}),
        ("ReleaseInstances", {"instanceIds": [BATCH_1]}),
        ("CreateImage", {"instanceId": BATCH_1, "imageName": "second"}),
        ("ResetInstancePassword", {"instanceId": BATCH_1, "password": "Example+123"}),
        ("ModifyInstancesAttribute", {"instanceIds": [BATCH_1], "instanceName": "other"}),
        ("ModifyNetworkInterfaceAttribute", {"nicId": f"nic-{BATCH_1}", "securityGroupId": "sg-2"}),
        ("StartIpForward", {"instanceId": BATCH_1}),
    ],
)
def test_an_instance_is_locked_while_its_image_is_made(api: Any, action: str, parameters: dict[str, Any]) -> None:
    """Every operation on it is refused, and works afterwards or is refused for what the machine is then."""
    make(api)
    assert api.refused(action, **parameters) == (400, "OPERATION_DENIED_INSTANCE_IN_OPERATION")
    assert [entry["action"] for entry in api.sim.ledger()] == ["CreateImage"]
    api.sim.settle()
    assert api.post(action, parameters).json().get("code") != "OPERATION_DENIED_INSTANCE_IN_OPERATION"


def test_a_locked_instance_is_one_of_those_that_failed(api: Any) -> None:
    """Beside another that can be stopped."""
    off(api, WEB_1)
    make(api, instance_id=WEB_1)
    assert api.ok("StartInstances", instanceIds=[WEB_1, BATCH_1]) | {"requestId": ""} == {
        "requestId": "",
        "instanceIds": [WEB_1],
    }


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"instanceId": "1"}, (404, "INVALID_INSTANCE_NOT_FOUND")),
        ({"instanceId": WEB_1}, (400, "OPERATION_DENIED_INSTANCE_STATUS_NOT_SUPPORT")),
        ({"instanceId": BROKEN_1}, (400, "OPERATION_DENIED_INSTANCE_STATUS_NOT_SUPPORT")),
        ({"instanceId": OLD_1}, (400, "OPERATION_DENIED_INSTANCE_STATUS_NOT_SUPPORT")),
        ({"imageName": "x"}, (400, "INVALID_PARAMETER_LESS_LENGTH")),
        ({"imageName": "x" * 64}, (400, "INVALID_PARAMETER_EXCEED_LENGTH")),
        ({"imageName": "-backup"}, (400, "INVALID_PARAMETER_PATTERN_ERROR")),
        ({"imageName": "backup."}, (400, "INVALID_PARAMETER_PATTERN_ERROR")),
        ({"imageName": "back up"}, (400, "INVALID_PARAMETER_PATTERN_ERROR")),
        ({"resourceGroupId": "rg-nowhere"}, (404, "OPERATION_FAILED_RESOURCE_GROUP_NOT_FOUND")),
        (
            {"tags": {"tags": [{"key": "a", "value": "1"}, {"key": "a", "value": "2"}]}},
            (400, "INVALID_PARAMETER_VALUE"),
        ),
    ],
)
def test_an_image_that_cannot_be_made_is_refused(
    sim: Simulator, api: Any, parameters: dict[str, Any], expected: tuple[int, str]
) -> None:
    """With its code, and nothing is done."""
    before = (sim.images(), sim.instances())

    assert api.refused("CreateImage", **{"instanceId": BATCH_1, "imageName": "backup", **parameters}) == expected
    assert (sim.images(), sim.instances(), sim.ledger()) == (*before, [])


def test_a_name_may_have_slashes_and_underscores(api: Any) -> None:
    """Unlike that of an instance."""
    make(api, "web-1/2026_11.26")


def test_a_gpu_instance_gives_no_image(sim: Simulator, api: Any) -> None:
    """One without an instance type, which is how the API shows it."""
    sim.patch_instance(BATCH_1, instance_type=None)

    found = api.refused("CreateImage", instanceId=BATCH_1, imageName="backup")

    assert found == (400, "OPERATION_DENIED_GPU_INSTANCE_NOT_SUPPORT")
    assert api.ok("DescribeInstances", instanceIds=[BATCH_1])["dataSet"][0]["instanceType"] is None
    assert api.ok("DescribeInstances", instanceTypeSeries="z2a")["totalCount"] == 10


def test_a_zone_has_five_custom_images(api: Any) -> None:
    """The one of the seed counts; one that is deleted makes room."""
    for number in range(4):
        make(api, f"backup-{number}")
        api.sim.settle()
    refused = api.refused("CreateImage", instanceId=BATCH_1, imageName="backup-5")
    assert refused == (400, "INVALID_IMAGE_QUOTA_EXCEED")

    assert api.ok("DeleteImages", imageIds=["custom-5Yx8Hq2c"])["imageIds"] == []
    make(api, "backup-5")


def test_an_image_can_fail(sim: Simulator, api: Any) -> None:
    """It ends UNAVAILABLE, which no reinstall takes, and the machine is as it was before."""
    sim.add_fault(action="CreateImage", nth=1, effect={"type": "image_fails"})
    image_id = make(api)
    sim.settle()

    assert (image(api, image_id)["imageStatus"], api.status(BATCH_1)) == ("UNAVAILABLE", "STOPPED")
    refused = api.refused("ResetInstance", instanceId=BATCH_1, keyId=KEY, imageId=image_id)
    assert refused == (400, "INVALID_IMAGE_STATUS")
    assert api.ok("DeleteImages", imageIds=[image_id])["imageIds"] == []


def test_an_image_can_take_for_ever(sim: Simulator, api: Any) -> None:
    """CREATING and IMAGING stay; the image can be deleted neither."""
    sim.add_fault(action="CreateImage", nth=1, effect={"type": "never_ends"})
    image_id = make(api)
    sim.advance(10**6)

    assert (image(api, image_id)["imageStatus"], api.status(BATCH_1)) == ("CREATING", "IMAGING")
    assert api.refused("DeleteImages", imageIds=[image_id]) == (400, "INVALID_IMAGE_STATUS")


def test_a_new_image_can_be_late_in_the_lists(sim: Simulator, api: Any) -> None:
    """It is made, and a client that looks for it does not find it at first."""
    image_id = make(api)
    sim.add_fault(action="DescribeCustomImages", nth=1, times=2, effect={"type": "image_missing", "imageId": image_id})
    sim.add_fault(action="DescribeImages", nth=1, effect={"type": "image_missing"})

    found = [api.ok("DescribeCustomImages", imageName="backup")["totalCount"] for _ in range(3)]

    assert found == [0, 0, 1]
    assert [api.ok("DescribeImages", zoneId="asia-east-1a")["totalCount"] > 0 for _ in range(2)] == [False, True]


def test_images_are_deleted(sim: Simulator, api: Any) -> None:
    """Those that are CREATING are answered as failed; machines keep theirs, but cannot be reinstalled with it."""
    image_id = make(api)
    assert api.ok("DeleteImages", imageIds=[image_id, "custom-fra0Db41"])["imageIds"] == [image_id]
    assert api.ok("DescribeCustomImages", imageIds=["custom-fra0Db41"])["totalCount"] == 0
    (machine,) = api.ok("DescribeInstances", instanceIds=[FRA])["dataSet"]
    assert machine["imageId"] == "custom-fra0Db41"
    assert machine["imageName"]

    off(api, FRA)
    assert api.refused("ResetInstance", instanceId=FRA, keyId=KEY) == (404, "INVALID_IMAGE_NOT_FOUND")
    reset(api, FRA, imageId="debian12_20240712")
    assert [entry["instanceId"] for entry in sim.ledger() if entry["action"] == "DeleteImages"] == [None]


@pytest.mark.parametrize("image_id", ["nowhere", "debian12_20240712"])
def test_what_is_no_image_of_the_account_is_not_deleted(api: Any, image_id: str) -> None:
    """Nothing of the list is."""
    found = api.refused("DeleteImages", imageIds=["custom-fra0Db41", image_id])
    assert found == (404, "INVALID_IMAGE_NOT_FOUND")
    assert api.ok("DescribeCustomImages")["totalCount"] == 2


def test_a_deletion_can_fail(sim: Simulator, api: Any) -> None:
    """200, and every id as failed."""
    sim.add_fault(action="DeleteImages", nth=1, effect={"type": "fail_ids"})
    assert api.ok("DeleteImages", imageIds=["custom-fra0Db41"])["imageIds"] == ["custom-fra0Db41"]
    assert sim.ledger() == []


def disk(sim: Simulator, instance_id: str = BATCH_1) -> str:
    identity: str = sim.instance(instance_id)["diskIdentity"]
    return identity


def test_each_reset_writes_another_system(sim: Simulator, api: Any) -> None:
    """Even to the same image; stops and starts leave the disk alone, and the API does not show it."""
    seen = [disk(sim)]
    for _ in range(2):
        reset(api)
        seen.append(disk(sim))
        off(api, BATCH_1)
        assert disk(sim) == seen[-1]

    assert len(set(seen)) == 3
    assert len({item["diskIdentity"] for item in sim.instances()}) == len(sim.instances())
    assert "diskIdentity" not in api.ok("DescribeInstances", instanceIds=[BATCH_1])["dataSet"][0]


def test_a_system_is_restored_from_its_image(sim: Simulator, api: Any) -> None:
    """What was on the disk is there again, and not something fresh."""
    before = disk(sim)
    image_id = make(api)
    sim.settle()
    reset(api, imageId="debian12_20240712")
    assert disk(sim) != before
    with pytest.raises(AssertionError, match=f"holds {disk(sim)} and not {before}"):
        assert_restored(sim, BATCH_1, before)
    off(api, BATCH_1)

    api.ok("ResetInstance", instanceId=BATCH_1, keyId=KEY, imageId=image_id)
    assert disk(sim) != before
    with pytest.raises(AssertionError, match="is DEPLOYING and not RUNNING"):
        assert_restored(sim, BATCH_1, before)
    sim.settle()

    assert_restored(sim, BATCH_1, before)


def test_a_restoration_that_fails_restores_nothing(sim: Simulator, api: Any) -> None:
    """And leaves nothing of what was there."""
    first = disk(sim)
    image_id = make(api)
    sim.settle()
    reset(api)
    second = disk(sim)
    off(api, BATCH_1)
    sim.add_fault(action="ResetInstance", nth=1, effect={"type": "reinstall_fails"})

    api.ok("ResetInstance", instanceId=BATCH_1, keyId=KEY, imageId=image_id)
    sim.settle()

    assert sim.instance(BATCH_1)["status"] == "REINSTALL_FAILED"
    assert disk(sim) not in {first, second}


def test_somebody_at_the_console_writes_another_system(sim: Simulator, api: Any) -> None:
    """Another image, the same once more, or a reinstall under way; a new name is none."""
    seen = [disk(sim)]
    for changes in (
        {"image_id": "debian12_20240712"},
        {"image_id": "debian12_20240712"},
        {"status": "REBUILDING", "pending": {"becomes": "RUNNING", "afterSeconds": 1}},
    ):
        sim.patch_instance(BATCH_1, **changes)
        seen.append(disk(sim))
    assert len(set(seen)) == 4

    sim.patch_instance(BATCH_1, instance_name="renamed")
    assert disk(sim) == seen[-1]
    sim.patch_instance(BATCH_1, status="STOPPED")
    image_id = make(api)
    sim.settle()
    sim.patch_instance(WEB_1, image_id=image_id)
    assert disk(sim, WEB_1) == seen[-1]


def test_a_machine_of_an_image_begins_with_its_system(sim: Simulator, api: Any) -> None:
    """And one of a public image with a new one."""
    image_id = make(api)
    sim.settle()
    common = {"zoneId": "asia-east-1a", "instanceType": "z2a.cpu.1", "subnetId": "s", "instanceCount": 2, "keyId": KEY}
    copies = api.ok("CreateZecInstances", imageId=image_id, **common)["instanceIdSet"]
    fresh = api.ok("CreateZecInstances", imageId="debian12_20240712", **common)["instanceIdSet"]

    assert {disk(sim, copy) for copy in copies} == {disk(sim)}
    assert len({disk(sim, one) for one in (*fresh, BATCH_1)}) == 3


def test_the_official_client_makes_uses_and_deletes_an_image(sim: Simulator) -> None:
    """Backup, wipe and roll back, with the SDK alone."""
    client = zec_client.ZecClient(
        Credential(sim.access_key_id, sim.access_key_password), Config(scheme="http", domain=sim.host)
    )

    def request(kind: str, **fields: Any) -> Any:
        made = getattr(models, f"{kind}Request")()
        for name, value in fields.items():
            setattr(made, name, value)
        return getattr(client, kind)(made)

    def statuses(image_id: str) -> tuple[str, str]:
        found = request("DescribeCustomImages", imageIds=[image_id]).dataSet[0].imageStatus
        return found, request("DescribeInstancesStatus", instanceIds=[BATCH_1]).dataSet[0].instanceStatus

    before = disk(sim)
    backup = request("CreateImage", instanceId=BATCH_1, imageName="backup").imageId
    assert statuses(backup) == ("CREATING", "IMAGING")
    sim.settle()
    assert statuses(backup) == ("AVAILABLE", "STOPPED")
    request("ResetInstance", instanceId=BATCH_1, keyId=KEY, imageId="debian12_20240712")
    sim.settle()
    request("StopInstances", instanceIds=[BATCH_1])
    sim.settle()
    request("ResetInstance", instanceId=BATCH_1, keyId=KEY, imageId=backup)
    sim.settle()

    assert_restored(sim, BATCH_1, before)
    assert request("DeleteImages", imageIds=[backup]).imageIds == []


def test_images_are_kept_in_the_state_file(tmp_path: Path, api_of: Callable[[Simulator], Any]) -> None:
    """Under way, deleted and tagged; and what is on each disk."""
    state = tmp_path / "cloud.db"
    with Simulator(clock="manual", state=state) as sim:
        api = api_of(sim)
        api.ok("DeleteImages", imageIds=["custom-fra0Db41"])
        reset(api)
        off(api, BATCH_1)
        image_id = make(api)
        tag = {"key": "kept", "value": "yes"}
        api.ok("ModifyResourceTags", service="zrm", resourceUuid=image_id, replaceTags=[tag])
        before = (sim.images(), sim.instances(), sim.tags())

    with Simulator(clock="manual", state=state) as again:
        assert (again.images(), again.instances(), again.tags()) == before
        api = api_of(again)
        assert image(api, image_id)["imageStatus"] == "CREATING"
        again.settle()
        assert (image(api, image_id)["imageStatus"], api.status(BATCH_1)) == ("AVAILABLE", "STOPPED")
        assert api.refused("DeleteImages", imageIds=["custom-fra0Db41"]) == (404, "INVALID_IMAGE_NOT_FOUND")


def test_a_state_file_of_before_is_read(tmp_path: Path, api_of: Callable[[Simulator], Any]) -> None:
    """Written by the release that knew neither images nor tags of the account; a reinstall in it goes on."""
    state = tmp_path / "cloud.db"
    with sqlite3.connect(state) as database:
        database.executescript(DUMP.read_text("utf-8"))
    database.close()

    with Simulator(clock="manual", state=state) as sim:
        api = api_of(sim)
        assert sim.tags() == [("role", "web"), ("team", "")]
        assert (disk(sim), disk(sim, WEB_1)) == (f"original-{BATCH_1}", f"original-{WEB_1}")
        assert (sim.instance(BATCH_1)["status"], len(sim.ledger()), len(sim.requests())) == ("DEPLOYING", 3, 4)
        sim.settle()
        assert sim.instance(BATCH_1)["imageId"] == "debian12_20240712"
        off(api, BATCH_1)
        image_id = make(api)

    with Simulator(clock="manual", state=state) as again:
        assert image_id in {one["imageId"] for one in again.images()}
        with sqlite3.connect(f"file:{state}?mode=ro&immutable=1", uri=True) as database:
            assert database.execute("PRAGMA user_version").fetchone() == (2,)
        database.close()


def test_a_seed_can_have_an_image_that_is_being_made() -> None:
    """And one that brings a system."""
    world = default_world()
    world["images"][-2] |= {
        "imageStatus": "CREATING",
        "pending": {"becomes": "UNAVAILABLE", "afterSeconds": 60},
        "diskIdentity": "golden",
    }
    sim = Simulator(world, clock="manual")
    sim.settle()

    found = next(one for one in sim.images() if one["imageId"] == "custom-5Yx8Hq2c")
    assert (found["imageStatus"], found["diskIdentity"], found["pending"]) == ("UNAVAILABLE", "golden", None)
