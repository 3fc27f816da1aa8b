"""The engine's ``read``: the record follows the machine; the machine is never touched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zec_pulumi.errors import PartialFailureError
from zec_pulumi.messages import backups as backup_messages
from zec_pulumi.messages import plan as plan_messages
from zec_pulumi.operations.error_boundary import naming
from zec_pulumi.operations.results import ReadBack
from zec_pulumi.planning import record
from zec_pulumi.planning.causes import as_text
from zec_pulumi.planning.inputs import Recorded, parse_recorded
from zec_pulumi.planning.plan import ChangedOutside, Kind, Plan

if TYPE_CHECKING:
    from zec_pulumi.api import Instance
    from zec_pulumi.cloud.reader import CloudReader
    from zec_pulumi.operations.context import Call, Process
    from zec_pulumi.planning.inputs import Backup


def read(process: Process, call: Call, resource_id: str, outputs: dict[str, Any]) -> ReadBack:
    """Return the record as the machine is now; an empty one when the machine is gone.

    Raises:
        PartialFailureError: a rebuild is open; the record keeps it.
        ZecError: the machine cannot be read.
    """
    process.refreshed = True
    with naming(resource_id):
        return _read(process, call, resource_id, outputs)


def _read(process: Process, call: Call, resource_id: str, outputs: dict[str, Any]) -> ReadBack:
    recorded = parse_recorded(outputs)
    live = process.reader.instance(resource_id)
    if live is None:
        call.warn(f"instance {resource_id} is gone: it is dropped from the state")
        return ReadBack("", {}, {})
    inputs = dict(call.old_inputs) or record.inputs_only(outputs)
    if recorded.attempt is not None:
        # Answering normally would clear the partial failure, and with it what the next up must know.
        kept = {**record.known(outputs), "status": live.status}
        line = plan_messages.join(Plan(Kind.JOIN), recorded, live, process.clock.now())
        raise PartialFailureError(line, resource_id, kept, inputs)
    _warn_of_drift(call, recorded, live, inputs)
    image = process.reader.image_of(live)
    found = record.after_refresh(outputs, inputs, live, image)
    found.pop("backups", None)
    found.update(record.recorded_backups(_existing(call, recorded, process.reader)))
    return ReadBack(resource_id, found, record.following(inputs, live))


def _existing(call: Call, recorded: Recorded, reader: CloudReader) -> tuple[Backup, ...]:
    """Return the recorded backups that exist; warn of the others."""
    if not recorded.backups:
        return ()
    existing = reader.own_image_ids([backup.image_id for backup in recorded.backups])
    for backup in recorded.backups:
        if backup.image_id not in existing:
            call.warn(backup_messages.gone(backup))
    return tuple(backup for backup in recorded.backups if backup.image_id in existing)


def _warn_of_drift(call: Call, recorded: Recorded, live: Instance, inputs: dict[str, Any]) -> None:
    for key, before, now in (
        ("imageId", recorded.image_id, live.image_id),
        ("keyId", recorded.key_id, live.key_id),
        ("instanceName", recorded.instance_name, live.instance_name),
        ("timezone", recorded.timezone, live.time_zone),
        ("enableAgent", recorded.enable_agent, live.enable_agent),
    ):
        if key in inputs and before != now:
            call.warn(plan_messages.refreshed(ChangedOutside(key, as_text(before), as_text(now))))
