"""The log of API requests: what it says, what it never says, and what becomes of it in the plugin."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any

import grpc
import pytest

from zec_pulumi.api import (
    AccessKey,
    AnswerLostError,
    Client,
    NotSentError,
    ResetInstanceRequest,
    RetryPolicy,
    ZecError,
)
from zec_pulumi.api.exchange import ApiRequest, HttpResponse
from zec_pulumi.api.request_log import LOG
from zec_pulumi.engine import debug_log
from zec_pulumi.engine.connection import EngineConnection

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET = "TheKeyOfThisTest"
ZONES = HttpResponse(200, {}, b'{"response": {"requestId": "T1", "zoneSet": []}}')
BUSY = HttpResponse(503, {}, b'{"code": "SERVICE_TEMPORARY_UNAVAILABLE", "requestId": "T0", "message": "busy"}')


class Cloud:
    """A transport that gives its answers in turn, each after a quarter of a second, and the clock that shows it."""

    def __init__(self, *answers: HttpResponse | ZecError) -> None:
        self._answers = list(answers)
        self._now = 0.0

    def send(self, _call: ApiRequest, _timeouts: Any) -> HttpResponse:
        self._now += 0.25
        answer = self._answers.pop(0)
        if isinstance(answer, ZecError):
            raise answer
        return answer

    def close(self) -> None:
        """Nothing is open."""

    def now(self) -> float:
        return self._now

    def monotonic(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        self._now += seconds

    def client(self) -> Client:
        return Client(AccessKey("id", SECRET), clock=self, transport=self, retry=RetryPolicy(deadline=60))


@pytest.fixture(autouse=True)
def _listening(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, LOG.name)


def test_each_attempt_of_a_read_is_one_line(caplog: pytest.LogCaptureFixture) -> None:
    Cloud(BUSY, NotSentError("not sent: refused", action="A", host="h"), ZONES).client().describe_zones()
    assert caplog.messages == [
        "DescribeZones attempt 1, 0.250 s: HTTP 503 SERVICE_TEMPORARY_UNAVAILABLE, request T0",
        "DescribeZones attempt 2, 0.250 s: not sent: refused",
        "DescribeZones attempt 3, 0.250 s: HTTP 200, request T1",
    ]
    assert {record.levelno for record in caplog.records} == {logging.DEBUG}


def test_a_mutation_whose_answer_is_lost_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    lost = AnswerLostError("StopInstances was sent, but its answer was lost", action="StopInstances", host="h")
    with pytest.raises(AnswerLostError):
        Cloud(lost).client().stop_instances(["i-1"], force_shutdown=False)
    assert caplog.messages == ["StopInstances attempt 1, 0.250 s: StopInstances was sent, but its answer was lost"]


def test_no_secret_reaches_the_log_even_if_the_answer_repeats_it(caplog: pytest.LogCaptureFixture) -> None:
    """Neither the credential's nor those of the request."""
    request = ResetInstanceRequest(instance_id="i", enable_agent=True, password="Passw0rdOfThisTest", user_data=b"data")
    body = f'{{"response": {{"requestId": "{SECRET}+Passw0rdOfThisTest"}}}}'
    Cloud(HttpResponse(200, {}, body.encode())).client().reset_instance(request)
    assert caplog.messages == ["ResetInstance attempt 1, 0.250 s: HTTP 200, request ***+***"]


def test_an_answer_cannot_write_lines_of_its_own(caplog: pytest.LogCaptureFixture) -> None:
    moved = HttpResponse(302, {"location": "https://a\n::add-mask::b\u001b[2J"}, b"")
    with pytest.raises(AnswerLostError):
        Cloud(moved).client().describe_zones()
    (message,) = caplog.messages
    assert message.isprintable()


class Call:
    """One call to the engine that has not ended."""

    def __init__(self) -> None:
        self.ended = threading.Event()

    def add_done_callback(self, callback: Any) -> None:
        self._callback = callback

    def end(self) -> None:
        self._callback(self)


class Engine:
    """An engine that takes debug lines as told: it never answers by itself."""

    def __init__(self, *, gone: bool = False) -> None:
        self.lines: list[tuple[str, str]] = []
        self.calls: list[Call] = []
        self.gone = gone
        self.Log = self

    def future(self, line: Any, timeout: float) -> Call:
        assert timeout > 0
        if self.gone:
            raise grpc.RpcError
        self.lines.append((line.urn, line.message.partition(" UTC ")[2]))
        self.calls.append(Call())
        return self.calls[-1]


@pytest.fixture
def engine() -> Iterator[Engine]:
    made = Engine()
    handler = debug_log.EngineHandler(EngineConnection(lambda: made))
    handler.attach()
    yield made
    LOG.removeHandler(handler)


def test_a_line_stands_on_the_row_of_its_operation(engine: Engine) -> None:
    """What is logged outside of one, on the stack's; each thread has its own."""
    with debug_log.on_row("urn:web"):
        Cloud(ZONES).client().describe_zones()
        other = threading.Thread(target=lambda: Cloud(ZONES).client().describe_zones())
        other.start()
        other.join()
    Cloud(ZONES).client().describe_zones()
    line = "DescribeZones attempt 1, 0.250 s: HTTP 200, request T1"
    assert engine.lines == [("urn:web", line), ("", line), ("", line)]


def test_an_engine_that_does_not_answer_holds_nothing_up(engine: Engine) -> None:
    """Lines that are on their way are bounded; those above are dropped, until some have arrived."""
    for _ in range(1500):
        LOG.debug("x")
    assert len(engine.lines) == 1000
    for call in engine.calls:
        call.end()
    LOG.debug("y")
    assert engine.lines[-1] == ("", "y")


def test_an_engine_that_is_gone_fails_no_request(engine: Engine) -> None:
    engine.gone = True
    assert Cloud(ZONES).client().describe_zones() == []
    assert engine.lines == []
