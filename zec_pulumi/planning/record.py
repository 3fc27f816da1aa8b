"""What is written into the stack's state. It is a contract: what an older release wrote must preview as no change.

Every input is echoed, because the engine compares later programs with these outputs. A value that the program
omits is recorded as the machine has it. Secrets stand only under the key of their input, where the engine encrypts
them again; never under another name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zec_pulumi.planning.inputs import Backup
from zec_pulumi.program.inputs import INPUTS, OUTPUTS
from zec_pulumi.time.timestamp import seconds_of, timestamp

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from zec_pulumi.api import Image, Instance
    from zec_pulumi.planning.inputs import Applied, Attempt, Recorded

INPUT_KEYS = tuple(spec.key for spec in INPUTS)
OUTPUT_KEYS = tuple(spec.key for spec in OUTPUTS)
OBSERVED_KEYS = ("status", "imageName", "osType", "publicIpAddresses", "privateIpAddresses")
"""The outputs that say how the machine is; the others say what was done to it."""
DRIFTING = ("imageId", "keyId", "instanceName")
"""Inputs that follow the machine, so that the next preview shows drift as a change. Time zone and agent only warn:
as a change they would be refused, because nothing but a rebuild can change them."""


def observed(live: Instance, image: Image | None) -> dict[str, Any]:
    """Return the outputs that say how the machine is."""
    return _present(
        {
            "status": live.status,
            "imageName": live.image_name,
            "osType": image.os_type if image else None,
            "publicIpAddresses": list(live.public_ip_addresses),
            "privateIpAddresses": list(live.private_ip_addresses),
        }
    )


def as_the_machine_has_it(live: Instance, *, with_key: bool = True) -> dict[str, Any]:
    """Return values for inputs that a program omits."""
    return _present(
        {
            "imageId": live.image_id,
            "keyId": live.key_id if with_key else None,
            "timezone": live.time_zone,
            "enableAgent": live.enable_agent,
            "instanceName": live.instance_name,
        }
    )


def outputs(
    wanted: Mapping[str, Any],
    live: Instance,
    image: Image | None,
    *,
    applied: Mapping[str, Any],
    last_rebuild: Mapping[str, Any] | None,
    backups: Sequence[Backup] = (),
) -> dict[str, Any]:
    """Return the whole record of a resource that is as its program says. ``wanted`` are the engine's inputs."""
    given = inputs_only(wanted)
    defaults = as_the_machine_has_it(live, with_key="password" not in given)
    done = {"applied": applied, "lastRebuild": last_rebuild, **recorded_backups(backups)}
    return _present({**defaults, **given, **observed(live, image), **done})


def recorded_backups(backups: Sequence[Backup]) -> dict[str, Any]:
    """Return the ``backups`` output; nothing where there is none."""
    dumped = [backup.model_dump(by_alias=True, exclude_none=True) for backup in backups]
    return {"backups": dumped} if dumped else {}


def parse_backups(properties: Mapping[str, Any]) -> tuple[Backup, ...]:
    """Return the recorded backups, oldest first."""
    return tuple(map(Backup.model_validate, properties.get("backups") or ()))


def backup_of(attempt: Attempt) -> Backup | None:
    """Return the backup that was made before an attempt, None without one."""
    if attempt.backup_image_id is None:
        return None
    made_at, seconds = timestamp(attempt.started_at), attempt.backup_seconds
    return Backup(image_id=attempt.backup_image_id, attempt_id=attempt.id, made_at=made_at, seconds=seconds)


def following(inputs: Mapping[str, Any], live: Instance) -> dict[str, Any]:
    """Return ``inputs`` with those that follow the machine as it has them."""
    machine = as_the_machine_has_it(live)
    kept = {key: value for key, value in inputs.items() if key not in DRIFTING}
    return {**kept, **{key: machine[key] for key in DRIFTING if key in inputs and key in machine}}


def after_refresh(
    properties: Mapping[str, Any], inputs: Mapping[str, Any], live: Instance, image: Image | None
) -> dict[str, Any]:
    """Return the record that a refresh makes of recorded outputs without an open attempt, and of recorded inputs."""
    omitted = {key: value for key, value in as_the_machine_has_it(live).items() if key not in inputs}
    if properties.get("password") is not None:
        omitted.pop("keyId", None)
    stale = (*DRIFTING, *OBSERVED_KEYS)
    kept = {key: value for key, value in known(properties).items() if key not in stale}
    return {**kept, **omitted, **following(inputs, live), **observed(live, image)}


