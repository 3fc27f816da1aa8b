"""Servers to talk to: the simulator with a client whose waits take no time, and one that breaks on cue."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tests.support.clock import FakeClock
from zec_pulumi.api import AccessKey, BearerToken, Client, Endpoint, Timeouts
from zec_pulumi.api.transport import HTTPTransport
from zec_pulumi.simulator import Simulator
from zec_pulumi.time.clock import SystemClock


@pytest.fixture(scope="session")
def running_simulator() -> Iterator[Simulator]:
    with Simulator(clock="manual") as simulator:
        yield simulator


@pytest.fixture
def sim(running_simulator: Simulator) -> Simulator:
    running_simulator.reset()
    return running_simulator


@pytest.fixture
def clock() -> FakeClock:
    """Signatures are judged by the real time."""
    return FakeClock(wall=time.time())


@pytest.fixture
def endpoint(sim: Simulator) -> Endpoint:
    return Endpoint(sim.host, "http")


@pytest.fixture
def key(sim: Simulator) -> AccessKey:
    return AccessKey(sim.access_key_id, sim.access_key_password)


@pytest.fixture
def client(key: AccessKey, endpoint: Endpoint, clock: FakeClock) -> Iterator[Client]:
    with Client(
        key, endpoint, clock=clock, timeouts=Timeouts(connect=2.0, read=0.3), random_fraction=lambda: 0.0
    ) as client:
        yield client


@pytest.fixture
def actions(sim: Simulator) -> Callable[[], list[str]]:
    """Return the actions that arrived at the simulator, in order."""
    return lambda: [request["action"] for request in sim.requests()]


# For each connection, what it does: read a request and answer these bytes, or close without reading (None).
Script = Sequence[Sequence[bytes | None]]


class ScriptedServer:
    """Serves connections one after the other, each by its own script, and keeps the requests."""

    def __init__(self, script: Script, certificate: Path | None = None) -> None:
        self.requests: list[bytes] = []
        self.closed = threading.Semaphore(0)
        """Released whenever a connection has been closed."""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.host = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._tls = None
        if certificate is not None:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(certificate)
        self._thread = threading.Thread(target=self._serve, args=(script,))
        self._thread.start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)

    def _serve(self, script: Script) -> None:
        for steps in script:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                self._converse(connection, steps)
            self.closed.release()

    def _converse(self, plain: socket.socket, steps: Sequence[bytes | None]) -> None:
        try:
            connection = self._tls.wrap_socket(plain, server_side=True) if self._tls else plain
        except OSError:  # the client does not like our certificate
            return
        with connection:
            for step in steps:
                if step is None:
                    break
                self.requests.append(_read_request(connection))
                connection.sendall(step)


def _read_request(connection: socket.socket) -> bytes:
    data = b""
    while not data.endswith(b"}") and not _is_other(data):
        piece = connection.recv(65536)
        if not piece:
            break
        data += piece
    return data


def _is_other(data: bytes) -> bool:
    """Whether this is the beginning of a TLS handshake, or what a proxy is asked for."""
    return data.startswith(b"\x16") or (data.startswith(b"CONNECT") and data.endswith(b"\r\n\r\n"))


@pytest.fixture
def serve() -> Iterator[Callable[..., ScriptedServer]]:
    servers: list[ScriptedServer] = []

    def start(script: Script, certificate: Path | None = None) -> ScriptedServer:
        servers.append(ScriptedServer(script, certificate))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file with a self-signed certificate of 127.0.0.1 and its key."""
    assert shutil.which("openssl"), "the tests of TLS make their certificate with the openssl command"
    file = tmp_path_factory.mktemp("tls") / "certificate.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=test"
    subprocess.run(
        [*command.split(), "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", file, "-out", f"{file}.crt"],
        check=True,
        capture_output=True,
    )
    file.write_text(file.read_text() + Path(f"{file}.crt").read_text())
    return file


@pytest.fixture
def transport() -> Iterator[Callable[[Endpoint], HTTPTransport]]:
    made: list[HTTPTransport] = []

    def make(endpoint: Endpoint) -> HTTPTransport:
        made.append(HTTPTransport(BearerToken("token-1"), endpoint, SystemClock()))
        return made[-1]

    yield make
    for item in made:
        item.close()
