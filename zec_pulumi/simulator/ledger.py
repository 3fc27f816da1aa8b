"""What was asked and what was done: the judge in every test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

SECRETS = frozenset({"password", "userData"})


class Ledger:
    """The append-only list of accepted mutations, one entry an instance (None: it concerns no instance).

    Args:
        observer: Called with each new entry, for example to print it.
    """

    def __init__(self, observer: Callable[[dict[str, Any]], None] | None = None) -> None:
        self._entries: list[dict[str, Any]] = []
        self._observer = observer

    def record(
        self, *, at: float, action: str, instance_id: str | None, request_id: str, parameters: dict[str, Any]
    ) -> None:
        """Append one accepted mutation; the values of secret parameters are masked before they are kept."""
        entry = {
            "sequence": len(self._entries) + 1,
            "at": at,
            "action": action,
            "instanceId": instance_id,
            "requestId": request_id,
            "parameters": masked(parameters),
        }
        self._entries.append(entry)
        if self._observer is not None:
            self._observer(entry)

    def entries(self) -> list[dict[str, Any]]:
        """Return the entries in order, oldest first."""
        return [dict(entry) for entry in self._entries]

    def clear(self) -> None:
        """Forget every entry, as a newly started simulator."""
        self._entries.clear()


class RequestLog:
    """Every API request that arrived, refused ones and dropped connections included."""

    def __init__(self) -> None:
        self._entries: list[dict[str, Any]] = []

    def record(self, **fields: Any) -> None:
        """Append one request."""
        self._entries.append({"sequence": len(self._entries) + 1, **fields})

    def entries(self) -> list[dict[str, Any]]:
        """Return the requests in the order they were answered."""
        return [dict(entry) for entry in self._entries]

    def clear(self) -> None:
        """Forget every request."""
        self._entries.clear()


def masked(parameters: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters with the value of each secret replaced by ``***``."""
    return {name: "***" if name in SECRETS else value for name, value in parameters.items()}
