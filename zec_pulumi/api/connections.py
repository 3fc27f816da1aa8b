"""Connections that record how far a request has come, and that another thread can stop.

When sending fails, one question decides what a mutation's error may claim: had any byte of the request
left? The types of urllib3's exceptions do not answer it (a reset connection looks the same during the TLS
handshake and after the request), so the connections themselves record it. Without a record the answer is
"perhaps", never "no".
"""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection


class AbandonedError(OSError):
    """Nobody waits for this request any more, so it is not sent."""


class Exchange:
    """One request and its answer, between the thread that sends it and the thread that waits for it; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connecting = False
        self._sending = False
        self._abandoned = False
        self._socket: Any = None

    def bind(self) -> None:
        """Make this the exchange of the calling thread, which sends one request at a time."""
        _current.exchange = self

    def start_connecting(self) -> None:
        """Record that a connection is being made."""
        self._connecting = True

    def start_sending(self, sock: Any) -> None:
        """Record that the request leaves now.

        Raises:
            AbandonedError: nobody waits for it any more.
        """
        with self._lock:
            if self._abandoned:
                raise AbandonedError("abandoned before it was sent")
            self._sending = True
            self._socket = sock

    def surely_not_sent(self) -> bool:
        """Whether the request ended before its connection stood."""
        return self._connecting and not self._sending

    def abandon(self) -> bool:
        """Have nothing more sent, and cut the connection; return whether the request surely was not sent."""
        with self._lock:
            self._abandoned = True
            if self._socket is not None:
                # Not every kind of socket can do it; its thread then ends at the next time-out.
                with contextlib.suppress(Exception):
                    self._socket.shutdown(socket.SHUT_RDWR)
            return not self._sending


class _Current(threading.local):
    exchange: Exchange = Exchange()


_current = _Current()


class _HTTPConnection(HTTPConnection):
    def connect(self) -> None:
        _current.exchange.start_connecting()
        super().connect()

    def request(self, *args: Any, **kwargs: Any) -> None:
        if self.sock is None:
            self.connect()
        _current.exchange.start_sending(self.sock)
        super().request(*args, **kwargs)


class _HTTPSConnection(HTTPSConnection):
    def connect(self) -> None:
        _current.exchange.start_connecting()
        super().connect()

    def request(self, *args: Any, **kwargs: Any) -> None:
        # Unlike plain ones, TLS connections are always connected by the pool, before this.
        _current.exchange.start_sending(self.sock)
        super().request(*args, **kwargs)


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _HTTPConnection


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _HTTPSConnection


class Adapter(HTTPAdapter):
    """The adapter for both schemes: such connections, pooled, and never a request sent twice.

    Args:
        pool_size: Connections kept open; more threads than that open extra ones.
    """

    def __init__(self, pool_size: int) -> None:
        super().__init__(pool_connections=1, pool_maxsize=pool_size, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Let the pool make our connections."""
        super().init_poolmanager(*args, **kwargs)
        _use_our_pools(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> PoolManager:
        """Let the proxy's pool make our connections, too."""
        manager: PoolManager = super().proxy_manager_for(proxy, **kwargs)
        _use_our_pools(manager)
        return manager


def _use_our_pools(manager: PoolManager) -> None:
    manager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}
