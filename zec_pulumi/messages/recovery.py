"""What a row says of attempts that only the journal knows: what may have happened to which machine, and the way out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zec_pulumi.journal.journal import VERIFIED, Origin
from zec_pulumi.journal.marker import KEY, Phase
from zec_pulumi.journal.questions import (
    FoundReinstalling,
    MarkedByAnother,
    MarkedNoLongerWanted,
    MarkedTakenBack,
    MarkedUnknown,
    MarkerNotRead,
    NoLongerWanted,
    OtherResource,
    ShownAlready,
    TakenBack,
    Unreadable,
)
from zec_pulumi.messages.causes import sentences
from zec_pulumi.messages.quoting import quoted_id
from zec_pulumi.program.inputs import snake
from zec_pulumi.text import printable
from zec_pulumi.time.deadline import duration
from zec_pulumi.time.timestamp import timestamp

if TYPE_CHECKING:
    from zec_pulumi.api import Instance
    from zec_pulumi.journal.journal import Entry
    from zec_pulumi.journal.marker import Marker
    from zec_pulumi.journal.questions import JournalWarning, MarkerNote, Question

INSTANCE = "Instance "
"""How the lines about an attempt begin whose outcome matters before anything is done; the instance's id follows."""

MAY_BE_REBUILT = " may already have been rebuilt: "
REBUILT_FOR_ANOTHER = " may already have been rebuilt under another name: "
NOT_WANTED = " was rebuilt, or is being rebuilt, for a change that your program no longer asks for: "
MAY_RUN = " may be running "
BEGUN_BY_ANOTHER = " is being rebuilt by another resource, or was about to be: "
"""What they say of the instance."""

_WAY_BACK = "Once it is RUNNING, run pulumi refresh, so that preview shows the way back as a rebuild, and pulumi up"


def question(found: Question) -> str:
    """Return what a person must answer before anything is done."""
    if isinstance(found, MarkedByAnother | MarkedUnknown | MarkedNoLongerWanted):
        return _marked(found)
    if isinstance(found, Unreadable):
        return (
            f"{INSTANCE}{quoted_id(found.instance_id)}{MAY_BE_REBUILT}line {found.line.number} of"
            f" {printable(str(found.line.file))} cannot be read, and may tell of it. This run has changed nothing. If a"
            " newer release of zec_pulumi wrote it, use that one. Else log in and check. If it was not rebuilt, remove"
            ' the line and run pulumi up. If it was, set adopt="only", have `pulumi state delete` forget the resource,'
            " and run pulumi up"
        )
    if isinstance(found, ShownAlready):
        names = " and ".join(snake(name) for name in found.inputs)
        return (
            f"{INSTANCE}{quoted_id(found.live.instance_id)}{MAY_BE_REBUILT}it has the wanted {names}, and the stack has"
            f" not recorded that. A run may have rebuilt it ({sentences(found.causes)}) and been killed. This run has"
            " changed nothing. Log in and check. If it was not rebuilt for this, run pulumi refresh, which records what"
            ' it has, and pulumi up. If it was, set adopt="only", have `pulumi state delete` forget the resource, and'
            " run pulumi up"
        )
    entry = found.entry
    run = f"an earlier run{'' if entry.origin is Origin.HERE else f' {entry.origin.value}'}"
    if isinstance(found, NoLongerWanted):
        live = found.live
        return (
            f"{_instance(entry)}{NOT_WANTED}{run} began it ({sentences(entry.causes)}) and was"
            f" killed. It is {live.status}{_and_has(live)}. This run has changed nothing. {_WAY_BACK}"
        )
    if isinstance(found, OtherResource):
        other = "--forget" if entry.event in VERIFIED else "--not-rebuilt"
        return (
            f"{_instance(entry)}{REBUILT_FOR_ANOTHER}{run} for {entry.urn} sent ResetInstance, or was about to"
            f" ({sentences(entry.causes)}), and was killed. This run has changed nothing. If that is this resource, run"
            f" `{_close(entry.attempt_id)} --rebuilt`, else the same with `{other}`, and pulumi up"
        )
    return (
        f"{_instance(entry)}{MAY_BE_REBUILT}{run} sent ResetInstance, or was about to"
        f" ({sentences(entry.causes)}), and was killed. This run has changed nothing. Log in and check, then run"
        f" `{_close(entry.attempt_id)} --rebuilt` or `--not-rebuilt`, and pulumi up"
    )


def _marked(found: MarkedByAnother | MarkedUnknown | MarkedNoLongerWanted) -> str:
    marker, live = found.marker, found.live
    if isinstance(found, MarkedNoLongerWanted):
        return (
            f"{INSTANCE}{quoted_id(live.instance_id)}{NOT_WANTED}its tag {KEY} says so (attempt {marker.attempt},"
            f" {marker.phase.value} at {timestamp(marker.at)}), and the stack has no record of it. It is {live.status}"
            f"{_and_has(live)}. This run has changed nothing. {_WAY_BACK}"
        )
    if isinstance(found, MarkedByAnother):
        return (
            f"{INSTANCE}{quoted_id(found.live.instance_id)}{BEGUN_BY_ANOTHER}its tag {KEY} says so"
            f" ({_of_stack(marker)}{marker.phase.value} {_since(found.now, marker.at)} ago, attempt {marker.attempt})."
            f" It is {found.live.status}. This run has changed nothing. Wait until that rebuild has ended, and check"
            " that no two resources have this instance_id. If it was killed, set zec:closeAttempt to"
            f" {marker.attempt}=not-rebuilt, or to {marker.attempt}=rebuilt if it was this very change of this resource"
            " under an older name, and run pulumi up"
        )
    what = "was rebuilt" if marker.phase is Phase.DONE else "was about to be rebuilt, or was,"
    return (
        f"{INSTANCE}{quoted_id(found.live.instance_id)}{MAY_BE_REBUILT}its tag {KEY} says that it {what} for this"
        f" very change ({sentences(found.causes)}) at {timestamp(marker.at)}, and the stack has no record of it. It"
        f" is {found.live.status}. This run has changed nothing. Log in and check. If it was rebuilt, set"
        f" zec:closeAttempt to {marker.attempt}=rebuilt, else to {marker.attempt}=not-rebuilt, and run pulumi up"
    )


