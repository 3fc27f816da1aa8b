"""How long one attempt to send a request may take."""

from __future__ import annotations

import math
from dataclasses import dataclass

from zec_pulumi.api.errors import ConfigurationError


@dataclass(frozen=True)
class Timeouts:
    """Limits of one attempt, in seconds.

    Attributes:
        connect: Until the connection stands.
        read: Between two pieces of the answer, the first included.
        total: The whole exchange: connect, send and the whole answer. 0: as long as ``connect`` and ``read`` together.

    Raises:
        ConfigurationError: One of them is not a positive number.
    """

    connect: float = 10.0
    read: float = 30.0
    total: float = 0.0

    def __post_init__(self) -> None:
        if not self.total:
            object.__setattr__(self, "total", self.connect + self.read)
        if not all(math.isfinite(value) and value > 0 for value in (self.connect, self.read, self.total)):
            raise ConfigurationError("timeouts must be positive numbers of seconds")

    def within(self, seconds: float) -> Timeouts:
        """Return these limits, none longer than ``seconds``."""
        return Timeouts(min(self.connect, seconds), min(self.read, seconds), min(self.total, seconds))
