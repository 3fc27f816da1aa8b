"""``zec-pulumi attempts`` and the tags: what other machines began is listed, and closed where nobody follows it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.journal.conftest import URN
from tests.support.world import WEB
from zec_pulumi.api import AccessKey, BearerToken, Client, Endpoint
from zec_pulumi.cli import markers
from zec_pulumi.cli.main import main
from zec_pulumi.journal.clouds import journal_of
from zec_pulumi.journal.locks import lock_of
from zec_pulumi.journal.marker import KEY, Marker, Phase, parse
from zec_pulumi.planning.causes import Cause
from zec_pulumi.simulator import Simulator
from zec_pulumi.time.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from zec_pulumi.journal.journal import Event, Journal

ATTEMPT = "62dbb6db-28bc-4489-8924-1431be60c727"
BEGUN = Marker.begun("urn:pulumi:prod::other::type::web", "0" * 16, ATTEMPT, 1_790_000_000.0)
DENIED = {"type": "error", "code": "OPERATION_DENIED", "status": 403}


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    """A cloud whose credentials are in the environment, and a home of this machine's own."""
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path))
    with Simulator(clock="manual") as simulator:
        for name, value in simulator.environment().items():
            monkeypatch.setenv(name, value)
        yield simulator


@pytest.fixture
def client(cloud: Simulator) -> Iterator[Client]:
    with Client(BearerToken(cloud.token), Endpoint(cloud.host, "http")) as made:
        yield made


def mark(client: Client, phase: Phase, marker: Marker = BEGUN) -> None:
    client.modify_resource_tags(WEB, {KEY: replace(marker, phase=phase).value})


def phase(client: Client) -> str:
    marker = parse(client.describe_resource_tags(WEB)[KEY])
    assert isinstance(marker, Marker)
    return marker.phase.value


def journal_with(cloud: Simulator, tmp_path: Path, *events: Event) -> Journal:
    """Return the journal of this machine, which has the same attempt."""
    key = AccessKey(cloud.access_key_id, "its password")
    journal = journal_of(tmp_path / "zec_pulumi", SystemClock(), Endpoint(cloud.host, "http"), key)
    journal.intend(ATTEMPT, WEB, URN, (Cause("userData"),), None)
    for event in events:
        journal.note(WEB, ATTEMPT, event)
    return journal


def run(*arguments: str) -> int:
    return main(["attempts", *arguments])


@pytest.mark.parametrize(("kind", "listed"), [("begun", 1), ("accepted", 1), ("done", 0), ("closed", 0)])
def test_what_another_machine_began_is_listed_while_it_is_open(
    client: Client, capsys: pytest.CaptureFixture[str], kind: str, listed: int
) -> None:
    """With its stack and what the instance does; the others with --all."""
    mark(client, Phase(kind))
    assert run() == 0
    shown = capsys.readouterr().out
    assert shown.count(WEB) == listed
    assert ("other/prod" in shown, "RUNNING" in shown, "not on this machine" in shown) == (bool(listed),) * 3
    assert run("list", "--all") == 0
    assert WEB in capsys.readouterr().out


