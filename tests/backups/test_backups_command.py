"""`zec-pulumi backups` against a simulated cloud: what it lists, and what it deletes and never deletes."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.backups.conftest import BATCH, CUSTOM, URN, WEB, machine, stack
from tests.support.terminal import COMMAND, in_terminal
from zec_pulumi.api import Endpoint, Image, ZecError
from zec_pulumi.cli.known_backups import among
from zec_pulumi.cli.main import main
from zec_pulumi.journal.clouds import journal_of
from zec_pulumi.journal.journal import home
from zec_pulumi.journal.locks import lock_of
from zec_pulumi.journal.marker import KEY, Marker, Phase
from zec_pulumi.planning import backups
from zec_pulumi.time.clock import SystemClock

if TYPE_CHECKING:
    from pathlib import Path

    from tests.backups.conftest import Account

COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture
def listed(account: Account, capsys: pytest.CaptureFixture[str]) -> Any:
    """Return what the command lists."""
    assert account.deletions() == 0

    def run(*arguments: str) -> list[dict[str, Any]]:
        assert main(["backups", "--json", *arguments]) == 0
        found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
        return found

    return run


def test_only_images_with_the_tags_are_backups(account: Account, listed: Any) -> None:
    """An account has images that people made."""
    image_id = account.backup()
    assert CUSTOM in account.images()
    assert [one["image_id"] for one in listed()] == [image_id]


def test_whose_it_is_and_how_old_and_how_large(account: Account, listed: Any) -> None:
    """As tags, image and account say; the age by the image's name, as the API shows none."""
    made = account.sim.now()
    account.backup()
    (one,) = listed()
    assert re.fullmatch(r"batch-1-\d{8}-\d{6}-aaaaaaaa", one["image_name"])
    facts = ("instance_id", "instance_name", "instance_exists", "stack", "attempt_id", "image_status", "image_size_gib")
    assert [one[fact] for fact in facts] == [BATCH, "batch-1", True, "dev/demo", "a" * 36, "AVAILABLE", 40]
    old = max(0.0, SystemClock().now() - made)
    assert abs(one["age_seconds"] - old) < 60


