"""What the provider writes, the report reads: formatted by its authors and parsed back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zec_pulumi.api import Instance, ResetInstanceRequest
from zec_pulumi.journal import recovery
from zec_pulumi.journal.journal import Entry
from zec_pulumi.messages import fleet as fleet_sentences
from zec_pulumi.messages import rebuild as sentences
from zec_pulumi.messages.parse import APPROVAL_GATE, GATES, Line, Value, Word, parse
from zec_pulumi.planning import approval, gates
from zec_pulumi.planning.inputs import parse_recorded, parse_wanted
from zec_pulumi.planning.plan import Cause, Kind, Plan
from zec_pulumi.program.rollout import Rollout
from zec_pulumi.settings.options import CAUSES, Options

URN = "urn:pulumi:prod::a::b::c"
ids = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,30}", fullmatch=True).filter(lambda text: text != "none")
# Whatever people call images and instances, but for what only a forger writes.
names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9 .,;:#()_é✓-]{0,30}[A-Za-z0-9)]", fullmatch=True)
triggers = st.sampled_from(sorted(CAUSES - {"adopt"}))
causes = st.lists(
    st.one_of(
        st.builds(Cause, triggers),
        st.builds(Cause, triggers, st.none() | ids, ids),
        st.builds(Cause, triggers, st.none() | ids, ids, st.just(True)),
        st.just(Cause("adopt")),
    ),
    min_size=1,
    max_size=4,
).map(tuple)
unknown = st.lists(triggers, max_size=2, unique=True).map(tuple)


@st.composite
def machines(draw: Any) -> Instance:
    name, disk = draw(st.none() | names), draw(st.none() | st.integers(1, 9999))
    facts = {"instanceId": draw(ids), "instanceName": name, "imageId": draw(ids)}
    status = draw(st.sampled_from(["RUNNING", "STOPPING", "NEW_WORD", "REINSTALL_FAILED"]))
    return Instance.model_validate({**facts, "status": status, "systemDisk": {"diskSize": disk} if disk else {}})


def shown(cause: Cause, image_names: dict[str, str]) -> tuple[Any, ...]:
    """What the report should know of a cause."""
    values = [Value(text, image_names.get(text)) if text else None for text in (cause.old, cause.new)]
    return (cause.trigger, *values, cause.drift)


@given(machines(), causes, unknown, st.sampled_from(["will", "would"]), st.data())
def test_a_rebuild_is_read_back(live: Instance, why: Any, undecided: Any, wipe: str, data: Any) -> None:
    """The machine, every cause with ids and names, what is not known yet, and whether a gate is closed."""
    plan = Plan(Kind.REBUILD, why, undecided=undecided)
    image_names = data.draw(st.dictionaries(st.sampled_from([c.new for c in why if c.new] or ["-"]), names))
    line = parse(sentences.rebuild(plan, live, live.instance_id, f"{wipe} be wiped", image_names))
    assert not line.unreadable, line
    assert (line.word, line.instance_id, line.instance_name) == (Word.REBUILD, live.instance_id, live.instance_name)
    assert (line.disk_gib, line.undecided, line.closed) == (live.system_disk.disk_size, undecided, wipe == "would")
    assert [(c.trigger, c.old, c.new, c.drift) for c in line.causes] == [shown(c, image_names) for c in why]


@given(ids, causes)
def test_a_rebuild_of_a_machine_that_was_not_read_is_read_back(instance_id: str, why: Any) -> None:
    """Without credentials, and without an id."""
    assert parse(sentences.rebuild(Plan(Kind.REBUILD, why), None, instance_id)).instance_id == instance_id
    line = parse(sentences.rebuild(Plan(Kind.REBUILD, why), None, None))
    assert (line.instance_id, len(line.causes), line.unreadable) == (None, len(why), False)


@given(machines(), st.sampled_from([("instanceName",), ("instanceName", "password")]))
def test_adopting_and_changing_in_place_are_read_back(live: Instance, changes: tuple[str, ...]) -> None:
    """They wipe nothing; a change tells which inputs."""
    for plan in (Plan(Kind.ADOPT), Plan(Kind.ADOPT, changes=changes)):
        adopted = parse(sentences.adopt(plan, live))
        assert (adopted.word, adopted.unreadable) == (Word.ADOPT, False)
    changed = parse(sentences.change(Plan(Kind.CHANGE, changes=changes), live, live.instance_id))
    assert (changed.word, changed.unreadable, changed.detail) == (Word.CHANGE, False, ", ".join(changes))
    assert (changed.instance_id, changed.instance_name) == (live.instance_id, live.instance_name)


@given(machines(), st.sampled_from([("imageId",), ("keyId", "userData"), ("instanceId", "imageId")]))
def test_what_is_not_known_yet_is_read_back(live: Instance, undecided: tuple[str, ...]) -> None:
    """With the machine where it is known, and with the inputs."""
    line = parse(sentences.undecided(Plan(Kind.NONE, undecided=undecided), live, live.instance_id))
    assert (line.word, line.unreadable, line.undecided) == (Word.UNDECIDED, False, undecided)
    assert line.instance_id == (None if "instanceId" in undecided else live.instance_id)


@pytest.mark.parametrize("outcome", ["accepted", "unknown", "failed"])
@pytest.mark.parametrize("verified", [None, 1360.0])
@pytest.mark.parametrize("gated", [False, True])
def test_joining_is_read_back(outcome: str, verified: float | None, gated: bool) -> None:  # noqa: FBT001 a case
    """Whatever came of the attempt so far, its health gate included."""
    recorded = parse_recorded({"attempt": {"id": "a", "startedAt": 1000.0, "outcome": outcome, "verifiedAt": verified}})
    line = parse(sentences.join(recorded, None, 1720.0, gated=gated))
    assert (line.word, line.unreadable) == (Word.JOIN, False)


@settings(deadline=None)  # the digest in a token is slow on purpose
@given(causes)
def test_every_gate_is_read_back(why: Any) -> None:
    """Each closed gate by its name, with the token where there is one; none is taken for a failure."""
    wanted = parse_wanted({"instanceId": "i-1", "rebuildProtection": True})
    options = Options(allow_rebuild=False, allowed_causes=frozenset(), require_approval=True)
    request = ResetInstanceRequest(instance_id="i-1", enable_agent=True)
    for sent, token in ((request, approval.token(URN, None, request)), (None, None)):
        texts = gates.closed(wanted, Plan(Kind.REBUILD, why), options, URN, None, sent)
        found = [parse(text) for text in texts]
        assert {line.gate for line in found} == set(GATES.values())
        assert [line.token for line in found if line.gate == APPROVAL_GATE] == [token]
        assert not any(line.unreadable for line in found)


def test_a_used_token_in_the_hint_is_not_the_one_to_approve() -> None:
    """The sentence names both."""
    options = Options(require_approval=True, approved_rebuilds=frozenset({"prod/i-1/ffffffffffffffff"}))
    plan = Plan(Kind.REBUILD, (Cause("userData"),))
    request = ResetInstanceRequest(instance_id="i-1", enable_agent=True)
    (text,) = gates.closed(parse_wanted({"instanceId": "i-1"}), plan, options, URN, None, request)
    assert parse(text).token == approval.token(URN, None, request)


def test_the_question_about_a_lost_attempt_is_read_back() -> None:
    """A killed run left an intent: up asks."""
    asked = recovery.question(Entry("a1", "i-1", "urn", ("userData changed",), None, 1000.0, "intent", 1000.0))
    assert asked
    assert (parse(asked).word, parse(asked).instance_id) == (Word.QUESTION, "i-1")


@given(st.lists(st.sampled_from(Kind), min_size=1, max_size=5))
def test_a_fleets_plan_is_read_back(kinds: list[Kind]) -> None:
    """The whole sentence, whatever is to be done; there is none where nothing is."""
    outlooks = {f"m{number}": fleet_sentences.Outlook(kind) for number, kind in enumerate(kinds)}
    text = fleet_sentences.plan(Rollout.of(tuple(outlooks), 2, 1), outlooks)
    if text is None:
        assert set(kinds) == {Kind.NONE}
    else:
        assert (parse(text).word, f"fleet: {parse(text).detail}") == (Word.FLEET, text)


@pytest.mark.parametrize("start", ["rebuild: ", "adopt: ", "join: ", "change in place: ", "undecided: "])
def test_another_versions_wording_is_called_unreadable(start: str) -> None:
    """Never taken for something harmless."""
    assert parse(f"{start}something else altogether").unreadable


@given(st.text())
def test_any_other_text_is_a_note(text: str) -> None:
    """No text breaks the parser."""
    assert isinstance(parse(text), Line)
