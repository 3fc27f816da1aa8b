"""Reads that are made together."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.support.clock import FakeClock
from zec_pulumi.api import InvalidRequestError, NotFoundError, RateLimitError, ZecError
from zec_pulumi.cloud.coalescer import (
    GATHER_SECONDS,
    GATHERINGS,
    MAX_IDS,
    Request,
    RequestCoalescer,
    names_instance,
    says_gone,
)
from zec_pulumi.errors import DeadlineError
from zec_pulumi.time.deadline import Deadline

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Service:
    """Answers every id with itself; the first request waits until it is let go."""

    def __init__(self) -> None:
        self.requests: list[list[str]] = []
        self.begun, self.let_go = threading.Event(), threading.Event()
        self.unknown: set[str] = set()
        self.fails: Exception | None = None

    def read(self, ids: Sequence[str], _deadline: Deadline | None) -> Mapping[str, str]:
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


def together(service: Service, ids: Sequence[str]) -> list[str | Exception | None]:
    """Ask for all ``ids`` while one request is under way; return the answer to each, or its error."""
    coalescer: RequestCoalescer[str] = RequestCoalescer(service.read, FakeClock())

    def answer(request: Request[str]) -> str | Exception | None:
        try:
            return coalescer.answer(request)
        except (ZecError, ZeroDivisionError) as error:
            return error

    with ThreadPoolExecutor(1) as pool, ExitStack() as stack:
        first = pool.submit(coalescer.get, "first")
        assert service.begun.wait(30)
        asked = [stack.enter_context(coalescer.request(id_)) for id_ in ids]
        service.let_go.set()
        assert first.result(30) == "first"
        return [answer(request) for request in asked]


def test_what_is_asked_for_during_a_request_is_read_by_the_next_one() -> None:
    """Together, and never from the answer that was already on its way."""
    service = Service()
    assert together(service, ["a", "b", "first"]) == ["a", "b", "first"]
    assert [sorted(request) for request in service.requests] == [["first"], ["a", "b", "first"]]


def test_the_same_id_stands_in_a_request_once() -> None:
    """Two resources with one machine."""
    service = Service()
    assert together(service, ["a", "a"]) == ["a", "a"]
    assert service.requests[1] == ["a"]


def test_a_request_has_a_hundred_ids_at_most() -> None:
    """In the order in which they were asked for."""
    service = Service()
    ids = [str(number) for number in range(2 * MAX_IDS + 1)]
    assert together(service, ids) == ids
    assert [len(request) for request in service.requests] == [1, MAX_IDS, MAX_IDS, 1]


def test_an_id_that_is_not_shown_is_nothing() -> None:
    """The others have their answers."""
    service = Service()
    assert together(service, ["a", "missing"]) == ["a", None]


def test_an_unknown_id_fails_nobody_else() -> None:
    """The API may refuse the whole request for one id: it is found by halving."""
    service = Service()
    service.unknown = {"13"}
    ids = [str(number) for number in range(20)]
    asked = dict(zip(ids, together(service, ids), strict=True))
    assert isinstance(asked.pop("13"), NotFoundError)
    assert list(asked.values()) == list(asked)


def test_a_failure_of_the_service_reaches_everybody() -> None:
    """A refusal for the rate is not answered with more requests."""
    service = Service()
    service.fails = RateLimitError(code="C", message="", http_status=429, request_id="r", action="Describe")
    assert together(service, ["a", "b"]) == [service.fails] * 2
    assert len(service.requests) == 2


def test_a_defect_in_reading_leaves_nobody_waiting() -> None:
    """Whoever waits gets the exception."""
    service = Service()
    service.fails = ZeroDivisionError()
    assert together(service, ["a", "b"]) == [service.fails] * 2


def test_a_read_waits_for_others_as_long_as_they_come() -> None:
    """So that threads which wake at the same time share one request."""
    service = Service()
    service.let_go.set()
    coming = ["b", "c"]
    with ExitStack() as others:

        def come() -> None:
            if coming:
                others.enter_context(coalescer.request(coming.pop(0)))

        clock = FakeClock(on_sleep=come)
        coalescer: RequestCoalescer[str] = RequestCoalescer(service.read, clock, lambda: True)
        assert coalescer.get("a") == "a"
    assert clock.slept == [GATHER_SECONDS] * 3
    assert service.requests == [["a", "b", "c"]]


def test_a_read_does_not_wait_for_ever_for_others() -> None:
    """However many still come."""
    service = Service()
    service.let_go.set()
    with ExitStack() as others:
        clock = FakeClock(on_sleep=lambda: others.enter_context(coalescer.request("other")))
        coalescer: RequestCoalescer[str] = RequestCoalescer(service.read, clock, lambda: True)
        assert coalescer.get("a") == "a"
    assert clock.slept == [GATHER_SECONDS] * GATHERINGS


def test_a_full_request_is_not_held_back_for_others() -> None:
    """Nobody could join it."""
    service = Service()
    service.let_go.set()
    clock = FakeClock(on_sleep=lambda: pytest.fail("slept"))
    coalescer: RequestCoalescer[str] = RequestCoalescer(service.read, clock, lambda: True)
    with ExitStack() as asked:
        for number in range(MAX_IDS - 1):
            asked.enter_context(coalescer.request(str(number)))
        assert coalescer.get("last") == "last"
    assert [len(request) for request in service.requests] == [MAX_IDS]


def test_whoever_wakes_first_reads_for_all_whose_time_has_come() -> None:
    """And for no other: an answer from before its time could be one from before the last look."""
    service, clock = Service(), FakeClock()
    service.let_go.set()
    coalescer: RequestCoalescer[str] = RequestCoalescer(service.read, clock)
    with coalescer.request("sleeps", 5.0) as sleeps, coalescer.request("sleeps longer", 5.1) as longer:
        coalescer.get("early")
        clock.advance(5.0)
        coalescer.get("awake")
        assert coalescer.answer(sleeps) == "sleeps"
        assert not longer.answered
        clock.advance(0.1)
        assert coalescer.answer(longer) == "sleeps longer"
    assert service.requests == [["early"], ["sleeps", "awake"], ["sleeps longer"]]


def test_whoever_is_woken_before_its_time_is_answered_at_once() -> None:
    """It has its reasons: the time may be up."""
    service = Service()
    service.let_go.set()
    coalescer: RequestCoalescer[str] = RequestCoalescer(service.read, FakeClock())
    with coalescer.request("woken", 5.0) as woken:
        assert coalescer.answer(woken) == "woken"


def test_who_has_left_is_not_read() -> None:
    """A wait may end while it sleeps."""
    service, clock = Service(), FakeClock()
    service.let_go.set()
    coalescer: RequestCoalescer[str] = RequestCoalescer(service.read, clock)
    with coalescer.request("leaves", 5.0):
        pass
    clock.advance(6.0)
    coalescer.get("stays")
    assert service.requests == [["stays"]]


def test_the_longest_due_come_first() -> None:
    """Those that ask again and again cannot keep the others out."""
    service, clock = Service(), FakeClock()
    service.let_go.set()
    coalescer: RequestCoalescer[str] = RequestCoalescer(service.read, clock)
    with ExitStack() as asked:
        for number in range(MAX_IDS):
            asked.enter_context(coalescer.request(f"later {number}", 2.0))
        asked.enter_context(coalescer.request("longest due", 1.0))
        clock.advance(3.0)
        coalescer.get("newest")
    assert service.requests[0][0] == "longest due"
    assert [len(request) for request in service.requests] == [MAX_IDS, 2]
    assert service.requests[1][-1] == "newest"


def test_a_full_request_lets_the_next_begin() -> None:
    """The second hundred need not wait for the answer to the first."""
    service = Service()
    coalescer: RequestCoalescer[str] = RequestCoalescer(service.read, FakeClock())
    with ThreadPoolExecutor(2) as pool, ExitStack() as asked:
        for number in range(MAX_IDS - 1):
            asked.enter_context(coalescer.request(str(number)))
        full = pool.submit(coalescer.get, "full")
        assert service.begun.wait(30)
        assert pool.submit(coalescer.get, "next").result(30) == "next"
        assert not full.done()
        service.let_go.set()
        assert full.result(30) == "full"


def test_a_read_that_nobody_can_join_is_made_at_once() -> None:
    """A stack with one machine waits for nothing."""
    service = Service()
    service.let_go.set()
    clock = FakeClock(on_sleep=lambda: pytest.fail("slept"))
    assert RequestCoalescer(service.read, clock).get("a") == "a"


def test_a_refusal_that_names_no_instance_is_not_split() -> None:
    """Else one 400 would become 199 requests for a hundred machines."""
    service = Service()
    service.fails = InvalidRequestError(
        code="INVALID_PARAMETER_VALUE", message="", http_status=400, request_id="r", action="Describe"
    )
    assert together(service, [str(number) for number in range(MAX_IDS)]) == [service.fails] * MAX_IDS
    assert len(service.requests) == 2


def test_nobody_waits_past_its_own_deadline_for_the_request_of_another() -> None:
    """The first one's time is longer, and its request hangs."""
    service, clock = Service(), FakeClock()
    coalescer: RequestCoalescer[str] = RequestCoalescer(service.read, clock)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(coalescer.get, "first", Deadline(clock, 60.0))
        assert service.begun.wait(30)
        second = pool.submit(coalescer.get, "second", Deadline(clock, 1.0))
        clock.advance(2.0)
        with pytest.raises(DeadlineError):
            second.result(30)
        service.let_go.set()
        assert first.result(30) == "first"