def test_an_instance_that_is_gone_is_said(account: Account, listed: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Its backup stays and counts against the quota."""
    account.backup()
    account.sim.delete_instance(BATCH)
    assert [(one["instance_exists"], one["instance_name"]) for one in listed()] == [(False, None)]
    main(["backups"])
    assert "does not exist" in capsys.readouterr().out


def test_an_image_that_a_machine_runs_is_in_use(
    account: Account, listed: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    image_id = account.backup()
    account.sim.patch_instance(WEB, imageId=image_id)
    assert [one["run_by"] for one in listed()] == [[WEB]]
    main(["backups"])
    assert "AVAILABLE, in use" in capsys.readouterr().out


def test_without_a_stack_it_is_not_known_whether_one_is_recorded(
    account: Account, listed: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """And that is said."""
    account.backup()
    assert [one["recorded"] for one in listed()] == [None]
    main(["backups"])
    text = " ".join(capsys.readouterr().out.split())
    assert "not known" in text
    assert "looked up in this computer's journal only: this folder has no Pulumi project" in text


def test_what_the_stack_of_the_folder_records_is_known(
    account: Account, listed: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of its own backups. Of those of other stacks nothing is known."""
    kept, left = account.backup(), account.backup(attempt="b" * 36)
    other = account.backup(attempt="c" * 36, urn=URN.replace("dev", "prod"))
    stack(tmp_path, monkeypatch, machine(kept))
    facts = {one["image_id"]: (one["recorded"], one["recorded_by"]) for one in listed()}
    assert facts == {kept: (True, "web"), left: (False, None), other: (None, None)}


def test_an_open_attempt_of_this_computer_is_a_record(account: Account, listed: Any, tmp_path: Path) -> None:
    """The next up goes on with it."""
    account.backup()
    endpoint = Endpoint(account.sim.environment()["ZENLAYERCLOUD_DOMAIN"], "http")
    journal = journal_of(home({}, tmp_path), SystemClock(), endpoint, None)
    journal.intend("a" * 36, BATCH, URN, (), None)
    assert [(one["recorded"], one["in_open_attempt"]) for one in listed()] == [(True, True)]
    assert main(["backups", "delete", "--yes", *(one["image_id"] for one in listed())]) == 1
    assert account.deletions() == 0


def test_a_stack_that_was_named_must_be_readable(
    account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One that was not named is only not looked at."""
    account.backup()
    stack(tmp_path, monkeypatch, error="no stack named prod")
    assert main(["backups", "--stack", "prod"]) == 1
    assert capsys.readouterr().err == "zec-pulumi backups: stack prod cannot be read: no stack named prod\n"
    assert main(["backups"]) == 0


@pytest.mark.usefixtures("account")
def test_none_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """In words, or as an empty list."""
    assert main(["backups"]) == 0
    assert main(["backups", "--json"]) == 0
    assert capsys.readouterr().out == "no backups\n[]\n"


def test_one_is_deleted_and_its_tag_too(account: Account, capsys: pytest.CaptureFixture[str]) -> None:
    """By one request. The other one stays with its tag."""
    first, second = account.backup(), account.backup(attempt="b" * 36)
    assert main(["backups", "delete", first, "--yes"]) == 0
    assert capsys.readouterr().out == f"deleted {first}\n"
    assert account.images() == {CUSTOM, second}
    assert [value for key, value in account.sim.tags() if key == backups.ATTEMPT_KEY] == ["b" * 36]
    assert account.deletions() == 1


def test_several_are_one_request(account: Account) -> None:
    ids = [account.backup(), account.backup(attempt="b" * 36)]
    assert main(["backups", "delete", "--yes", *ids, ids[0]]) == 0
    assert (account.images(), account.deletions()) == ({CUSTOM}, 1)


@pytest.mark.parametrize("stray", [CUSTOM, "ubuntu2204_20240712", "custom-none"])
def test_what_is_no_backup_is_not_deleted_and_nothing_beside_it(
    account: Account, capsys: pytest.CaptureFixture[str], stray: str
) -> None:
    """A wrong id in a list is a reason to look again."""
    image_id = account.backup()
    assert main(["backups", "delete", "--yes", image_id, stray]) == 1
    assert f"{stray} is no backup of this account" in capsys.readouterr().err
    assert (account.images(), account.deletions()) == ({CUSTOM, image_id}, 0)


def test_what_an_instance_runs_is_not_deleted(account: Account, capsys: pytest.CaptureFixture[str]) -> None:
    """Whichever instance that is."""
    image_id = account.backup()
    account.sim.patch_instance(WEB, imageId=image_id)
    assert main(["backups", "delete", "--yes", image_id]) == 1
    assert f"{image_id} is what instance {WEB} (web-1) runs" in capsys.readouterr().err
    assert account.deletions() == 0


def test_a_backup_of_an_instance_at_work_is_not_deleted(account: Account, capsys: pytest.CaptureFixture[str]) -> None:
    """A rebuild may be about to wipe its disk."""
    image_id = account.backup()
    account.start_instances([BATCH])
    assert main(["backups", "delete", "--yes", image_id]) == 1
    assert "somebody works on it" in capsys.readouterr().err
    assert account.deletions() == 0


def test_a_backup_of_an_instance_that_a_run_works_on_is_not_deleted(
    account: Account, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It may be probing the health gate, and about to roll back: the machine is RUNNING then."""
    image_id = account.backup()
    endpoint = Endpoint(account.sim.environment()["ZENLAYERCLOUD_DOMAIN"], "http")
    lock = lock_of(journal_of(home({}, tmp_path), SystemClock(), endpoint, None).folder, BATCH)
    assert lock.take(URN)
    assert main(["backups", "delete", "--yes", image_id]) == 1
    assert f"instance {BATCH} is worked on by resource web of stack dev in process" in capsys.readouterr().err
    assert account.deletions() == 0
    lock.free()
    assert main(["backups", "delete", "--yes", image_id]) == 0


def test_without_a_terminal_it_asks_nobody(account: Account) -> None:
    """So it deletes nothing unless --yes is given."""
    image_id = account.backup()
    ran = subprocess.run(
        [*COMMAND, "backups", "delete", image_id], input="y\n", capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == "zec-pulumi backups: nothing was deleted: there is no terminal to ask in; give --yes\n"
    assert account.deletions() == 0


@pytest.mark.parametrize(("typed", "number"), [("y\n", 1), ("yes\n", 1), ("\n", 0), ("no\n", 0), ("\x04", 0)])
def test_in_a_terminal_it_asks(account: Account, typed: str, number: int) -> None:
    """It shows what is meant first; only yes is a yes."""
    image_id = account.backup()
    code, text = in_terminal(200, "backups", "delete", image_id, typed=typed)
    assert text.index("batch-1") < text.index("Delete this image for good? [y/N]")
    assert (code, account.deletions()) == (1 - number, number)


@pytest.mark.parametrize(
    ("effect", "code"),
    [
        ({"type": "fail_ids"}, 1),
        ({"type": "drop"}, 1),
        ({"type": "drop", "carriedOut": True}, 0),
        ({"type": "error", "code": "INVALID_IMAGE_STATUS", "status": 400}, 1),
    ],
    ids=["failed ids", "lost", "lost and done", "refused"],
)
def test_what_became_of_it_is_read(account: Account, effect: dict[str, Any], code: int) -> None:
    """The answer's word is not enough, and a lost answer is no reason to ask twice."""
    image_id = account.backup()
    account.sim.add_fault(action="DeleteImages", nth=1, effect=effect)
    asked = len(account.sim.requests())
    assert main(["backups", "delete", "--yes", image_id]) == code
    assert (image_id in account.images()) is (code == 1)
    assert [request["action"] for request in account.sim.requests()[asked:]].count("DeleteImages") == 1


@pytest.mark.parametrize("columns", [50, 80, 250])
def test_no_terminal_breaks_an_id(account: Account, columns: int) -> None:
    """And no line is longer than the terminal."""
    image_id = account.backup()
    code, text = in_terminal(columns, "backups")
    plain = COLOUR.sub("", text)
    assert (code, image_id in plain, BATCH in plain) == (0, True, True)
    assert max(map(len, plain.splitlines())) <= columns


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize("action", [[], ["delete"]])
def test_help_teaches(action: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """With examples."""
    with pytest.raises(SystemExit):
        main(["backups", *action, "--help"])
    text = capsys.readouterr().out
    assert "Examples:" in text
    assert "zec-pulumi backups delete custom-1a2b" in text


def test_an_open_attempt_of_another_computer_is_one_by_the_instance_s_tag(account: Account, listed: Any) -> None:
    """That run may be about to wipe the disk, or roll it back."""
    image_id = account.backup()
    marker = Marker.begun(URN, "b" * 16, "a" * 36, account.sim.now())
    account.modify_resource_tags(BATCH, {KEY: marker.value})
    assert [(one["recorded"], one["in_open_attempt"]) for one in listed()] == [(True, True)]
    assert main(["backups", "delete", "--yes", image_id]) == 1
    assert account.deletions() == 0


@pytest.mark.parametrize("recorded", [False, True])
def test_a_rebuild_that_is_done_and_not_recorded_is_for_the_next_up(
    account: Account, listed: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, recorded: bool
) -> None:
    """Its run was killed before the stack had it; one that the stack has is over."""
    image_id = account.backup()
    marker = replace(Marker.begun(URN, "b" * 16, "a" * 36, account.sim.now()), phase=Phase.DONE)
    account.modify_resource_tags(BATCH, {KEY: marker.value})
    stack(tmp_path, monkeypatch, machine(*([image_id] if recorded else [])))
    assert [(one["recorded"], one["in_open_attempt"]) for one in listed()] == [(True, not recorded)]


def test_backups_that_are_secret_in_the_state_are_not_known(
    account: Account, listed: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not read is not the same as not recorded."""
    account.backup()
    secret = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:x"}
    stack(tmp_path, monkeypatch, machine(backups=secret))
    assert [one["recorded"] for one in listed()] == [None]


def test_an_api_that_shows_no_tags_does_not_say_that_there_are_no_backups() -> None:
    """Nobody can tell."""
    hidden = Image.model_validate({"imageId": "custom-1"})
    with pytest.raises(ZecError, match="shows no tags of images"):
        among([hidden])
    assert among([]) == among([hidden.model_copy(update={"tags": {}})]) == []
