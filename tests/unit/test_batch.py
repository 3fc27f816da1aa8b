"""Reads that are made together."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from zec_pulumi.api import NotFoundError, RateLimitError
from zec_pulumi.batch import GATHER_SECONDS, MOST, Batch
from zec_pulumi.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


class Service:
    """Answers every id with itself; the first request waits until it is let go."""

    def __init__(self) -> None:
        self.requests: list[list[str]] = []
        self.begun, self.let_go = threading.Event(), threading.Event()
        self.unknown: set[str] = set()
        self.fails: Exception | None = None

    def read(self, ids: Sequence[str]) -> Mapping[str, str]:
        self.requests.append(list(ids))
        if len(self.requests) == 1:
            self.begun.set()
            assert self.let_go.wait(30)
        if self.fails and len(self.requests) > 1:
            raise self.fails
        if self.unknown & set(ids):
            raise NotFoundError(
                code="INVALID_INSTANCE_NOT_FOUND", message="", http_status=404, request_id="r", action="Describe"
            )
        return {id_: id_ for id_ in ids if not id_.startswith("missing")}


class Gathering(SystemClock):
    """A clock whose sleepers wake when somebody has come."""

    def __init__(self, come: Callable[[], None]) -> None:
        self.slept: list[float] = []
        self._come = come

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self._come()


def together(service: Service, ids: Sequence[str]) -> list[Future[str | None]]:
    """Ask for all ``ids`` while one request is under way, and let it go once they wait."""
    batch: Batch[str] = Batch(service.read, SystemClock())
    with ThreadPoolExecutor(len(ids) + 1) as pool:
        first = pool.submit(batch.get, "first")
        assert service.begun.wait(30)
        asked = [pool.submit(batch.get, id_) for id_ in ids]
        while len(batch._waiting) < len(ids):
            pass
        service.let_go.set()
        assert first.result(30) == "first"
    return asked


def test_what_is_asked_for_during_a_request_is_read_by_the_next_one() -> None:
    """Together, and never from the answer that was already on its way."""
    service = Service()
    asked = together(service, ["a", "b", "first"])
    assert [future.result() for future in asked] == ["a", "b", "first"]
    assert [sorted(request) for request in service.requests] == [["first"], ["a", "b", "first"]]


def test_the_same_id_stands_in_a_request_once() -> None:
    """Two resources with one machine."""
    service = Service()
    assert [future.result() for future in together(service, ["a", "a"])] == ["a", "a"]
    assert service.requests[1] == ["a"]


def test_a_request_has_a_hundred_ids_at_most() -> None:
    """In the order in which they were asked for."""
    service = Service()
    ids = [str(number) for number in range(2 * MOST + 1)]
    assert [future.result() for future in together(service, ids)] == ids
    assert [len(request) for request in service.requests] == [1, MOST, MOST, 1]


def test_an_id_that_is_not_shown_is_nothing() -> None:
    """The others have their answers."""
    service = Service()
    asked = together(service, ["a", "missing"])
    assert [future.result() for future in asked] == ["a", None]


def test_an_unknown_id_fails_nobody_else() -> None:
    """The API may refuse the whole request for one id: it is found by halving."""
    service = Service()
    service.unknown = {"13"}
    ids = [str(number) for number in range(20)]
    asked = dict(zip(ids, together(service, ids), strict=True))
    with pytest.raises(NotFoundError):
        asked.pop("13").result()
    assert [future.result() for future in asked.values()] == list(asked)


def test_a_failure_of_the_service_reaches_everybody() -> None:
    """A refusal for the rate is not answered with more requests."""
    service = Service()
    service.fails = RateLimitError(code="C", message="", http_status=429, request_id="r", action="Describe")
    for future in together(service, ["a", "b"]):
        with pytest.raises(RateLimitError):
            future.result()
    assert len(service.requests) == 2


def test_a_defect_in_reading_leaves_nobody_waiting() -> None:
    """Whoever waits gets the exception."""
    service = Service()
    service.fails = ZeroDivisionError()
    for future in together(service, ["a", "b"]):
        with pytest.raises(ZeroDivisionError):
            future.result()


def test_a_read_waits_for_others_where_there_are_some() -> None:
    """So that threads which wake at the same time share one request."""
    service = Service()
    service.let_go.set()
    with ThreadPoolExecutor(1) as pool:
        others: list[Future[str | None]] = []

        def come() -> None:
            others.append(pool.submit(batch.get, "b"))
            while len(batch._waiting) < 2:
                pass

        clock = Gathering(come)
        batch: Batch[str] = Batch(service.read, clock, lambda: not others)
        assert batch.get("a") == "a"
        assert others[0].result(30) == "b"
    assert clock.slept == [GATHER_SECONDS]
    assert service.requests == [["a", "b"]]


def test_a_read_that_nobody_can_join_is_made_at_once() -> None:
    """A stack with one machine waits for nothing."""
    service = Service()
    service.let_go.set()
    clock = Gathering(lambda: pytest.fail("slept"))
    assert Batch(service.read, clock).get("a") == "a"
