"""One probe each, against real servers on the loopback."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from zec_pulumi import health
from zec_pulumi.errors import StoppedError, StopReason
from zec_pulumi.health.gate import describe, probe

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Callable

    from tests.health.conftest import Server
    from zec_pulumi.api import Instance
    from zec_pulumi.health import HealthGate

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.fixture
def probed(machine: Callable[..., Instance]) -> Callable[..., str | None]:
    """Probe the loopback once."""
    return lambda gate, seconds=5.0: probe(gate, machine(), seconds, lambda: None)


def never(connection: socket.socket) -> None:
    """Say nothing until the client goes."""
    while connection.recv(4096):
        pass


def drip(connection: socket.socket) -> None:
    """Say something for ever, and never anything to the point."""
    while True:
        connection.sendall(b"X-Header: x\r\n")


def test_a_port_that_listens_is_healthy(probed: Callable[..., str | None], serve: Callable[..., Server]) -> None:
    """Nothing needs to be said."""
    assert probed(health.tcp(serve(never).port)) is None


def test_a_port_that_nobody_listens_on_is_not(probed: Callable[..., str | None], closed_port: int) -> None:
    """Whatever should speak on it."""
    for gate in (health.tcp(closed_port), health.ssh(closed_port), health.http("/", port=closed_port)):
        assert probed(gate) == "connection refused"


@pytest.mark.parametrize(
    ("banner", "said"),
    [
        (b"SSH-2.0-OpenSSH_9.6\r\n", None),
        (b"hello there\r\nSSH-2.0-x\n", None),
        (b"SSH-1.5-old\r\n", "sent no SSH banner"),
        (b"SSH-2.0-unfinished", "sent no SSH banner"),
        (b"220 mail.example ESMTP SSH-2.0-\r\n", "sent no SSH banner"),
        (b"", "sent no SSH banner"),
        (b"x" * 100_000, "sent no SSH banner"),
    ],
)
def test_an_ssh_banner(
    probed: Callable[..., str | None], serve: Callable[..., Server], banner: bytes, said: str | None
) -> None:
    """A line of its own that begins with SSH-2.0-, other lines may come before."""
    assert probed(health.ssh(serve(banner).port)) == said


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (OK, None),
        (b"HTTP/1.0 200\r\n\r\n", None),
        (b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + OK, None),
        (b"HTTP/1.1 503 Service Unavailable\r\n\r\n", "answered 503, not 200"),
        (b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n", "answered 302, not 200"),
        (b"HTTP/1.1 103 Early Hints\r\n\r\n", "did not answer in HTTP"),
        (b"SSH-2.0-x\r\n", "did not answer in HTTP"),
        (b"HTTP/1.1 2000 OK\r\n\r\n", "did not answer in HTTP"),
        (b"", "did not answer in HTTP"),
        (b"x" * 100_000, "did not answer in HTTP"),
    ],
)
def test_an_http_status(
    probed: Callable[..., str | None], serve: Callable[..., Server], answer: bytes, said: str | None
) -> None:
    """The final one counts; redirects are not followed."""
    assert probed(health.http("/healthz", port=serve(answer, asked=True).port)) == said


def test_another_status_may_be_the_healthy_one(probed: Callable[..., str | None], serve: Callable[..., Server]) -> None:
    """A service may have nothing to say."""
    port = serve(b"HTTP/1.1 204 No Content\r\n\r\n", asked=True).port
    assert probed(health.http("/", status=204, port=port)) is None
    assert probed(health.http("/", port=port)) == "answered 204, not 200"


def test_a_request_is_a_plain_get(
    probed: Callable[..., str | None], serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the address itself, past any proxy of the environment."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    server = serve(OK, asked=True)
    assert probed(health.http("/healthz?deep=1", port=server.port)) is None
    expected = f"GET /healthz?deep=1 HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nConnection: close\r\n\r\n"
    assert server.received == [expected.encode()]


def test_https_with_a_certificate_nobody_trusts(
    probed: Callable[..., str | None], serve: Callable[..., Server], tls: ssl.SSLContext
) -> None:
    """A machine minutes old has no other."""

    def answer(connection: socket.socket) -> None:
        with tls.wrap_socket(connection, server_side=True) as wrapped:
            wrapped.recv(4096)
            wrapped.sendall(OK)

    assert probed(health.http("/", port=serve(answer).port, tls=True)) is None


def test_https_where_plain_http_is_spoken(probed: Callable[..., str | None], serve: Callable[..., Server]) -> None:
    """The wrong port is named as what it is."""
    assert probed(health.http("/", port=serve(OK, asked=True).port, tls=True)) == "TLS: wrong version number"


@pytest.mark.parametrize("gate", [health.ssh, lambda port: health.http("/", port=port)], ids=["ssh", "http"])
def test_a_server_that_says_nothing_costs_the_timeout(
    probed: Callable[..., str | None], serve: Callable[..., Server], gate: Callable[[int], HealthGate]
) -> None:
    """And no more."""
    begun = time.monotonic()
    assert probed(gate(serve(never).port), 0.3) == "no answer in 0.3s"
    assert time.monotonic() - begun < 3


@pytest.mark.parametrize("tls", [False, True])
def test_a_server_that_never_ends_is_cut_off(
    probed: Callable[..., str | None],
    serve: Callable[..., Server],
    tls: bool,  # noqa: FBT001 a case
) -> None:
    """A header after another, or a handshake that is none."""
    said = probed(health.http("/", port=serve(drip).port, tls=tls))
    assert said == ("TLS: wrong version number" if tls else "did not answer in HTTP")


def test_a_halt_ends_a_probe_at_once(machine: Callable[..., Instance], serve: Callable[..., Server]) -> None:
    """Long before its timeout."""
    halts = iter([None, None, StopReason.CANCELLED])
    begun = time.monotonic()
    with pytest.raises(StoppedError, match="cancelled"):
        probe(health.ssh(serve(never).port), machine(), 60.0, lambda: next(halts))
    assert time.monotonic() - begun < 10


def test_the_private_address_is_probed_when_asked_for(
    machine: Callable[..., Instance], serve: Callable[..., Server]
) -> None:
    """The first one."""
    live = machine(publicIpAddresses=[], privateIpAddresses=["127.0.0.1", "10.0.0.2"])
    assert probe(health.tcp(serve(never).port, address="private"), live, 5.0, lambda: None) is None


def test_what_is_no_single_address_is_not_probed(
    machine: Callable[..., Instance], serve: Callable[..., Server]
) -> None:
    """A name, an option of a command, a block of addresses."""
    live = machine(publicIpAddresses=["localhost", "-oProxyCommand=x", "fe80::1%-oX", "127.0.0.0/28", "127.0.0.1"])
    assert probe(health.tcp(serve(never).port), live, 5.0, lambda: None) is None
    assert live.public_ip_addresses == ("127.0.0.0/28", "127.0.0.1")


@pytest.mark.parametrize(
    ("gate", "text"),
    [
        (health.tcp(22), "tcp 22 on 203.0.113.7"),
        (health.ssh(), "ssh 22 on 203.0.113.7"),
        (health.ssh(address="private"), "ssh 22 on 10.0.0.1"),
        (health.http("/healthz"), "http://203.0.113.7:80/healthz"),
        (health.http("/", tls=True), "https://203.0.113.7:443/"),
        (health.command(["./check", "--token=s3cret"]), "command ./check"),
    ],
)
def test_what_is_probed_in_words(machine: Callable[..., Instance], gate: HealthGate, text: str) -> None:
    """Of a command the program alone."""
    assert describe(gate, machine(publicIpAddresses=["203.0.113.7"])) == text


def test_an_ipv6_address_stands_in_brackets(machine: Callable[..., Instance]) -> None:
    """As in any URL."""
    assert describe(health.http("/"), machine(publicIpAddresses=["2001:db8::7"])) == "http://[2001:db8::7]:80/"
