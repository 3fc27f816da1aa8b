"""The retry policy, as a table."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from tests.support.clock import FakeClock
from zec_pulumi.api import (
    AccessKey,
    AnswerLostError,
    BearerToken,
    Client,
    Code,
    ConfigurationError,
    Endpoint,
    NotSentError,
    RetryPolicy,
    ServerError,
    Timeouts,
    ZecError,
)
from zec_pulumi.api.caller import Caller
from zec_pulumi.api.classify import api_error
from zec_pulumi.api.exchange import ApiRequest, HttpResponse
from zec_pulumi.api.headers import retry_after
from zec_pulumi.api.rate_limit import RateLimiter
from zec_pulumi.errors import DeadlineError, StoppedError
from zec_pulumi.time.deadline import Deadline

GOOD = HttpResponse(200, {}, b'{"requestId": "T1", "response": {"requestId": "T1"}}')


def answered(status: int, code: str) -> ZecError:
    return api_error({"code": code}, HttpResponse(status, {}, b""), action="A")


def lost(http_status: int | None) -> ZecError:
    return AnswerLostError("lost", action="A", host="h", http_status=http_status)


def unreachable(*, permanent: bool = False) -> ZecError:
    return NotSentError("not sent", action="A", host="h", permanent=permanent)


@pytest.mark.parametrize(
    ("error", "attempt", "again"),
    [
        (unreachable(), 1, True),
        (unreachable(), 3, True),
        (unreachable(), 4, False),
        (unreachable(permanent=True), 1, False),
        (lost(None), 1, True),
        (lost(None), 50, True),
        (lost(200), 1, True),
        (lost(204), 1, False),
        (lost(302), 1, False),
        (lost(404), 1, False),
        (lost(502), 1, True),
        (answered(429, "ANYTHING"), 1, True),
        (answered(400, "REQUEST_LIMIT_EXCEEDED"), 1, True),
        (answered(503, "SERVICE_TEMPORARY_UNAVAILABLE"), 1, True),
        (answered(400, "SERVICE_TEMPORARY_UNAVAILABLE"), 1, True),
        (answered(500, "INTERNAL_SERVER_ERROR"), 1, True),
        (answered(500, "ANYTHING"), 1, True),
        (answered(504, "REQUEST_TIMED_OUT"), 1, True),
        (answered(400, "ANYTHING"), 1, False),
        (answered(401, "AUTHFAILURE_SIGNATURE_FAILURE"), 1, False),
        (answered(403, "SECURITY_CHALLENGE"), 1, False),
        (answered(451, "REQUEST_BLOCKED"), 1, False),
        (answered(404, "INVALID_INSTANCE_NOT_FOUND"), 1, False),
        (answered(400, "UNSUPPORTED_OPERATION_INSTANCE_STATUS"), 1, False),
        (ConfigurationError("wrong"), 1, False),
    ],
)
def test_a_read_is_tried_again_only_after_failures_that_pass(
    error: ZecError,
    attempt: int,
    again: bool,  # noqa: FBT001 -- a table's column
) -> None:
    delay = RetryPolicy().delay(error, attempt=attempt, random_fraction=lambda: 0.5)

    assert (delay is not None) is again


@pytest.mark.parametrize(
    ("attempt", "fraction", "seconds"),
    [(1, 0.0, 0.25), (1, 1.0, 0.5), (2, 1.0, 1.0), (3, 0.5, 1.5), (6, 1.0, 10.0), (10_000, 0.0, 5.0)],
)
def test_waits_double_up_to_a_maximum_and_are_spread(attempt: int, fraction: float, seconds: float) -> None:
    assert RetryPolicy().delay(lost(None), attempt=attempt, random_fraction=lambda: fraction) == seconds


def test_the_server_s_wish_comes_on_top() -> None:
    limited = api_error(
        {"code": Code.REQUEST_LIMIT_EXCEEDED.value}, HttpResponse(429, {"retry-after": "20"}, b""), action="A"
    )

    assert RetryPolicy().delay(limited, attempt=1, random_fraction=lambda: 0.0) == 20.25


class FakeTransport:
    """Fails as told, then answers well; each attempt takes ``takes`` seconds."""

    def __init__(self, clock: FakeClock, failures: list[HttpResponse | ZecError], *, takes: float = 0.0) -> None:
        self.sent: list[Timeouts] = []
        self.calls: list[ApiRequest] = []
        self._clock = clock
        self._failures = iter(failures)
        self._takes = takes

    def send(self, call: ApiRequest, timeouts: Timeouts) -> HttpResponse:
        self.sent.append(timeouts)
        self.calls.append(call)
        self._clock.advance(self._takes)
        outcome = next(self._failures, GOOD)
        if isinstance(outcome, ZecError):
            raise outcome
        return outcome


def caller(transport: Any, clock: FakeClock, *, seconds: float | None = None) -> Caller:
    deadline = None if seconds is None else Deadline(clock, seconds)
    access, cancelled = BearerToken("t"), threading.Event()
    return Caller(
        transport,
        access,
        Endpoint(),
        Timeouts(),
        RetryPolicy(),
        clock,
        RateLimiter(clock, cancelled),
        lambda: 1.0,
        cancelled,
        deadline,
    )


def test_a_read_succeeds_after_failures_that_pass() -> None:
    clock = FakeClock()
    transport = FakeTransport(clock, [lost(None), HttpResponse(502, {}, b"<html>"), HttpResponse(200, {}, b"")])

    assert caller(transport, clock).read("A", {}).request_id == "T1"
    assert clock.slept == [0.5, 1.0, 2.0]


def test_a_read_ends_at_its_deadline_with_the_last_error() -> None:
    clock = FakeClock()
    begin = clock.monotonic()
    transport = FakeTransport(clock, [lost(None)] * 1000)

    with pytest.raises(AnswerLostError):
        caller(transport, clock, seconds=60).read("A", {})
    assert 45 < clock.monotonic() - begin < 60


def test_once_is_a_single_attempt() -> None:
    clock = FakeClock()
    transport = FakeTransport(clock, [HttpResponse(500, {}, b'{"code": "X"}')])

    with pytest.raises(ServerError):
        caller(transport, clock).read("A", {}, once=True)
    assert (len(transport.sent), clock.slept) == (1, [])


def test_a_wait_that_would_cross_the_deadline_is_not_begun() -> None:
    clock = FakeClock()
    limited = HttpResponse(429, {"retry-after": "7200"}, b"")
    transport = FakeTransport(clock, [limited])

    with pytest.raises(ZecError, match="REQUEST_LIMIT_EXCEEDED"):
        caller(transport, clock).read("A", {})
    assert clock.slept == []


def test_a_late_attempt_gets_no_more_time_than_is_left() -> None:
    clock = FakeClock()
    transport = FakeTransport(clock, [lost(None)] * 9, takes=30.0)

    with pytest.raises(AnswerLostError):
        caller(transport, clock, seconds=55).read("A", {})
    assert transport.sent == [Timeouts(10.0, 30.0, 40.0), Timeouts(10.0, 24.5, 24.5)]


@pytest.mark.parametrize("action", ["read", "mutate"])
def test_nothing_is_sent_after_the_deadline(action: str) -> None:
    clock = FakeClock()
    transport = FakeTransport(clock, [])
    late = caller(transport, clock, seconds=10)
    clock.advance(10)

    with pytest.raises(DeadlineError):
        getattr(late, action)("A", {})
    assert transport.sent == []


def test_a_mutation_gets_no_more_time_than_the_operation_has() -> None:
    clock = FakeClock()
    transport = FakeTransport(clock, [])

    caller(transport, clock, seconds=7).mutate("A", {})
    assert transport.sent == [Timeouts(7.0, 7.0, 7.0)]


def test_a_cancel_ends_the_pause_before_a_retry() -> None:
    clock = FakeClock()
    transport = FakeTransport(clock, [lost(None)] * 9)
    ours = caller(transport, clock)
    clock.on_sleep = ours.cancelled.set

    with pytest.raises(StoppedError):
        ours.read("A", {})
    assert len(transport.sent) == 1


@pytest.mark.parametrize("text", ["9" * 400, "7200", "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_retry_after_is_capped(text: str) -> None:
    assert retry_after({"retry-after": text, "date": "Thu, 01 Jan 2026 00:00:00 GMT"}) == 60.0


@pytest.mark.parametrize("text", ["-5", "", "soon", "1e9", "٣", "Fri, 99 Foo 99999 99:99:99", "\x00"])
def test_a_retry_after_that_makes_no_sense_is_ignored(text: str) -> None:
    assert retry_after({"retry-after": text, "date": "also nonsense"}) is None


@pytest.mark.parametrize(
    "failure",
    [
        unreachable(),
        lost(None),
        HttpResponse(200, {}, b""),
        HttpResponse(429, {"retry-after": "0"}, b""),
        HttpResponse(502, {}, b"<html>"),
        HttpResponse(503, {}, b'{"code": "SERVICE_TEMPORARY_UNAVAILABLE"}'),
    ],
)
def test_a_mutation_is_sent_once_whatever_happens(failure: HttpResponse | ZecError) -> None:
    clock = FakeClock()
    transport = FakeTransport(clock, [failure])

    with pytest.raises(ZecError):
        caller(transport, clock).mutate("ResetInstance", {})
    assert (len(transport.sent), clock.slept) == (1, [])


def test_none_is_left_out_of_the_body_and_false_is_sent() -> None:
    clock = FakeClock()
    transport = FakeTransport(clock, [])

    caller(transport, clock).mutate("A", {"no": None, "off": False, "empty": "", "n": 1})

    assert transport.calls[0].body == b'{"off":false,"empty":"","n":1}'


@pytest.mark.parametrize("count", [0, 101])
def test_a_mutation_of_no_or_too_many_instances_is_refused_before_it_is_sent(count: int) -> None:
    with (
        Client(AccessKey("id", "password"), Endpoint("127.0.0.1:1", "http")) as client,
        pytest.raises(ValueError, match="between 1 and 100"),
    ):
        client.start_instances(["i"] * count)
