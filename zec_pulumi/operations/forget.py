"""The engine's ``delete``: the stack forgets the resource; machine and backups stay as they are."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from zec_pulumi.messages import backups as messages
from zec_pulumi.messages import outcomes
from zec_pulumi.operations.error_boundary import naming
from zec_pulumi.planning.record import parse_backups

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zec_pulumi.operations.context import Call, Process
    from zec_pulumi.planning.inputs import Backup


def forget(process: Process, call: Call, instance_id: str, props: Mapping[str, Any]) -> None:
    """Have the journal forget the resource, and say what stays. Needs no credentials, and never fails."""
    process.forget(instance_id, call.urn)
    with naming(instance_id):
        call.info(outcomes.forgotten(instance_id))
        backups = _recorded(props)
        if backups:
            call.info(messages.stay(backups))


def _recorded(props: Mapping[str, Any]) -> tuple[Backup, ...]:
    # A record that cannot be read must not keep anybody from deleting it.
    with contextlib.suppress(Exception):
        return parse_backups(props)
    return ()
