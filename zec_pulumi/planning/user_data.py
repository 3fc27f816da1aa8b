"""What user data is, apart from how it is packed. Pure functions."""

from __future__ import annotations

import hashlib


def content_digest(data: bytes) -> str:
    """Return a digest of what the machine runs: the same for two packings of the same content."""
    return hashlib.sha256(data).hexdigest()
