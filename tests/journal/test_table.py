"""States of a journal, and what up does then: never a second wipe, a hang, a traceback or a false success."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.journal.conftest import SCRIPT, URN, Stack
from tests.support.programs import JAMMY, NOBLE
from tests.support.world import WEB
from zec_pulumi.api import BearerToken, Client
from zec_pulumi.cli.main import main
from zec_pulumi.journal.clouds import account_of
from zec_pulumi.planning.inputs import parse_recorded

if TYPE_CHECKING:
    from collections.abc import Callable

GOOD = {"at": 1000.0, "instance": WEB, "attempt": "a1", "event": "intent", "urn": URN, "previous": None}
GOOD["causes"] = [{"trigger": "userData"}]
# Each is a line by itself. None may count as harmless.
UNREADABLE: dict[str, str] = {
    "a number": "1",
    "a text": '"intent"',
    "null": "null",
    "a list": "[1]",
    "an empty object": "{}",
    "no text": "\x00\x00\x00\x00",
    "a list in a list": "[" * 5000,
    "half a line that another one follows": '{"at": 1.0, "instance": "12721',
    "an attempt that is a number": json.dumps({**GOOD, "attempt": 1}),
    "an attempt that is a list": json.dumps({**GOOD, "attempt": ["a1"]}),
    "an attempt without a name": json.dumps({**GOOD, "attempt": ""}),
    "an attempt that is null": json.dumps({**GOOD, "attempt": None}),
    "an event that is an object": json.dumps({**GOOD, "event": {}}),
    "a time that is a text": json.dumps({**GOOD, "at": "now"}),
    "a time that is true": json.dumps({**GOOD, "at": True}),
    "a time that is no number": json.dumps({**GOOD, "at": float("nan")}),
    "a time without end": json.dumps({**GOOD, "at": float("inf")}),
    "a time after all times": json.dumps({**GOOD, "at": 1e300}),
    "a time before all times": json.dumps({**GOOD, "at": -1}),
    "an instance that is a number": json.dumps({**GOOD, "instance": 1272168087751233112}),
    "another instance": json.dumps({**GOOD, "instance": "1"}),
    "a urn that is a list": json.dumps({**GOOD, "urn": []}),
    "a previous rebuild that is a number": json.dumps({**GOOD, "previous": 7}),
    "a request id that is an object": json.dumps({**GOOD, "requestId": {}}),
    "half a character": json.dumps({**GOOD, "urn": "\ud800"}),
    "a number too long to read": '{"at": ' + "1" * 6000 + "}",
}


def write(stack: Stack, *texts: str, end: str = "\n") -> None:
    stack.file.parent.mkdir(parents=True, exist_ok=True)
    stack.file.write_text("\n".join(texts) + end)


def line(stack: Stack, **facts: Any) -> str:
    return json.dumps({**GOOD, "account": account_of(stack.credentials), **facts})


@pytest.mark.parametrize("end", ["\n", ""])
@pytest.mark.parametrize("text", UNREADABLE.values(), ids=UNREADABLE)
def test_a_line_that_cannot_be_read_makes_up_ask_where_it_would_wipe(stack: Stack, text: str, end: str) -> None:
    """With the file and the number of the line, for changes that the machine shows, too."""
    whole = end or text != UNREADABLE["half a line that another one follows"]
    write(stack, text, *([] if whole else [line(stack, event="refused")]), end=end)
    for wanted in ({"imageId": JAMMY, "userData": SCRIPT}, {"imageId": NOBLE}):
        said = stack.failed(**wanted)
        assert f"line 1 of {stack.file} cannot be read" in said
        assert "This run has changed nothing" in said
    assert stack.actions() == []


@pytest.mark.parametrize("text", UNREADABLE.values(), ids=UNREADABLE)
def test_a_line_that_cannot_be_read_hinders_nothing_that_wipes_nothing(stack: Stack, text: str) -> None:
    """A run without a change, one in place, and a new stack that adopts. The line stays."""
    write(stack, text)
    stack.up(imageId=JAMMY)
    stack.up(imageId=JAMMY, instanceName="another")
    stack.outputs, stack.inputs = {}, {}
    stack.up(imageId=JAMMY, userData=SCRIPT)
    assert "ResetInstance" not in stack.actions()
    assert text in stack.file.read_text()
    assert "userDataNotRun" not in stack.outputs["applied"], "nobody knows whether the script was run"


@pytest.mark.parametrize("text", UNREADABLE.values(), ids=UNREADABLE)
def test_a_line_that_cannot_be_read_is_told_by_the_command(
    stack: Stack, text: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What can be read is listed all the same, and the exit status is 1."""
    monkeypatch.setenv("PULUMI_HOME", str(stack.home.parent))
    stack.home = stack.home.rename(stack.home.parent / "zec_pulumi")
    write(stack, line(stack, attempt="good"), text)
    for arguments in (["attempts"], ["attempts", "list", "--all", "--json"]):
        assert main(arguments) == 1
        captured = capsys.readouterr()
        assert "good" in captured.out
        assert f"line 2 of {stack.file} cannot be read" in captured.err


