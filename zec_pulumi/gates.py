"""Rules of the user's that refuse a planned rebuild."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zec_pulumi.plan import Kind

if TYPE_CHECKING:
    from zec_pulumi.inputs import Wanted
    from zec_pulumi.plan import Plan


def refusal(wanted: Wanted, plan: Plan) -> str | None:
    """Return why the plan's rebuild is not allowed, None when it is, or when the plan is no rebuild."""
    if plan.kind is Kind.REBUILD and wanted.rebuild_protection:
        causes = ", ".join(str(cause) for cause in plan.causes)
        return (
            f"rebuild_protection is set, so instance {wanted.instance_id} is not rebuilt ({causes});"
            " its disk is untouched. Set rebuild_protection=False to allow it, or take the change back"
        )
    return None
