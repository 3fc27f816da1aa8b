"""Connections that record whether a request was begun on them.

When sending fails, one question decides what a mutation's error may claim: had any byte of the request
left? The types of urllib3's exceptions do not answer it (a reset connection looks the same during the TLS
handshake and after the request), so the connections themselves record it. Without a record the answer is
"perhaps", never "no".
"""

from __future__ import annotations

import threading
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection


class _Progress(threading.local):
    """How far this thread's request has come; a thread sends one request at a time."""

    connecting = False
    sending = False


_progress = _Progress()


def begin() -> None:
    """Forget the previous request of this thread."""
    _progress.connecting = _progress.sending = False


def surely_not_sent() -> bool:
    """Whether this thread's request ended before its connection stood."""
    return _progress.connecting and not _progress.sending


class _HTTPConnection(HTTPConnection):
    def connect(self) -> None:
        _progress.connecting = True
        super().connect()

    def request(self, *args: Any, **kwargs: Any) -> None:
        if self.sock is None:
            self.connect()
        _progress.sending = True
        super().request(*args, **kwargs)


class _HTTPSConnection(HTTPSConnection):
    def connect(self) -> None:
        _progress.connecting = True
        super().connect()

    def request(self, *args: Any, **kwargs: Any) -> None:
        # Unlike plain ones, TLS connections are always connected by the pool, before this.
        _progress.sending = True
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
