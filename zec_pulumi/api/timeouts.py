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

    Raises:
        ConfigurationError: One of them is not a positive number.
    """

    connect: float = 10.0
    read: float = 30.0

    def __post_init__(self) -> None:
        if not all(math.isfinite(value) and value > 0 for value in (self.connect, self.read)):
            raise ConfigurationError("timeouts must be positive numbers of seconds")

    def within(self, seconds: float) -> Timeouts:
        """Return these limits, none longer than ``seconds``."""
        return Timeouts(connect=min(self.connect, seconds), read=min(self.read, seconds))
