"""Digests by which another computer recognises a planned rebuild, and the resource that it is of. Pure."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from zec_pulumi.planning.approval import ROUNDS

if TYPE_CHECKING:
    from zec_pulumi.planning.inputs import Wanted

_ASKED = ("imageId", "keyId", "timezone", "enableAgent", "rebuildToken", "userData", "userDataBase64")
_PLAN_DIGITS = 16
_RESOURCE_DIGITS = 8


def resource_digest(urn: str) -> str:
    """Return what a resource is recognised by: its URN, which names stack and program."""
    return hashlib.sha256(urn.encode()).hexdigest()[:_RESOURCE_DIGITS]


def plan_digest(urn: str, previous: str | None, wanted: Wanted) -> str:
    """Return what a planned rebuild is recognised by: the resource, the rebuild recorded before, and what is asked for.

    ``previous`` is the attempt id of that rebuild. What the machine has at present is left out, as the rebuild changes
    it. A script counts by its content, slowly as in an approval token, and a password by its presence only.
    """
    given = wanted.given()
    asked = {key: given[key] for key in _ASKED if key in given}
    # The same script may be given in two ways.
    script = asked.pop("userData", None) or asked.pop("userDataBase64", None)
    content = {
        "urn": urn,
        "previous": previous,
        "asked": asked,
        "script": script,
        "with password": wanted.password is not None,
    }
    text, salt = json.dumps(content, sort_keys=True), json.dumps(wanted.instance_id)
    return hashlib.pbkdf2_hmac("sha256", text.encode(), salt.encode(), ROUNDS).hex()[:_PLAN_DIGITS]
