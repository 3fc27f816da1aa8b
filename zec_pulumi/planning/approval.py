"""Approval tokens: a person's word for one rebuild of one machine, as a preview showed it.

A token stands for the stack, the instance, the rebuild that was recorded before, and what the machine would become. A
rebuild that is done changes the second, another plan the last: so a token is good for one rebuild, and yesterday's
does not approve what today's preview shows.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zec_pulumi.api import ResetInstanceRequest

_ROUNDS = 20_000
"""The digest covers user data, which may hold a secret: guessing it from a token is made slow (some 10 ms a guess)."""

_DIGITS = 16
_TOKEN = re.compile(rf"(?P<stack>[^/\s]+)/(?P<instance>[^/\s]+)/[0-9a-f]{{{_DIGITS}}}")


def token(urn: str, previous: str | None, request: ResetInstanceRequest) -> str:
    """Return the approval token of a planned rebuild: ``STACK/INSTANCE/DIGEST``. A password never enters it."""
    target = {
        "image": request.image_id,
        "key": request.key_id,
        "with password": request.password is not None,
        "time zone": request.timezone,
        "agent": request.enable_agent,
        "name": request.instance_name,
        "user data": hashlib.sha256(request.user_data or b"").hexdigest(),
    }
    place = f"{stack_of(urn)}/{request.instance_id}"
    content = json.dumps({"urn": urn, "previous": previous, "target": target}, sort_keys=True)
    digest = hashlib.pbkdf2_hmac("sha256", content.encode(), place.encode(), _ROUNDS).hex()
    return f"{place}/{digest[:_DIGITS]}"


def stack_of(urn: str) -> str:
    """Return the name of the stack in a URN: ``urn:pulumi:STACK::…``."""
    parts = urn.split(":", 3)
    return parts[2] if len(parts) > 2 else ""  # noqa: PLR2004 the form of a URN


def malformed(text: str) -> bool:
    """Whether ``text`` cannot be an approval token."""
    return _TOKEN.fullmatch(text) is None


def meant_for(text: str) -> tuple[str, str]:
    """Return the stack and the instance id that a well-formed token names."""
    found = _TOKEN.fullmatch(text)
    return (found["stack"], found["instance"]) if found else ("", "")
