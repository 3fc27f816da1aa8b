"""Reads the lines that the provider puts on its rows back into data; what it cannot read exactly is unreadable.

Each line has the form of its author in this folder, who also has the words that both share. Forms are matched whole:
what people may choose, ids and names, is quoted where it could be mistaken for words of a line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from zec_pulumi.messages import gates, plan, recovery
from zec_pulumi.messages.causes import CAUSES_PATTERN, read_sentences
from zec_pulumi.messages.fleet import FLEET
from zec_pulumi.messages.quoting import ID, MASK, NAME, unquoted
from zec_pulumi.planning import approval
from zec_pulumi.planning.gates import GateName

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zec_pulumi.planning.causes import Cause


class Word(str, Enum):
    """What a line is about."""

    REBUILD = "rebuild"
    UNDECIDED = "undecided"
    JOIN = "join"
    ADOPT = "adopt"
    CHANGE = "change in place"
    RECORD = "record"
    APPROVED = "approved"
    GATE = "gate"
    QUESTION = "question"
    NO_LIVE_CHECKS = "no live checks"
    FLEET = "fleet"
    NOTE = "note"


@dataclass(frozen=True)
class Line:
    """One line, taken apart. ``detail`` is its text without the leading word, of a change in place the inputs.

    ``names`` are those of ids that ``causes`` hold. ``consequences`` say of a rebuild that the machine is off and will
    run, what becomes of its disk, and which first-boot script runs; ``backup`` that a backup is made. ``token`` is the
    one that a gate asks for, or that approved the rebuild; the engine may mask parts of it. ``closed`` says of a
    rebuild that a gate refuses it; ``gate`` names the gate of a gate's line. ``unreadable`` is a line that begins like
    one of the provider's and goes on otherwise: another version wrote it.
    """

    word: Word
    detail: str
    instance_id: str | None = None
    instance_name: str | None = None
    disk_gib: int | None = None
    causes: tuple[Cause, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    consequences: tuple[str, ...] = ()
    undecided: tuple[str, ...] = ()
    backup: bool = False
    closed: bool = False
    gate: str | None = None
    token: str | None = None
    unreadable: bool = False


_PLANS = {
    plan.REBUILD: Word.REBUILD,
    plan.UNDECIDED: Word.UNDECIDED,
    plan.JOIN: Word.JOIN,
    plan.ADOPT: Word.ADOPT,
    plan.CHANGE: Word.CHANGE,
    plan.RECORD: Word.RECORD,
}

_ID = rf"(?P<id>{ID})"
_FACTS = rf"(?: \((?:(?P<disk>\d+) GiB|(?P<name>{NAME})(?:, (?P<disk_too>\d+) GiB)?)\))?"
_MACHINE = rf"(?:{plan.THE_INSTANCE}|{_ID}{_FACTS})"
_INPUTS = r"\w+(?:, \w+)*"
_IN_PLACE = rf"(?:; changed in place: {_INPUTS})?"
_CHANGES = rf"(?P<changes>{_INPUTS})"
_NOT_KNOWN = rf"not known yet: (?P<open>{_INPUTS})"
_UNSETTLED = r"(?:; the instance is .+, up waits for that to end and decides then)?"
_SINCE = r"\w+ ago"
_CONSEQUENCES = (
    rf"(?:it is powered off|(?P<off>{plan.OFF}|{plan.NOT_RUNNING})), {plan.FOR_ALL}"
    rf"(?:; (?P<backup>{plan.BACKED_UP}(?:, and all takes about \w+)?))?(?:; (?P<rolls>{plan.ROLLED_BACK}))?"
    rf"(?:; (?P<restores>{plan.RESTORES}the backup (?:of \S+ )?\(attempt {ID}\), in which no first-boot script runs"
    rf" again)|; (?P<script>{'|'.join(plan.SCRIPTS.values())}))?"
)
_CONSEQUENCE_NAMES = ("off", "backup", "rolls", "restores", "script")
_READ = rf"(?:{plan.THE_INSTANCE}|(?P<read>{ID}))"
_FORMS = {
    Word.REBUILD: (
        rf"boot disk of {_MACHINE} (?P<wipe>{plan.WILL}|{plan.WOULD}): (?P<causes>{CAUSES_PATTERN})"
        rf"(?: \({_NOT_KNOWN}\))?; {_CONSEQUENCES}{_UNSETTLED}"
    ),
    Word.UNDECIDED: (
        rf"{_NOT_KNOWN}(?:; boot disk of {_MACHINE} will be wiped if that asks for it"
        rf"|(?:; up reads the machine|, as live checks were not made; up reads {_READ}"
        rf"|; (?P<unsettled>{ID}) is .+; up waits for that to end), {plan.EITHER})"
    ),
    Word.JOIN: (
        rf"the rebuild accepted {_SINCE} failed, the instance is .+; nothing is wiped again unless"
        rf" rebuild_token changes|rebuild (?:accepted|sent, its answer lost,) {_SINCE}(?:, .+; up goes on waiting for"
        r" it and wipes nothing again| and verified, .+; up (?:probes its health gate again"
        rf"|records it, without a health gate now,) and wipes nothing){_IN_PLACE}"
    ),
    Word.ADOPT: (
        rf"(?:is \w+ with|already runs) {ID}; nothing is wiped{_IN_PLACE}{_UNSETTLED}"
        rf"|up reads {_MACHINE}, adopts it if it is as wanted, and else refuses; nothing is wiped"
    ),
    Word.CHANGE: rf"{_CHANGES} of {_MACHINE}; nothing is wiped",
    Word.RECORD: rf"{plan.NEVER_RUN}|{plan.ONLY_RECORDED}",
}

_REFUSED = rf"instance {ID} is not rebuilt \({CAUSES_PATTERN}\)"
_UNTIL_CORRECT_KEY, _UNTIL_CORRECT_VALUE, _UNTIL_SENT = (
    re.escape(gates.UNTOUCHED + way) for way in (gates.CORRECT_KEY, gates.CORRECT_VALUE, gates.SEND_SETTINGS)
)
_TOKEN = r"\S+"  # noqa: S105 a pattern
_GATES = {
    gates.PROTECTED: (GateName.REBUILD_PROTECTION, f"{_REFUSED}{gates.UNTOUCHED}{re.escape(gates.WAY_OUT)}"),
    gates.NOT_ALLOWED: (GateName.ALLOW_REBUILD, f"{_REFUSED}{gates.UNTOUCHED}"),
    gates.ALLOWED: (
        GateName.ALLOWED_CAUSES,
        rf"{_INPUTS}, and {_INPUTS} is another, so {_REFUSED}{gates.UNTOUCHED}",
    ),
    gates.NO_TOKEN_YET: (GateName.REQUIRE_APPROVAL, _REFUSED),
    gates.NO_TOKEN_WITHOUT_TAG: (
        GateName.REQUIRE_APPROVAL,
        f"{_REFUSED}{gates.UNTOUCHED}{re.escape(gates.NAMES_THE_TAG)}.+",
    ),
    gates.UNAPPROVED: (
        GateName.REQUIRE_APPROVAL,
        (
            rf"{_REFUSED}{gates.UNTOUCHED}{re.escape(gates.TO_APPROVE)}(?P<token>{_TOKEN}){gates.ADD_TO}"
            rf"(?:\. {_TOKEN}(?:{gates.USED}|{gates.FOREIGN}|{gates.STALE}))*"
        ),
    ),
    gates.UNKNOWN_SETTING: (
        GateName.UNKNOWN_SETTING,
        rf"{ID} is none of zec_pulumi(?: \(did you mean [\w:]+\?\))?, so {_REFUSED}{_UNTIL_CORRECT_KEY}",
    ),
    gates.WRONG_SETTING: (GateName.WRONG_SETTING, rf"zec:\w+ .+, so {_REFUSED}{_UNTIL_CORRECT_VALUE}"),
    gates.MISSING_SETTINGS: (GateName.MISSING_SETTINGS, rf"[\w ]+, so {_REFUSED}{_UNTIL_SENT}"),
}

_OTHERS = {plan.NO_LIVE_CHECKS: Word.NO_LIVE_CHECKS, FLEET: Word.FLEET}

_QUESTIONS = (
    recovery.MAY_BE_REBUILT,
    recovery.REBUILT_FOR_ANOTHER,
    recovery.NOT_WANTED,
    recovery.MAY_RUN,
    recovery.BEGUN_BY_ANOTHER,
)


def parse(text: str) -> Line:
    """Return the line taken apart; what is none of the provider's own forms is a note."""
    for start, word in _PLANS.items():
        if text.startswith(start):
            return _plan(word, text, text.removeprefix(start))
    for start, (gate, form) in _GATES.items():
        if text.startswith(start):
            return _gate(text, gate, _match(form, text.removeprefix(start)))
    if text.startswith(gates.APPROVED_BY):
        return _approved(text, text.removeprefix(gates.APPROVED_BY))
    if text.startswith(recovery.INSTANCE):
        return _question(text, _match(rf"{_ID}(?:{'|'.join(_QUESTIONS)}).+", text.removeprefix(recovery.INSTANCE)))
    for start, word in _OTHERS.items():
        if text.startswith(start):
            return Line(word, text.removeprefix(start))
    return Line(Word.NOTE, text)


