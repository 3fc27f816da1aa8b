"""Every code that ResetInstance documents has a case, and a refusal changes nothing."""

from __future__ import annotations

import base64
import contextlib
from typing import Any

import pytest

from zec_pulumi.simulator import default_world
from zec_pulumi.simulator.envelope import RefusedError
from zec_pulumi.simulator.rules import check_image
from zec_pulumi.simulator.world import World, load_seed

BATCH_1 = "1272168087751233114"  # STOPPED, Ubuntu, 40 GiB
WIN_1 = "1272168087751233118"
KEY = "key-YWD2QFOl"
PASSWORD = "Example+123"

LINUX_CASES: list[tuple[dict[str, Any], int, str]] = [
    ({"imageId": "alpine320_20240712", "enableAgent": True}, 400, "INVALID_IMAGE_AGENT_NOT_SUPPORT"),
    ({"imageId": "generic_20240712"}, 400, "INVALID_IMAGE_KEY_PAIR_NOT_SUPPORT"),
    ({"imageId": "nowhere"}, 404, "INVALID_IMAGE_NOT_FOUND"),
    ({"imageId": "rocky8_lax_20240712"}, 404, "INVALID_IMAGE_NOT_FOUND"),
    ({"imageId": "custom-fra0Db41"}, 404, "INVALID_IMAGE_NOT_FOUND"),
    (
        {"imageId": "generic_20240712", "keyId": None, "password": PASSWORD},
        400,
        "INVALID_IMAGE_PASSWORD_NOT_SUPPORT",
    ),
    ({"imageId": "ubuntu2404_cuda_20240712"}, 400, "INVALID_IMAGE_SIZE_EXCEED"),
    ({"imageId": "fedora40_20240712"}, 400, "INVALID_IMAGE_STATUS"),
    ({"imageId": "centos7_20200501"}, 400, "INVALID_IMAGE_STATUS"),
    ({"imageId": "windows2022_20240712", "keyId": None}, 400, "INVALID_OS_TYPE_NOT_SAME"),
    ({"imageId": "freebsd141_20240712"}, 400, "INVALID_OS_TYPE_NOT_SAME"),
    (
        {"userData": base64.b64encode(b"x" * 65536).decode()},
        400,
        "INVALID_PARAMETER_USER_DATA_EXCEED",
    ),
    ({"userData": "not base64!"}, 400, "INVALID_PARAMETER_VALUE"),
    ({"instanceId": "1"}, 404, "INVALID_INSTANCE_NOT_FOUND"),
    ({"keyId": "key-nowhere"}, 404, "INVALID_KEY_PAIR_NOT_FOUND"),
    ({"keyId": "key-Unsupp01"}, 400, "INVALID_KEY_PAIR_NOT_SUPPORT"),
    ({"password": PASSWORD}, 400, "INVALID_LOGIN_SETTING_CONFLICT"),
    ({"keyId": None}, 400, "INVALID_LOGIN_SETTING_CONFLICT"),
    ({"keyId": None, "password": "Example+1234567890"}, 400, "INVALID_PASSWORD_MALFORMED"),
    ({"keyId": None, "password": "Ex+12"}, 400, "INVALID_PASSWORD_MALFORMED"),
    ({"keyId": None, "password": "example+123"}, 400, "INVALID_PASSWORD_MALFORMED"),
    ({"keyId": None, "password": "EXAMPLE+123"}, 400, "INVALID_PASSWORD_MALFORMED"),
    ({"keyId": None, "password": "Example+abc"}, 400, "INVALID_PASSWORD_MALFORMED"),
    ({"keyId": None, "password": "Example123"}, 400, "INVALID_PASSWORD_MALFORMED"),
    ({"keyId": None, "password": "Example+1|3"}, 400, "INVALID_PASSWORD_MALFORMED"),
    ({"timezone": "Mars/Olympus"}, 400, "INVALID_PARAMETER_VALUE"),
    ({"instanceName": "x"}, 400, "INVALID_PARAMETER_LESS_LENGTH"),
    ({"instanceName": "x" * 64}, 400, "INVALID_PARAMETER_EXCEED_LENGTH"),
    ({"instanceName": "under_score"}, 400, "INVALID_PARAMETER_PATTERN_ERROR"),
    ({"instanceName": "ends-with-"}, 400, "INVALID_PARAMETER_PATTERN_ERROR"),
]
DOCUMENTED = {
    "INVALID_IMAGE_AGENT_NOT_SUPPORT",
    "INVALID_IMAGE_KEY_PAIR_NOT_SUPPORT",
    "INVALID_IMAGE_NOT_FOUND",
    "INVALID_IMAGE_PASSWORD_NOT_SUPPORT",
    "INVALID_IMAGE_SIZE_EXCEED",
    "INVALID_IMAGE_STATUS",
    "INVALID_OS_TYPE_NOT_SAME",
    "INVALID_PARAMETER_USER_DATA_EXCEED",
    "INVALID_INSTANCE_NOT_FOUND",
    "INVALID_KEY_PAIR_NOT_FOUND",
    "INVALID_KEY_PAIR_NOT_SUPPORT",
    "INVALID_LOGIN_SETTING_CONFLICT",
    "INVALID_PASSWORD_MALFORMED",
    "UNSUPPORTED_OPERATION_INSTANCE_STATUS",
}


