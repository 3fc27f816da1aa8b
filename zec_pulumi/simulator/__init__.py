"""A sandbox cloud: an HTTP server on loopback that speaks the protocol of the ZEC API.

It imports nothing of the rest of this package, so that it checks the client independently.
"""

from __future__ import annotations

from zec_pulumi.simulator.assertions import assert_mutations, assert_rebuilt, assert_restored, assert_untouched
from zec_pulumi.simulator.server import Simulator
from zec_pulumi.simulator.world import SetupError, default_world

__all__ = [
    "SetupError",
    "Simulator",
    "assert_mutations",
    "assert_rebuilt",
    "assert_restored",
    "assert_untouched",
    "default_world",
]
