"""Rules of the user's that refuse a planned rebuild. Adopting, joining and changes in place pass every gate.

A gate that cannot be read is closed: a setting that is misspelt, wrong or did not arrive refuses rebuilds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

from zec_pulumi.planning import approval
from zec_pulumi.planning.causes import RESTORE
from zec_pulumi.planning.plan import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zec_pulumi.planning.approval import PlannedRebuild
    from zec_pulumi.planning.inputs import Wanted
    from zec_pulumi.planning.plan import Plan


@dataclass(frozen=True)
class UnknownSetting:
    """A key under ``zec:`` that is no setting; ``meant`` is the setting that it resembles."""

    key: str
    meant: str | None = None


@dataclass(frozen=True)
class WrongSetting:
    """A setting whose value cannot be used; ``must`` says what it may be, as in ``must be true or false``."""

    key: str
    must: str


class Missing(str, Enum):
    """Why the stack's own settings are not known."""

    NOT_SENT = "the program did not send them"
    UNREADABLE = "what the program sent cannot be read"
    NOT_CHECKED = "the resource was not checked in this run"


@dataclass(frozen=True)
class GateSettings:
    """The gates that a stack's configuration sets.

    Attributes:
        allow_rebuild: False refuses every rebuild of the stack (``zec:allowRebuild``).
        allowed_causes: The only triggers that may cause a rebuild, None for all (``zec:allowedCauses``).
        require_approval: Refuse rebuilds whose token is not approved (``zec:requireApproval``).
        approved_rebuilds: The approved tokens (``zec:approvedRebuilds``).
        mark_attempts: Whether attempts are written on the instance, in a tag (``zec:markAttempts``).
        require_marker: Refuse rebuilds whose attempt cannot be written there (``zec:requireMarker``).
        backup: Whether a backup is made before a rebuild where the program says nothing of it (``zec:backup``).
        closed_attempts: What a person says of attempts: an id, and whether it was rebuilt (``zec:closeAttempt``).
        unknown: Keys that are no settings. They refuse every rebuild, as do the next two.
        wrong: Gate settings with a value that cannot be used.
        missing: Why the stack's own settings are not known, None when they are.
    """

    allow_rebuild: bool = True
    allowed_causes: frozenset[str] | None = None
    require_approval: bool = False
    approved_rebuilds: frozenset[str] = frozenset()
    mark_attempts: bool = True
    require_marker: bool = False
    backup: bool = False
    closed_attempts: frozenset[tuple[str, bool]] = frozenset()
    unknown: tuple[UnknownSetting, ...] = ()
    wrong: tuple[WrongSetting, ...] = ()
    missing: Missing | None = None

    @property
    def answers(self) -> dict[str, bool]:
        """What a person says of attempts, by id; of two answers about one, that it was rebuilt counts."""
        return dict(sorted(self.closed_attempts))

    @property
    def wrong_together(self) -> tuple[WrongSetting, ...]:
        """``wrong``, and the settings that contradict each other."""
        needed_by = self.marker_needed_by
        if self.mark_attempts or needed_by is None:
            return self.wrong
        return (*self.wrong, WrongSetting("zec:markAttempts", f"must not be false where {needed_by} is true"))

    @property
    def marker_needed_by(self) -> str | None:
        """The setting for which nothing is wiped without a marker that is needed, None without one."""
        if self.require_approval:
            return "zec:requireApproval"
        return "zec:requireMarker" if self.require_marker else None

    def approves(self, token: str) -> bool:
        """Whether the token is approved; tokens match by their digest."""
        return approval.digest_of(token) in set(map(approval.digest_of, self.approved_rebuilds))


def strictest(first: GateSettings, second: GateSettings) -> GateSettings:
    """Return the gates that are open where both are.

    A token counts where each of the two that requires approval approves it.
    """
    causes = [one.allowed_causes for one in (first, second) if one.allowed_causes is not None]
    tokens = [one.approved_rebuilds for one in (first, second) if one.require_approval]
    return GateSettings(
        allow_rebuild=first.allow_rebuild and second.allow_rebuild,
        allowed_causes=frozenset.intersection(*causes) if causes else None,
        require_approval=first.require_approval or second.require_approval,
        approved_rebuilds=frozenset.intersection(*tokens) if tokens else frozenset(),
        mark_attempts=first.mark_attempts and second.mark_attempts,
        require_marker=first.require_marker or second.require_marker,
        backup=first.backup or second.backup,
        closed_attempts=first.closed_attempts | second.closed_attempts,
        unknown=tuple(dict.fromkeys(first.unknown + second.unknown)),
        wrong=tuple(dict.fromkeys(first.wrong + second.wrong)),
        missing=first.missing or second.missing,
    )


