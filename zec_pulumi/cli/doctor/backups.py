"""Finds backups of the stack's machines that the stack does not record: runs that ended early have left them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zec_pulumi.api import ApiError, Client, RetryPolicy, TransportError, ZecError
from zec_pulumi.cli import stack_machines
from zec_pulumi.cli.doctor.finding import Finding, explanation, ok, warning
from zec_pulumi.cli.known_backups import among, leftovers

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from zec_pulumi.cli.doctor.settings import Access
    from zec_pulumi.time.clock import Clock

CHECK = "backups"


def check(access: Access, stack: str | None, environ: Mapping[str, str], folder: Path, clock: Clock) -> list[Finding]:
    """Compare the account's backups with the record of a stack, None for the selected one."""
    try:
        found = stack_machines.read(stack, environ, folder)
    except stack_machines.StackError as error:
        return [warning(CHECK, f"not compared with the stack's record: {error}", "see stack config above")]
    # The usual policy would wait a minute for a service that struggles.
    with Client(
        access.credentials, access.endpoint, timeouts=access.timeouts, retry=RetryPolicy(deadline=5), clock=clock
    ) as client:
        try:
            shown = among(client.describe_custom_images()) if found.machines else []
        except (ApiError, TransportError) as error:
            return [warning(CHECK, f"not looked up: {explanation(error)[0]}", "see permissions above")]
        except ZecError as error:
            return [warning(CHECK, f"not known: {error}", "look at the account's images in the console")]
    left = list(leftovers(shown, found))
    return [
        warning(
            CHECK,
            f"image {one.image.image_id} is a backup of instance {one.instance_id} ({machine.name}) that the stack does"
            f" not record (attempt {one.attempt_id[:8]})",
            f"`zec-pulumi undo {machine.name}` says how to restore it, `zec-pulumi backups delete {one.image.image_id}`"
            " deletes it",
        )
        for machine, one in left
    ] or [ok(CHECK, "the account has none of this stack's machines that the stack does not record")]