def with_attempt(
    wanted: Mapping[str, Any],
    before: Mapping[str, Any],
    attempt: Attempt,
    applied: Applied,
    status: str | None,
) -> dict[str, Any]:
    """Return the record of a resource whose rebuild is open: what was asked for, and what was known before.

    A record that holds this very attempt keeps its inputs: what the program changed since was not asked for then.
    """
    now = {"status": status, "attempt": attempt.model_dump(by_alias=True, exclude_none=True, mode="json")}
    if before.get("attempt", {}).get("id") == attempt.id:
        return _present({**known(before), **now})
    # Of what a rebuild sets, the old value must not stand beside the new one.
    replaced = ("imageId", "keyId", "userData", "userDataBase64", "password")
    kept = {key: before[key] for key in (*OUTPUT_KEYS, *INPUT_KEYS) if key in before and key not in replaced}
    return _present(
        {
            **kept,
            "imageId": attempt.image_id,
            "keyId": attempt.key_id,
            **inputs_only(wanted),
            "applied": applied.model_dump(by_alias=True, exclude_none=True),
            **now,
        }
    )


def inputs_then(wanted: Mapping[str, Any], recorded: Recorded) -> dict[str, Any]:
    """Return the inputs that an attempt had which the journal or the marker has ``recorded``.

    What the program changed since, and no rebuild asks for, is still to be done.
    """
    then = {"timezone": recorded.timezone, "enableAgent": recorded.enable_agent, "password": recorded.password}
    return _present({**wanted, **{key: then[key] for key in then if key in wanted}})


_OF_REBUILDS = frozenset({"keyId", "password", "userData", "userDataBase64", "rebuildToken"})


def rolled_back(before: Mapping[str, Any], wanted: Mapping[str, Any], back: Attempt) -> dict[str, Any]:
    """Return the inputs of a machine that was rolled back: those recorded ``before``, on the backup's image.

    A resource that is new to the stack has those of the program that a rebuild leaves alone; so has one whose record is
    of an open attempt, as what that asked for may not be there. So the program that asked for the rebuild asks anew.
    """
    attempt = before.get("attempt") or {}
    applied = {} if attempt and not attempt.get("rollsBack") else inputs_only(before)
    given = applied or {key: v for key, v in inputs_only(wanted).items() if key not in _OF_REBUILDS}
    return _present({**given, "imageId": back.image_id, "keyId": back.key_id})


def applied_now(
    live: Instance, *, user_data_not_run: bool = False, marked_attempt: str | None = None
) -> dict[str, Any]:
    """Return the readable trigger values as the machine has them, and what else :class:`Applied` says."""
    applied = {"imageId": live.image_id, "keyId": live.key_id}
    return _present({**applied, "userDataNotRun": user_data_not_run or None, "markedAttempt": marked_attempt})


def rebuilt(attempt: Attempt, finished_at: float, causes: Sequence[str]) -> dict[str, Any]:
    """Return the ``lastRebuild`` output of a verified attempt, ``causes`` in sentences; times in UTC, ISO 8601."""
    return _present(
        {
            "attemptId": attempt.id,
            "requestId": attempt.request_id,
            "causes": list(causes),
            "startedAt": timestamp(attempt.started_at),
            "finishedAt": timestamp(max(finished_at, attempt.started_at)),
            "backupImageId": attempt.backup_image_id,
        }
    )


def last_attempt(properties: Mapping[str, Any]) -> str | None:
    """Return the attempt id of the last rebuild that is recorded as done, None when there was none."""
    last = properties.get("lastRebuild")
    return str(last["attemptId"]) if isinstance(last, dict) and last.get("attemptId") else None


def last_rebuild_seconds(properties: Mapping[str, Any]) -> float | None:
    """Return how long the last recorded rebuild took, in seconds; None when that is not known.

    Older releases recorded negative times when the wall clock was set back.
    """
    last = properties.get("lastRebuild")
    if not isinstance(last, dict):
        return None
    started, finished = last_rebuild_began(properties), seconds_of(last.get("finishedAt"))
    return None if started is None or finished is None or finished < started else finished - started


def last_rebuild_began(properties: Mapping[str, Any]) -> float | None:
    """Return when the last recorded rebuild began, in seconds since the Unix epoch; None when that is not known."""
    last = properties.get("lastRebuild")
    return seconds_of(last.get("startedAt")) if isinstance(last, dict) else None


def inputs_only(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return the inputs among ``properties``."""
    return {key: properties[key] for key in INPUT_KEYS if properties.get(key) is not None}


def known(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return what this package recorded among ``properties``: neither the provider nor empty values."""
    return {key: value for key, value in properties.items() if key != "__provider" and value is not None}


def _present(properties: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in properties.items() if value is not None}