def warning(found: JournalWarning) -> str:
    """Return what nobody can know of an attempt that was never recorded."""
    if isinstance(found, FoundReinstalling):
        return (
            f"{_instance(found.entry)}{MAY_BE_REBUILT}a reinstall is under way, and no record says whose. A run may"
            f" have begun it ({sentences(found.entry.causes)}) and been killed. So up waits for its end, wipes nothing,"
            " and asks whether it was this rebuild"
        )
    if isinstance(found, MarkedTakenBack):
        return _marked_taken_back(found.live.instance_id, found.marker)
    entry, names = found.entry, [snake(name) for name in found.inputs]
    if isinstance(found, TakenBack) and entry.event in VERIFIED:
        return (
            f"{_instance(entry)}{MAY_RUN}{' and '.join(names)} that your program no longer has: an earlier run rebuilt"
            " it before it was killed. To rebuild it, change rebuild_token"
        )
    if isinstance(found, TakenBack):
        return (
            f"{_instance(entry)}{MAY_RUN}{' and '.join(names)} that your program no longer has: an earlier run may have"
            " rebuilt it before it was killed. If it did, change rebuild_token to rebuild. If it did not, run"
            f" `{_close(entry.attempt_id)} --not-rebuilt`"
        )
    return (
        f"the rebuild of instance {quoted_id(entry.instance_id)} that a killed run began counts as this one. The"
        f" journal keeps no values. If {' or '.join(names)} was changed since that run, change rebuild_token as"
        " well; else the new value never reaches the machine"
    )


def _marked_taken_back(instance_id: str, marker: Marker) -> str:
    made = marker.phase is not Phase.BEGUN
    was = "was rebuilt" if made else "was about to be rebuilt, or was,"
    if made:
        after = (
            f"To rebuild it, change rebuild_token. If it is as it should be, run `{_close(marker.attempt)} --forget`"
        )
    else:
        after = (
            f"If it was, change rebuild_token to rebuild. If it was not, run `{_close(marker.attempt)} --not-rebuilt`,"
            f" or set zec:closeAttempt to {marker.attempt}=not-rebuilt"
        )
    return (
        f"{INSTANCE}{quoted_id(instance_id)}{MAY_RUN}a first-boot script or a password that your program no longer has:"
        f" its tag {KEY} says that it {was} for another program of this resource at {timestamp(marker.at)}, and the"
        f" stack has no record of it. {after}"
    )


def note(found: MarkerNote) -> str:
    """Return what the marker tells that decides nothing."""
    if isinstance(found, MarkerNotRead):
        return (
            f"the tag {KEY} has a value that this version does not know: {printable(found.marker.value)}. It counts for"
            " nothing; if a newer release of zec_pulumi wrote it, use that one"
        )
    marker = found.marker
    what = "rebuilt" if marker.phase is Phase.DONE else "a rebuild was begun, and not ended,"
    return f"{what} by another resource, {_of_stack(marker)}{_since(found.now, marker.at)} ago, as the tag {KEY} says"


def not_marked(instance_id: str, error: Exception) -> str:
    """Return the warning that the marker could not be written, and what that costs."""
    return (
        f"the tag {KEY} of instance {quoted_id(instance_id)} was not written: {error}. If this run is killed, another"
        " computer will not know of this rebuild. Permit ModifyResourceTags, or set zec:markAttempts to false"
    )


def marker_changes(live: Instance) -> str:
    """Return why nothing is rebuilt while others write the marker."""
    return (
        f"the tag {KEY} of instance {quoted_id(live.instance_id)} changes while this run decides, so another run works"
        f" on it. This run has changed nothing; it is {live.status}. Wait until that one has ended, and run pulumi up"
    )


def marker_needed(error: Exception, setting: str) -> str:
    """Return why nothing is rebuilt where a setting needs the marker."""
    return (
        f"the tag {KEY} cannot be used, and {setting} needs it: {error}. Permit DescribeResourceTags and"
        " ModifyResourceTags of the service zrm, or run it again"
    )


def _of_stack(marker: Marker) -> str:
    # Of the characters that a marker's names can have none must be quoted.
    return f"of stack {marker.stack}, " if marker.stack else ""


def _since(now: float, then: float) -> str:
    return duration(max(0.0, now - then))


def _instance(entry: Entry) -> str:
    return f"{INSTANCE}{quoted_id(entry.instance_id)}"


def _and_has(live: Instance) -> str:
    return f" with image {quoted_id(live.image_id)} and key {quoted_id(live.key_id)}"


def _close(attempt_id: str) -> str:
    return f"zec-pulumi attempts close {attempt_id}"
