"""The state machine of an instance. No background work: a change is completed when the instance is read.

Source: status rules of CreateZecInstances, StopInstances, StartInstances, RebootInstances, ResetInstance and
ReleaseInstances, zec 2025-09-01.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic.alias_generators import to_snake

from zec_pulumi.simulator.models import Pending

if TYPE_CHECKING:
    from zec_pulumi.simulator.models import Image, Machine

FieldChanges = Mapping[str, str | bool | None]


def settle(instance: Machine, now: float) -> bool:
    """Complete the change under way if its time has come by ``now`` (simulated seconds).

    Returns:
        Whether the instance still exists.
    """
    pending = instance.pending
    if pending is None or pending.after_seconds is None or now < pending.since + pending.after_seconds:
        return True
    if pending.becomes is None:
        return False
    instance.pending = None
    instance.status = pending.becomes
    for name, value in pending.changes.items():
        setattr(instance, to_snake(name), value)
    return True


def settle_image(image: Image, now: float) -> None:
    """Let an image be what it becomes if its time has come by ``now`` (simulated seconds)."""
    pending = image.pending
    if pending is None or pending.after_seconds is None or now < pending.since + pending.after_seconds:
        return
    image.pending = None
    image.image_status = pending.becomes


def begin(
    instance: Machine,
    status: str,
    *,
    becomes: str | None,
    now: float,
    seconds: float | None,
    changes: FieldChanges | None = None,
) -> None:
    """Put the instance into a transitional ``status`` that ends in ``becomes`` after ``seconds``.

    Args:
        instance: The machine, already settled.
        status: The transitional status, seen by the very next read.
        becomes: The status at the end, None for gone; ``changes`` become visible together with it.
        now: Simulated time.
        seconds: Simulated seconds until the end; None: it never ends.
        changes: Fields to set at the end, by their names in the API.
    """
    instance.status = status
    instance.pending = Pending(becomes=becomes, after_seconds=seconds, since=now, changes=dict(changes or {}))
