"""Each action, spoken with a server that was not written from this client's code."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from zec_pulumi.api import (
    AccessKey,
    AuthenticationError,
    BearerToken,
    Client,
    Endpoint,
    InstanceStateError,
    NotFoundError,
    ResetInstanceRequest,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from zec_pulumi.simulator import Simulator

WEB = "1272168087751233112"
OTHER = "1272168087751233113"
STOPPED = "1272168087751233114"


def ledger(sim: Simulator) -> list[tuple[str, str]]:
    return [(entry["action"], entry["instanceId"]) for entry in sim.ledger()]


def test_instances_are_described_by_id(client: Client) -> None:
    page = client.describe_instances(instance_ids=[WEB])

    assert page.total_count == 1
    (instance,) = page.items
    assert (instance.instance_id, instance.image_id, instance.status) == (
        WEB,
        "ubuntu2204_20240712",
        "RUNNING",
    )
    assert (instance.key_id, instance.enable_agent) == ("key-YWD2QFOl", True)
    assert (instance.time_zone, instance.system_disk.disk_size) == ("Asia/Shanghai", 40)


def test_instances_are_described_by_zone_and_page(client: Client) -> None:
    first = client.describe_instances(zone_id="asia-east-1b", page_size=2)
    second = client.describe_instances(zone_id="asia-east-1b", page_size=2, page_number=2)

    assert first.total_count == second.total_count == 3
    assert (len(first.items), len(second.items)) == (2, 1)


def test_all_instances_are_every_page_of_them(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zec_pulumi.api.client.MAX_PAGE_SIZE", 2)

    assert len({instance.instance_id for instance in client.describe_all_instances()}) == 11
    assert {instance.zone_id for instance in client.describe_all_instances(zone_id="asia-east-1b")} == {"asia-east-1b"}


def test_no_ids_are_no_instances_and_no_request(client: Client, actions: Callable[[], list[str]]) -> None:
    assert client.describe_instances(instance_ids=[]).items == ()
    assert client.describe_instances_status([]) == {}
    assert client.describe_custom_images(image_ids=[]) == []
    assert client.describe_key_pairs(key_ids=[]) == []
    assert actions() == []


def test_an_unknown_instance_has_no_status(client: Client) -> None:
    assert client.describe_instances_status([WEB, "1", STOPPED]) == {WEB: "RUNNING", STOPPED: "STOPPED"}


def test_statuses_of_more_than_100_instances_take_more_requests(
    client: Client, actions: Callable[[], list[str]]
) -> None:
    ids = [str(number) for number in range(150)] + [WEB]

    assert client.describe_instances_status(ids) == {WEB: "RUNNING"}
    assert actions() == ["DescribeInstancesStatus"] * 2


def test_a_stop_is_graceful_only_if_told_so(client: Client, sim: Simulator) -> None:
    assert client.stop_instances([WEB], force_shutdown=False) == []
    assert client.stop_instances([OTHER], force_shutdown=True) == []

    assert [entry["parameters"]["forceShutdown"] for entry in sim.ledger()] == [False, True]


@pytest.mark.parametrize("verb", ["stop", "start"])
def test_ids_that_failed_inside_a_good_answer_are_returned(client: Client, sim: Simulator, verb: str) -> None:
    sim.add_fault(action="*", nth=1, effect={"type": "fail_ids"})

    failed = client.stop_instances([WEB], force_shutdown=True) if verb == "stop" else client.start_instances([STOPPED])

    assert len(failed) == 1
    assert sim.ledger() == []


def test_an_instance_is_started(client: Client, sim: Simulator) -> None:
    assert client.start_instances([STOPPED]) == []
    assert ledger(sim) == [("StartInstances", STOPPED)]


def test_stopping_a_stopped_instance_is_a_state_error(client: Client) -> None:
    with pytest.raises(InstanceStateError) as caught:
        client.stop_instances([STOPPED], force_shutdown=True)

    assert caught.value.code == "OPERATION_DENIED_INSTANCE_NOT_RUNNING"


def test_a_reset_is_accepted_and_returns_its_request_id(client: Client, sim: Simulator) -> None:
    request = ResetInstanceRequest(
        instance_id=STOPPED,
        enable_agent=False,
        image_id="ubuntu2404_20240712",
        key_id="key-2ndKey01",
        timezone="Europe/Berlin",
        instance_name="batch-2",
        user_data=b"#!/bin/sh\n",
    )

    request_id = client.reset_instance(request)

    (entry,) = sim.ledger()
    assert entry["requestId"] == request_id
    sim.advance(3600)
    (instance,) = client.describe_instances(instance_ids=[STOPPED]).items
    assert (instance.status, instance.image_id) == ("RUNNING", "ubuntu2404_20240712")
    assert (instance.key_id, instance.time_zone) == ("key-2ndKey01", "Europe/Berlin")
    assert (instance.enable_agent, instance.instance_name) == (False, "batch-2")


def test_a_reset_of_a_running_instance_is_a_state_error(client: Client, sim: Simulator) -> None:
    with pytest.raises(InstanceStateError, match="UNSUPPORTED_OPERATION_INSTANCE_STATUS"):
        client.reset_instance(ResetInstanceRequest(instance_id=WEB, enable_agent=True, key_id="key-YWD2QFOl"))
    assert sim.ledger() == []


def test_a_reset_to_an_unknown_image_is_not_found(client: Client) -> None:
    request = ResetInstanceRequest(instance_id=STOPPED, enable_agent=True, key_id="key-YWD2QFOl", image_id="nope")

    with pytest.raises(NotFoundError, match=r"^ResetInstance was refused: image not found \(INVALID_IMAGE"):
        client.reset_instance(request)


def test_a_password_is_set(client: Client, sim: Simulator) -> None:
    assert client.reset_instance_password(WEB, "Example+123").startswith("T")
    assert ledger(sim) == [("ResetInstancePassword", WEB)]


def test_an_instance_is_renamed(client: Client) -> None:
    assert client.modify_instances_attribute([WEB], instance_name="web-one").startswith("T")
    assert client.describe_instances(instance_ids=[WEB]).items[0].instance_name == "web-one"


def test_images_of_a_zone_are_listed(client: Client) -> None:
    every = {image.image_id: image for image in client.describe_images("asia-east-1a")}
    one = every["windows2022_20240712"]

    assert {"ubuntu2404_20240712", "custom-5Yx8Hq2c"} <= every.keys()
    assert "rocky8_lax_20240712" not in every
    assert (one.os_type, one.category, one.image_status) == ("windows", "Windows", "AVAILABLE")
    assert (one.image_size_gib, one.min_disk_size_gib) == (36.0, 40)


def test_all_pages_of_a_listing_are_read(
    client: Client, monkeypatch: pytest.MonkeyPatch, actions: Callable[[], list[str]]
) -> None:
    whole = client.describe_images("asia-east-1a")
    monkeypatch.setattr("zec_pulumi.api.client.MAX_PAGE_SIZE", 5)

    assert client.describe_images("asia-east-1a") == whole
    assert actions() == ["DescribeImages"] * (1 + -(-len(whole) // 5))


def test_custom_images_are_found_without_a_zone(client: Client) -> None:
    assert [image.image_id for image in client.describe_custom_images(image_ids=["custom-fra0Db41"])] == [
        "custom-fra0Db41"
    ]
    assert len(client.describe_custom_images()) == 2


def test_key_pairs_are_a_service_of_their_own(client: Client, sim: Simulator) -> None:
    assert [pair.key_name for pair in client.describe_key_pairs(key_ids=["key-YWD2QFOl"])] == ["ops"]
    assert len(client.describe_key_pairs()) == 3
    assert {request["service"] for request in sim.requests()} == {"ccs"}


def test_time_zones_and_zones_are_listed(client: Client) -> None:
    assert "Europe/Berlin" in client.describe_time_zones()
    assert {zone.zone_id for zone in client.describe_zones()} >= {"asia-east-1a", "na-west-1a"}


def test_many_threads_share_a_client(client: Client, actions: Callable[[], list[str]]) -> None:
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda _: client.describe_instances_status([WEB]), range(64)))

    assert found == [{WEB: "RUNNING"}] * 64
    assert len(actions()) == 64


def test_the_current_version_of_the_api_is_used(client: Client, sim: Simulator) -> None:
    client.describe_zones()

    assert sim.requests()[0]["version"] == "2025-09-01"


def test_a_token_is_accepted_instead_of_a_key(sim: Simulator, endpoint: Endpoint) -> None:
    with Client(BearerToken(sim.token), endpoint) as client:
        assert client.describe_instances_status([WEB]) == {WEB: "RUNNING"}


def test_wrong_credentials_are_refused_at_once(
    sim: Simulator, endpoint: Endpoint, actions: Callable[[], list[str]]
) -> None:
    with (
        Client(AccessKey(sim.access_key_id, "wrong-password"), endpoint) as client,
        pytest.raises(AuthenticationError) as caught,
    ):
        client.describe_zones()

    assert caught.value.code == "AUTHFAILURE_SIGNATURE_FAILURE"
    assert sim.url in str(caught.value)
    assert len(actions()) == 1


@pytest.mark.parametrize(("skew", "words"), [(-1000, "behind"), (1000, "ahead of")])
def test_a_wrong_clock_is_measured(client: Client, clock: Any, skew: float, words: str) -> None:
    clock.set_wall(skew)  # the server's Date may be a few seconds old

    with pytest.raises(AuthenticationError, match=rf"clock is (99|100)\d s {words} the server's"):
        client.describe_zones()
