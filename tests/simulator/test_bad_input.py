"""Clients that are broken, slow or hostile: each gets its answer or is cut off, and nobody else notices."""

from __future__ import annotations

import contextlib
import resource
import socket
from typing import TYPE_CHECKING, Any

import pytest

from zec_pulumi.simulator import serving
from zec_pulumi.simulator.limits import MAX_BODY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zec_pulumi.simulator import Simulator

WEB_1 = "1272168087751233112"
STOP = {"instanceIds": [WEB_1]}
SIGNED = "ZC2-HMAC-SHA256 Credential=simulator-access-key-id, SignedHeaders=content-type;host, Signature="


@pytest.fixture(autouse=True)
def _others_are_served(sim: Simulator, api: Any) -> Iterator[None]:
    """Whatever a test does, another client is served on its old connection, and nothing was done to a machine."""
    api.ok("DescribeZones")
    yield
    api.ok("DescribeZones")
    assert sim.ledger() == []
    assert sim.instance(WEB_1)["status"] == "RUNNING"


@pytest.fixture
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time for a request is as good as over."""
    monkeypatch.setattr(serving, "REQUEST_SECONDS", 0.2)


def connect(sim: Simulator) -> socket.socket:
    host, port = sim.host.split(":")
    return socket.create_connection((host, int(port)), timeout=10)


def head(sim: Simulator, *more: str, path: str = "/api/v2/zec") -> bytes:
    """Return the beginning of an authentic request."""
    lines = [
        f"POST {path} HTTP/1.1",
        f"Host: {sim.host}",
        f"Authorization: Bearer {sim.token}",
        "X-ZC-Action: StopInstances",
        "X-ZC-Version: 2025-09-01",
        "Content-Type: application/json",
        *more,
    ]
    return "".join(f"{line}\r\n" for line in lines).encode()


def rest(connection: socket.socket) -> bytes:
    """Return what comes until the simulator hangs up."""
    received = b""
    with contextlib.suppress(ConnectionResetError):
        while part := connection.recv(65536):
            received += part
    return received


@pytest.mark.parametrize(
    "authorization",
    [
        *("", "Basic eDp5", "Bearer", "Bearer \u00e9", "ZC2-HMAC-SHA256", f"{SIGNED}zz", f"{SIGNED}{'0' * 63}"),
        *(f"{SIGNED}{'g' * 64}", SIGNED.replace("-id,", "-id") + "0" * 64, "Credential=x" * 1000),
    ],
)
def test_malformed_signature_is_401(api: Any, authorization: str) -> None:
    """With the code that says so."""
    headers = {"Authorization": authorization.encode("latin-1"), "X-ZC-Signature-Method": "ZC2-HMAC-SHA256"}

    answer = api.post("StopInstances", STOP, headers={**headers, "X-ZC-Timestamp": "1700000000"})

    assert (answer.status_code, answer.json()["code"]) == (401, "AUTHFAILURE_INVALID_AUTHORIZATION")


@pytest.mark.parametrize("path", ["/api/v2/zec/", "/api/v2", "/api/v1/zec", "/", "/api/v2/zec/StopInstances", "/%00"])
def test_wrong_path_is_404(sim: Simulator, api: Any, path: str) -> None:
    """Or 405 where only a page is, and never a redirect that would carry credentials elsewhere."""
    answer = api.session.post(
        f"{sim.url}{path}", json=STOP, headers=api.headers("StopInstances"), allow_redirects=False, timeout=10
    )

    assert answer.status_code == (405 if path == "/" else 404)


@pytest.mark.parametrize(
    ("service", "version", "action"),
    [
        ("zec", "2025-09-01", "StopInstance"),
        ("zec", "2025-09-01", "stopinstances"),
        ("zec", "2019-01-01", "StopInstances"),
        ("zec", "x" * 5000, "StopInstances"),
        ("ccs", "2025-09-01", "StopInstances"),
        ("nothing", "2025-09-01", "StopInstances"),
    ],
)
def test_what_does_not_exist_is_403(api: Any, service: str, version: str, action: str) -> None:
    """An action, a version and a service."""
    answer = api.post(action, STOP, service=service, version=version)

    assert (answer.status_code, answer.json()["code"]) == (403, "AUTHFAILURE_UNAUTHORIZED_OPERATION")


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b'{"instanceIds": "x"}', b'{"instanceIds": [1]}'),
        *(
            b'{"instanceIds": {"0": "x"}}',
            b'{"instanceIds": ["x"], "forceShutdown": "yes"}',
            b'{"instanceIds": [null]}',
        ),
        *(b"[" * 100_000, b'{"instanceIds": [' + b"[" * 100_000, b'{"a": 1e999}', b'{"a": NaN}', b"1" * 5000),
    ],
    ids=range(16),
)
def test_wrong_types_are_400(api: Any, body: bytes) -> None:
    """Whatever is not an object of the right types, nested without end too."""
    answer = api.post("StopInstances", body)

    assert answer.status_code == 400
    assert answer.json()["code"].startswith(("INVALID_PARAMETER", "MISSING_PARAMETER"))


def test_huge_body_is_refused_before_it_is_read(sim: Simulator) -> None:
    """By what it announces, for the administration too."""
    for path in ("/api/v2/zec", "/_simulator/faults"):
        with connect(sim) as connection:
            connection.sendall(head(sim, f"Content-Length: {10**12}", path=path) + b"\r\n")
            assert rest(connection).startswith(b"HTTP/1.1 413 ")


def test_huge_body_of_unknown_length_is_cut_off(sim: Simulator) -> None:
    """As soon as it is too large."""
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    with connect(sim) as connection:
        connection.sendall(head(sim, "Transfer-Encoding: chunked") + b"\r\n")
        with contextlib.suppress(ConnectionError):
            for _ in range(4 * MAX_BODY // 0x10000):
                connection.sendall(chunk)
        assert rest(connection).startswith((b"HTTP/1.1 413 ", b""))


def test_body_of_the_largest_size_is_read(api: Any) -> None:
    """It is refused for what is in it."""
    body = b'{"instanceIds": ["' + b"x" * (MAX_BODY - 21) + b'"]}'

    assert len(body) == MAX_BODY
    assert api.post("StopInstances", body).json()["code"] == "INVALID_INSTANCE_NOT_FOUND"
    assert api.post("StopInstances", body + b" ").status_code == 413


@pytest.mark.parametrize(
    "line",
    [f"X-Filler: {'x' * 200_000}", "Content-Length: -1", "Content-Length: 1\r\nContent-Length: 2", "none", "\x00: x"],
    ids=range(5),
)
def test_headers_that_cannot_be_are_400(sim: Simulator, line: str) -> None:
    """Too long, contradictory or no headers at all; the connection is closed."""
    with connect(sim) as connection:
        with contextlib.suppress(ConnectionError):
            connection.sendall(head(sim, line) + b"\r\n{}")
        assert rest(connection).startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 413 "))


@pytest.mark.usefixtures("_hurried")
@pytest.mark.parametrize("sent", ["", "head", "body"])
def test_client_that_stops_sending_is_cut_off(sim: Simulator, sent: str) -> None:
    """Before its first byte, in its headers and in its body."""
    with connect(sim) as connection:
        if sent:
            connection.sendall(head(sim, "Content-Length: 40") + (b'\r\n{"instanceIds"' if sent == "body" else b""))
        assert rest(connection) == b""


@pytest.mark.usefixtures("_hurried")
@pytest.mark.parametrize("part", ["head", "body"])
def test_client_that_sends_byte_by_byte_is_cut_off(sim: Simulator, part: str) -> None:
    """Slowloris: each byte comes in time, the whole does not."""
    with connect(sim) as connection:
        connection.settimeout(0.02)
        connection.sendall(head(sim, "Content-Length: 1000000") + (b"\r\n" if part == "body" else b"X-Slow: "))
        for _ in range(1000):
            try:
                assert connection.recv(1) == b""
                break
            except TimeoutError:
                connection.sendall(b"x")
            except ConnectionError:
                break
        else:
            pytest.fail("it was let in")


@pytest.mark.usefixtures("_hurried")
def test_kept_connection_has_its_time_for_each_request(sim: Simulator, api: Any) -> None:
    """The time of the first is not counted against the second."""
    for _ in range(20):
        sim.add_fault(action="DescribeZones", nth=1, effect={"type": "delay", "seconds": 0.03})
        api.ok("DescribeZones")

    assert len(sim.requests()) == 21


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"advance": Infinity}', b"\xff"], ids=range(3))
def test_administration_refuses_what_is_no_json(api: Any, body: bytes) -> None:
    """With a sentence."""
    answer = api.session.post(f"{api.sim.url}/_simulator/clock", data=body, timeout=10)

    assert (answer.status_code, list(answer.json())) == (400, ["error"])


def test_client_that_goes_away_in_the_middle_is_forgotten(sim: Simulator) -> None:
    """What has not arrived as a whole is not carried out."""
    with connect(sim) as connection:
        connection.sendall(head(sim, "Content-Length: 45") + b'\r\n{"instanceIds": ["1272168087751233112"]')


@pytest.fixture
def _many_files() -> Iterator[None]:
    """Room for both ends of a thousand connections in this process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 4096 if hard == resource.RLIM_INFINITY else min(hard, 4096)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("_many_files")
