"""The engine's side: the only package that touches internals of the Pulumi SDK. All of it degrades, never fails."""

from zec_pulumi.engine.call import PROVIDER_KEY, Call, CallFailedError, current_call
from zec_pulumi.engine.plugin import crowded, operation, prepare, told_to_stop
from zec_pulumi.engine.terminal import is_interactive

__all__ = [
    "PROVIDER_KEY",
    "Call",
    "CallFailedError",
    "crowded",
    "current_call",
    "is_interactive",
    "operation",
    "prepare",
    "told_to_stop",
]
