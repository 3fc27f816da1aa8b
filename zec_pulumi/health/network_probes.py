"""Probes over the network: a TCP connection, an SSH banner, an HTTP status. Each returns, or raises why it failed.

They speak just enough of their protocols, on sockets that never block, so that a server that answers slowly, for ever
or not at all costs no more than the probe's time and a few KiB.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import re
import socket
import ssl
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from zec_pulumi.health.probe_deadline import ProbeDeadline

T = TypeVar("T")

MOST_BYTES = 16 * 1024
"""How much of an answer is read before it counts as none."""

_STATUS_LINE = re.compile(rb"HTTP/1\.[01] (\d{3})(?: [^\r\n]*)?\r?\n")
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_INTERIM = range(100, 200)
_IPV6 = 6


class NotHealthyError(Exception):
    """The machine answered a probe, and not as it should; the text is one line."""


def tcp(address: str, port: int, deadline: ProbeDeadline) -> None:
    """Connect.

    Raises:
        OSError: the connection failed, TimeoutError included.
        StoppedError: as :meth:`ProbeDeadline.check`.
    """
    with _connection(address, port, deadline):
        pass


def ssh(address: str, port: int, deadline: ProbeDeadline) -> None:
    """Read the SSH banner, which other lines may precede (RFC 4253, 4.2).

    Raises:
        OSError, StoppedError: as :func:`tcp`.
        NotHealthyError: there is none.
    """
    with _connection(address, port, deadline) as connection:
        for received in _growing(connection, deadline):
            *lines, _ = received.split(b"\n")
            if any(line.startswith(b"SSH-2.0-") for line in lines):
                return
        raise NotHealthyError("sent no SSH banner")


def http(address: str, port: int, path: str, status: int, deadline: ProbeDeadline, *, tls: bool) -> None:
    """Ask for ``path`` and read the status of the final answer.

    Raises:
        OSError, StoppedError: as :func:`tcp`.
        NotHealthyError: another status, or no HTTP.
    """
    with _connection(address, port, deadline) as connection, _stream(connection, deadline, tls=tls) as stream:
        host = f"[{address}]" if ":" in address else address
        place = host if port == (443 if tls else 80) else f"{host}:{port}"
        _send(stream, f"GET {path} HTTP/1.1\r\nHost: {place}\r\nConnection: close\r\n\r\n".encode(), deadline)
        found = _final_status(stream, deadline)
    if found != status:
        raise NotHealthyError(f"answered {found}, not {status}")


@contextlib.contextmanager
def _connection(address: str, port: int, deadline: ProbeDeadline) -> Iterator[socket.socket]:
    # An address, never a name: a look-up could not be interrupted.
    version = ipaddress.ip_address(address).version
    with socket.socket(socket.AF_INET6 if version == _IPV6 else socket.AF_INET) as connection:
        connection.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            connection.connect((address, port))
        deadline.writable(connection)
        number = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if number:
            raise OSError(number, os.strerror(number))
        yield connection


@contextlib.contextmanager
def _stream(connection: socket.socket, deadline: ProbeDeadline, *, tls: bool) -> Iterator[socket.socket]:
    if not tls:
        yield connection
        return
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # The machine is minutes old and probed by its address: no certificate could prove its name.
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with context.wrap_socket(connection, do_handshake_on_connect=False) as wrapped:
        _when_ready(wrapped.do_handshake, wrapped, deadline, deadline.readable)
        yield wrapped


def _final_status(stream: socket.socket, deadline: ProbeDeadline) -> int:
    for received in _growing(stream, deadline):
        rest = received
        while line := _STATUS_LINE.match(rest):
            number = int(line[1])
            end = _HEAD_END.search(rest)
            if number not in _INTERIM:
                return number
            if end is None:
                break
            rest = rest[end.end() :]
    raise NotHealthyError("did not answer in HTTP")


def _send(stream: socket.socket, content: bytes, deadline: ProbeDeadline) -> None:
    while content:
        sent = _when_ready(lambda: stream.send(content), stream, deadline, deadline.writable)  # noqa: B023 called at once
        content = content[sent:]


def _growing(stream: socket.socket, deadline: ProbeDeadline) -> Iterator[bytes]:
    """Yield all that was received so far, each time more came, up to the end or :data:`MOST_BYTES`."""
    received = b""
    while len(received) < MOST_BYTES:
        more = _when_ready(lambda: stream.recv(4096), stream, deadline, deadline.readable)
        if not more:
            return
        received += more
        yield received


def _when_ready(
    act: Callable[[], T], stream: socket.socket, deadline: ProbeDeadline, wait: Callable[[socket.socket], None]
) -> T:
    """Call ``act`` until it does not block and return its result; ``wait`` waits for the socket unless TLS asks."""
    while True:
        deadline.check()
        try:
            return act()
        except ssl.SSLWantReadError:
            deadline.readable(stream)
        except ssl.SSLWantWriteError:
            deadline.writable(stream)
        except BlockingIOError:
            wait(stream)
