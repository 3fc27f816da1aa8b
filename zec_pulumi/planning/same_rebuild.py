"""Digests by which another computer recognises a planned rebuild, and the resource that it is of. Pure."""

from __future__ import annotations

import hashlib
import json
from itertools import product
from typing import TYPE_CHECKING

from zec_pulumi.planning.approval import ROUNDS
from zec_pulumi.planning.record import as_the_machine_has_it
from zec_pulumi.program.inputs import INPUTS, camel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zec_pulumi.api import Instance
    from zec_pulumi.planning.inputs import Wanted

_ASKED = ("imageId", "keyId", "timezone", "enableAgent", "rebuildToken", "userData", "userDataBase64")
_VARIED = ("image_id", "key_id", "timezone", "enable_agent", "password")
PASSWORD_NOT_KNOWN = ""
"""Stands for the password of an earlier program."""
_ON_DEMAND = frozenset(spec.key for spec in INPUTS if spec.on_demand)
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


def programs_alike(wanted: Wanted, live: Instance) -> Iterator[Wanted]:
    """Yield the programs that ask for the same rebuild, first ``wanted`` itself.

    The others name what the machine has already, or leave it out. Of what asks for no rebuild they have no value, or
    the one that the machine has.
    """
    shown = as_the_machine_has_it(live)
    # A program that gives a key gives no password: the key is gone once the password is there.
    if _asks_for_none("password", wanted) and wanted.key_id is None and wanted.password is None:
        shown["password"] = PASSWORD_NOT_KNOWN
    choices = {name: [getattr(wanted, name)] for name in _VARIED}
    for name, choice in choices.items():
        own, has = choice[0], shown.get(camel(name))
        choice.extend(one for one in (None, has) if one != own and (own in (None, has) or _asks_for_none(name, wanted)))
    for values in product(*choices.values()):
        yield wanted.model_copy(update=dict(zip(choices, values, strict=True)))


def wanted_in(alike: Wanted, wanted: Wanted) -> Wanted:
    """Return ``wanted`` with what ``alike`` has besides; what asks for no rebuild is as in ``alike``."""
    of_alike = [name for name in _VARIED if getattr(wanted, name) is None or _asks_for_none(name, wanted)]
    return wanted.model_copy(update={name: getattr(alike, name) for name in of_alike})


def _asks_for_none(name: str, wanted: Wanted) -> bool:
    """Whether a change of this input makes no rebuild."""
    return camel(name) in _ON_DEMAND - set(wanted.rebuild_on)
