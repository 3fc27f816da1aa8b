"""The plan of one resource with the journal asked: one answer for the preview that shows it and the up that acts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zec_pulumi.journal import recovery
from zec_pulumi.planning.plan import Plan, plan_create, plan_update

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zec_pulumi.api import Instance
    from zec_pulumi.journal.journal import Journal
    from zec_pulumi.planning.inputs import Recorded, Wanted


@dataclass(frozen=True)
class Decision:
    """What to do with a machine.

    ``recorded`` is the record, with the attempt that only the journal knew; ``question`` must be answered by a person
    before anything is done; ``warning`` says what of an unrecorded attempt nobody can know.
    """

    plan: Plan
    recorded: Recorded
    question: str | None = None
    warning: str | None = None


def decide(
    journal: Journal,
    wanted: Wanted,
    recorded: Recorded,
    live: Instance,
    before: Mapping[str, Any],
    urn: str,
    *,
    tidy: bool,
) -> Decision:
    """Decide; ``before`` are the recorded outputs, empty for a create, and ``tidy`` as in :func:`recovery.recall`.

    Raises:
        JournalError: the journal cannot be read.
    """
    plan = plan_update(wanted, recorded, live) if before else plan_create(wanted, live)
    remembered = recovery.recall(journal, wanted, recorded, live, plan, before, urn, tidy=tidy)
    if remembered.question:
        return Decision(plan, recorded, question=remembered.question)
    if remembered.recorded:
        plan = plan_update(wanted, remembered.recorded, live)
        return Decision(plan, remembered.recorded, warning=remembered.warning)
    return Decision(plan, recorded, warning=remembered.warning)
