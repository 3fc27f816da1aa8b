"""The marker: the tag on an instance that names the attempt that was started last. Pure.

It tells what the journal tells, on every computer. Its value holds digests, a time and an id, and no name or secret.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timezone
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

KEY = "zec-pulumi-attempt"
"""The key of the tag."""

MAX_LENGTH = 64
"""How long a tag's value may be. Source: CreateTags, zrm 2025-10-14."""

ATTEMPT_DIGITS = 8
"""How many characters of an attempt's id the value holds."""

_TIME = "%Y%m%dt%H%M%Sz"
_FORM = re.compile(
    r"1\.(?P<phase>begun|accepted|done)\.(?P<plan>[0-9a-f]{16})\.(?P<resource>[0-9a-f]{8})\.(?P<attempt>[0-9a-f]{8})"
    r"\.(?P<at>[0-9]{8}t[0-9]{6}z)"
)


class Phase(str, Enum):
    """How far the attempt came: about to be sent; accepted and seen to begin; verified."""

    BEGUN = "begun"
    ACCEPTED = "accepted"
    DONE = "done"


@dataclass(frozen=True)
class Marker:
    """What a marker says. ``at`` is when its phase began, in seconds since the Unix epoch.

    ``plan`` is the digest of the planned rebuild, ``resource`` that of the resource, and ``attempt`` how the attempt's
    id begins.
    """

    phase: Phase
    plan: str
    resource: str
    attempt: str
    at: float

    @property
    def value(self) -> str:
        """The tag's value."""
        at = datetime.fromtimestamp(int(self.at), timezone.utc).strftime(_TIME)
        return f"1.{self.phase.value}.{self.plan}.{self.resource}.{self.attempt}.{at}"

    @property
    def is_open(self) -> bool:
        """Whether the attempt was not verified yet."""
        return self.phase is not Phase.DONE

    def names(self, attempt_id: str | None) -> bool:
        """Whether it is the marker of the attempt with that id."""
        return attempt_id is not None and attempt_id.startswith(self.attempt)


@dataclass(frozen=True)
class StrangeMarker:
    """A value that this release does not read: somebody else wrote it, or a newer release."""

    value: str


@dataclass(frozen=True)
class UnreadMarker:
    """The marker could not be read; ``reason`` says why."""

    reason: str


Found = Marker | StrangeMarker | None
"""The marker of an instance, None where it has none."""


def parse(value: str) -> Marker | StrangeMarker:
    """Return what a tag's value says."""
    found = _FORM.fullmatch(value)
    try:
        at = datetime.strptime(found["at"], _TIME).replace(tzinfo=timezone.utc) if found else None
    except ValueError:
        at = None
    if found is None or at is None:
        return StrangeMarker(value)
    return Marker(Phase(found["phase"]), found["plan"], found["resource"], found["attempt"], at.timestamp())


def attempt_named(found: Found) -> str | None:
    """Return what names the attempt that an instance shows; another attempt always gives another answer."""
    if found is None:
        return None
    return found.attempt if isinstance(found, Marker) else found.value


def find(tags: Mapping[str, str]) -> Found:
    """Return the marker among an instance's tags, None without one."""
    return parse(tags[KEY]) if KEY in tags else None
