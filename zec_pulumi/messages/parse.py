"""Parses the lines that the provider puts on its rows; the only place that knows their wording from outside.

Their authors are ``zec_pulumi.messages.rebuild``, ``fleet_sentences``, ``gates``, ``recovery``, ``preview`` and
``plan.Cause``. A test formats with those and parses back, so a change of wording breaks the test and not the reports.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from zec_pulumi.messages.rebuild import CONSEQUENCES
from zec_pulumi.planning import approval
from zec_pulumi.settings.options import CAUSES


class Word(str, Enum):
    """What a line is about."""

    REBUILD = "rebuild"
    UNDECIDED = "undecided"
    JOIN = "join"
    ADOPT = "adopt"
    CHANGE = "change in place"
    GATE = "gate"
    QUESTION = "question"
    NO_LIVE_CHECKS = "no live checks"
    FLEET = "fleet"
    NOTE = "note"


@dataclass(frozen=True)
class Value:
    """A trigger's value: an id and, if it has one, its name."""

    id: str
    name: str | None = None


@dataclass(frozen=True)
class Cause:
    """One reason for a rebuild; the values are given where they may be shown.

    ``drift`` means that the machine was changed outside Pulumi, and goes back from ``old`` to ``new``.
    """

    trigger: str
    old: Value | None = None
    new: Value | None = None
    drift: bool = False


@dataclass(frozen=True)
class Line:
    """One line, taken apart. ``detail`` is its text without the leading word, of a change in place the inputs.

    ``closed`` says of a rebuild that a gate refuses it; ``gate`` names the gate of a gate's line. ``unreadable`` is a
    line that begins like one of the provider's and goes on otherwise: another version wrote it.
    """

    word: Word
    detail: str
    instance_id: str | None = None
    instance_name: str | None = None
    disk_gib: int | None = None
    causes: tuple[Cause, ...] = ()
    undecided: tuple[str, ...] = ()
    closed: bool = False
    gate: str | None = None
    token: str | None = None
    unreadable: bool = False


GATES = {
    "rebuild_protection is set": "rebuild_protection",
    "zec:allowRebuild is false": "zec:allowRebuild",
    "zec:allowedCauses allows": "zec:allowedCauses",
    "zec:requireApproval is set": "zec:requireApproval",
    "approval needed:": "zec:requireApproval",
}
APPROVAL_GATE = "zec:requireApproval"

_PLANS = {
    "rebuild: ": Word.REBUILD,
    "undecided: ": Word.UNDECIDED,
    "join: ": Word.JOIN,
    "adopt: ": Word.ADOPT,
    "change in place: ": Word.CHANGE,
}
_QUESTION = "an earlier run was about to rebuild instance "
_FLEET = "fleet: "
_NO_LIVE_CHECKS = "live checks were not made: "

_MACHINE = r"(?P<id>the instance|\S+)(?: \((?P<facts>.*?)\))?"
_FORMS = {
    Word.REBUILD: re.compile(
        rf"boot disk of {_MACHINE} (?P<wipe>will|would) be wiped: (?P<causes>.+?)"
        rf"(?: \(not known yet: (?P<open>[^()]*)\))?; {re.escape(CONSEQUENCES)}(?:; the instance is .*)?"
    ),
    Word.UNDECIDED: re.compile(
        r"not known yet: (?P<open>[\w, ]+); "
        rf"(?:boot disk of {_MACHINE} will be wiped if that differs|up reads the machine, .*)"
    ),
    Word.JOIN: re.compile(r"(?:the )?rebuild (?:accepted|sent).*"),
    Word.ADOPT: re.compile(r".+; nothing is wiped(?:;.*)?"),
    Word.CHANGE: re.compile(rf"(?P<changes>[\w, ]+) of {_MACHINE}; nothing is wiped"),
}
_NEXT_CAUSE = re.compile(rf", (?=(?:{'|'.join(sorted(CAUSES))}) )")
_CAUSE = re.compile(
    r"(?P<trigger>\w+) (?:changed|is \"never\"|was changed outside Pulumi: (?P<was>.+) → (?P<now>.+), and goes back"
    r"|(?P<old>.+?) → (?P<new>.+))"
)
_VALUE = re.compile(r"(?P<id>\S+)(?: \((?P<name>.*)\))?")
_TOKEN = re.compile(r"To approve, add (\S+) to zec:approvedRebuilds")


def parse(text: str) -> Line:
    """Return the line taken apart; what is none of the provider's own forms is a note."""
    for start, word in _PLANS.items():
        if text.startswith(start):
            return _plan(word, text, text.removeprefix(start))
    for start, gate in GATES.items():
        if text.startswith(start):
            return _gate(text, gate)
    if text.startswith(_QUESTION):
        return Line(Word.QUESTION, text, instance_id=text.removeprefix(_QUESTION).split(" ", 1)[0])
    if text.startswith(_NO_LIVE_CHECKS):
        return Line(Word.NO_LIVE_CHECKS, text.removeprefix(_NO_LIVE_CHECKS))
    if text.startswith(_FLEET):
        return Line(Word.FLEET, text.removeprefix(_FLEET))
    return Line(Word.NOTE, text)


def _plan(word: Word, text: str, detail: str) -> Line:
    found = _FORMS[word].fullmatch(detail)
    if found is None:
        return Line(word, text, unreadable=True)
    groups = found.groupdict()
    causes = tuple(_cause(part) for part in _NEXT_CAUSE.split(groups["causes"])) if word is Word.REBUILD else ()
    if None in causes:
        return Line(word, text, unreadable=True)
    name, disk = _facts(groups.get("facts"))
    instance_id = groups.get("id")
    return Line(
        word,
        groups.get("changes") or detail,
        instance_id=None if instance_id == "the instance" else instance_id,
        instance_name=name,
        disk_gib=disk,
        causes=tuple(cause for cause in causes if cause),
        undecided=tuple((groups.get("open") or "").split(", ")) if groups.get("open") else (),
        closed=groups.get("wipe") == "would",
    )


def _gate(text: str, gate: str) -> Line:
    found = _TOKEN.search(text)
    token = found[1] if found and not approval.malformed(found[1]) else None
    return Line(Word.GATE, text, gate=gate, token=token, unreadable=bool(found) and token is None)


def _cause(text: str) -> Cause | None:
    found = _CAUSE.fullmatch(text)
    if found is None:
        return None
    drift = found["was"] is not None
    old, new = (found["now"], found["was"]) if drift else (found["old"], found["new"])
    return Cause(found["trigger"], _value(old), _value(new), drift)


def _value(text: str | None) -> Value | None:
    if text is None or text == "none":
        return None
    found = _VALUE.fullmatch(text)
    return Value(found["id"], found["name"]) if found else Value(text)


def _facts(text: str | None) -> tuple[str | None, int | None]:
    """Return name and disk size of ``web-1, 40 GiB``, either of which may be missing."""
    if not text:
        return None, None
    name, _, disk = text.rpartition(", ")
    size = re.fullmatch(r"(\d+) GiB", disk)
    return (name or None, int(size[1])) if size else (text, None)