class GateName(str, Enum):
    """What a gate is called: by the input or the setting that closes it."""

    REBUILD_PROTECTION = "rebuild_protection"
    ALLOW_REBUILD = "zec:allowRebuild"
    ALLOWED_CAUSES = "zec:allowedCauses"
    REQUIRE_APPROVAL = "zec:requireApproval"
    UNKNOWN_SETTING = "unknown setting"
    WRONG_SETTING = "wrong setting"
    MISSING_SETTINGS = "missing settings"


@dataclass(frozen=True)
class ClosedGate:
    """One gate that refuses a rebuild.

    Attributes:
        name: Which one.
        allowed: The triggers that ``zec:allowedCauses`` allows, sorted.
        not_allowed: The triggers of this rebuild that it does not allow.
        token: What would approve this rebuild; None while that cannot be known.
        stale: Approved tokens of this instance and stack that are for another plan, or used up elsewhere.
        foreign: Approved tokens of this instance for another stack.
        used: Approved tokens that a rebuild on this computer has used up.
        unread: Why the machine's marker could not be read, without which no token can be known.
        setting: The setting that is unknown or wrong, or why none is known.
    """

    name: GateName
    allowed: tuple[str, ...] = ()
    not_allowed: tuple[str, ...] = ()
    token: str | None = None
    stale: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()
    used: tuple[str, ...] = ()
    unread: str | None = None
    setting: UnknownSetting | WrongSetting | Missing | None = None


@dataclass(frozen=True)
class Verdict:
    """What the gates say of a plan: those that refuse it, and the token that approved it, if one was needed."""

    closed: tuple[ClosedGate, ...] = ()
    approved_by: str | None = None


def verdict(
    wanted: Wanted,
    plan: Plan,
    settings: GateSettings,
    rebuild: PlannedRebuild | None,
    stack: str,
    used: Mapping[str, str],
    unread: str | None = None,
    *,
    restores: bool = False,
) -> Verdict:
    """Return what the gates say of a plan; one that is no rebuild passes.

    Args:
        wanted: What the program asks for.
        plan: What would be done.
        settings: The gates of the stack.
        rebuild: What a token would approve; None while that cannot be known (preview with unknown inputs).
        stack: The stack's name.
        used: The attempts of this computer by the digest that approved them.
        unread: Why the machine's marker could not be read, None when it was.
        restores: Whether the image that is installed is a backup of the machine.
    """
    if plan.kind is not Kind.REBUILD:
        return Verdict()
    gates = [ClosedGate(GateName.REBUILD_PROTECTION)] if wanted.rebuild_protection else []
    gates += [ClosedGate(GateName.UNKNOWN_SETTING, setting=one) for one in settings.unknown]
    gates += [ClosedGate(GateName.WRONG_SETTING, setting=one) for one in settings.wrong_together]
    gates += [ClosedGate(GateName.MISSING_SETTINGS, setting=settings.missing)] if settings.missing else []
    if not settings.allow_rebuild:
        gates.append(ClosedGate(GateName.ALLOW_REBUILD))
    if settings.allowed_causes is not None:
        permitted = settings.allowed_causes
        if restores and RESTORE in permitted:
            permitted |= {"imageId"}
        others = tuple(cause.trigger for cause in plan.causes if cause.trigger not in permitted)
        allowed = tuple(sorted(settings.allowed_causes))
        gates += [ClosedGate(GateName.ALLOWED_CAUSES, allowed, others)] if others else []
    if not settings.require_approval:
        return Verdict(tuple(gates))
    token = rebuild.token(used) if rebuild else None
    if token is None or not settings.approves(token):
        gates.append(replace(_unapproved(settings, stack, wanted.instance_id, token, used), unread=unread))
    return Verdict(tuple(gates), None if gates else token)


def _unapproved(
    settings: GateSettings, stack: str, instance_id: str | None, token: str | None, used: Mapping[str, str]
) -> ClosedGate:
    spent = [text for text in sorted(settings.approved_rebuilds) if approval.digest_of(text) in used]
    named = [
        (text, approval.meant_for(text)[0])
        for text in sorted(settings.approved_rebuilds)
        if text not in spent and approval.meant_for(text)[1] == instance_id
    ]
    return ClosedGate(
        GateName.REQUIRE_APPROVAL,
        token=token,
        stale=tuple(text for text, place in named if place == stack),
        foreign=tuple(text for text, place in named if place != stack),
        used=tuple(spent),
    )
