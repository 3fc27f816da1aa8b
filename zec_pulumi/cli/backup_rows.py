"""How a backup of the account is shown: as a row of a table, and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zec_pulumi.cli import layout
from zec_pulumi.cli.layout import Column
from zec_pulumi.messages.durations import age
from zec_pulumi.planning.backups import made_at
from zec_pulumi.time.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zec_pulumi.cli.known_backups import KnownBackup

_COLUMNS = (
    Column("image id", whole=True),
    Column("name"),
    Column("instance", whole=True),
    Column("its name"),
    Column("stack"),
    Column("age"),
    Column("size"),
    Column("status"),
    Column("recorded"),
)


def show(found: Sequence[KnownBackup]) -> None:
    """Write a table of them to standard output."""
    layout.show(layout.table(_COLUMNS, [_row(one) for one in found]))


def named(instance_id: str, name: str | None) -> str:
    """Return an instance with its name, if it has one."""
    return f"instance {instance_id} ({name})" if name else f"instance {instance_id}"


def fields(one: KnownBackup) -> dict[str, Any]:
    """Return it as plain values."""
    backup, old = one.backup, _seconds_old(one)
    return {
        "image_id": backup.image.image_id,
        "image_name": backup.image.image_name,
        "image_status": backup.image.image_status,
        "image_size_gib": backup.image.image_size_gib,
        "age_seconds": None if old is None else int(old),
        "instance_id": backup.instance_id,
        "instance_name": one.instance.instance_name if one.instance else None,
        "instance_exists": one.instance is not None,
        "run_by": [instance.instance_id for instance in one.run_by],
        "stack": backup.stack,
        "attempt_id": backup.attempt_id,
        "recorded": one.recorded,
        "recorded_by": one.machine.name if one.machine else None,
        "in_open_attempt": one.in_open_attempt,
    }


def _recorded(one: KnownBackup) -> str:
    if one.machine:
        return f"by {one.machine.name}"
    if one.in_open_attempt:
        return "open rebuild"
    return "no" if one.recorded is False else "not known"


def _seconds_old(one: KnownBackup) -> float | None:
    made = made_at(one.backup.image)
    return None if made is None else max(0.0, SystemClock().now() - made)


def _row(one: KnownBackup) -> list[str]:
    backup, instance, old = one.backup, one.instance, _seconds_old(one)
    size = backup.image.image_size_gib
    state = backup.image.image_status or ""
    return [
        backup.image.image_id,
        backup.image.image_name or "",
        backup.instance_id,
        "does not exist" if instance is None else instance.instance_name or "",
        backup.stack,
        "" if old is None else age(old),
        "" if size is None else f"{size:g} GiB",
        f"{state}, in use" if one.run_by else state,
        _recorded(one),
    ]
