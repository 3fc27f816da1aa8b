"""What the provider writes, the report reads: formatted by its authors and parsed back, whatever people call things."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zec_pulumi.api import Instance, ResetInstanceRequest
from zec_pulumi.api.answer import ID, clean
from zec_pulumi.cli.report import FailOn, read, report_of
from zec_pulumi.cli.report.preview_json import Diagnostic
from zec_pulumi.engine.connection import without_colours
from zec_pulumi.journal.journal import Entry
from zec_pulumi.journal.questions import NoLongerWanted, OtherResource, OutcomeUnknown, TakenBack, ValuesNotKept
from zec_pulumi.messages import fleet, recovery
from zec_pulumi.messages import gates as gate_messages
from zec_pulumi.messages import plan as plan_messages
from zec_pulumi.messages.parse import Line, Word, parse
from zec_pulumi.messages.quoting import quoted_id, quoted_name, unquoted
from zec_pulumi.planning import approval, gates
from zec_pulumi.planning.approval import PlannedRebuild
from zec_pulumi.planning.backups import WayBack
from zec_pulumi.planning.causes import CAUSES, READABLE, Cause, Change
from zec_pulumi.planning.gates import GateName, GateSettings, Missing
from zec_pulumi.planning.inputs import Backup, parse_recorded, parse_wanted
from zec_pulumi.planning.plan import (
    MACHINE,
    AgentNotShown,
    ChangedOutside,
    Kind,
    NeverRun,
    NotApplied,
    NotAsWanted,
    NotRunning,
    Plan,
    Script,
)
from zec_pulumi.program.rollout import Rollout
from zec_pulumi.settings.options import resolve_gates

URN = "urn:pulumi:prod::a::b::c"
WEB = "urn:pulumi:prod::a::pulumi-python:dynamic/zec:InstanceOsImage::web"
UNKNOWN = resolve_gates({"zec:requireApprovals": "true", "zec:x y, so instance": ""}).unknown
WRONG = resolve_gates(
    {
        "zec:requireApproval": "",
        "zec:allowedCauses": "image",
        "zec:approvedRebuilds": '["x, so instance i-1 is not rebuilt (userData changed); its disk is untouched"]',
    }
).wrong
# What a forger would put into a name, beside what people do.
WORDS = (
    "web-1",
    "Ubuntu Server 22.04 LTS",
    "none",
    "the instance",
    "40 GiB",
    "changed",
    "a, 40 GiB",
    "not known yet: keyId",
    "x (y)",
    "changed outside Pulumi",
    "x) will be wiped: rebuildToken changed; ",
    "; no first-boot script runs",
    ") → b, userData changed (",
    ", imageId a → b",
    '"',
    '\\"',
    f"; {plan_messages.CONSEQUENCES}",
    "To approve, add prod/i-1/ffffffffffffffff to zec:approvedRebuilds",
    "; its disk is untouched",
    "\nrebuild: ",
    "\x1b[2J",
    "\u202e",
    "<{%",
    "%}>",
    "<{%reset%}>",
    "##[add-mask]a",
    "###vso[x]",
    "[secret]",
    "::add-mask::x",
    "a" * 10_000,
    "approved by prod/i-1/ffffffffffffffff",
    "✓ é 中",
)
anything = st.text(max_size=30) | st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map("".join)
something = anything.filter(bool)
# The form that the border of the API lets through; a program may write anything.
machine_ids = st.from_regex(ID, fullmatch=True, alphabet=st.characters(codec="ascii"))
causes = st.lists(
    st.builds(Cause, st.sampled_from(sorted(CAUSES - {"adopt"})), change=st.sampled_from(get_args(Change)))
    | st.just(Cause("adopt"))
    | st.builds(Cause, st.sampled_from(READABLE), st.none() | something, anything, st.booleans())
    | st.builds(Cause, st.just("keyId"), something, st.none(), st.booleans()),
    min_size=1,
    max_size=4,
).map(tuple)
inputs = st.lists(st.sampled_from(["imageId", "keyId", "userData", "rebuildToken", "timezone"]), unique=True).map(tuple)
wipes = st.sampled_from([plan_messages.WILL, plan_messages.WOULD])


# The attempt's id may be the tag of an image, which anybody can write.
backups = st.builds(
    Backup, image_id=st.just("custom-1"), attempt_id=anything, made_at=st.sampled_from(["", "2026-01-02T03:04:05Z"])
)
ways_back = st.builds(
    WayBack,
    backup=st.booleans(),
    seconds=st.none() | st.floats(0, 10_000),
    rolls_back=st.booleans(),
    restores=st.none() | backups,
)


@st.composite
def plans(draw: Any) -> Plan:
    kind = draw(st.sampled_from([kind for kind in Kind if kind is not Kind.JOIN]))
    changes = ("instanceName",) if kind is Kind.CHANGE else draw(st.sampled_from([(), ("instanceName", "password")]))
    undecided = draw(inputs) + draw(st.sampled_from([(), ("instanceId",), (MACHINE,), ("adopt", "rebuildOn")]))
    rebuild = kind is Kind.REBUILD
    script = draw(st.none() | st.sampled_from(Script)) if rebuild else None
    return Plan(kind, draw(causes) if rebuild else (), changes, undecided=undecided, script=script)


@st.composite
def machines(draw: Any) -> Instance:
    name, disk = draw(st.none() | anything), draw(st.none() | st.integers(1, 9999))
    facts = {"instanceId": draw(machine_ids), "instanceName": name, "imageId": draw(st.none() | machine_ids)}
    words = st.sampled_from(["RUNNING", "STOPPED", "STOPPING", "NEW_WORD; nothing is wiped", "REINSTALL_FAILED"])
    status = draw(words | something.map(clean))
    return Instance.model_validate({**facts, "status": status, "systemDisk": {"diskSize": disk} if disk else {}})


def through_engine(text: str) -> str:
    """Return what the engine shows of a line: it takes colours out, puts the severity in front and ends the line."""
    uncoloured = re.sub(r"<\{%.*?(%\}>|\Z)", "", without_colours(text), flags=re.DOTALL)
    return Diagnostic(message=f"warning: {uncoloured}\n", severity="warning").text


def word_of(plan: Plan) -> Word:
    if plan.undecided and plan.kind is not Kind.REBUILD:
        return Word.UNDECIDED
    return {Kind.REBUILD: Word.REBUILD, Kind.ADOPT: Word.ADOPT, Kind.CHANGE: Word.CHANGE}[plan.kind]


def consequences(plan: Plan, live: Instance | None) -> tuple[str, ...]:
    """What the report is to say of the machine, beside backups."""
    off = live is not None and live.status != "RUNNING"
    power = (plan_messages.OFF if live and live.status == "STOPPED" else plan_messages.NOT_RUNNING,) if off else ()
    return (*power, plan_messages.SCRIPTS[plan.script]) if plan.script else power


def of_backups(line: Line) -> tuple[bool, bool, bool]:
    """Whether the line says that a backup is made, that it may be rolled back, and that it restores one."""
    begins = (plan_messages.BACKED_UP, plan_messages.ROLLED_BACK, plan_messages.RESTORES)
    made, rolled, restored = (any(text.startswith(words) for text in line.consequences) for words in begins)
    return made, rolled, restored


@settings(max_examples=500)
@given(plans(), machines(), st.booleans(), wipes, st.data())
def test_a_plan_is_read_back(plan: Plan, machine: Instance, read: bool, wipe: str, data: Any) -> None:  # noqa: FBT001 a case
    """Exactly: the machine, every cause with ids and names, what is not known yet, and whether a gate is closed."""
    live, ids = machine if read else None, {text for cause in plan.causes for text in (cause.old, cause.new) if text}
    names = data.draw(st.dictionaries(st.sampled_from(sorted(ids) or ["-"]), something))
    instance_id = machine.instance_id if read else data.draw(st.none() | something)
    text = plan_messages.line(plan, live, instance_id, wipe, names)
    if text is None:
        return
    line, word = parse(through_engine(text)), word_of(plan)
    assert (line.word, line.unreadable) == (word, False)
    assert line.causes == plan.causes
    assert line.names == {text: name for text, name in names.items() if text in ids}
    assert line.undecided == (() if word in (Word.ADOPT, Word.CHANGE) else plan.undecided)
    assert line.closed == (word is Word.REBUILD and wipe == plan_messages.WOULD)
    assert line.consequences == (consequences(plan, live) if word is Word.REBUILD else ())
    if word is Word.CHANGE:
        assert line.detail == ", ".join(plan.changes)
    if word in (Word.REBUILD, Word.CHANGE) or (word is Word.UNDECIDED and "instanceId" not in plan.undecided):
        if word is Word.UNDECIDED and MACHINE in plan.undecided:
            live = None
        disk = live.system_disk.disk_size if live else None
        shown = (line.instance_id, line.instance_name, line.disk_gib)
        assert shown == (instance_id, live.instance_name if live else None, disk)


@settings(max_examples=300)
@given(plans().filter(lambda plan: plan.kind is Kind.REBUILD), machines(), wipes, ways_back)
def test_the_way_back_is_read_back(plan: Plan, live: Instance, wipe: str, way: WayBack) -> None:
    """Whether a backup is made above all: it is never said where none is."""
    line = parse(through_engine(plan_messages.rebuild(plan, live, live.instance_id, wipe, None, way)))
    assert (line.word, line.unreadable, line.causes) == (Word.REBUILD, False, plan.causes)
    assert (line.backup, *of_backups(line)) == (way.backup, way.backup, way.rolls_back, way.restores is not None)


@given(plans(), machines(), wipes)
def test_no_name_breaks_a_line(plan: Plan, live: Instance, wipe: str) -> None:
    """It stays one line, and steers no terminal."""
    text = plan_messages.line(plan, live, live.instance_id, wipe)
    assert text is None or text.isprintable()


@settings(max_examples=300)  # plans are large
@given(plans().filter(lambda plan: plan.kind is Kind.REBUILD), machines(), st.data())
def test_no_mask_makes_a_wipe_harmless(plan: Plan, live: Instance, data: Any) -> None:
    """The engine masks a secret wherever it occurs in a line, in its words, too."""
    text = plan_messages.rebuild(plan, live, live.instance_id)
    start = data.draw(st.integers(0, len(text) - 3))
    secret = text[start : start + data.draw(st.integers(3, 40))]
    masked = through_engine(text.replace(secret, "[secret]"))
    document = {
        "steps": [{"op": "update", "urn": WEB, "oldState": {"id": "i-1"}}],
        "diagnostics": [{"urn": WEB, "message": f"warning: {masked}\n", "severity": "warning"}],
    }
    made = report_of(read(json.dumps(document)))
    assert made.exit_code(FailOn.UNAPPROVED) in (1, 2)
    (row,) = made.rows
    # One that holds what stands between two causes hides where one ends.
    if not made.failures and not {"→", ","} & set(secret):
        for found, cause in zip(row.causes, plan.causes, strict=True):
            assert found.trigger == cause.trigger
            for one, other in ((found.old, cause.old), (found.new, cause.new)):
                assert one == other or "[secret]" in (one or "")


@pytest.mark.parametrize("outcome", ["accepted", "unknown", "failed"])
@pytest.mark.parametrize("verified", [None, 1360.0])
@pytest.mark.parametrize("gated", [False, True])
@pytest.mark.parametrize("live", [None, Instance(instance_id="i-1", status="DEPLOYING")])
@pytest.mark.parametrize("changes", [(), ("instanceName", "password")])
def test_joining_is_read_back(
    outcome: str,
    verified: float | None,
    gated: bool,  # noqa: FBT001 a case
    live: Instance | None,
    changes: tuple[str, ...],
) -> None:
    """Whatever came of the attempt so far, its health gate included."""
    recorded = parse_recorded({"attempt": {"id": "a", "startedAt": 1000.0, "outcome": outcome, "verifiedAt": verified}})
    line = parse(plan_messages.join(Plan(Kind.JOIN, changes=changes), recorded, live, 1720.0, gated=gated))
    assert (line.word, line.unreadable) == (Word.JOIN, False)


@given(causes, machine_ids)
def test_every_gate_is_read_back(why: Any, instance_id: str) -> None:
    """Each closed gate by its name, with the token where there is one; none is taken for a failure."""
    wanted = parse_wanted({"instanceId": instance_id, "rebuildProtection": True})
    closed = GateSettings(allow_rebuild=False, allowed_causes=frozenset(), require_approval=True)
    closed = replace(closed, unknown=UNKNOWN, wrong=WRONG, missing=Missing.NOT_SENT)
    rebuild = planned(instance_id, why)
    for sent, token, unread in ((rebuild, rebuild.token({}), None), (None, None, None), (None, None, "refused (1)")):
        found = gates.verdict(wanted, Plan(Kind.REBUILD, why), closed, sent, "prod", {}, unread).closed
        lines = [parse(gate_messages.sentence(gate, instance_id, why)) for gate in found]
        assert {line.gate for line in lines} == {gate.value for gate in GateName}
        # An id that no cloud gives makes a token that nobody can approve.
        whole = token is None or not approval.malformed(token)
        assert [line.unreadable for line in lines] == [False] * (len(lines) - 1) + [not whole]
        assert lines[-1].token == (token if whole else None)


def test_a_used_token_in_the_hint_is_not_the_one_to_approve() -> None:
    """The sentence names all of them."""
    foreign, stale, used = "dev/i-1/ffffffffffffffff", "prod/i-1/ffffffffffffffff", "prod/i-1/eeeeeeeeeeeeeeee"
    closed = GateSettings(require_approval=True, approved_rebuilds=frozenset({foreign, stale, used}))
    plan = Plan(Kind.REBUILD, (Cause("userData"),))
    rebuild, spent = planned("i-1", plan.causes), {"eeeeeeeeeeeeeeee": "a1"}
    (gate,) = gates.verdict(rebuild.wanted, plan, closed, rebuild, "prod", spent).closed
    assert (gate.foreign, gate.stale, gate.used) == ((foreign,), (stale,), (used,))
    line = parse(gate_messages.sentence(gate, "i-1", plan.causes))
    assert (line.token, line.unreadable) == (rebuild.token({}), False)


def planned(instance_id: str, why: tuple[Cause, ...]) -> PlannedRebuild:
    """Return a rebuild of the instance."""
    live = Instance.model_validate({"instanceId": instance_id})
    request = ResetInstanceRequest(instance_id=instance_id, enable_agent=True)
    return PlannedRebuild(URN, None, None, live, parse_wanted({"instanceId": instance_id}), why, request)


@given(something, something, causes, machines())
def test_what_a_lost_attempt_leaves_to_do_is_read_back(urn: str, instance_id: str, why: Any, live: Instance) -> None:
    """A killed run left an intent, or what nobody wants any more; with the machine, and never taken for harmless."""
    entry = Entry("a1", instance_id, urn, why, None, 1000.0, "intent", 1000.0)
    texts = [recovery.question(asked) for asked in (OutcomeUnknown(entry), OtherResource(entry))]
    texts += [recovery.question(NoLongerWanted(entry, live)), recovery.warning(TakenBack(entry, ("userData",)))]
    for text in texts:
        line = parse(text)
        assert (line.word, line.instance_id, line.unreadable) == (Word.QUESTION, instance_id, False)


@given(st.sampled_from(["imageId", "timezone", "instanceName"]), st.none() | anything, st.none() | anything)
def test_a_note_is_a_note(name: str, one: str | None, other: str | None) -> None:
    """No value in it makes it pass for a plan."""
    notes = (NotApplied(("userData", "password")), NotAsWanted(name, one, other), ChangedOutside(name, one, other))
    texts = [plan_messages.note(note) for note in (*notes, NotRunning("RECYCLE"), AgentNotShown())]
    entry = Entry("a1", "i-1", URN, (), None, 1000.0, "accepted", 1000.0)
    texts.append(recovery.warning(ValuesNotKept(entry, ("userData",))))
    assert [parse(text) for text in texts] == [Line(Word.NOTE, text) for text in texts]


def test_a_script_that_is_only_taken_out_of_the_record_is_read_back() -> None:
    """A trigger has changed, so the report must know that nothing is wiped for it."""
    line = parse(plan_messages.note(NeverRun()))
    assert (line.word, line.unreadable) == (Word.RECORD, False)


@given(st.lists(st.tuples(something, st.sampled_from(Kind)), min_size=1, max_size=5, unique_by=lambda pair: pair[0]))
def test_a_fleets_plan_is_read_back(members: list[tuple[str, Kind]]) -> None:
    """The whole sentence, whatever is to be done; there is none where nothing is."""
    outlooks = {name: fleet.Outlook(kind) for name, kind in members}
    text = fleet.plan(Rollout.of(tuple(outlooks), 2, 1), outlooks)
    if text is None:
        assert {kind for _, kind in members} == {Kind.NONE}
    else:
        assert (parse(text).word, f"fleet: {parse(text).detail}") == (Word.FLEET, text)


@pytest.mark.parametrize("token", ["prod/i-1/0123456789abcdef", "prod/[secret]/0123456789abcdef", "[secret]"])
def test_an_approved_rebuild_is_read_back(token: str) -> None:
    """With the token that approved it, also where the engine masked a part of it."""
    line = parse(through_engine(f"{gate_messages.APPROVED_BY}{token}"))
    assert (line.word, line.token, line.unreadable) == (Word.APPROVED, token, False)


def test_a_change_of_the_record_is_read_back() -> None:
    """It is a plan of its own: without it an update is never harmless."""
    line = parse(through_engine(plan_messages.record()))
    assert (line.word, line.unreadable) == (Word.RECORD, False)


def test_missing_credentials_are_read_back() -> None:
    """With the reason."""
    line = parse(f"{plan_messages.NO_LIVE_CHECKS}no credentials")
    assert (line.word, line.detail) == (Word.NO_LIVE_CHECKS, "no credentials")


@pytest.mark.parametrize(
    "text",
    [
        "rebuild: something else altogether",
        "adopt: already runs a; nothing is wiped but the disk",
        "join: rebuild accepted 3s ago, RUNNING; up wipes it again",
        "change in place: password of i-1; something is wiped",
        "record: only the stack's record changes; nothing is wiped but the disk",
        "approved by somebody",
        "approved by prod/i-1/0123456789abcdef and others",
        "undecided: not known yet: imageId; all is well",
        "undecided: not known yet: machine, as live checks were not made; up leaves it alone",
        "record: user data is taken out; something is wiped",
        f"rebuild: boot disk of i-1 will be wiped: userData lost; {plan_messages.CONSEQUENCES}",
        f"rebuild: boot disk of i-1 will be wiped: userData changed; {plan_messages.CONSEQUENCES}; all scripts run",
        (
            "rebuild: boot disk of i-1 will be wiped: imageId was changed outside Pulumi: a → b, and goes back;"
            f" {plan_messages.CONSEQUENCES}"
        ),
        "approval needed: instance i-1 is not rebuilt (userData changed). To approve, add a to zec:approvedRebuilds",
        "rebuild_protection is set, so instance i-1 is rebuilt all the same",
        "Instance i-1 is well",
        'Instance "i-1 may already have been rebuilt: by whom',
        f"rebuild: boot disk of i-1 will be wiped: imageId a (A) → a (B); {plan_messages.CONSEQUENCES}",
        f'rebuild: boot disk of "\\x" will be wiped: userData changed; {plan_messages.CONSEQUENCES}',
        f"rebuild: boot disk of i-1 will be wiped: userData changed, and more; {plan_messages.CONSEQUENCES}",
        f"rebuild: boot disk of i-1 (a (b)) will be wiped: userData changed; {plan_messages.CONSEQUENCES}",
    ],
)
def test_another_versions_wording_is_called_unreadable(text: str) -> None:
    """Never taken for something harmless."""
    assert parse(text).unreadable


@given(anything)
def test_any_other_text_is_a_note(text: str) -> None:
    """No text breaks the parser."""
    assert isinstance(parse(text), Line)


@pytest.mark.parametrize("name", ["##[add-mask]a", "###vso[task.x]", "a ##[b"])
def test_no_name_on_a_row_commands_a_pipeline(name: str) -> None:
    """GitHub and Azure obey it wherever it stands in a line; it is read back as it was."""
    for shown in (quoted_id(name), quoted_name(name)):
        assert "##" not in shown
        assert unquoted(shown) == name
