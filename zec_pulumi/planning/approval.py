"""Approval tokens: a person's word for one rebuild of one machine, as a preview showed it.

A token stands for where the rebuild starts (the stack, the resource, the rebuild that was recorded before, the attempt
that the machine names, its image and its key), why it happens, and everything that is sent and run. So a token is good
for one rebuild, and yesterday's does not approve what today's preview shows.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zec_pulumi.planning.backups import WayBack
from zec_pulumi.planning.user_data import content_digest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zec_pulumi.api import Instance, ResetInstanceRequest
    from zec_pulumi.planning.causes import Cause
    from zec_pulumi.planning.inputs import Wanted

ROUNDS = 20_000
"""The digest covers user data, which may hold a secret: guessing it from a token is made slow (some 10 ms a guess)."""

_NO_WAY_BACK = WayBack()
_DIGITS = 16
_FORM = re.compile(rf"(?:\S+/)?(?P<digest>[0-9a-f]{{{_DIGITS}}})")
_PLACE = re.compile(r"(?P<stack>[^/\s]+)/(?P<instance>[^/\s]+)/[^/\s]+")


@dataclass(frozen=True)
class PlannedRebuild:
    """Everything that a person approves: one rebuild of one machine, as it would be sent now.

    ``previous`` is the attempt id of the last recorded rebuild, ``attempt`` what the machine's marker names, and
    ``live`` the machine as it is before.
    """

    urn: str
    previous: str | None
    attempt: str | None
    live: Instance
    wanted: Wanted
    causes: tuple[Cause, ...]
    request: ResetInstanceRequest
    way_back: WayBack = _NO_WAY_BACK

    def token(self, used: Mapping[str, str]) -> str:
        """Return the token that approves this rebuild: ``STACK/INSTANCE/DIGEST``.

        ``used`` are the attempts by the digest that approved them: what was used once is never the answer again. The
        password's value is left out. People choose passwords, and a token stands where many can read it and guess.
        """
        attempt: str | None = None
        digest = self._digest(attempt)
        while digest in used:
            attempt = used[digest]
            digest = self._digest(attempt)
        return f"{self._place}/{digest}"

    @property
    def _place(self) -> str:
        return f"{stack_of(self.urn)}/{self.request.instance_id}"

    def _digest(self, used_by: str | None) -> str:
        secret = {"password", "userData"}
        user_data = self.request.user_data
        content: dict[str, object] = {
            "urn": self.urn,
            "previous": self.previous,
            "attempt": self.attempt,
            "machine": [self.live.image_id, self.live.key_id],
            "causes": sorted([cause.trigger, cause.old or "", cause.new or ""] for cause in self.causes),
            "request": {key: value for key, value in self.request.to_body().items() if key not in secret},
            "with password": self.request.password is not None,
            "user data": None if user_data is None else content_digest(user_data),
            "power off": self.wanted.power_off,
            "health": self.wanted.health.properties() if self.wanted.health else None,
            "rebuild token": self.wanted.rebuild_token,
            "used by": used_by,
        }
        if self.way_back.backup:
            content["backup"] = {"rolls back": self.way_back.rolls_back}
        text, salt = json.dumps(content, sort_keys=True), json.dumps(self._place)
        return hashlib.pbkdf2_hmac("sha256", text.encode(), salt.encode(), ROUNDS).hex()[:_DIGITS]


def stack_of(urn: str) -> str:
    """Return the name of the stack in a URN: ``urn:pulumi:STACK::…``."""
    parts = urn.split(":", 3)
    return parts[2] if len(parts) > 2 else ""  # noqa: PLR2004 the form of a URN


def digest_of(token: str) -> str | None:
    """Return the digest, by which alone tokens match; None for what cannot be a token.

    Stack and instance are part of the digest. So a token in which the engine masked one of them still approves.
    """
    found = _FORM.fullmatch(token)
    return found["digest"] if found else None


def malformed(text: str) -> bool:
    """Whether ``text`` cannot be an approval token."""
    return digest_of(text) is None


def meant_for(text: str) -> tuple[str, str]:
    """Return the stack and the instance id that a token names; empty where it does not name them."""
    found = _PLACE.fullmatch(text)
    return (found["stack"], found["instance"]) if found else ("", "")
