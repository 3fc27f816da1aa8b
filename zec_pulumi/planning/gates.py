"""Rules of the user's that refuse a planned rebuild. Adopting, joining and changes in place pass every gate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zec_pulumi.planning import approval
from zec_pulumi.planning.plan import Kind

if TYPE_CHECKING:
    from zec_pulumi.api import ResetInstanceRequest
    from zec_pulumi.planning.inputs import Wanted
    from zec_pulumi.planning.plan import Plan
    from zec_pulumi.settings.options import Options


def closed(
    wanted: Wanted,
    plan: Plan,
    options: Options,
    urn: str,
    previous: str | None,
    request: ResetInstanceRequest | None,
) -> list[str]:
    """Return why the plan's rebuild is not allowed; empty when it is, or when the plan is no rebuild.

    ``previous`` is the attempt id of the last recorded rebuild, ``request`` what would be sent, None while that cannot
    be known (preview with unknown inputs): together they make the approval that this rebuild needs.
    """
    if plan.kind is not Kind.REBUILD:
        return []
    what = f"instance {wanted.instance_id} is not rebuilt ({', '.join(str(cause) for cause in plan.causes)})"
    reasons = []
    if wanted.rebuild_protection:
        reasons.append(
            f"rebuild_protection is set, so {what}; its disk is untouched. Set rebuild_protection=False to allow it,"
            " or take the change back"
        )
    if not options.allow_rebuild:
        reasons.append(f"zec:allowRebuild is false in this stack, so {what}; its disk is untouched")
    reasons.extend(_causes(plan, options, what))
    if options.require_approval:
        token = approval.token(urn, previous, request) if request else None
        reasons.extend(_approval(options, what, urn, wanted.instance_id or "", token))
    return reasons


def _causes(plan: Plan, options: Options, what: str) -> list[str]:
    if options.allowed_causes is None:
        return []
    others = [cause.trigger for cause in plan.causes if cause.trigger not in options.allowed_causes]
    if not others:
        return []
    allowed = ", ".join(sorted(options.allowed_causes)) or "none"
    return [f"zec:allowedCauses allows {allowed}, and {', '.join(others)} is another, so {what}; its disk is untouched"]


def _approval(options: Options, what: str, urn: str, instance_id: str, token: str | None) -> list[str]:
    if token is None:
        return [f"zec:requireApproval is set and the token is not known yet: up refuses and names the token; {what}"]
    if token in options.approved_rebuilds:
        return []
    stack = approval.stack_of(urn)
    others = [given for given in sorted(options.approved_rebuilds) if approval.meant_for(given)[1] == instance_id]
    foreign = [given for given in others if approval.meant_for(given)[0] != stack]
    stale = [given for given in others if approval.meant_for(given)[0] == stack]
    hint = "".join(f". {given} is for another stack" for given in foreign)
    hint += "".join(f". {given} approved another plan or is used up" for given in stale)
    return [f"approval needed: {what}; its disk is untouched. To approve, add {token} to zec:approvedRebuilds{hint}"]
