"""``zec-pulumi attempts``: what is open and why; it closes nothing that is followed or verified."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.journal.conftest import SCRIPT, URN, Stack
from tests.support.programs import JAMMY, NOBLE
from tests.support.world import WEB
from zec_pulumi.api import AccessKey, Endpoint
from zec_pulumi.cli.main import main
from zec_pulumi.errors import StopReason
from zec_pulumi.journal.clouds import account_of, journal_of
from zec_pulumi.journal.journal import Event, Journal
from zec_pulumi.journal.locks import lock_of
from zec_pulumi.planning.causes import Cause
from zec_pulumi.time.clock import SystemClock

if TYPE_CHECKING:
    from pathlib import Path

KEY = AccessKey("an-id", "its password")
COMMAND = [sys.executable, "-c", "import sys; from zec_pulumi.cli.main import main; sys.exit(main())", "attempts"]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path))
    return tmp_path / "zec_pulumi"


@pytest.fixture
def journal(root: Path) -> Journal:
    return journal_of(root, SystemClock(), Endpoint("console.zenlayer.com"), KEY)


def begun(journal: Journal, *events: Event, attempt: str = "abc-1") -> None:
    journal.intend(attempt, WEB, URN, (Cause("userData"),), None)
    for event in events:
        journal.note(WEB, attempt, event)


OPEN: list[tuple[Event, str]] = [
    ("intent", "about to be sent; what became of it is not known"),
    ("unknown", "sent, and its answer was lost"),
    ("accepted", "accepted by the API"),
    ("begun", "accepted by the API, and begun"),
    ("failed", "REINSTALL_FAILED"),
]


@pytest.mark.parametrize(("event", "why"), OPEN)
def test_what_is_open_is_listed_with_its_cloud_and_why(
    journal: Journal, capsys: pytest.CaptureFixture[str], event: Event, why: str
) -> None:
    """Of two clouds each says where."""
    begun(journal, *([event] if event != "intent" else []))
    assert main(["attempts"]) == 0
    listed = capsys.readouterr().out
    assert f"console.zenlayer.com, account {account_of(KEY)[:8]}" in listed
    assert why in listed


@pytest.mark.parametrize("event", ["finished", "refused", "forgotten", "closed-rebuilt", "closed-not-rebuilt"])
def test_what_is_not_open_is_listed_with_all_only(
    journal: Journal, capsys: pytest.CaptureFixture[str], event: Event
) -> None:
    """A verified success is nothing that a person must look at."""
    begun(journal, event)
    assert main(["attempts"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == "no attempts"
    assert main(["attempts", "list", "--all", "--json"]) == 0
    (one,) = json.loads(capsys.readouterr().out)["attempts"]
    assert (one["event"], one["endpoint"], one["account"]) == (event, "console.zenlayer.com", account_of(KEY))


def test_an_event_of_a_newer_release_is_open(journal: Journal, capsys: pytest.CaptureFixture[str]) -> None:
    """It is said that it cannot be read."""
    begun(journal)
    file = journal.folder / "journal" / f"{WEB}.jsonl"
    file.write_text(file.read_text().replace('"intent"', '"intent"') + file.read_text().replace("intent", "paused"))
    assert main(["attempts"]) == 0
    assert "a newer release wrote what became of it" in capsys.readouterr().out


def test_an_attempt_of_an_older_release_is_listed_as_such(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No cloud was noted."""
    begun(Journal(root, SystemClock()))
    assert main(["attempts"]) == 0
    assert "cloud     an older release noted none" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("event", "verdict", "why"),
    [
        ("finished", "--not-rebuilt", "it was verified: the machine was rebuilt"),
        ("refused", "--rebuilt", "it was refused: nothing was wiped"),
        ("refused", "--not-rebuilt", "it was refused: nothing was wiped"),
        ("forgotten", "--rebuilt", "nothing is left to close"),
    ],
)
def test_what_is_known_is_not_closed_otherwise(
    journal: Journal, capsys: pytest.CaptureFixture[str], event: Event, verdict: str, why: str
) -> None:
    """Exit status 1, and the journal stays as it is."""
    begun(journal, event)
    before = (journal.folder / "journal" / f"{WEB}.jsonl").read_bytes()
    assert main(["attempts", "close", "abc", verdict]) == 1
    assert why in capsys.readouterr().err
    assert (journal.folder / "journal" / f"{WEB}.jsonl").read_bytes() == before


