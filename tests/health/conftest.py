"""Real servers on this machine's loopback, and a machine whose address that is."""

from __future__ import annotations

import contextlib
import socket
import ssl
import subprocess
import threading
from typing import TYPE_CHECKING, Any

import pytest

from zec_pulumi.api import Instance

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class Server:
    """Answers every connection as told, in threads; ``received`` is what the clients sent first."""

    def __init__(self, answer: Callable[[socket.socket], None]) -> None:
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.received: list[bytes] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            self._answer(connection)

    def close(self) -> None:
        # A thread that waits in accept() keeps the socket open until it is shut down.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Start a server: with bytes it says them and hangs up, with a function it does as that says.

    ``asked`` waits for a request first.
    """
    servers: list[Server] = []

    def start(answer: bytes | Callable[[socket.socket], None], *, asked: bool = False) -> Server:
        def say(connection: socket.socket) -> None:
            if asked:
                server.received.append(connection.recv(4096))
            if callable(answer):
                answer(connection)
            else:
                connection.sendall(answer)

        server = Server(say)
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def closed_port() -> int:
    """A port of the loopback that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@pytest.fixture
def tls(tmp_path: Path) -> ssl.SSLContext:
    """A server's side of TLS with a certificate nobody trusts, as a new machine has it."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    options = ["-newkey", "rsa:2048", "-nodes", "-subj", "/CN=somebody.example", "-days", "1"]
    subprocess.run(["openssl", "req", "-x509", *options, "-keyout", key, "-out", certificate], check=True, stderr=-3)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


@pytest.fixture
def machine() -> Callable[..., Instance]:
    """A running instance whose public address is the loopback."""

    def make(**facts: Any) -> Instance:
        basis = {"instanceId": "zec-1", "status": "RUNNING", "publicIpAddresses": ["127.0.0.1"]}
        return Instance.model_validate({**basis, "privateIpAddresses": ["10.0.0.1", "10.0.0.2"], **facts})

    return make