def test_a_resource_is_deleted_whatever_the_journal_holds(stack: Stack) -> None:
    """Destroy wipes nothing, so nothing is asked."""
    write(stack, *UNREADABLE.values())
    with Client(BearerToken(stack.sim.token), stack.endpoint, clock=stack.clock) as client:
        stack.process(client).forget(WEB, stack.urn)
    assert stack.file.exists()


@pytest.mark.parametrize("length", [1, 6, 7, 8, 60])
def test_the_beginning_of_a_line_is_as_if_it_was_not_written(stack: Stack, length: int) -> None:
    """Its write did not end, so nothing was sent after it; also when another line was written behind it since."""
    write(stack, line(stack, attempt="cut")[:length], end="")
    stack.journal.intend("a2", WEB, stack.urn, (), None)
    stack.journal.note(WEB, "a2", "refused")
    assert stack.journal.history(WEB).unreadable == ()
    stack.up(imageId=JAMMY, userData=SCRIPT)
    assert stack.resets() == 1


def test_a_line_whose_end_an_editor_took_counts(stack: Stack) -> None:
    """Also when another one is written behind it."""
    write(stack, line(stack), end="")
    assert [entry.event for entry in stack.journal.entries(WEB)] == ["intent"]
    stack.journal.note(WEB, "a1", "accepted")
    stack.journal.note(WEB, "a1", "begun")
    assert [entry.event for entry in stack.journal.entries(WEB)] == ["begun"]