@pytest.mark.parametrize("verdict", ["--rebuilt", "--not-rebuilt", "--forget"])
def test_what_a_run_follows_is_not_closed(journal: Journal, capsys: pytest.CaptureFixture[str], verdict: str) -> None:
    """The run holds the lock, and would go on as if nobody had spoken."""
    begun(journal, "accepted")
    lock = lock_of(journal.folder, WEB)
    assert lock.take(URN)
    assert main(["attempts", "close", "abc", verdict]) == 1
    assert "is worked on by resource web-1 of stack dev" in capsys.readouterr().err
    assert journal.entries(WEB)[0].event == "accepted"
    lock.free()
    assert main(["attempts", "close", "abc", verdict]) == 0


def test_a_person_who_closed_what_an_orphan_watches_is_not_overruled(stack: Stack) -> None:
    """The engine is gone, so the lock is free; what was said is what the next up does."""
    closed: list[str] = []

    def close(text: str) -> None:
        if text == "DEPLOYING" and stack.engine() and not closed:
            closed.append(stack.journal.entries(WEB)[0].attempt_id)
            stack.journal.note(WEB, closed[0], "closed-not-rebuilt")

    stack.engine = lambda: (
        StopReason.ENGINE_GONE if any(line.startswith("reset accepted") for line in stack.lines) else None
    )
    stack.on_line = close
    recorded = (stack.outputs, stack.inputs)
    stack.failed(imageId=JAMMY, userData=SCRIPT)
    assert closed
    stack.outputs, stack.inputs = recorded  # its engine was dead: nothing was recorded
    stack.engine = lambda: None
    stack.up(imageId=JAMMY, userData=SCRIPT)
    assert stack.resets() == 2


def test_what_is_another_resources_can_be_forgotten(stack: Stack, root: Path) -> None:
    """A verified rebuild under another name: it was not this resource's, and up goes on."""
    stack.home = root
    stack.journal.intend("abc-1", WEB, "urn:another", (Cause("userData"),), None)
    stack.journal.note(WEB, "abc-1", "finished")
    assert "attempts close abc-1 --rebuilt`, else the same with `--forget`" in stack.failed(
        imageId=JAMMY, userData=SCRIPT
    )
    assert main(["attempts", "close", "abc-1", "--forget"]) == 0
    stack.up(imageId=JAMMY, userData=SCRIPT)
    assert stack.resets() == 1


@pytest.mark.parametrize("kind", ["file", "fifo"])
def test_a_journal_that_cannot_be_read_is_not_taken_for_none(
    journal: Journal, root: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    """The others are listed; the exit status is 1."""
    begun(journal)
    broken = root / "clouds" / "another.example"
    if kind == "file":
        broken.mkdir()
        (broken / "journal").write_text("")
    else:
        (broken / "journal").mkdir(parents=True)
        os.mkfifo(broken / "journal" / f"{WEB}.jsonl")
    assert main(["attempts"]) == 1
    captured = capsys.readouterr()
    assert "abc-1" in captured.out
    assert f"cannot be used at {broken / 'journal'}" in captured.err
    assert main(["attempts", "close", "abc", "--rebuilt"]) == 0


def test_nothing_is_made_by_looking(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Not even a folder."""
    assert main(["attempts"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == "no attempts"
    assert not root.exists()


def test_a_reader_that_ends_early_is_no_error(journal: Journal) -> None:
    """As `zec-pulumi attempts list --all | head -1`, with more than a pipe holds."""
    for number in range(1000):
        journal.intend(f"a{number}", f"i-{number}", URN, (Cause("imageId", JAMMY, NOBLE),), None)
    listing = subprocess.Popen([*COMMAND, "list", "--all"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    head = subprocess.run(["head", "-1"], stdin=listing.stdout, capture_output=True, check=True)
    assert listing.stdout is not None
    listing.stdout.close()
    _, error = listing.communicate()
    assert (head.stdout, error, listing.returncode) == (b"a0\n", b"", 0)


def test_the_exit_status_is_in_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    """Where it is looked for."""
    with pytest.raises(SystemExit):
        main(["attempts", "--help"])
    assert "Exit status: 0 when it was done" in capsys.readouterr().out
