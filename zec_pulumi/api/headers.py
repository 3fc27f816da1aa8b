"""Reads the response headers ``Retry-After`` and ``Date``."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


MAX_RETRY_AFTER_SECONDS = 60.0
"""Longest pause that the client grants. Rate limits count by the second or the minute; after a minute it asks again."""


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds to wait, 60 at most, or None without a usable header; names in lower case. Never raises.

    The API sends whole seconds; proxies in front of it may send a date, counted from the answer's own.
    """
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text), MAX_RETRY_AFTER_SECONDS)
    until, sent = _timestamp(text), server_time(headers)
    return None if until is None or sent is None else min(max(until - sent, 0.0), MAX_RETRY_AFTER_SECONDS)


def server_time(headers: Mapping[str, str]) -> float | None:
    """Return the header ``Date`` as seconds since the Unix epoch, or None without a usable one."""
    return _timestamp(headers.get("date", ""))


def clock_difference(headers: Mapping[str, str], now: float) -> str:
    """Return how far this machine's clock is from the server's ``Date``, in words; empty if unknown."""
    server = server_time(headers)
    if server is None:
        return ""
    seconds = round(now - server)
    return f"this machine's clock is {abs(seconds)} s {'ahead of' if seconds > 0 else 'behind'} the server's"


def _timestamp(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError, TypeError, IndexError, OSError):
        return None
