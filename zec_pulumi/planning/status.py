"""What the instance statuses mean for a rebuild. Source: enums of DescribeInstances, zec 2025-09-01."""

from __future__ import annotations

RUNNING = "RUNNING"
STOPPED = "STOPPED"
REINSTALL_FAILED = "REINSTALL_FAILED"

REINSTALLING = frozenset({"DEPLOYING", "REBUILDING"})
"""What follows an accepted ResetInstance; sources disagree on which, and DEPLOYING also means first creation."""

FAILED = frozenset({REINSTALL_FAILED, "CREATE_FAILED"})
RECYCLED = frozenset({"RECYCLE", "RECYCLED"})
STABLE = frozenset({RUNNING, STOPPED}) | FAILED | RECYCLED

_KNOWN_TRANSITIONAL = frozenset(
    {
        "BOOTING",
        "DEPLOYING",
        "IMAGING",
        "PENDING",
        "REBOOT",
        "REBUILDING",
        "RECYCLING",
        "RELEASING",
        "RESIZING",
        "STARTING",
        "STOPPING",
    }
)


def is_transitional(status: str | None) -> bool:
    """Whether the status will change by itself; values nobody documented count as such and are waited out."""
    return status not in STABLE


def shown(status: str | None) -> str:
    """Return the status for messages; a value that no source documents is named as such."""
    if status is None:
        return "not shown by the API"
    if status in STABLE or status in _KNOWN_TRANSITIONAL:
        return status
    return f"{status} (a status this version does not know)"
