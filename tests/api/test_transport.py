"""One request on the wire: what is sent, and what is known when it fails."""

from __future__ import annotations

import contextlib
import gzip
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError
from typing import TYPE_CHECKING, Any

import pytest

from zec_pulumi.api import AnswerLostError, BearerToken, Endpoint, NotSentError, Timeouts, TransportError
from zec_pulumi.api.connections import AbandonedError, Exchange
from zec_pulumi.api.exchange import ApiRequest
from zec_pulumi.api.transport import MAX_ANSWER_BYTES, HTTPTransport, client_name
from zec_pulumi.time.clock import SystemClock

if TYPE_CHECKING:
    from pathlib import Path


CALL = ApiRequest("StopInstances", "zec", b'{"instanceIds":["i"]}')
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nSet-Cookie: a=b; path=/\r\n\r\n{}"
# What the fixtures of conftest.py make.
Serve = Callable[..., Any]
Make = Callable[[Endpoint], HTTPTransport]

LIMITS = Timeouts(connect=2.0, read=2.0)
LIMITS_LONG = Timeouts(connect=10.0, read=30.0)


def http(server: Any) -> Endpoint:
    return Endpoint(server.host, "http")


def fails(transport: HTTPTransport) -> TransportError:
    with pytest.raises(TransportError) as caught:
        transport.send(CALL, LIMITS)
    return caught.value


def test_the_request_looks_as_the_sdks_send_it(serve: Serve, transport: Make) -> None:
    server = serve([[OK]])

    transport(http(server)).send(CALL, LIMITS)

    head, body = server.requests[0].split(b"\r\n\r\n")
    line, *headers = head.decode().split("\r\n")
    sent = dict(header.split(": ", 1) for header in headers)
    assert (line, body) == ("POST /api/v2/zec HTTP/1.1", CALL.body)
    assert sent.pop("x-zc-request-client").startswith("zec_pulumi-")
    assert sent.pop("User-Agent").startswith("zec_pulumi-")
    assert sent == {
        "Accept-Encoding": "gzip, deflate",
        "Authorization": "Bearer token-1",
        "Content-Length": str(len(CALL.body)),
        "Content-Type": "application/json",
        "Host": server.host,
        "x-zc-action": "StopInstances",
        "x-zc-service": "zec",
        "x-zc-version": "2025-09-01",
    }


def test_a_connection_is_used_again_and_cookies_are_not_kept(serve: Serve, transport: Make) -> None:
    server = serve([[OK, OK]])
    ours = transport(http(server))

    ours.send(CALL, LIMITS)
    ours.send(CALL, LIMITS)

    assert len(server.requests) == 2
    assert b"cookie" not in server.requests[1].lower()