def test_a_thousand_idle_connections_disturb_nobody(sim: Simulator, api: Any) -> None:
    """A new client and an old one are served meanwhile."""
    with contextlib.ExitStack() as stack:
        for _ in range(1000):
            stack.enter_context(connect(sim))
        api.ok("DescribeZones")
        with connect(sim) as connection:
            connection.sendall(head(sim, "Content-Length: 2", "Connection: close") + b"\r\n{}")
            assert rest(connection).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize(
    ("service", "version", "action", "rest"),
    [
        ("zec", "2025-09-01", "CreateSnapshot", "the cloud may have it."),
        ("zrm", "2025-10-14", "DescribeResources", "the cloud may have it."),
        ("zec", "2024-04-01", "CreateImage", "it has it in zec 2025-09-01."),
        ("vm", "2023-03-13", "DescribeKeyPairs", "it has it in zec 2024-04-01, ccs 2025-09-01."),
    ],
)
def test_what_is_not_modelled_is_named(api: Any, service: str, version: str, action: str, rest: str) -> None:
    """So that nobody searches in a client for what the simulator lacks."""
    answer = api.post(action, {}, service=service, version=version)

    assert (answer.status_code, answer.json()["code"]) == (403, "AUTHFAILURE_UNAUTHORIZED_OPERATION")
    said = f"This simulator lacks the action {action} of service {service}, version {version}; "
    assert answer.json()["message"] == said + rest
