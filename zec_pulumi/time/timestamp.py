"""Times as text."""

from __future__ import annotations

from datetime import datetime, timezone


def timestamp(seconds: float) -> str:
    """Return ``seconds`` since the Unix epoch in UTC, as ISO 8601 with whole seconds: ``2025-09-01T12:00:00Z``."""
    return datetime.fromtimestamp(int(seconds), timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
