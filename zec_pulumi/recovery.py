"""What the journal adds to the stack's record: attempts that were started and never recorded. Pure functions.

It matters only where the API cannot show what a rebuild changed. Everything readable converges from the live machine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zec_pulumi.inputs import Attempt, Recorded, Wanted
from zec_pulumi.journal import ENDED, Entry
from zec_pulumi.plan import READABLE, Kind, Plan

if TYPE_CHECKING:
    from collections.abc import Sequence


def unrecorded(entries: Sequence[Entry], plan: Plan, previous: str | None) -> Entry | None:
    """Return the attempt that already was this planned rebuild, None when the machine itself tells or there is none.

    A planned rebuild is the same when its causes are and it stands on the same recorded rebuild, ``previous``.
    """
    if plan.kind is not Kind.REBUILD or all(cause.trigger in READABLE for cause in plan.causes):
        return None
    causes = sorted(str(cause) for cause in plan.causes)
    same = [
        entry
        for entry in entries
        if entry.event not in ENDED and entry.previous == previous and sorted(entry.causes) == causes
    ]
    return same[-1] if same else None


def question(entry: Entry) -> str | None:
    """Return what must be asked before anything is done, None when the attempt's outcome is known."""
    if entry.event not in ("intent", "unknown"):
        return None
    return (
        f"an earlier run was about to rebuild instance {entry.instance_id} ({', '.join(entry.causes)}) and ended before"
        " it could record what came of it, and nothing the API shows tells: it may have been rebuilt already."
        f" Nothing was sent now. Look at the machine, then run `zec-pulumi attempts close {entry.attempt_id}"
        " --rebuilt` or `--not-rebuilt`, and pulumi up again"
    )


def recalled(entry: Entry, wanted: Wanted, recorded: Recorded) -> Recorded:
    """Return the record as it would be, had the attempt been recorded: open, and asking for what is wanted."""
    attempt = Attempt(
        id=entry.attempt_id,
        causes=entry.causes,
        request_id=entry.request_id,
        started_at=entry.started_at,
        outcome="failed" if entry.event == "failed" else "accepted",
        moved=entry.event in ("finished", "closed-rebuilt", "failed"),
    )
    asked = {name: getattr(wanted, name) for name in Wanted.model_fields if getattr(wanted, name) is not None}
    return recorded.model_copy(update={**asked, "attempt": attempt})