def test_a_netrc_file_does_not_replace_the_authorization(
    serve: Serve, transport: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    server = serve([[OK]])

    transport(http(server)).send(CALL, LIMITS)

    assert b"Authorization: Bearer token-1\r\n" in server.requests[0]


def test_a_loopback_endpoint_is_not_reached_through_a_proxy(
    serve: Serve, transport: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    server = serve([[OK]])

    assert transport(http(server)).send(CALL, LIMITS).status == 200


def test_a_refused_connection_is_surely_not_sent(transport: Make) -> None:
    error = fails(transport(Endpoint("127.0.0.1:1", "http")))

    assert isinstance(error, NotSentError)
    assert not error.may_have_been_carried_out
    assert str(error) == (
        "StopInstances was not sent: no connection to http://127.0.0.1:1 (connection refused); "
        "check the endpoint and this machine's network, then run again"
    )


def test_an_unknown_host_is_surely_not_sent(transport: Make) -> None:
    error = fails(transport(Endpoint("zec.invalid")))

    assert isinstance(error, NotSentError)
    assert "the host name does not resolve" in str(error)


def test_a_connection_that_ends_in_the_tls_handshake_is_surely_not_sent(serve: Serve, transport: Make) -> None:
    server = serve([[None]])

    error = fails(transport(Endpoint(server.host)))

    assert isinstance(error, NotSentError)
    assert not error.may_have_been_carried_out


def test_a_server_without_tls_is_surely_not_sent_to(serve: Serve, transport: Make) -> None:
    server = serve([[b"HTTP/1.1 400 Bad Request\r\n\r\n"]])

    error = fails(transport(Endpoint(server.host)))

    assert isinstance(error, NotSentError)
    assert "the TLS handshake failed" in str(error)


def test_a_certificate_nobody_vouches_for_ends_it_before_anything_is_sent(
    serve: Serve, transport: Make, certificate: Path
) -> None:
    server = serve([[OK]], certificate)

    error = fails(transport(Endpoint(server.host)))

    assert isinstance(error, NotSentError)
    assert error.permanent
    assert "its TLS certificate is not trusted" in str(error)
    assert server.requests == []


def test_an_answer_that_breaks_inside_tls_is_lost(
    serve: Serve, transport: Make, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    server = serve([[OK, b""], [OK]], certificate)
    ours = transport(Endpoint(server.host))
    assert ours.send(CALL, LIMITS).status == 200

    error = fails(ours)

    assert isinstance(error, AnswerLostError)
    assert len(server.requests) == 2


def test_a_proxy_that_refuses_is_surely_not_sent_through_and_its_password_not_shown(
    serve: Serve, transport: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = serve([[b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"]])
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:proxy-secret@{proxy.host}")
    monkeypatch.setenv("https_proxy", f"http://user:proxy-secret@{proxy.host}")
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("no_proxy", "")

    error = fails(transport(Endpoint("zec.invalid")))

    assert isinstance(error, NotSentError)
    assert "HTTPS_PROXY" in str(error)
    assert "proxy-secret" not in repr(error)


@pytest.mark.parametrize(
    "answer",
    [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{", b"garbage\r\n\r\n"],
)
def test_a_broken_answer_is_lost_and_the_request_not_repeated(serve: Serve, transport: Make, answer: bytes) -> None:
    server = serve([[answer], [OK], [OK]])

    error = fails(transport(http(server)))

    assert isinstance(error, AnswerLostError)
    assert error.may_have_been_carried_out
    assert len(server.requests) == 1


def test_a_pooled_connection_that_breaks_is_not_replaced_behind_our_back(serve: Serve, transport: Make) -> None:
    server = serve([[OK, b""], [OK]])
    ours = transport(http(server))
    ours.send(CALL, LIMITS)

    error = fails(ours)

    assert isinstance(error, AnswerLostError)
    assert len(server.requests) == 2


def test_a_connection_closed_while_idle_is_replaced_before_sending(serve: Serve, transport: Make) -> None:
    server = serve([[OK], [OK]])
    ours = transport(http(server))
    ours.send(CALL, LIMITS)
    assert server.closed.acquire(timeout=30)

    ours.send(CALL, LIMITS)

    assert len(server.requests) == 2


def test_a_garbled_encoding_is_a_lost_answer(serve: Serve, transport: Make) -> None:
    server = serve([[b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc"]])

    assert "garbled" in str(fails(transport(http(server))))


def test_an_earlier_refusal_does_not_excuse_a_later_loss(serve: Serve, transport: Make) -> None:
    fails(transport(Endpoint("127.0.0.1:1", "http")))
    server = serve([[b""]])

    assert isinstance(fails(transport(http(server))), AnswerLostError)


def test_the_original_error_with_the_request_is_not_kept(serve: Serve, transport: Make) -> None:
    server = serve([[b""]])

    error = fails(transport(http(server)))

    assert error.__cause__ is None
    assert error.__context__ is None


def test_without_an_installed_package_the_client_still_has_a_name(
    serve: Serve, transport: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(_name: str) -> str:
        raise PackageNotFoundError

    monkeypatch.setattr("zec_pulumi.api.transport.version", missing)
    client_name.cache_clear()
    server = serve([[OK]])

    transport(http(server)).send(CALL, LIMITS)
    client_name.cache_clear()

    assert b"x-zc-request-client: zec_pulumi-source\r\n" in server.requests[0]


class Dripping:
    """Sends ``start`` and then a byte every tenth of a second, for ever."""

    def __init__(self, start: bytes, drip: bytes) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint = Endpoint(f"127.0.0.1:{self._listener.getsockname()[1]}", "http")
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._serve, args=(start, drip))
        self._thread.start()

    def close(self) -> None:
        self._ended.set()
        self._thread.join(5)
        self._listener.close()

    def _serve(self, start: bytes, drip: bytes) -> None:
        connection, _ = self._listener.accept()
        with connection, contextlib.suppress(OSError):
            connection.recv(65536)
            connection.sendall(start)
            while not self._ended.wait(0.1):
                connection.sendall(drip)


@pytest.fixture(params=["headers", "body"])
def dripping(request: pytest.FixtureRequest) -> Iterator[Dripping]:
    head = b"HTTP/1.1 200 OK\r\n"
    body = head + b"Content-Length: 100000\r\n\r\n"
    server = Dripping(*((head + b"X-Slow: ", b"x") if request.param == "headers" else (body, b" ")))
    yield server
    server.close()


def test_an_answer_that_drips_ends_with_the_time_of_the_whole_exchange(dripping: Dripping, transport: Make) -> None:
    begin = time.monotonic()

    with pytest.raises(AnswerLostError, match="not complete within 1 s"):
        transport(dripping.endpoint).send(CALL, Timeouts(2.0, 2.0, 1.0))

    assert time.monotonic() - begin < 2.0


def test_a_cancel_ends_a_read_in_flight_within_a_second(dripping: Dripping) -> None:
    cancelled = threading.Event()
    ours = HTTPTransport(BearerToken("t"), dripping.endpoint, SystemClock(), cancelled)
    threading.Timer(0.2, cancelled.set).start()
    begin = time.monotonic()

    with pytest.raises(AnswerLostError, match="cancelled"):
        ours.send(ApiRequest("DescribeZones", "zec", b"{}"), LIMITS_LONG)

    assert time.monotonic() - begin < 2.0
    ours.close()


def test_an_answer_is_limited_after_decompression(serve: Serve, transport: Make) -> None:
    packed = gzip.compress(bytes(MAX_ANSWER_BYTES + 1))
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)
    server = serve([[head + packed]])

    with pytest.raises(AnswerLostError, match="longer than 16 MiB"):
        transport(http(server)).send(CALL, LIMITS_LONG)


BOMB = gzip.compress(gzip.compress(bytes(MAX_ANSWER_BYTES)))


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}", "ended too early"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}", "garbled|broke"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFFF\r\n{}", "too early|garbled|broke"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}", "garbled|broke"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip, gzip\r\nContent-Length: %d\r\n\r\n%s" % (len(BOMB), BOMB),
            "encoding",
        ),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 2\r\n\r\n{}", "encoding"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500 + b"\r\n{}", "broke"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n{}", "broke"),
        (b"HTTP/1.1 20000 OK\r\n\r\n{}", "broke"),
        (b"HTTP/1.1 abc\r\n\r\n{}", "broke"),
        (b"\x00\xff\x1b]0;x\x07" * 20 + b"\r\n\r\n", "broke"),
        (b"", "broke"),
    ],
)
def test_what_is_no_http_leaves_the_outcome_open(serve: Serve, transport: Make, answer: bytes, reason: str) -> None:
    """The request was sent, so it may have been carried out; nothing else is raised, and nothing of it is repeated."""
    server = serve([[answer, None]])

    error = fails(transport(http(server)))

    assert isinstance(error, AnswerLostError)
    assert re.search(reason, str(error)), str(error)
    assert str(error).isprintable()
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 307 x\r\nLocation: http://[\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 307 x\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\nSet-Cookie: \xff=;;=\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nRetry-After: 99999999999999999999\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    ],
)
def test_what_is_odd_but_http_is_returned_and_not_followed(serve: Serve, transport: Make, answer: bytes) -> None:
    server = serve([[answer]])

    assert transport(http(server)).send(CALL, LIMITS).body == b"{}"
    assert len(server.requests) == 1


def test_what_is_left_of_a_long_answer_is_not_taken_for_the_next_one(serve: Serve, transport: Make) -> None:
    """A service that says less than it sends could answer a request that has not come yet."""
    forged = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged"
    server = serve([[OK + forged, None], [OK]])
    ours = transport(http(server))

    assert [ours.send(CALL, LIMITS).body, ours.send(CALL, LIMITS).body] == [b"{}", b"{}"]
    assert len(server.requests) == 2


def test_without_a_thread_nothing_was_sent(transport: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system gives no more threads."""

    def refused(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refused)

    assert isinstance(fails(transport(Endpoint("127.0.0.1:1", "http"))), NotSentError)


def test_a_request_that_nobody_waits_for_any_more_is_not_sent() -> None:
    exchange = Exchange()
    exchange.start_connecting()

    assert exchange.abandon()
    with pytest.raises(AbandonedError):
        exchange.start_sending(None)


def test_what_urllib3_does_not_expect_is_a_lost_answer(serve: Serve, transport: Make) -> None:
    server = serve([[b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n{}\r\n"]])

    assert isinstance(fails(transport(http(server))), AnswerLostError)
