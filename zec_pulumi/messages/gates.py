"""What a closed gate says: which rebuild it refuses, and the way through."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zec_pulumi.journal.marker import KEY
from zec_pulumi.messages.causes import sentences
from zec_pulumi.messages.quoting import quoted_id
from zec_pulumi.messages.settings import did_you_mean
from zec_pulumi.planning.gates import GateName, Missing, UnknownSetting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zec_pulumi.planning.causes import Cause
    from zec_pulumi.planning.gates import ClosedGate, WrongSetting

PROTECTED = "rebuild_protection is set, so "
NOT_ALLOWED = "zec:allowRebuild is false in this stack, so "
ALLOWED = "zec:allowedCauses allows "
NO_TOKEN_YET = "zec:requireApproval is set and the token is not known yet: up refuses and names the token; "  # noqa: S105 a sentence
NO_TOKEN_WITHOUT_TAG = "tag not readable: "  # noqa: S105 a sentence
UNAPPROVED = "approval needed: "
UNKNOWN_SETTING = "unknown setting: "
WRONG_SETTING = "wrong setting: "
MISSING_SETTINGS = "stack settings not known: "
"""How the lines of the gates begin."""

APPROVED_BY = "approved by "
"""How the line of an approved rebuild begins; the token ends it."""

UNTOUCHED = "; its disk is untouched"
WAY_OUT = ". Set rebuild_protection=False to allow it, or take the change back"
TO_APPROVE, ADD_TO = ". To approve, add ", " to zec:approvedRebuilds"
FOREIGN, STALE = " is for another stack", " approved another plan or is used up"
USED = " is used up by a rebuild from this computer"
NAMES_THE_TAG = f". An approval token names the attempt in the tag {KEY}, and that cannot be read: "
CORRECT_KEY = ". Correct the key, or take it out with pulumi config rm"
CORRECT_VALUE = ". Correct it with pulumi config set, or take it out with pulumi config rm"
SEND_SETTINGS = (
    ". Let no transform take out inputs of this resource, and use one version of zec_pulumi for program and provider"
)


def sentence(gate: ClosedGate, instance_id: str | None, causes: Sequence[Cause]) -> str:
    """Return why the gate refuses the rebuild of the instance for ``causes``."""
    refused = f"instance {quoted_id(instance_id)} is not rebuilt ({sentences(causes)})"
    if gate.setting is not None:
        return _settings(gate.setting, f", so {refused}{UNTOUCHED}")
    if gate.name is GateName.REBUILD_PROTECTION:
        return f"{PROTECTED}{refused}{UNTOUCHED}{WAY_OUT}"
    if gate.name is GateName.ALLOW_REBUILD:
        return f"{NOT_ALLOWED}{refused}{UNTOUCHED}"
    if gate.name is GateName.ALLOWED_CAUSES:
        allowed, others = ", ".join(gate.allowed) or "none", ", ".join(gate.not_allowed)
        return f"{ALLOWED}{allowed}, and {others} is another, so {refused}{UNTOUCHED}"
    if gate.token is None:
        return _no_token(gate, refused)
    said = ((gate.used, USED), (gate.foreign, FOREIGN), (gate.stale, STALE))
    hints = [f". {token}{why}" for tokens, why in said for token in tokens]
    return f"{UNAPPROVED}{refused}{UNTOUCHED}{TO_APPROVE}{gate.token}{ADD_TO}{''.join(hints)}"


def _no_token(gate: ClosedGate, refused: str) -> str:
    if gate.unread is None:
        return f"{NO_TOKEN_YET}{refused}"
    way_out = "Permit DescribeResourceTags of the service zrm, or run it again"
    return f"{NO_TOKEN_WITHOUT_TAG}{refused}{UNTOUCHED}{NAMES_THE_TAG}{gate.unread}. {way_out}"


def approved(token: str) -> str:
    """Return the line on the row of a rebuild that a token has approved."""
    return f"{APPROVED_BY}{token}"


def _settings(setting: UnknownSetting | WrongSetting | Missing, consequence: str) -> str:
    """Return why a setting, or the lack of all of them, refuses a rebuild."""
    if isinstance(setting, Missing):
        return f"{MISSING_SETTINGS}{setting.value}{consequence}{SEND_SETTINGS}"
    if isinstance(setting, UnknownSetting):
        key = f"{quoted_id(setting.key)} is none of zec_pulumi{did_you_mean(setting.meant)}"
        return f"{UNKNOWN_SETTING}{key}{consequence}{CORRECT_KEY}"
    return f"{WRONG_SETTING}{setting.key} {setting.must}{consequence}{CORRECT_VALUE}"