def test_a_reader_whose_time_is_up_leaves_the_others_to_the_next() -> None:
    """Only its own lookup fails."""
    clock = FakeClock()
    requests: list[list[str]] = []

    def read(ids: Sequence[str], deadline: Deadline | None) -> Mapping[str, str]:
        requests.append(list(ids))
        if deadline is not None:
            clock.advance(5.0)
            raise DeadlineError("too late", None)
        return {id_: id_ for id_ in ids}

    coalescer: RequestCoalescer[str] = RequestCoalescer(read, clock)
    with coalescer.request("other") as other:
        with pytest.raises(DeadlineError):
            coalescer.get("short", Deadline(clock, 1.0))
        assert coalescer.answer(other) == "other"
    assert requests == [["other", "short"], ["other"]]


@pytest.mark.parametrize(
    ("code", "status", "request_id", "gone"),
    [
        ("INVALID_INSTANCE_NOT_FOUND", 404, "T1", True),
        ("OPERATION_FAILED_RESOURCE_NOT_FOUND", 400, "T1", True),
        ("INVALID_INSTANCE_NOT_FOUND", 404, "", False),
        ("INVALID_INSTANCE_NOT_FOUND", 500, "T1", False),
        ("INVALID_INSTANCE_NOT_FOUND", 503, "T1", False),
        ("INVALID_INSTANCE_NOT_FOUND", 200, "T1", False),
        ("RESOURCE_NOT_FOUND", 404, "T1", False),
        ("INVALID_IMAGE_NOT_FOUND", 404, "T1", False),
    ],
)
def test_gone_is_what_the_api_itself_says(
    code: str,
    status: int,
    request_id: str,
    gone: bool,  # noqa: FBT001 a table's column
) -> None:
    """Whatever stands in front of it may lack a resource, too."""
    error = NotFoundError(code=code, message="", http_status=status, request_id=request_id, action="Describe")
    assert says_gone(error) is gone


@pytest.mark.parametrize(
    ("code", "one"),
    [
        ("INVALID_INSTANCE_NOT_FOUND", True),
        ("OPERATION_FAILED_RESOURCE_NOT_FOUND", True),
        ("INVALID_ZONE_NOT_FOUND", False),
    ],
)
def test_a_refusal_for_one_id_is_told_from_one_as_a_whole(code: str, *, one: bool) -> None:
    """Only for the first is a request split."""
    error = NotFoundError(code=code, message="", http_status=404, request_id="T1", action="Describe")
    assert names_instance(error) is one