def test_every_documented_code_has_a_case() -> None:
    """The last one, about the status, is tested for each status below."""
    tested = {code for _, _, code in LINUX_CASES}

    assert DOCUMENTED - tested == {"UNSUPPORTED_OPERATION_INSTANCE_STATUS"}


@pytest.mark.parametrize(("parameters", "status", "code"), LINUX_CASES)
def test_refused_reset_has_its_code_and_changes_nothing(
    sim: Any, api: Any, parameters: dict[str, Any], status: int, code: str
) -> None:
    """The rule answers with its own code; the machine and the ledger stay as they were."""
    before = sim.instances()

    assert api.refused("ResetInstance", **{"instanceId": BATCH_1, "keyId": KEY, **parameters}) == (
        status,
        code,
    )
    assert sim.instances() == before
    assert sim.ledger() == []


@pytest.mark.parametrize(
    ("instance_id", "status"),
    [
        ("1272168087751233112", "RUNNING"),
        ("1272168087751233115", "DEPLOYING"),
        ("1272168087751233116", "REINSTALL_FAILED"),
        ("1272168087751233117", "RECYCLE"),
    ],
)
def test_only_a_stopped_instance_is_reset(sim: Any, api: Any, instance_id: str, status: str) -> None:
    """Any other status is refused, a failed reinstall included."""
    assert sim.instance(instance_id)["status"] == status

    assert api.refused("ResetInstance", instanceId=instance_id, keyId=KEY) == (
        400,
        "UNSUPPORTED_OPERATION_INSTANCE_STATUS",
    )


@pytest.mark.parametrize(("size", "least", "fits"), [(40, 40, True), (41, 20, False), (10, 41, False)])
def test_boot_disk_holds_image_and_least_size(size: int, least: int, *, fits: bool) -> None:
    """A boot disk of 40 GiB must be enough for both sizes."""
    document = default_world()
    document["images"][0] |= {"imageSize": size, "minDiskSize": least}
    world = World(load_seed(document), now=0.0)

    with contextlib.nullcontext() if fits else pytest.raises(RefusedError, match="boot disk of 41 GiB"):
        check_image(world, world.instances[BATCH_1], "ubuntu2204_20240712")


@pytest.mark.parametrize("login", [{"keyId": KEY}, {"password": PASSWORD}])
def test_windows_takes_no_login(sim: Any, api: Any, login: dict[str, str]) -> None:
    """A Windows image refuses both a key pair and a password."""
    sim.patch_instance(WIN_1, status="STOPPED")

    status, code = api.refused("ResetInstance", instanceId=WIN_1, imageId="windows2022_20240712", **login)

    assert (status, code[-12:]) == (400, "_NOT_SUPPORT")


def test_windows_is_reset_without_login(sim: Any, api: Any) -> None:
    """Neither password nor key is what a Windows image wants."""
    sim.patch_instance(WIN_1, status="STOPPED")

    api.ok("ResetInstance", instanceId=WIN_1, imageId="windows2022_20240712")

    sim.advance(60)
    assert sim.instance(WIN_1)["imageId"] == "windows2022_20240712"


def test_defaults_of_an_omitted_field(sim: Any, api: Any) -> None:
    """Without them the image and time zone stay and the agent is turned off."""
    sim.patch_instance(BATCH_1, time_zone="UTC")

    api.ok("ResetInstance", instanceId=BATCH_1, password=PASSWORD)

    sim.advance(60)
    after = sim.instance(BATCH_1)
    assert (after["imageId"], after["timeZone"]) == ("ubuntu2204_20240712", "UTC")
    assert after["enableAgent"] is False
    assert after["keyId"] is None


def test_user_data_below_the_limit_is_accepted(api: Any) -> None:
    """65,535 decoded bytes are less than 64 KiB."""
    text = base64.b64encode(b"x" * 65535).decode()

    api.ok("ResetInstance", instanceId=BATCH_1, keyId=KEY, userData=text)


def test_new_values_appear_together_with_running(sim: Any, api: Any) -> None:
    """Until the end the old image is shown, and then nothing of it."""
    api.ok("ResetInstance", instanceId=BATCH_1, keyId=KEY, imageId="debian12_20240712")
    sim.advance(59)
    assert (api.status(BATCH_1), sim.instance(BATCH_1)["imageId"]) == ("DEPLOYING", "ubuntu2204_20240712")

    sim.advance(1)

    assert (api.status(BATCH_1), sim.instance(BATCH_1)["imageId"]) == ("RUNNING", "debian12_20240712")
