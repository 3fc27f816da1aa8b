"""What this operation has refreshed: in ``up --refresh`` that is newer than the last snapshot of the stack."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_records: dict[str, dict[str, Any]] = {}
_lock = threading.Lock()


def note(urn: str, outputs: Mapping[str, Any]) -> None:
    """Take note of a resource as it was read; empty when it is gone."""
    with _lock:
        _records[urn] = dict(outputs)


def over(records: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the records of a snapshot with what was refreshed since in their place."""
    with _lock:
        newest = {urn: _records.get(urn, record) for urn, record in records.items()}
    return {urn: record for urn, record in newest.items() if record}
