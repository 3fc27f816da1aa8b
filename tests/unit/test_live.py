"""Reads of a process: what is paid for once, and when whole pages are read instead of single machines."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from tests.support.clock import FakeClock
from zec_pulumi.api import AccessKey, Client, Endpoint
from zec_pulumi.cloud.reader import BY_ID, CATALOG_SECONDS, CloudReader
from zec_pulumi.simulator import Simulator, default_world


def account(machines: int) -> tuple[dict[str, Any], list[str]]:
    """Return a world with many machines like web-1, and their ids."""
    world = default_world()
    first = next(machine for machine in world["instances"] if machine["instanceName"] == "web-1")
    ids = [f"14{number:017d}" for number in range(machines)]
    world["instances"] += [{**first, "instanceId": id_, "instanceName": f"m-{id_[-4:]}"} for id_ in ids]
    return world, ids


def reads(cloud: Simulator) -> Counter[str]:
    return Counter(request["action"] for request in cloud.requests())


def reader(cloud: Simulator, clock: FakeClock | None = None) -> tuple[CloudReader, Client, FakeClock]:
    clock = clock or FakeClock()
    client = Client(AccessKey(cloud.access_key_id, cloud.access_key_password), Endpoint(cloud.host, "http"))
    return CloudReader(client, clock), client, clock


@pytest.mark.parametrize(("machines", "pages"), [(500, 1), (1500, 2)])
def test_many_machines_cost_pages_not_calls(machines: int, pages: int) -> None:
    """The first few by id, the rest from pages of a thousand."""
    world, ids = account(machines)
    with Simulator(world) as cloud:
        live, client, _ = reader(cloud)
        with client:
            assert all(live.instance_cached(id_) for id_ in ids)
        assert reads(cloud)["DescribeInstances"] == BY_ID + pages


def test_one_machine_in_a_large_account_is_read_by_id() -> None:
    """The account is not listed for it."""
    world, ids = account(1500)
    with Simulator(world) as cloud:
        live, client, _ = reader(cloud)
        with client:
            assert live.instance_cached(ids[0])
            assert live.instance_cached(ids[0])
        assert reads(cloud)["DescribeInstances"] == 1


def test_what_is_asked_for_until_the_same_moment_is_one_request() -> None:
    """And the answer is from then, not from before."""
    world, ids = account(2)
    both = Barrier(len(ids))

    with Simulator(world) as cloud, ThreadPoolExecutor(len(ids)) as pool:
        live, client, _ = reader(cloud, FakeClock(on_sleep=lambda: both.wait(30)))
        with client:
            found = list(pool.map(lambda id_: live.instance(id_, 1.0), ids))
        assert [one and one.instance_id for one in found] == ids
        assert reads(cloud)["DescribeInstances"] == 1


def test_a_glimpse_grows_old() -> None:
    """After a minute the machine is read again."""
    with Simulator() as cloud:
        live, client, clock = reader(cloud)
        with client:
            before = live.instance_cached("1272168087751233112")
            cloud.patch_instance("1272168087751233112", instanceName="renamed")
            assert live.instance_cached("1272168087751233112") == before
            clock.advance(CATALOG_SECONDS + 1)
            found = live.instance_cached("1272168087751233112")
        assert found is not None
        assert found.instance_name == "renamed"


def test_a_machine_that_no_page_shows_is_read_by_id_and_gone() -> None:
    """Gone means that it was asked for by id, twice."""
    world, ids = account(10)
    with Simulator(world) as cloud:
        live, client, _ = reader(cloud)
        with client:
            assert all(live.instance_cached(id_) for id_ in ids)
            before = reads(cloud)["DescribeInstances"]
            assert live.instance_cached("1499999999999999999") is None
        assert reads(cloud)["DescribeInstances"] == before + 2


def test_a_list_that_many_want_at_the_same_moment_is_read_once() -> None:
    """All resources of a zone begin together, and want its images."""
    with Simulator() as cloud:
        live, client, _ = reader(cloud)
        cloud.add_fault(action="DescribeImages", effect={"type": "delay", "seconds": 0.2})
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda _: live.image("asia-east-1a", "ubuntu2404_20240712"), range(8)))
        client.close()
        assert all(found)
        assert reads(cloud) == {"DescribeImages": 1}
