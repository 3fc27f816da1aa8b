"""What the journal adds to the stack's record: attempts that were started and never recorded.

It matters only where the API cannot show what a rebuild changed. Everything readable converges from the live machine.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zec_pulumi.journal.journal import ENDED, Entry, Journal
from zec_pulumi.messages import recovery as sentences
from zec_pulumi.planning import status
from zec_pulumi.planning.inputs import Attempt, Recorded, Wanted
from zec_pulumi.planning.plan import READABLE, Cause, Kind, Plan, all_readable, shown
from zec_pulumi.planning.record import last_attempt
from zec_pulumi.program.inputs import snake

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from zec_pulumi.api import Instance

_READABLE_CAUSE = re.compile(
    rf"(?P<trigger>{'|'.join(READABLE)}) (was changed outside Pulumi: (?P<back>\S+) → .*|\S+ → (?P<new>\S+))"
)

_NOTHING_TO_REBUILD = (Kind.NONE, Kind.CHANGE)

_UNSHOWN = frozenset({"userData", "password"})
"""Triggers whose value a rebuild puts on the machine, and no API shows."""

_GONE_WHEN_OMITTED = frozenset({"user_data", "user_data_base64", "password"})
"""Inputs that a rebuild takes off the machine when the program omits them; the others stay as the machine has them."""


@dataclass(frozen=True)
class Recall:
    """What was remembered: a ``question`` to ask before anything is done, or the record with the attempt in it.

    ``warning`` says what the journal cannot know of that attempt, or of one that is not wanted any more.
    """

    question: str | None = None
    recorded: Recorded | None = None
    warning: str | None = None


def recall(
    journal: Journal,
    wanted: Wanted,
    recorded: Recorded,
    live: Instance,
    plan: Plan,
    before: Mapping[str, Any],
    urn: str,
    *,
    tidy: bool,
) -> Recall:
    """Look for an attempt that already was the planned rebuild; with ``tidy``, forget what the stack has recorded.

    Raises:
        JournalError: the journal cannot be read; then nothing may be rebuilt on a guess.
    """
    entries = journal.entries(wanted.instance_id) if wanted.instance_id else []
    previous = last_attempt(before)
    known = {previous, recorded.attempt.id if recorded.attempt else None}
    if recorded.attempt and recorded.attempt.outcome == "unknown":
        answered = _answered(recorded, recorded.attempt, entries)
        # What the program asks for anew may have been done as well, after that attempt, and not been recorded.
        if answered or plan.kind is not Kind.REBUILD or (entries and entries[-1].attempt_id in known):
            return Recall(recorded=answered)
    elif entries and (entries[-1].attempt_id in known or all(entry.event in ENDED for entry in entries)):
        if tidy:
            journal.forget(entries[-1].instance_id)
        return Recall()
    entries = [entry for entry in entries if entry.attempt_id not in known]
    # Without a rebuild before it, an attempt may as well be that of another resource on the same machine.
    said = "closed-rebuilt" if before else None
    own = [entry for entry in entries if entry.urn == urn or entry.previous or entry.event == said]
    taken_back = [e for e in own if e.urn == urn or e.previous == previous] if plan.kind in _NOTHING_TO_REBUILD else []
    left = _left_as_it_is(taken_back, wanted, live)
    if left:
        return Recall(left)
    entry = unrecorded(own, plan, previous, wanted, live)
    if entry is None:
        other = unrecorded(entries, plan, previous, wanted, live) if before else None
        return Recall(sentences.whose(other)) if other else Recall(warning=_ran_otherwise(taken_back))
    asked = question(entry)
    if asked:
        return Recall(asked)
    return Recall(None, recalled(entry, wanted, recorded), _unseen(entry, wanted, new=not before))


def unrecorded(
    entries: Sequence[Entry], plan: Plan, previous: str | None, wanted: Wanted, live: Instance
) -> Entry | None:
    """Return the attempt that already was this planned rebuild, None when the machine itself tells or there is none.

    A planned rebuild is the same when its causes are and it stands on the same recorded rebuild, ``previous``.
    """
    if plan.kind is not Kind.REBUILD or all_readable(map(str, plan.causes)):
        return None
    same = [
        entry
        for entry in entries
        if entry.event not in ENDED and entry.previous == previous and _same_causes(entry, plan, wanted, live)
    ]
    return same[-1] if same else None


def _left_as_it_is(entries: Sequence[Entry], wanted: Wanted, live: Instance) -> str | None:
    """Return why nothing to do is no success: our own unrecorded rebuild put on the machine what is not wanted now.

    Drift by others is only warned of; but after a killed run, up must bring the wanted image or say what to do.
    """
    has = _shown_by(live)
    wants = {"imageId": wanted.image_id, "keyId": None if wanted.password else wanted.key_id}
    differing = {(trigger, has[trigger]) for trigger, want in wants.items() if want not in (None, has[trigger])}
    under_way = live.status in status.REINSTALLING
    ours = [e for e in entries if e.event not in ENDED and (under_way or differing & set(map(_put, e.causes)))]
    if not ours:
        return None
    return sentences.left_as_it_is(ours[-1], live)


def _ran_otherwise(entries: Sequence[Entry]) -> str | None:
    """Return what to warn of when our own unrecorded rebuild was for inputs that no API shows, and was taken back."""
    ours = [(e, asked) for e in entries if e.event not in ENDED and (asked := _UNSHOWN & set(_triggers(e.causes)))]
    if not ours:
        return None
    entry, asked = ours[-1]
    return sentences.taken_back(entry, " and ".join(sorted(map(snake, asked))))


def _triggers(causes: Sequence[str]) -> list[str]:
    return [cause.split(" ", 1)[0] for cause in causes]


def _put(cause: str) -> tuple[str, str] | None:
    """Return the trigger and the value that a rebuild for a readable cause puts on the machine, None for others."""
    match = _READABLE_CAUSE.fullmatch(cause)
    return (match["trigger"], match["back"] or match["new"]) if match else None


def _shown_by(live: Instance) -> dict[str, str]:
    """Return the readable triggers as the machine has them, in the words of causes."""
    return {
        "imageId": shown(live.image_id),
        "keyId": shown(live.key_id),
        "timezone": shown(live.time_zone),
        "enableAgent": shown(bool(live.enable_agent)),
    }


def forget_resource(journal: Journal, instance_id: str, urn: str) -> None:
    """Note that the stack begins anew with a resource: attempts made for it before are no attempts of what follows.

    Raises:
        JournalError: the journal cannot be read.
    """
    for entry in journal.entries(instance_id):
        if entry.urn == urn and entry.event not in ENDED:
            journal.note(instance_id, entry.attempt_id, "forgotten")


def left_behind(journal: Journal, instance_id: str, urn: str, previous: str | None) -> bool:
    """Whether a run that ended before it could record it has worked on the machine for this very resource.

    Raises:
        JournalError: the journal cannot be read.
    """
    entries = journal.entries(instance_id)
    return any(e.urn == urn and e.previous == previous and e.event not in ENDED for e in entries)


def _same_causes(entry: Entry, plan: Plan, wanted: Wanted, live: Instance) -> bool:
    """Whether the attempt was made for these causes, but for readable ones that have come true since.

    Those are no cause any more, or are one only because a refresh in between recorded the machine as it was then.
    """
    causes = {str(cause) for cause in plan.causes}
    added = [cause for cause in plan.causes if str(cause) not in entry.causes]
    return all(_came_true(cause, live) for cause in added) and all(
        _asks(cause, wanted) for cause in set(entry.causes) - causes
    )


def _came_true(cause: Cause, live: Instance) -> bool:
    if cause.trigger == "adopt":
        return True
    return cause.new is not None and _shown_by(live).get(cause.trigger) == cause.new


def _asks(cause: str, wanted: Wanted) -> bool:
    """Whether the program still asks for what a readable cause was about."""
    put = _put(cause)
    return put is not None and put[1] == shown(wanted.given().get(put[0]))


def question(entry: Entry) -> str | None:
    """Return what must be asked before anything is done, None when the attempt's outcome is known."""
    if entry.event not in ("intent", "unknown"):
        return None
    return sentences.outcome_unknown(entry)


