"""What is known before a machine is powered off, against the simulator's own world."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.cloud import CloudClock, LocalSimulator, LocalTransport, client_of
from zec_pulumi.cloud.reader import CloudReader
from zec_pulumi.planning.inputs import parse_wanted
from zec_pulumi.rebuild.validation import Preflight, check_password_in_place, check_rebuild, password_follows

if TYPE_CHECKING:
    from zec_pulumi.api import Instance, ResetInstanceRequest

JAMMY, NOBLE, WINDOWS, GENERIC = (f"{name}_20240712" for name in ("ubuntu2204", "ubuntu2404", "windows2022", "generic"))
KEY, OTHER_KEY = "key-YWD2QFOl", "key-2ndKey01"
IDS = {
    "web": "1272168087751233112",
    "old": "1272168087751233117",
    "win": "1272168087751233118",
    "legacy": "1272168087751233119",
    "edge": "1272168087751233120",
}


class World:
    """The default world, and a reader of it without anything held yet."""

    def __init__(self) -> None:
        self.sim = LocalSimulator()
        clock = CloudClock(self.sim)
        self.reader = CloudReader(client_of(LocalTransport(self.sim.cloud), clock), clock)

    def live(self, name: str) -> Instance:
        live = self.reader.instance(IDS[name])
        assert live is not None
        return live

    def check(self, name: str, **wanted: Any) -> Preflight:
        return check_rebuild(parse_wanted({"instanceId": IDS[name], **wanted}), self.live(name), self.reader)

    def request(self, name: str, **wanted: Any) -> ResetInstanceRequest:
        found = self.check(name, **wanted)
        assert found.findings == ()
        assert found.request is not None
        return found.request


@pytest.fixture
def world() -> World:
    return World()


FINDINGS: list[tuple[str, dict[str, Any], str]] = [
    ("web", {"imageId": "ubuntu2404"}, f"image_id: no image ubuntu2404 in asia-east-1a; did you mean {NOBLE} or"),
    (
        "web",
        {"imageId": "zzz"},
        "no image zzz in asia-east-1a; zec-pulumi images --zone asia-east-1a lists what there is",
    ),
    ("web", {"imageId": "Ubuntu Server 24.04 LTS"}, 'no image "Ubuntu Server 24.04 LTS" in asia-east-1a; did you mean'),
    ("web", {"imageId": "ubuntu server 24.04 lts"}, f"asia-east-1a; did you mean {NOBLE}?"),
    ("web", {"imageId": "Golden-web-2024-07"}, "asia-east-1a; did you mean custom-5Yx8Hq2c?"),
    ("web", {"keyId": "OPS"}, f"key pair OPS does not exist in this account; did you mean {KEY}?"),
    ("web", {"keyId": "my laptop"}, 'key pair "my laptop" does not exist in this account; zec-pulumi keys lists what'),
    ("web", {"imageId": "rocky8_lax_20240712"}, "image_id: no image rocky8_lax_20240712 in asia-east-1a"),
    ("web", {"imageId": "fedora40_20240712"}, "image_id: image fedora40_20240712 is SYNCING, not AVAILABLE"),
    ("web", {"imageId": "centos7_20200501"}, "image_id: image centos7_20200501 is UNAVAILABLE, not AVAILABLE"),
    ("web", {"imageId": "freebsd141_20240712"}, "is bsd and the instance runs linux (ubuntu2204_20240712)"),
    ("win", {"imageId": JAMMY, "keyId": KEY}, "is linux and the instance runs windows"),
    ("web", {"imageId": "ubuntu2404_cuda_20240712"}, "needs 120 GiB and the boot disk has 40 GiB"),
    (
        "web",
        {"imageId": "custom-fra0Db41"},
        "is in europe-central-1 only, and the instance is in asia-east-1a (asia-east-1)",
    ),
    ("web", {"keyId": "key-nope"}, "key_id: key pair key-nope does not exist in this account"),
    ("legacy", {"imageId": NOBLE}, "key_id: the instance has no SSH key now, so give key_id or password"),
    (
        "web",
        {"timezone": "Asia/Tokio"},
        "timezone: Asia/Tokio is not a time zone of this cloud; did you mean Asia/Tokyo",
    ),
    ("web", {"timezone": "Mars"}, "timezone: Mars is not a time zone of this cloud"),
    ("win", {"imageId": WINDOWS, "keyId": KEY}, "key_id: Windows and Generic images take no SSH key"),
    ("edge", {"imageId": GENERIC, "password": "Abcdef-1"}, "password: Windows and Generic images take no password"),
    ("old", {"imageId": NOBLE}, "is RECYCLE: recover it from the recycle bin first"),
]


@pytest.mark.parametrize(("name", "wanted", "words"), FINDINGS)
def test_what_the_api_would_refuse_is_found_before(world: World, name: str, wanted: dict[str, Any], words: str) -> None:
    """One wrong thing, one finding, which names it."""
    (finding,) = world.check(name, **wanted).findings
    assert words in finding


def test_all_findings_come_at_once(world: World) -> None:
    """One preview tells everything."""
    found = world.check("web", imageId="fedora40_20240712", keyId="key-nope", timezone="Mars").findings
    assert [finding.split(":")[0] for finding in found] == ["image_id", "key_id", "timezone"]


def test_a_key_that_the_instance_has_and_the_account_lost_is_named_as_such(world: World) -> None:
    """The program does not mention it: the finding must say where it comes from."""
    live = world.live("web").model_copy(update={"key_id": "key-gone"})
    (finding,) = check_rebuild(parse_wanted({"imageId": NOBLE}), live, world.reader).findings
    assert "key pair key-gone (the key the instance has now) does not exist" in finding


def test_a_machine_whose_creation_failed_has_nothing_to_rebuild(world: World) -> None:
    """ResetInstance would be refused."""
    live = world.live("web").model_copy(update={"status": "CREATE_FAILED"})
    (finding,) = check_rebuild(parse_wanted({"imageId": NOBLE}), live, world.reader).findings
    assert "has no system to rebuild" in finding


def test_a_machine_without_an_image_needs_one(world: World) -> None:
    """There is nothing to keep."""
    live = world.live("web").model_copy(update={"image_id": None})
    (finding,) = check_rebuild(parse_wanted({}), live, world.reader).findings
    assert finding.startswith("image_id: the instance shows no image now")


@pytest.mark.parametrize("wanted", [{}, {"imageId": JAMMY, "timezone": "Asia/Shanghai"}])
def test_what_is_omitted_is_sent_as_the_machine_has_it(world: World, wanted: dict[str, Any]) -> None:
    """Key, time zone and agent explicitly: the API's own default would turn the agent off."""
    assert world.request("web", **wanted).to_body() == {
        "instanceId": IDS["web"],
        "imageId": JAMMY,
        "keyId": KEY,
        "timezone": "Asia/Shanghai",
        "enableAgent": True,
    }


