"""Whether a rebuild of a preview is approved: only where its row says so, by a token that the stack's settings hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zec_pulumi.cli.report.model import Approval
from zec_pulumi.messages.parse import Word
from zec_pulumi.messages.quoting import MASK
from zec_pulumi.planning.approval import digest_of
from zec_pulumi.planning.gates import GateName

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zec_pulumi.messages.parse import Line
    from zec_pulumi.planning.gates import GateSettings

_NO_GATE = "no gate held for this row although the stack sets one: is it served by another provider?"
_NO_SETTINGS = "the stack's gates cannot be read from the preview"
_OTHER_TOKEN = "its row names a token that zec:approvedRebuilds does not hold"  # noqa: S105 a sentence
_MASKED_TOKEN = "the engine masks its token or those approved, so they cannot be compared"  # noqa: S105 a sentence


def approval_of(plan: Line, found: Sequence[Line], settings: GateSettings | None) -> tuple[Approval, str | None]:
    """Return whether the rebuild of a row is approved, and what its state does not say by itself.

    Args:
        plan: The row's line about the rebuild.
        found: All its lines.
        settings: The gates of the stack; None where they cannot be read.
    """
    gates = [line for line in found if line.gate]
    if gates and all(line.gate == GateName.REQUIRE_APPROVAL for line in gates):
        return Approval.NEEDED, None
    if gates or plan.closed:
        return Approval.REFUSED, None
    if settings is None:
        return Approval.UNPROVEN, _NO_SETTINGS
    if not _lets_through(plan, settings):
        return Approval.UNPROVEN, _NO_GATE
    if not settings.require_approval:
        return Approval.UNGATED, None
    return _matched([line.token for line in found if line.word is Word.APPROVED and line.token], settings)


def is_masked(token: str | None) -> bool:
    """Whether the engine masked the part of a token that counts."""
    return token is not None and MASK in token and digest_of(token) is None


def mask_hint(token: str) -> str | None:
    """Return what to do about a token of which the engine masks a part; None when it masks none."""
    if is_masked(token):
        return (
            "the engine masks its token, because a secret of this stack occurs in it: change that secret, or give"
            " rebuild_token another value, which makes another token"
        )
    if MASK in token:
        return "the engine masks a part of its token that does not count: paste the token as it is"
    return None


def _lets_through(plan: Line, settings: GateSettings) -> bool:
    """Whether the gates that need no token let this rebuild through."""
    allowed = settings.allowed_causes
    return settings.allow_rebuild and (allowed is None or {cause.trigger for cause in plan.causes} <= allowed)


def _matched(tokens: Sequence[str], settings: GateSettings) -> tuple[Approval, str | None]:
    if not tokens:
        return Approval.UNPROVEN, _NO_GATE
    approved = {digest_of(token) for token in settings.approved_rebuilds}
    if any(is_masked(token) for token in (*tokens, *settings.approved_rebuilds)):
        return Approval.UNPROVEN, _MASKED_TOKEN
    return (Approval.APPROVED, None) if {*map(digest_of, tokens)} <= approved else (Approval.UNPROVEN, _OTHER_TOKEN)
