"""What the journal adds to the stack's record: attempts that were started and never recorded.

It matters only where the API cannot show what a rebuild changed. Everything readable converges from the live machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zec_pulumi.inputs import Attempt, Recorded, Wanted
from zec_pulumi.journal import ENDED, Entry, Journal
from zec_pulumi.plan import READABLE, Kind, Plan
from zec_pulumi.record import last_attempt

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True)
class Recall:
    """What was remembered: a ``question`` to ask before anything is done, or the record with the attempt in it."""

    question: str | None = None
    recorded: Recorded | None = None


def recall(
    journal: Journal, wanted: Wanted, recorded: Recorded, plan: Plan, before: Mapping[str, Any], *, tidy: bool = True
) -> Recall:
    """Look for an attempt that already was the planned rebuild; with ``tidy``, forget what the stack has recorded.

    Raises:
        JournalError: the journal cannot be read; then nothing may be rebuilt on a guess.
    """
    entries = journal.entries(wanted.instance_id) if wanted.instance_id else []
    previous = last_attempt(before)
    known = {previous, recorded.attempt.id if recorded.attempt else None}
    if entries and (entries[-1].attempt_id in known or all(entry.event in ENDED for entry in entries)):
        if tidy:
            journal.forget(entries[-1].instance_id)
        return Recall()
    entry = unrecorded(entries, plan, previous)
    if entry is None:
        return Recall()
    asked = question(entry)
    return Recall(asked) if asked else Recall(recorded=recalled(entry, wanted, recorded))


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
        image_id=wanted.image_id,
        key_id=wanted.key_id,
        outcome="failed" if entry.event == "failed" else "accepted",
        moved=entry.event in ("finished", "closed-rebuilt", "failed"),
    )
    asked = {name: getattr(wanted, name) for name in Wanted.model_fields if getattr(wanted, name) is not None}
    return recorded.model_copy(update={**asked, "attempt": attempt})
