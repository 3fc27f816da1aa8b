"""The journal of attempts: what it keeps, what it survives, and what it never holds."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from zec_pulumi.cli.main import main
from zec_pulumi.journal.journal import Journal, home
from zec_pulumi.journal.lines import JournalError
from zec_pulumi.planning.causes import Cause
from zec_pulumi.time.clock import SystemClock

if TYPE_CHECKING:
    from pathlib import Path

    from zec_pulumi.journal.journal import Event

WEB = "1272168087751233112"
URN = "urn:pulumi:dev::shop::pulumi-python:dynamic/zec:InstanceOsImage::web-1"


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path, SystemClock())


def test_an_intent_without_outcome_is_kept_as_such(journal: Journal) -> None:
    """Nothing is known of it but that it was about to be sent."""
    journal.intend("a1", WEB, URN, (Cause("userData"),), None)
    (entry,) = journal.entries(WEB)
    assert (entry.attempt_id, entry.event, entry.urn, entry.causes) == ("a1", "intent", URN, (Cause("userData"),))


def test_the_last_event_counts_and_the_request_id_stays(journal: Journal) -> None:
    """Accepted with a request id, then finished without one."""
    journal.intend("a1", WEB, URN, (Cause("userData"),), "a0")
    journal.note(WEB, "a1", "accepted", "T1")
    journal.note(WEB, "a1", "finished")
    (entry,) = journal.entries(WEB)
    assert (entry.event, entry.request_id, entry.previous) == ("finished", "T1", "a0")


def test_a_line_that_a_crash_cut_short_is_as_if_it_was_not_written(journal: Journal, tmp_path: Path) -> None:
    """The lines before it still count."""
    journal.intend("a1", WEB, URN, (), None)
    with (tmp_path / "journal" / f"{WEB}.jsonl").open("a") as file:
        file.write('{"at": 1.0, "instance": "12721')
    assert [entry.event for entry in journal.entries(WEB)] == ["intent"]
    journal.note(WEB, "a1", "accepted")
    assert [entry.event for entry in journal.entries(WEB)] == ["accepted"]


@pytest.mark.parametrize("at_once", [1, 7])
def test_a_line_is_written_whole_though_the_disk_takes_it_in_pieces(
    journal: Journal, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    """A short write is no error to the system."""
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:at_once]))
    journal.intend("a1", WEB, URN, (Cause("userData"),), None, "0123456789abcdef")
    assert [entry.attempt_id for entry in journal.entries(WEB)] == ["a1"]
    assert journal.approvals.used(WEB) == {"0123456789abcdef": "a1"}


def test_a_used_approval_outlives_what_the_journal_forgets(journal: Journal) -> None:
    """The stack has the rebuild, forgets the resource, and the approval stays used."""
    journal.intend("a1", WEB, URN, (), None, "0123456789abcdef")
    journal.note(WEB, "a1", "finished")
    journal.note(WEB, "a1", "forgotten")
    journal.forget(WEB)
    assert journal.approvals.used(WEB) == {"0123456789abcdef": "a1"}
    assert journal.approvals.used("other") == {}


def test_an_attempt_that_wiped_nothing_gives_only_its_own_approval_back(journal: Journal) -> None:
    """Refused, or so said by a person."""
    events: list[Event] = ["refused", "closed-not-rebuilt", "closed-rebuilt", "failed", "unknown"]
    for number, event in enumerate(events):
        journal.intend(f"a{number}", WEB, URN, (), None, f"{number}123456789abcdef")
        journal.note(WEB, f"a{number}", event)
    assert sorted(journal.approvals.used(WEB).values()) == ["a2", "a3", "a4"]


@pytest.mark.parametrize(
    "line",
    [
        "[1]",
        '{"attempt": 1, "event": "used", "digest": "0123456789abcdef"}',
        '{"attempt": "a1", "event": "lent", "digest": "0123456789abcdef"}',
        '{"attempt": "a1", "event": "used", "digest": ["0123456789abcdef"]}',
        '{"attempt": "a1", "event": "used", "digest": "0123456789abcdef"',
        "0123456789abcdef",
    ],
)
def test_a_line_that_cannot_be_read_counts_for_the_digests_in_it(journal: Journal, tmp_path: Path, line: str) -> None:
    """What is not recognised is not harmless."""
    folder = tmp_path / "approvals"
    folder.mkdir()
    (folder / f"{WEB}.jsonl").write_text(f"{line}\n")
    assert ("0123456789abcdef" in journal.approvals.used(WEB)) == ("0123456789abcdef" in line)


def test_only_its_user_can_read_it(journal: Journal, tmp_path: Path) -> None:
    """Folder and file are private."""
    journal.intend("a1", WEB, URN, (), None)
    assert stat.S_IMODE((tmp_path / "journal").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "journal" / f"{WEB}.jsonl").stat().st_mode) == 0o600


def test_a_folder_that_cannot_be_written_is_an_error_before_anything_is_sent(tmp_path: Path) -> None:
    """The text names the folder and the way out."""
    (tmp_path / "journal").write_text("a file where the folder should be")
    with pytest.raises(JournalError, match="PULUMI_HOME"):
        Journal(tmp_path, SystemClock()).intend("a1", WEB, URN, (), None)


def test_it_is_beside_the_pulumi_home(tmp_path: Path) -> None:
    """PULUMI_HOME if set, else ~/.pulumi."""
    assert home({}, tmp_path) == tmp_path / ".pulumi" / "zec_pulumi"
    assert home({"PULUMI_HOME": str(tmp_path)}, tmp_path / "other") == tmp_path / "zec_pulumi"


def test_an_instance_is_forgotten_alone(journal: Journal) -> None:
    """Other instances' attempts stay."""
    journal.intend("a1", WEB, URN, (), None)
    journal.intend("b1", "other", URN, (), None)
    journal.forget(WEB)
    assert [entry.attempt_id for entry in journal.everything().entries] == ["b1"]


def test_the_command_lists_and_closes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An attempt is listed with its causes, closed by a prefix of its id, and then listed no more."""
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path))
    Journal(home(os.environ, tmp_path), SystemClock()).intend("abc-1", WEB, URN, (Cause("userData"),), None)
    assert main(["attempts"]) == 0
    listed = capsys.readouterr().out
    assert all(fact in listed for fact in ("abc-1", WEB, "web-1", "userData changed", "not known"))

    assert main(["attempts", "close", "abc", "--not-rebuilt"]) == 0
    assert "the next pulumi up rebuilds the instance" in capsys.readouterr().out
    assert main(["attempts"]) == 0
    assert capsys.readouterr().out.startswith("no attempts\n")
    assert main(["attempts", "list", "--all", "--json"]) == 0
    assert '"event": "closed-not-rebuilt"' in capsys.readouterr().out


def test_closing_an_attempt_that_is_not_there_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line, exit status 1."""
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path))
    assert main(["attempts", "close", "zzz", "--rebuilt"]) == 1
    assert "0 attempts begin with zzz" in capsys.readouterr().err


def test_a_file_that_is_no_text_says_nothing(journal: Journal, tmp_path: Path) -> None:
    """A disk that went wrong must not end in an exception nobody foresaw."""
    journal.intend("a1", WEB, URN, (), None)
    with (tmp_path / "journal" / f"{WEB}.jsonl").open("ab") as file:
        file.write(b"\xff\xfe\x00\n")
    assert [entry.event for entry in journal.entries(WEB)] == ["intent"]
