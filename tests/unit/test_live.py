"""Reads of a process: what is paid for once, and when whole pages are read instead of single machines."""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.cloud import CloudClock, LocalSimulator, LocalTransport, client_of
from zec_pulumi.cloud.reader import BY_ID, CATALOG_SECONDS, CloudReader
from zec_pulumi.simulator import default_world

if TYPE_CHECKING:
    from collections.abc import Callable

WEB = "1272168087751233112"


class Account:
    """An account with some machines more like web-1, whose ``ids`` are known, and a reader of it.

    In another zone it has so many ``elsewhere``.
    """

    def __init__(
        self, machines: int = 0, passed: Callable[[str], object] = lambda _: None, *, elsewhere: int = 0
    ) -> None:
        world = default_world()
        first: dict[str, Any] = next(one for one in world["instances"] if one["instanceId"] == WEB)
        self.ids = [f"14{number:017d}" for number in range(machines)]
        world["instances"] += [{**first, "instanceId": id_, "instanceName": f"m-{id_[-4:]}"} for id_ in self.ids]
        away = {**first, "zoneId": "europe-central-1a"}
        world["instances"] += [{**away, "instanceId": f"15{number:017d}"} for number in range(elsewhere)]
        self.sim = LocalSimulator(seed=world)
        self.clock = CloudClock(self.sim)
        self.reader = CloudReader(client_of(LocalTransport(self.sim.cloud, passed), self.clock), self.clock)

    def reads(self) -> Counter[str]:
        return Counter(request["action"] for request in self.sim.requests())


@pytest.mark.parametrize(("machines", "pages"), [(500, 1), (1500, 2)])
def test_many_machines_cost_pages_not_calls(machines: int, pages: int) -> None:
    """The first few by id, the rest from pages of a thousand."""
    account = Account(machines)
    assert all(account.reader.instance_cached(id_) for id_ in account.ids)
    assert account.reads()["DescribeInstances"] == BY_ID + pages


def test_only_the_zone_of_the_machines_is_listed() -> None:
    """Whatever else the account has elsewhere."""
    account = Account(500, elsewhere=2000)
    assert all(account.reader.instance_cached(id_) for id_ in account.ids)
    assert account.reads()["DescribeInstances"] == BY_ID + 1


def test_one_machine_in_a_large_account_is_read_by_id() -> None:
    """The account is not listed for it."""
    account = Account(1500)
    for _ in range(2):
        assert account.reader.instance_cached(account.ids[0])
    assert account.reads()["DescribeInstances"] == 1


def test_what_is_asked_for_until_the_same_moment_is_one_request() -> None:
    """And the answer is from then, not from before."""
    account, both = Account(2), Barrier(2)
    account.clock.on_sleep = lambda: both.wait(30)
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda id_: account.reader.instance(id_, 1.0), account.ids))
    assert [one and one.instance_id for one in found] == account.ids
    assert account.reads()["DescribeInstances"] == 1


def test_a_glimpse_grows_old() -> None:
    """After a minute the machine is read again."""
    account = Account()
    before = account.reader.instance_cached(WEB)
    account.sim.patch_instance(WEB, instanceName="renamed")
    assert account.reader.instance_cached(WEB) == before
    account.clock.advance(CATALOG_SECONDS + 1)
    found = account.reader.instance_cached(WEB)
    assert found is not None
    assert found.instance_name == "renamed"


def test_a_machine_that_no_page_shows_is_read_by_id_and_gone() -> None:
    """Gone means that it was asked for by id, twice."""
    account = Account(10)
    assert all(account.reader.instance_cached(id_) for id_ in account.ids)
    before = account.reads()["DescribeInstances"]
    assert account.reader.instance_cached("1499999999999999999") is None
    assert account.reads()["DescribeInstances"] == before + 2


def test_a_list_that_many_want_at_the_same_moment_is_read_once() -> None:
    """All resources of a zone begin together, and want its images."""
    account = Account(passed=lambda _: time.sleep(0.1))  # all have come before there is an answer
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(lambda _: account.reader.image("asia-east-1a", "ubuntu2404_20240712"), range(8)))
    assert account.reads() == {"DescribeImages": 1}