def test_what_another_machine_has_seen_begin_is_listed_while_it_installs(
    cloud: Simulator, client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    mark(client, Phase.DONE)
    cloud.patch_instance(WEB, status="DEPLOYING")
    assert run() == 0
    assert "accepted, and seen to begin, of stack other/prod" in capsys.readouterr().out


def test_journal_and_tag_of_one_attempt_are_one(
    cloud: Simulator, client: Client, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As JSON, too."""
    journal_with(cloud, tmp_path)
    mark(client, Phase.ACCEPTED)
    assert run() == 0
    lines = capsys.readouterr().out.splitlines()
    assert (lines[0], sum(ATTEMPT[:8] in line for line in lines)) == (ATTEMPT, 1)
    assert lines[-1].startswith("    tag       accepted, and seen to begin, of stack other/prod, 2026-09-21T")
    assert run("list", "--json") == 0
    said = json.loads(capsys.readouterr().out)
    (one,) = said["attempts"]
    assert (one["attempt_id"], one["event"], said["markersNotRead"]) == (ATTEMPT, "intent", None)
    assert one["marker"]["phase"] == "accepted"
    assert one["marker"]["stack"] == "other/prod"


def test_what_only_a_tag_tells_has_the_same_fields_as_json(
    cloud: Simulator, client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    mark(client, Phase.BEGUN)
    assert run("list", "--json") == 0
    (one,) = json.loads(capsys.readouterr().out)["attempts"]
    known: dict[str, Any] = {key: value for key, value in one.items() if value is not None and key != "marker"}
    assert known == {"attempt_id": ATTEMPT[:8], "instance_id": WEB, "endpoint": cloud.host}
    assert {"causes", "urn", "event", "account"} <= one.keys()


@pytest.mark.parametrize("why", ["no credentials", "nobody answers", "refused", "shown without tags"])
def test_where_the_tags_are_not_read_that_is_said(
    cloud: Simulator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    why: str,
) -> None:
    """The journal is listed all the same, and can be closed."""
    journal = journal_with(cloud, tmp_path)
    if why == "no credentials":
        monkeypatch.setenv("HOME", str(tmp_path))
        for name in cloud.environment():
            monkeypatch.delenv(name)
    elif why == "nobody answers":
        monkeypatch.setenv("ZENLAYERCLOUD_DOMAIN", "127.0.0.1:1")
    else:
        effect = DENIED if why == "refused" else {"type": "tags_hidden", "absent": True}
        cloud.add_fault(action="DescribeInstances", nth=1, times=99, effect=effect)
    if why == "shown without tags":
        with Client(BearerToken(cloud.token), Endpoint(cloud.host, "http")) as client:
            mark(client, Phase.BEGUN)
    assert run() == 0
    shown = capsys.readouterr().out
    assert ATTEMPT in shown
    assert "the tags zec-pulumi-attempt were not read: " in shown
    if why == "nobody answers":
        return  # each command tries for some seconds
    assert run("list", "--json") == 0
    assert json.loads(capsys.readouterr().out)["markersNotRead"]
    assert run("close", ATTEMPT, "--not-rebuilt") == 0
    assert journal.entries(WEB)[0].event == "closed-not-rebuilt"


@pytest.mark.parametrize("before", ["begun", "accepted"])
@pytest.mark.parametrize(
    ("word", "after"), [("--rebuilt", "accepted"), ("--not-rebuilt", "closed"), ("--forget", "closed")]
)
@pytest.mark.parametrize("with_journal", [False, True])
def test_an_attempt_is_closed_in_both_places(
    cloud: Simulator, client: Client, tmp_path: Path, before: str, word: str, after: str, *, with_journal: bool
) -> None:
    """The next up verifies what was rebuilt. The tag stays, and the list of tags has no value more."""
    journal = journal_with(cloud, tmp_path) if with_journal else None
    mark(client, Phase(before))
    closed = run("close", ATTEMPT[:8], word)
    assert closed == (1 if before == after and journal is None else 0)
    assert phase(client) == after
    assert [value.split(".")[1] for key, value in cloud.tags() if key == KEY] == [after]
    if journal:
        event = {"--rebuilt": "closed-rebuilt", "--not-rebuilt": "closed-not-rebuilt", "--forget": "forgotten"}[word]
        assert journal.entries(WEB)[0].event == event


@pytest.mark.parametrize("word", ["--rebuilt", "--not-rebuilt", "--forget"])
def test_what_is_being_rebuilt_is_not_closed(
    cloud: Simulator, client: Client, tmp_path: Path, capsys: pytest.CaptureFixture[str], word: str
) -> None:
    """Somebody follows it, on whatever machine."""
    journal = journal_with(cloud, tmp_path, "accepted")
    mark(client, Phase.ACCEPTED)
    cloud.patch_instance(WEB, status="DEPLOYING")
    before = len(cloud.ledger())
    assert run("close", ATTEMPT, word) == 1
    assert f"instance {WEB} is DEPLOYING: wait until that has ended" in capsys.readouterr().err
    assert (phase(client), journal.entries(WEB)[0].event) == ("accepted", "accepted")
    assert len(cloud.ledger()) == before


@pytest.mark.parametrize("with_journal", [False, True])
def test_what_another_machine_has_seen_begin_is_not_called_lost(
    cloud: Simulator, client: Client, tmp_path: Path, capsys: pytest.CaptureFixture[str], *, with_journal: bool
) -> None:
    """The tag says more than this machine's journal."""
    journal = journal_with(cloud, tmp_path) if with_journal else None
    mark(client, Phase.DONE)
    assert run("close", ATTEMPT[:8], "--not-rebuilt") == 1
    assert "says that the rebuild was seen to begin" in capsys.readouterr().err
    assert phase(client) == "done"
    assert journal is None or journal.entries(WEB)[0].event == "intent"


@pytest.mark.parametrize("with_journal", [False, True])
@pytest.mark.parametrize("status", ["RUNNING", "STOPPED", "DEPLOYING"])
def test_what_another_machine_has_seen_begin_is_of_no_matter_once_it_has_ended(
    cloud: Simulator, client: Client, tmp_path: Path, status: str, *, with_journal: bool
) -> None:
    """A person says so of a rebuild that the program has taken back, and up warns of it no more."""
    journal = journal_with(cloud, tmp_path) if with_journal else None
    mark(client, Phase.DONE)
    cloud.patch_instance(WEB, status=status)
    ended = status != "DEPLOYING"
    assert run("close", ATTEMPT[:8], "--forget") == (0 if ended else 1)
    assert phase(client) == ("closed" if ended else "done")
    assert journal is None or journal.entries(WEB)[0].event == ("forgotten" if ended else "intent")


def test_what_a_run_of_this_machine_follows_is_not_closed(
    cloud: Simulator, client: Client, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = journal_with(cloud, tmp_path)
    mark(client, Phase.BEGUN)
    lock = lock_of(journal.folder, WEB)
    assert lock.take(URN)
    assert run("close", ATTEMPT, "--not-rebuilt") == 1
    assert "is worked on by resource web-1 of stack dev" in capsys.readouterr().err
    assert phase(client) == "begun"
    lock.free()


@pytest.mark.parametrize("now", [None, Marker.begun("urn", "1" * 16, "89abcdef", 1_790_000_000.0).value, "strange"])
def test_a_tag_that_names_another_attempt_by_now_is_left_alone(
    cloud: Simulator, client: Client, now: str | None
) -> None:
    """Another run has begun, or somebody took it off, between the list and the word."""
    mark(client, Phase.BEGUN)
    (listed,) = markers.read_all()
    client.modify_resource_tags(WEB, {KEY: now} if now else {}, [] if now else [KEY])
    before = len(cloud.ledger())
    with pytest.raises(markers.MarkerNotClosedError, match="names it no longer"):
        markers.close(listed, "closed-not-rebuilt")
    assert client.describe_resource_tags(WEB).get(KEY) == now
    assert len(cloud.ledger()) == before


@pytest.mark.parametrize("with_journal", [False, True])
def test_a_tag_that_cannot_be_written_is_said(
    cloud: Simulator, client: Client, tmp_path: Path, capsys: pytest.CaptureFixture[str], *, with_journal: bool
) -> None:
    """The word stands in the journal; where there is none, nothing was closed."""
    journal = journal_with(cloud, tmp_path) if with_journal else None
    mark(client, Phase.BEGUN)
    cloud.add_fault(action="ModifyResourceTags", nth=1, times=99, effect=DENIED)
    assert run("close", ATTEMPT[:8], "--not-rebuilt") == 1
    said = capsys.readouterr().err
    assert ("in the journal of this machine only" in said, "zec:closeAttempt" in said) == (with_journal, True)
    assert phase(client) == "begun"
    assert journal is None or journal.entries(WEB)[0].event == "closed-not-rebuilt"


def test_the_help_says_where_attempts_are_known_from(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run("--help")
    said = capsys.readouterr().out
    assert all(word in said for word in ("zec-pulumi-attempt", "zec:closeAttempt", "offline", "PULUMI_HOME"))
