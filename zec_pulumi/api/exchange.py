"""A request to the API, and the HTTP response to it before it is parsed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class ApiRequest:
    """One action with its encoded parameters.

    Attributes:
        action: E.g. ``StopInstances``.
        service: ``zec`` or ``ccs``.
        body: The JSON to send, exactly these bytes.
        secrets: Values in ``body`` that no message may repeat.
    """

    action: str
    service: str
    body: bytes = field(repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class HttpResponse:
    """An HTTP response, of the API or of a proxy in front of it; header names in lower case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
