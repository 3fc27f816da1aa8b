"""Each of the 14 codes of ResetInstance, as the user reads it: in preview where it can be foreseen, else after up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from driver import Stack

pytestmark = pytest.mark.engine

JAMMY, NOBLE = "ubuntu2204_20240712", "ubuntu2404_20240712"
WINDOWS_MACHINE = "1272168087751233118"

CODES = {
    "INVALID_IMAGE_AGENT_NOT_SUPPORT": 400,
    "INVALID_IMAGE_KEY_PAIR_NOT_SUPPORT": 400,
    "INVALID_IMAGE_NOT_FOUND": 404,
    "INVALID_IMAGE_PASSWORD_NOT_SUPPORT": 400,
    "INVALID_IMAGE_SIZE_EXCEED": 400,
    "INVALID_IMAGE_STATUS": 400,
    "INVALID_OS_TYPE_NOT_SAME": 400,
    "INVALID_PARAMETER_USER_DATA_EXCEED": 400,
    "INVALID_INSTANCE_NOT_FOUND": 404,
    "INVALID_KEY_PAIR_NOT_FOUND": 404,
    "INVALID_KEY_PAIR_NOT_SUPPORT": 400,
    "INVALID_LOGIN_SETTING_CONFLICT": 400,
    "INVALID_PASSWORD_MALFORMED": 400,
    "UNSUPPORTED_OPERATION_INSTANCE_STATUS": 400,
}


@pytest.mark.slow  # one of them is refused every day in test_failures; tests/rebuild has all, without the engine
@pytest.mark.parametrize("code", CODES)
def test_a_refused_reset_is_told_and_the_machine_runs_again(adopted: Stack, web_1: str, code: str) -> None:
    """Code, HTTP status and request id are there, the machine is RUNNING on its old image, nothing was wiped."""
    effect = {"type": "error", "code": code, "status": CODES[code]}
    adopted.cloud.add_fault(action="ResetInstance", nth=1, effect=effect)
    text = adopted.declare(web={"instance_id": web_1, "image_id": NOBLE}).up().failed().text
    assert f"({code}, HTTP {CODES[code]}, request T" in text
    assert "has been started again and is RUNNING" in text
    assert adopted.actions() == ["StopInstances", "StartInstances"]
    assert adopted.cloud.instance(web_1)["status"] == "RUNNING"
    assert adopted.cloud.instance(web_1)["imageId"] == JAMMY


@pytest.mark.slow  # every day below, several in one preview
@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"image_id": "ubuntu2204"}, f"no image ubuntu2204 in asia-east-1a; did you mean {JAMMY}"),
        ({"image_id": NOBLE, "password": "short"}, "password: must have 8 to 16 characters"),
        ({"image_id": NOBLE, "key_id": "k", "password": "Secret-pass1"}, "give one of them, not both"),
        ({"image_id": NOBLE, "user_data": "x" * 65536}, "user_data: has 65536 bytes"),
        ({"image_id": "fedora40_20240712"}, "image fedora40_20240712 is SYNCING, not AVAILABLE"),
        ({"image_id": "freebsd141_20240712"}, "a rebuild cannot change the operating system's type"),
        ({"image_id": "ubuntu2404_cuda_20240712"}, "needs 120 GiB and the boot disk has 40 GiB"),
        ({"image_id": NOBLE, "key_id": "key-Missing1"}, "key_id: key pair key-Missing1 does not exist"),
        (
            {"image_id": "generic_20240712", "key_id": "key-YWD2QFOl"},
            "key_id: Windows and Generic images take no",
        ),
        ({"image_id": NOBLE, "timezone": "Asia/Shanghei"}, "did you mean Asia/Shanghai"),
        ({"image_id": NOBLE, "user_data_base64": "no base64!"}, "user_data_base64: is not standard Base64"),
        ({"image_id": NOBLE, "instance_name": "-bad-"}, "instance_name: must have 2 to 63 characters"),
        ({"image_id": NOBLE, "adopt": "maybe"}, "adopt: "),
    ],
)
def test_wrong_input_is_refused_in_preview(
    adopted: Stack, web_1: str, arguments: dict[str, Any], expected: str
) -> None:
    """The finding names the input and the fix; no secret's value is shown, and nothing is sent."""
    text = adopted.declare(web={"instance_id": web_1, **arguments}).preview().failed().text
    assert expected in text
    assert "Secret-pass1" not in text
    assert adopted.actions() == []


def test_all_that_is_wrong_by_itself_is_refused_at_once(adopted: Stack, web_1: str) -> None:
    """Before the cloud is asked: each finding names its input, and no secret's value is shown."""
    wrong = {"key_id": "k", "password": "Shrt-1", "user_data": "x" * 65536, "instance_name": "-bad-"}
    text = adopted.declare(web={"instance_id": web_1, "image_id": NOBLE, **wrong}).preview().failed().text
    for finding in (
        "password: must have 8 to 16 characters",
        "give one of them, not both",
        "user_data: has 65536 bytes",
        "instance_name: must have 2 to 63 characters",
    ):
        assert finding in text
    assert "Shrt-1" not in text
    assert adopted.actions() == []


def test_all_that_the_cloud_does_not_have_is_refused_at_once(adopted: Stack, web_1: str) -> None:
    """One preview tells everything that is wrong with a resource, and what was meant."""
    wrong = {"instance_id": web_1, "image_id": "ubuntu2204", "key_id": "key-Missing1", "timezone": "Asia/Shanghei"}
    text = adopted.declare(web=wrong).preview().failed().text
    for finding in (
        f"no image ubuntu2204 in asia-east-1a; did you mean {JAMMY}",
        "key_id: key pair key-Missing1 does not exist",
        "did you mean Asia/Shanghai",
    ):
        assert finding in text
    assert adopted.actions() == []


@pytest.mark.slow  # test_fleet has one every day
def test_an_unknown_instance_is_named(adopted: Stack, web_1: str) -> None:
    """A new resource whose instance does not exist is refused in preview."""
    known = {"instance_id": web_1, "image_id": JAMMY}
    text = adopted.declare(web=known, other={"instance_id": "1272168087751299999"}).preview().failed().text
    assert "instance_id: instance 1272168087751299999 was not found" in text


@pytest.mark.slow  # every day in tests/unit
def test_a_key_on_a_windows_machine_is_refused(adopted: Stack, web_1: str) -> None:
    """Also when the resource is new."""
    known = {"instance_id": web_1, "image_id": JAMMY}
    wrong = {"instance_id": WINDOWS_MACHINE, "image_id": "windows2022_20240712", "key_id": "key-YWD2QFOl"}
    text = adopted.declare(web=known, win=wrong).preview().failed().text
    assert "key_id: Windows and Generic images take no SSH key" in text
