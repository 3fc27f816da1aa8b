"""The marker: the tag on an instance that names the attempt that was started last. Pure.

It tells what the journal tells, on every computer. Its value holds digests, a time, an id and the stack's name, and
nothing of which a secret could be guessed faster than of an approval token.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from enum import Enum
from typing import TYPE_CHECKING

from zec_pulumi.planning.approval import stack_of
from zec_pulumi.planning.same_rebuild import plan_digest, programs_alike, resource_digest, wanted_in
from zec_pulumi.planning.status import REINSTALLING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zec_pulumi.api import Instance
    from zec_pulumi.planning.inputs import Wanted

KEY = "zec-pulumi-attempt"
"""The key of the tag."""

MAX_LENGTH = 64
"""How long a tag's value may be. Source: CreateTags, zrm 2025-10-14."""

_ATTEMPT_DIGITS = 8
_PLAN_DIGITS = 10
_NAME_LENGTH = 15
"""How many characters are left for the names of project and stack."""

_CUT = ".."
_NO_NAME = re.compile(r"[^A-Za-z0-9_-]")
"""Which characters a value can hold is not documented: only these are written, and dots between the parts."""

_LAST_SECOND = 0xFFFFFFFF
_FIRST_TIME = "%Y%m%dt%H%M%Sz"
_FIRST_FORM = re.compile(
    r"1\.(?P<phase>begun|accepted|done|closed)\.(?P<plan>[0-9a-f]{16})\.(?P<resource>[0-9a-f]{8})\.(?P<attempt>[0-9a-f]{8})"
    r"\.(?P<at>[0-9]{8}t[0-9]{6}z)"
)
_NAME = r"[A-Za-z0-9_-]+(?:\.\.)?"
_FORM = re.compile(
    r"2\.(?P<phase>begun|accepted|done|closed)\.(?P<attempt>[0-9a-f]{8})\.(?P<at>[0-9a-f]{8})\.(?P<resource>[0-9a-f]{8})"
    rf"\.(?P<plan>[0-9a-f]{{10}})\.(?P<project>{_NAME})\.(?P<stack>{_NAME})"
)


class Phase(str, Enum):
    """How far the attempt came. Or a person closed it."""

    BEGUN = "begun"
    """It is about to be sent, or was."""
    ACCEPTED = "accepted"
    """It was seen to begin, and its run has more to tell: a health gate, or a resource that is new to the stack."""
    DONE = "done"
    """It was seen to begin, and its run has no more to tell: it is done as soon as the machine runs."""
    CLOSED = "closed"
    """Nothing comes of it. The tag stays, so that no token for the machine as it was before fits again."""


@dataclass(frozen=True)
class Marker:
    """What a marker says. ``at`` is when its phase began, in seconds since the Unix epoch.

    ``plan`` is how the digest of the planned rebuild begins, ``resource`` the digest of the resource, and ``attempt``
    how the attempt's id begins. ``names`` are those of project and stack, ``..`` at the end of one that is cut; None in
    a value of the first form, which has none.
    """

    phase: Phase
    plan: str
    resource: str
    attempt: str
    at: float
    names: tuple[str, str] | None = None

    @classmethod
    def begun(cls, urn: str, plan: str, attempt_id: str, at: float) -> Marker:
        """Return the marker of an attempt that is about to be sent; ``plan`` is the digest of the planned rebuild."""
        attempt = attempt_id[:_ATTEMPT_DIGITS]
        return cls(Phase.BEGUN, plan[:_PLAN_DIGITS], resource_digest(urn), attempt, at, _short_names(urn))

    @property
    def value(self) -> str:
        """The tag's value."""
        if self.names is None:
            at = datetime.fromtimestamp(int(self.at), timezone.utc).strftime(_FIRST_TIME)
            return f"1.{self.phase.value}.{self.plan}.{self.resource}.{self.attempt}.{at}"
        at = f"{min(max(int(self.at), 0), _LAST_SECOND):08x}"
        return ".".join(("2", self.phase.value, self.attempt, at, self.resource, self.plan, *self.names))

    @property
    def stack(self) -> str | None:
        """The names of project and stack as people read them, ``…`` where one is cut; None when it is not known."""
        return "/".join(self.names).replace(_CUT, "…") if self.names else None

    @property
    def is_open(self) -> bool:
        """Whether the next run, or a person, still has something to find out."""
        return self.phase in (Phase.BEGUN, Phase.ACCEPTED)

    def read_on(self, found: str | None) -> Marker:
        """Return what it says on a machine that was found in that status: until the reinstall ends, nothing is done."""
        under_way = self.phase is Phase.DONE and found in REINSTALLING
        return replace(self, phase=Phase.ACCEPTED) if under_way else self

    def is_attempt(self, attempt_id: str | None) -> bool:
        """Whether it is the marker of the attempt with that id."""
        return attempt_id is not None and attempt_id.startswith(self.attempt)

    def is_plan(self, digest: str) -> bool:
        """Whether it is the marker of the planned rebuild with that digest."""
        return digest.startswith(self.plan)

    def wanted_then(self, urn: str, previous: str | None, wanted: Wanted, live: Instance) -> Wanted | None:
        """Return the program as this attempt had it, None where it was for another rebuild than ``wanted`` asks for."""
        alike = programs_alike(wanted, live)
        same = next((one for one in alike if self.is_plan(plan_digest(urn, previous, one))), None)
        return wanted_in(same, wanted) if same else None


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
    if found:
        names = found["project"], found["stack"]
        at = float(int(found["at"], 16))
        return Marker(Phase(found["phase"]), found["plan"], found["resource"], found["attempt"], at, names)
    first = _FIRST_FORM.fullmatch(value)
    try:
        since = datetime.strptime(first["at"], _FIRST_TIME).replace(tzinfo=timezone.utc) if first else None
    except ValueError:
        since = None
    if first is None or since is None:
        return StrangeMarker(value)
    return Marker(Phase(first["phase"]), first["plan"], first["resource"], first["attempt"], since.timestamp())


def attempt_named(found: Found) -> str | None:
    """Return what names the attempt that an instance shows; another attempt always gives another answer."""
    if found is None:
        return None
    return found.attempt if isinstance(found, Marker) else found.value


def find(tags: Mapping[str, str]) -> Found:
    """Return the marker among an instance's tags, None without one."""
    return parse(tags[KEY]) if KEY in tags else None


def _short_names(urn: str) -> tuple[str, str]:
    """Return the names of project and stack with the characters that a value can hold, cut where they are too long."""
    parts = urn.split("::")
    project, stack = (_NO_NAME.sub("-", name) or "-" for name in ("".join(parts[1:2]), stack_of(urn)))
    room = _NAME_LENGTH - 1
    stack = _cut(stack, max(room // 2, room - len(project)))
    return _cut(project, room - len(stack)), stack


def _cut(name: str, length: int) -> str:
    return name if len(name) <= length else name[: length - len(_CUT)] + _CUT
