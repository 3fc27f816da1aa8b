"""What a run found on a machine, and the plan for it on a record that journal, marker or machine complete. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from zec_pulumi.journal.journal import UNKNOWN, Entry
from zec_pulumi.planning.causes import as_text
from zec_pulumi.planning.differences import shown_by
from zec_pulumi.planning.inputs import Attempt, Recorded, Wanted
from zec_pulumi.planning.plan import Plan, plan_update
from zec_pulumi.planning.same_rebuild import PASSWORD_NOT_KNOWN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zec_pulumi.api import Instance
    from zec_pulumi.journal.marker import Found
    from zec_pulumi.journal.questions import JournalWarning, MarkerNote, Question

_GONE_WHEN_OMITTED = frozenset({"user_data", "user_data_base64", "password"})
"""Inputs that a rebuild takes off the machine when the program omits them; the others stay as the machine has them."""


@dataclass(frozen=True)
class Sighting:
    """What this run found on the machine.

    ``found`` is the status before anybody waited, None where that is the one of the machine as read; ``now`` is the
    time in seconds since the Unix epoch. ``answers`` say by attempt id, or its beginning, whether it was rebuilt.
    ``restored`` is the attempt whose backup the machine runs: it was rolled back.
    """

    marker: Found = None
    found: str | None = None
    now: float = 0.0
    answers: Mapping[str, bool] = field(default_factory=dict)
    restored: str | None = None

    def answer(self, attempt_id: str) -> bool | None:
        """Return what the settings say of an attempt, None while they say nothing of it.

        The first eight characters of an id are what a marker has of it.
        """
        return next((said for one, said in self.answers.items() if one[:8] == attempt_id[:8]), None)


@dataclass(frozen=True)
class ResolvedPlan:
    """What to do with a machine.

    ``recorded`` is the record, with the attempt that only the journal knew. A person must answer ``question`` before
    anything is done. ``warning`` says what of an unrecorded attempt nobody can know, ``note`` what the marker tells
    besides.
    """

    plan: Plan
    recorded: Recorded
    question: Question | None = None
    warning: JournalWarning | None = None
    note: MarkerNote | None = None


def with_attempt(wanted: Wanted, recorded: Recorded, live: Instance) -> ResolvedPlan:
    """Return the plan on a record that the journal has completed."""
    return ResolvedPlan(plan_update(wanted, recorded, live), recorded)


def recalled(entry: Entry, then: Wanted, recorded: Recorded) -> Recorded:
    """Return the record as it would be, had the attempt been recorded: open, and asking for what it wanted ``then``."""
    attempt = Attempt(
        id=entry.attempt_id,
        causes=entry.causes,
        request_id=entry.request_id,
        started_at=entry.started_at,
        image_id=then.image_id,
        key_id=then.key_id,
        outcome="failed" if entry.event == "failed" else "unknown" if entry.event in UNKNOWN else "accepted",
        moved=entry.event in ("begun", "finished", "closed-rebuilt", "failed"),
        backup_image_id=entry.backup_image_id,
    )
    # A name is set in place as well, so the machine tells whether it has the one that is wanted now.
    given = {name: getattr(then, name) for name in Wanted.model_fields if name != "instance_name"}
    asked = {name: value for name, value in given.items() if value is not None or name in _GONE_WHEN_OMITTED}
    return recorded.model_copy(update={**asked, "attempt": attempt})


def wanted_then(entry: Entry, wanted: Wanted, recorded: Recorded, live: Instance) -> Wanted:
    """Return the program as the attempt had it, as far as its causes tell: they are all that it changes on the machine.

    A password is none of them where it was recorded before, or where the resource was new to the stack.
    """
    causes = {cause.trigger: cause for cause in entry.causes if not cause.hidden}
    hidden = {cause.trigger for cause in entry.causes if cause.hidden}
    has = shown_by(live)
    then: dict[str, object] = {}
    for name, trigger in (("timezone", "timezone"), ("enable_agent", "enableAgent")):
        if trigger in causes:
            new = causes[trigger].new
            then[name] = new == as_text(True) if name == "enable_agent" else new
        elif trigger not in hidden and as_text(getattr(wanted, name)) != has[trigger]:
            then[name] = None
    for name, trigger in (("image_id", "imageId"), ("key_id", "keyId")):
        if getattr(wanted, name) is None and trigger in causes:
            then[name] = causes[trigger].new
    if "password" in causes:
        then["password"] = wanted.password if wanted.password is not None else PASSWORD_NOT_KNOWN
    elif recorded.instance_id is not None and wanted.password != recorded.password:
        then["password"] = None
    return wanted.model_copy(update=then)


def to_be_set_anew(then: Wanted, live: Instance) -> Wanted:
    """Return the program of an attempt whose password nobody knows: where that can be set in place, it is set anew."""
    settable = live.enable_agent and then.enable_agent is not False and "password" not in then.rebuild_on
    if then.password is None or not settable:
        return then
    return then.model_copy(update={"password": PASSWORD_NOT_KNOWN})