def test_an_agent_that_is_off_stays_off(world: World) -> None:
    """As the machine has it, either way."""
    assert world.request("edge", imageId=NOBLE).enable_agent is False


def test_what_is_given_is_sent(world: World) -> None:
    """Everything ResetInstance takes."""
    request = world.request(
        "web",
        imageId=NOBLE,
        keyId=OTHER_KEY,
        timezone="UTC",
        enableAgent=False,
        instanceName="front-1",
        userData="#!/bin/sh\n",
    )
    assert request.to_body() == {
        "instanceId": IDS["web"],
        "imageId": NOBLE,
        "keyId": OTHER_KEY,
        "timezone": "UTC",
        "enableAgent": False,
        "instanceName": "front-1",
        "userData": "IyEvYmluL3NoCg==",
    }


def test_a_name_that_the_machine_has_is_not_sent(world: World) -> None:
    """It is no change."""
    assert world.request("web", imageId=NOBLE, instanceName="web-1").instance_name is None


def test_a_password_takes_the_place_of_the_key(world: World) -> None:
    """The API takes one of them."""
    request = world.request("web", imageId=NOBLE, password="Abcdef-1")
    assert (request.key_id, request.password) == (None, "Abcdef-1")


@pytest.mark.parametrize(("name", "image_id"), [("win", WINDOWS), ("web", GENERIC)])
def test_images_that_take_no_login_are_sent_none(world: World, name: str, image_id: str) -> None:
    """Not even the key that the instance has now."""
    request = world.request(name, imageId=image_id)
    assert (request.key_id, request.password) == (None, None)


def test_a_password_for_windows_is_not_sent_with_the_reset(world: World) -> None:
    """It is set through the agent once the machine runs."""
    found = world.check("win", imageId=WINDOWS, password="Abcdef-1")
    assert found.findings == ()
    assert found.request is not None
    assert found.request.password is None


@pytest.mark.parametrize(
    ("name", "password", "follows"), [("win", "x", True), ("win", None, False), ("web", "x", False)]
)
def test_whether_a_password_follows_is_told_by_the_image_that_runs(
    world: World, name: str, password: str | None, *, follows: bool
) -> None:
    """A join asks this without having sent the request itself."""
    assert password_follows(parse_wanted({"password": password}), world.live(name), world.reader) is follows


def test_a_custom_image_of_the_region_is_accepted(world: World) -> None:
    """Public or the account's own."""
    assert world.request("web", imageId="custom-5Yx8Hq2c").image_id == "custom-5Yx8Hq2c"


def test_a_check_costs_few_reads_and_the_next_one_fewer(world: World) -> None:
    """Images and time zones once, the key pair once: nothing is paid for twice."""
    wanted = parse_wanted({"imageId": NOBLE, "timezone": "UTC"})
    live = world.live("web")
    counts = []
    for _ in range(2):
        check_rebuild(wanted, live, world.reader)
        counts.append([request["action"] for request in world.sim.requests()][1:])
    assert counts == [["DescribeImages", "DescribeKeyPairs", "DescribeTimeZones"]] * 2


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"status": "STOPPED"}, ["only while RUNNING; the instance is STOPPED"]),
        ({"enable_agent": False}, ["only through the agent, and this instance has none"]),
        ({"enable_agent": None, "status": "STOPPED"}, ["only while RUNNING", "only through the agent"]),
        ({}, []),
    ],
)
def test_a_password_in_place_needs_agent_and_power(world: World, changed: dict[str, Any], words: list[str]) -> None:
    """Else it is refused before anything is sent."""
    found = check_password_in_place(world.live("web").model_copy(update=changed))
    assert len(found) == len(words)
    assert all(word in finding for word, finding in zip(words, found, strict=True))


def test_no_finding_shows_a_secret(world: World) -> None:
    """Ids and names only."""
    secrets = {"password": "s3cret-Aa", "userData": "s3cret-script"}
    found = world.check("edge", imageId=GENERIC, timezone="Mars", **secrets)
    assert found.findings
    assert "s3cret" not in f"{found!r} {json.dumps(found.findings)}"
