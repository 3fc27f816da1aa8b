"""The ledger of accepted mutations, and the log of requests. Tests check them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

# A name that is misspelt, or of another case, is refused, but stands in the log of requests.
_SECRETS = re.compile("pass|pwd|secret|token|user_?data", re.IGNORECASE)
# No action takes as much. What somebody nests deeper than Python goes would break whoever reads the log.
_DEPTH = 8


class Log:
    """An append-only list of JSON objects, numbered by ``sequence`` from 1."""

    def __init__(self) -> None:
        self._entries: list[dict[str, Any]] = []

    def __len__(self) -> int:
        return len(self._entries)

    def append(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Append an entry and return it with its number."""
        entry = {"sequence": len(self._entries) + 1, **fields}
        self._entries.append(entry)
        return entry

    def entries(self, *, after: int = 0, limit: int | None = None) -> list[dict[str, Any]]:
        """Return the entries in order, oldest first.

        Args:
            after: Only those with a greater ``sequence``.
            limit: Only the newest of these.
        """
        after = max(0, after)
        if limit is not None:
            after = max(after, len(self._entries) - limit)
        return [dict(entry) for entry in self._entries[after:]]

    def restore(self, entries: list[dict[str, Any]]) -> None:
        """Go on after these entries."""
        self._entries = entries

    def clear(self) -> None:
        """Forget every entry, as a newly started simulator."""
        self._entries.clear()


class Ledger(Log):
    """The append-only list of accepted mutations, one entry an instance (None: it concerns no instance).

    Args:
        observer: Called with each new entry, for example to print it.
    """

    def __init__(self, observer: Callable[[dict[str, Any]], None] | None = None) -> None:
        super().__init__()
        self._observer = observer
        self.account_entries = 0

    def record(
        self, *, at: float, action: str, instance_id: str | None, request_id: str, parameters: dict[str, Any]
    ) -> None:
        """Append one accepted mutation; the values of secret parameters are masked before they are kept."""
        self.account_entries += instance_id is None
        entry = self.append(
            {
                "at": at,
                "action": action,
                "instanceId": instance_id,
                "requestId": request_id,
                "parameters": masked(parameters),
            }
        )
        if self._observer is not None:
            self._observer(entry)


class RequestLog(Log):
    """Every API request that arrived, refused ones and dropped connections included."""

    def record(self, **fields: Any) -> None:
        """Append one request."""
        self.append(fields)


def masked(parameters: dict[str, Any], depth: int = 0) -> dict[str, Any]:
    """Return the parameters with each secret replaced by ``***``, and what is nested too deeply by ``…``."""
    return {name: "***" if _SECRETS.search(name) else _masked(value, depth) for name, value in parameters.items()}


def _masked(value: Any, depth: int) -> Any:
    if not isinstance(value, dict | list):
        return value
    if depth == _DEPTH:
        return "…"
    return masked(value, depth + 1) if isinstance(value, dict) else [_masked(item, depth + 1) for item in value]
