"""Rules for inputs that need no look at the cloud. Refused is only what every source of the API refuses."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING

from zec_pulumi.planning.backups import kept
from zec_pulumi.planning.inputs import decodes
from zec_pulumi.program.inputs import INPUTS
from zec_pulumi.text import text_finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zec_pulumi.planning.inputs import Wanted

USER_DATA_LIMIT = 64 * 1024
"""User data must be smaller than this many bytes. Source: ResetInstance, userData."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,61}[A-Za-z0-9]")
_LONGEST = 60
_PASSWORD_LENGTHS = range(8, 17)
_PASSWORD_SPECIALS = "`~!@$^*-_=+|;:,.?"  # noqa: S105 the union of what the sources allow


def input_findings(wanted: Wanted, *, backup_by_stack: bool = False) -> list[str]:
    """Return everything wrong with the inputs themselves; each names its input, none shows a secret.

    ``backup_by_stack`` says that the stack's default is to make backups.
    """
    return [
        *_texts(wanted),
        *_identity(wanted),
        *_login(wanted),
        *_script(wanted),
        *_name(wanted),
        *_roll_back(wanted, backup_by_stack=backup_by_stack),
    ]


def _texts(wanted: Wanted) -> Iterator[str]:
    """Yield the texts that cannot be meant: what comes from outputs is seen here for the first time."""
    for spec in INPUTS:
        value = getattr(wanted, spec.name)
        finding = text_finding(value) if isinstance(value, str) else None
        if finding:
            yield f"{spec.name}: {finding}"
    encoded = wanted.user_data_base64
    if encoded is not None and decodes(encoded):
        # Bytes may hold anything but the SDK's own sentence.
        finding = text_finding(base64.b64decode(encoded).decode("latin-1").replace("\0", ""))
        if finding:
            yield f"user_data_base64: its script {finding}"
    for argument in (wanted.health.command or ()) if wanted.health else ():
        finding = text_finding(argument)
        if finding:
            yield f"health: command: {finding}"
            return


def _identity(wanted: Wanted) -> Iterator[str]:
    if "instanceId" not in wanted.unknown and not wanted.instance_id:
        yield "instance_id: give the id of the instance, a string such as '1272168087751233112'"
    if wanted.image_id == "":
        yield "image_id: is empty; leave it out to keep whatever image runs now"
    ids = {"instance_id": wanted.instance_id, "image_id": wanted.image_id, "key_id": wanted.key_id}
    for name, value in ids.items():
        # A blank inside may be a name's, which can be looked up: it is found where the cloud is read.
        if value and not (value.isprintable() and value == value.strip()):
            yield f"{name}: {_shortened(value)} holds line breaks, blanks around it or characters that nobody sees"


def _shortened(text: str) -> str:
    return ascii(text[:_LONGEST]) + ("…" if len(text) > _LONGEST else "")


def _login(wanted: Wanted) -> Iterator[str]:
    if wanted.key_id is not None and wanted.password is not None:
        yield "key_id and password: give one of them, not both"
    if wanted.key_id == "":
        yield "key_id: is empty; leave it out to keep the key the instance has now"
    password = wanted.password
    if password is None:
        return
    if len(password) not in _PASSWORD_LENGTHS:
        yield "password: must have 8 to 16 characters"
    allowed = all(c.isascii() and (c.isalnum() or c in _PASSWORD_SPECIALS) for c in password)
    if not allowed:
        yield f"password: may hold letters, digits and {_PASSWORD_SPECIALS}"
    kinds = (str.isalpha, str.isdigit, lambda c: c in _PASSWORD_SPECIALS)
    if not all(any(kind(c) for c in password) for kind in kinds):
        yield "password: must hold letters, digits and special characters"


def _script(wanted: Wanted) -> Iterator[str]:
    if wanted.user_data and wanted.user_data_base64:
        yield "user_data and user_data_base64: give one of them, not both"
        return
    if wanted.user_data_base64 is not None and not decodes(wanted.user_data_base64):
        yield "user_data_base64: is not standard Base64 (padded, no line breaks)"
        return
    script = wanted.first_boot_script
    if script is not None and len(script) >= USER_DATA_LIMIT:
        yield f"user_data: has {len(script)} bytes and must have fewer than {USER_DATA_LIMIT} (64 KiB)"


def _name(wanted: Wanted) -> Iterator[str]:
    if wanted.instance_name is not None and not _NAME.fullmatch(wanted.instance_name):
        yield (
            "instance_name: must have 2 to 63 characters, letters, digits and . _ / -, and begin and end with a letter"
            " or digit"
        )


def _roll_back(wanted: Wanted, *, backup_by_stack: bool) -> Iterator[str]:
    if wanted.on_unhealthy != "roll_back":
        return
    if "backup" not in wanted.unknown and not kept(wanted, by_stack=backup_by_stack):
        yield 'on_unhealthy: "roll_back" needs a backup to roll back to; set backup=True as well'
    if "health" not in wanted.unknown and wanted.health is None:
        yield 'on_unhealthy: "roll_back" needs a health gate that says when; give health as well'