def _match(form: str, text: str) -> dict[str, str | None] | None:
    """Return the parts of a text that has the form as a whole, None when it has not."""
    found = re.fullmatch(form, text, re.DOTALL)
    return found.groupdict() if found else None


def _plan(word: Word, text: str, detail: str) -> Line:
    parts = _match(_FORMS[word], detail)
    if parts is None:
        return Line(word, text, unreadable=True)
    try:
        causes, names = read_sentences(parts.get("causes") or "")
        return Line(
            word,
            parts.get("changes") or detail,
            instance_id=_shown(parts.get("id") or parts.get("read") or parts.get("unsettled")),
            instance_name=unquoted(parts.get("name")),
            disk_gib=_number(parts.get("disk") or parts.get("disk_too")),
            causes=causes,
            names=names,
            consequences=tuple(said for name in _CONSEQUENCE_NAMES if (said := parts.get(name))),
            backup=parts.get("backup") is not None,
            undecided=tuple((parts.get("open") or "").split(", ")) if parts.get("open") else (),
            closed=parts.get("wipe") == plan.WOULD,
        )
    except ValueError:
        return Line(word, text, unreadable=True)


def _gate(text: str, gate: GateName, parts: dict[str, str | None] | None) -> Line:
    token = (parts or {}).get("token")
    wrong = parts is None or (token is not None and _no_token(token))
    return Line(Word.GATE, text, gate=gate.value, token=None if wrong else token, unreadable=wrong)


def _approved(text: str, token: str) -> Line:
    wrong = _no_token(token)
    return Line(Word.APPROVED, text, token=None if wrong else token, unreadable=wrong)


def _no_token(text: str) -> bool:
    """Whether no gate can have written the token, not even with a part that the engine masked."""
    return approval.malformed(text) and (MASK not in text or re.fullmatch(_TOKEN, text) is None)


def _question(text: str, parts: dict[str, str | None] | None) -> Line:
    try:
        return Line(Word.QUESTION, text, instance_id=_shown((parts or {}).get("id")), unreadable=parts is None)
    except ValueError:
        return Line(Word.QUESTION, text, unreadable=True)


def _shown(text: str | None) -> str | None:
    """Return an id; None for one that the engine masked, which is none. Only what the engine wrote is unquoted."""
    masked = text is not None and not text.startswith('"') and MASK in text
    return None if masked else unquoted(text)


def _number(text: str | None) -> int | None:
    return int(text) if text else None