def _unseen(entry: Entry, wanted: Wanted, *, new: bool) -> str | None:
    """Return what to warn of when an attempt counts for values that it did not keep.

    The causes of a resource that is ``new`` to the stack do not name what it asks for the first time.
    """
    secret = _triggers([cause for cause in entry.causes if not all_readable([cause])])
    if new:
        secret += ["userData"] if wanted.first_boot_script is not None else []
        secret += ["password"] if wanted.password is not None else []
    inputs = " or ".join(dict.fromkeys(snake(trigger) for trigger in secret if trigger != "adopt"))
    return sentences.values_not_kept(entry, inputs) if inputs else None


def _answered(recorded: Recorded, attempt: Attempt, entries: Sequence[Entry]) -> Recorded | None:
    """Return the record with a person's word that its attempt was carried out, None while nobody has said so."""
    if not any(entry.attempt_id == attempt.id and entry.event == "closed-rebuilt" for entry in entries):
        return None
    answered = attempt.model_copy(update={"outcome": "accepted", "moved": True})
    return recorded.model_copy(update={"attempt": answered})


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
    given = {name: getattr(wanted, name) for name in Wanted.model_fields}
    asked = {name: value for name, value in given.items() if value is not None or name in _GONE_WHEN_OMITTED}
    return recorded.model_copy(update={**asked, "attempt": attempt})
