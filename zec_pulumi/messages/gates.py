"""What a closed gate says: which rebuild it refuses, and the way through."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zec_pulumi.messages.causes import sentences
from zec_pulumi.messages.quoting import quoted_id
from zec_pulumi.planning.gates import GateName

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zec_pulumi.planning.causes import Cause
    from zec_pulumi.planning.gates import ClosedGate

PROTECTED = "rebuild_protection is set, so "
NOT_ALLOWED = "zec:allowRebuild is false in this stack, so "
ALLOWED = "zec:allowedCauses allows "
NO_TOKEN_YET = "zec:requireApproval is set and the token is not known yet: up refuses and names the token; "  # noqa: S105 a sentence
UNAPPROVED = "approval needed: "
"""How the lines of the gates begin."""

APPROVED_BY = "approved by "
"""How the line about a rebuild begins that its token approves; the token follows, and nothing else."""

UNTOUCHED = "; its disk is untouched"
WAY_OUT = ". Set rebuild_protection=False to allow it, or take the change back"
TO_APPROVE, ADD_TO = ". To approve, add ", " to zec:approvedRebuilds"
FOREIGN, STALE = " is for another stack", " approved another plan or is used up"


def sentence(gate: ClosedGate, instance_id: str | None, causes: Sequence[Cause]) -> str:
    """Return why the gate refuses the rebuild of the instance for ``causes``."""
    refused = f"instance {quoted_id(instance_id)} is not rebuilt ({sentences(causes)})"
    if gate.name is GateName.REBUILD_PROTECTION:
        return f"{PROTECTED}{refused}{UNTOUCHED}{WAY_OUT}"
    if gate.name is GateName.ALLOW_REBUILD:
        return f"{NOT_ALLOWED}{refused}{UNTOUCHED}"
    if gate.name is GateName.ALLOWED_CAUSES:
        allowed, others = ", ".join(gate.allowed) or "none", ", ".join(gate.not_allowed)
        return f"{ALLOWED}{allowed}, and {others} is another, so {refused}{UNTOUCHED}"
    if gate.token is None:
        return f"{NO_TOKEN_YET}{refused}"
    hints = [f". {token}{FOREIGN}" for token in gate.foreign] + [f". {token}{STALE}" for token in gate.stale]
    return f"{UNAPPROVED}{refused}{UNTOUCHED}{TO_APPROVE}{gate.token}{ADD_TO}{''.join(hints)}"