REBUILT, ASKED, JOINED, REFUSED = "rebuilt", "asked", "recorded as done", "refused"
STATES: dict[str, tuple[list[dict[str, Any]], str]] = {
    "no line": ([], REBUILT),
    "an intent": ([{}], ASKED),
    "an answer lost": ([{}, {"event": "unknown"}], ASKED),
    "an event of a newer release": ([{}, {"event": "paused"}], ASKED),
    "verified": ([{}, {"event": "accepted"}, {"event": "finished"}], JOINED),
    "begun": ([{}, {"event": "begun"}], JOINED),
    "closed as rebuilt": ([{}, {"event": "closed-rebuilt"}], JOINED),
    "failed": ([{}, {"event": "failed"}], REFUSED),
    "refused by the API": ([{}, {"event": "refused"}], REBUILT),
    "closed as not rebuilt": ([{}, {"event": "closed-not-rebuilt"}], REBUILT),
    "closed as not rebuilt, then verified by an orphan": (
        [{}, {"event": "closed-not-rebuilt"}, {"event": "finished"}],
        REBUILT,
    ),
    "closed as rebuilt, then refused": ([{}, {"event": "closed-rebuilt"}, {"event": "refused"}], JOINED),
    "a person who thought twice": ([{}, {"event": "closed-not-rebuilt"}, {"event": "closed-rebuilt"}], JOINED),
    "forgotten": ([{}, {"event": "forgotten"}], REBUILT),
    "an end without a beginning": ([{"event": "finished"}], REBUILT),
    "causes of a newer release": ([{"causes": [{"trigger": "kernel", "why": 1}]}, {"event": "finished"}], REBUILT),
    "causes that are none": ([{"causes": {"x": [1]}}], REBUILT),
    "no causes": ([{"causes": None}], REBUILT),
    "a key of a newer release": ([{"lane": 7}, {"event": "finished", "lane": 8}], JOINED),
    "other credentials, verified": ([{"account": "f" * 16}, {"event": "finished", "account": "f" * 16}], ASKED),
    "other credentials, refused": ([{"account": "f" * 16}, {"event": "refused", "account": "f" * 16}], REBUILT),
    "another resource": ([{"urn": "urn:another"}, {"event": "finished"}], ASKED),
    "another record": ([{"previous": "another"}, {"event": "finished"}], REBUILT),
    "twice the same intent": ([{}, {}], ASKED),
    "two attempts, the last one refused": ([{}, {"attempt": "a2"}, {"attempt": "a2", "event": "refused"}], ASKED),
}


@pytest.mark.parametrize(("lines", "right"), STATES.values(), ids=STATES)
def test_what_up_does_with_each_state_of_the_journal(stack: Stack, lines: list[dict[str, Any]], right: str) -> None:
    """An unseen change is planned; judged by the ledger."""
    write(stack, *[line(stack, **facts) for facts in lines], end="\n" if lines else "")
    if right == REFUSED:
        stack.sim.patch_instance(WEB, status="REINSTALL_FAILED")
    if right in (ASKED, REFUSED):
        said = stack.failed(imageId=JAMMY, userData=SCRIPT)
        assert ("may already have been rebuilt" in said) == (right == ASKED), said
        assert stack.actions() == []
    else:
        stack.up(imageId=JAMMY, userData=SCRIPT)
        assert stack.resets() == (1 if right == REBUILT else 0)


@pytest.mark.parametrize(
    "record",
    [
        {"attempt": "a1"},
        {"attempt": {"id": "a1", "startedAt": 1.0, "outcome": "paused"}},
        {"attempt": {"id": "a1", "startedAt": "yesterday"}},
        {"applied": []},
        {"rebuildOn": ["kernel"]},
        {"adopt": "later"},
        {"health": {"kind": "telepathy"}},
    ],
)
def test_a_record_of_a_newer_release_ends_in_a_sentence(stack: Stack, record: dict[str, Any]) -> None:
    """That names what it cannot read, and not the value of a secret beside it."""
    stack.outputs = {**stack.outputs, "password": "Secret-1", **record}
    said = stack.failed(imageId=NOBLE)
    assert "If a newer release of zec_pulumi wrote it, use that one" in said
    assert next(iter(record)) in said
    assert "Secret-1" not in said
    assert stack.actions() == []


def test_what_an_older_release_recorded_is_read(stack: Stack) -> None:
    """Keys that are not known are no reason to refuse."""
    assert parse_recorded({**stack.outputs, "lane": 7}).image_id == JAMMY


def test_a_journal_of_ten_thousand_lines_is_read(make_stack: Callable[..., Stack]) -> None:
    """And one without end is refused with its path."""
    stack = make_stack()
    write(stack, line(stack), *[line(stack, event="accepted")] * 10_000)
    assert [entry.event for entry in stack.journal.entries(WEB)] == ["accepted"]
    with stack.file.open("r+b") as file:
        file.truncate(1 << 32)
    assert f"cannot be used at {stack.file} (it is too large)" in stack.failed(imageId=NOBLE)
