"""Where a simulator listens, and the address that clients on this machine use."""

from __future__ import annotations

import ipaddress
import socket

LOOPBACK = "127.0.0.1"
_EVERYWHERE = {"": LOOPBACK, "0.0.0.0": LOOPBACK, "::": "[::1]"}


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family)
    # Otherwise each answer on a kept connection waits 40 ms for the client's delayed acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def client_host(host: str) -> str:
    """Return the host part of a URL that reaches ``host`` from this machine."""
    return _EVERYWHERE.get(host, f"[{host}]" if ":" in host else host)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what listens on ``host``."""
    return host == "localhost" or (is_address(host) and ipaddress.ip_address(host).is_loopback)


def is_address(host: str) -> bool:
    """Whether ``host`` is an address and not a name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
