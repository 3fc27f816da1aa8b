"""A request to the API, and the HTTP response to it before it is parsed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zec_pulumi.api.timeouts import Timeouts


@dataclass(frozen=True)
class ApiRequest:
    """One action with its encoded parameters.

    Attributes:
        action: E.g. ``StopInstances``.
        service: ``zec``, ``ccs`` or ``zrm``.
        body: The JSON to send, exactly these bytes.
        secrets: Values in ``body`` that no message may repeat.
        is_mutation: Whether it changes anything: its answer is waited for even after a cancel.
    """

    action: str
    service: str
    body: bytes = field(repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    is_mutation: bool = False


@dataclass(frozen=True)
class HttpResponse:
    """An HTTP response, of the API or of a proxy in front of it; header names in lower case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class Transport(Protocol):
    """What carries requests to the API: HTTP, or whatever a test puts in its place."""

    def send(self, call: ApiRequest, timeouts: Timeouts) -> HttpResponse:
        """Send ``call`` once and return the answer, whatever its status; take ``timeouts.total`` seconds at most.

        Raises:
            NotSentError: No connection came about; surely nothing was sent.
            AnswerLostError: Something broke after that.
        """

    def close(self) -> None:
        """Close all connections."""
