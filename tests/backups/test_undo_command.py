"""`zec-pulumi undo`: what it prints of a stack and its backups, and that it changes nothing."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.backups.conftest import BATCH, URN, WEB, machine, stack
from tests.support.terminal import in_terminal
from zec_pulumi.cli.main import main

if TYPE_CHECKING:
    from pathlib import Path

    from tests.backups.conftest import Account

COLOUR = re.compile(r"\x1b\[[0-9;]*m")
ATTEMPT = "a" * 36


def undo(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Return what it prints, on one line, so that wrapping makes no difference."""
    assert main(["undo", *arguments]) == 0
    return " ".join(capsys.readouterr().out.split())


def document(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main(["undo", "--json", *arguments]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def other(urn: str, instance_id: str, **outputs: Any) -> dict[str, Any]:
    return {"urn": urn, "id": instance_id, "outputs": outputs}


def test_the_lines_for_program_and_configuration(
    account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With whose and how old the backup is, what comes back and what does not."""
    image_id = account.backup()
    last = {"backupImageId": image_id}
    recorded = {"imageId": image_id, "attemptId": ATTEMPT, "madeAt": "2025-01-02T03:04:05Z"}
    stack(tmp_path, monkeypatch, machine(backups=[recorded], lastRebuild=last, instanceName="batch-1"))
    done = len(account.sim.ledger())
    text = undo(capsys)
    assert f"web: instance {BATCH} (batch-1) backup {image_id} of 2025-01-02T03:04:05Z, " in text
    assert "days old, attempt aaaaaaaa: the system before the last rebuild" in text
    assert f'in the program: image_id="{image_id}"' in text
    assert f"from configuration: pulumi config set imageId {image_id} " in text
    assert "What comes back: the boot disk as it was" in text
    assert "Data disks and addresses stay as they are now." in text
    assert len(account.sim.ledger()) == done


def test_a_named_stack_stands_in_the_command(
    account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The one that is selected may be another by then."""
    image_id = account.backup()
    stack(tmp_path, monkeypatch, machine(image_id))
    assert f"pulumi config set --stack prod imageId {image_id}" in undo(capsys, "--stack", "prod")


@pytest.mark.parametrize("name", ["web", BATCH])
def test_one_machine_is_named(
    account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """By its name in the program, or by its instance."""
    image_id = account.backup()
    stack(tmp_path, monkeypatch, machine(image_id), other(f"{URN}-2", WEB))
    assert [one["resource"] for one in document(capsys, name)["machines"]] == ["web"]
    assert main(["undo", "web-3"]) == 1
    assert "has no machine web-3; its machines are: web, web-2" in capsys.readouterr().err


def test_machines_that_share_a_key_are_warned_of(
    account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One machine's disk on all of them is not what was asked for."""
    stack(tmp_path, monkeypatch, machine(account.backup()), other(f"{URN}-2", WEB))
    assert "Every other machine whose image is read from that key would get this disk" in undo(capsys)


def test_a_machine_of_a_fleet_gets_an_image_of_its_own(
    account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A fleet's image is that of all its machines, and so is the configuration's."""
    image_id = account.backup()
    urn = URN.replace("::pulumi-python", "::zec:index:Fleet$pulumi-python")
    stack(tmp_path, monkeypatch, {**machine(image_id), "urn": urn})
    text = undo(capsys)
    assert f'"web": {{..., "image_id": "{image_id}"}}' in text
    assert "pulumi config set" not in text


def test_an_image_that_is_gone_is_said(
    account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And no line is offered that would be refused."""
    image_id = account.backup()
    account.delete_images([image_id])
    stack(tmp_path, monkeypatch, machine(image_id))
    text = undo(capsys)
    assert "its image does not exist any more" in text
    assert "image_id=" not in text
    (one,) = document(capsys)["machines"][0]["backups"]
    assert (one["exists"], one["image_status"]) == (False, None)


def test_what_runs_already_need_not_be_restored(
    account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The machine as it is counts, not what was recorded of it."""
    image_id = account.backup()
    account.sim.patch_instance(BATCH, imageId=image_id)
    stack(tmp_path, monkeypatch, machine(image_id))
    assert "what the machine runs now nothing to do" in undo(capsys)


def test_without_credentials_it_says_that_it_did_not_look(
    account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The stack's record is enough for the lines."""
    image_id = account.backup()
    stack(tmp_path, monkeypatch, machine(image_id))
    monkeypatch.delenv("ZENLAYERCLOUD_ACCESS_KEY_ID")
    monkeypatch.delenv("ZENLAYERCLOUD_ACCESS_KEY_PASSWORD")
    asked = len(account.sim.requests())
    text = undo(capsys)
    assert f'image_id="{image_id}"' in text
    assert "The images were not looked up (none are found)" in text
    assert document(capsys)["machines"][0]["backups"][0]["exists"] is None
    assert len(account.sim.requests()) == asked


def test_an_account_that_does_not_answer_is_a_failure(
    account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is known is printed all the same."""
    image_id = account.backup()
    stack(tmp_path, monkeypatch, machine(image_id))
    monkeypatch.setenv("ZENLAYERCLOUD_ACCESS_KEY_PASSWORD", "S3cretOfTheTest")
    assert main(["undo"]) == 1
    shown = capsys.readouterr()
    assert f'image_id="{image_id}"' in shown.out
    assert "zec-pulumi undo: the images were not looked up: " in shown.err
    assert "S3cret" not in shown.out + shown.err


def test_a_leftover_can_be_restored_too(
    account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A run that ended early has left it; the stack knows nothing of it."""
    image_id = account.backup()
    stack(tmp_path, monkeypatch, machine())
    text = undo(capsys)
    assert "a leftover that this stack does not record" in text
    assert f'image_id="{image_id}"' in text


def test_an_open_rebuild_is_ended_first(
    account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its backup is one already."""
    image_id = account.backup()
    attempt = {"id": ATTEMPT, "startedAt": 1.0, "backupImageId": image_id}
    stack(tmp_path, monkeypatch, machine(attempt=attempt))
    text = undo(capsys)
    assert f"a rebuild is open (attempt {ATTEMPT}): pulumi up must end it first" in text
    assert f"backup {image_id} of " in text


@pytest.mark.usefixtures("account")
def test_nothing_to_undo_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With what would make it otherwise."""
    stack(tmp_path, monkeypatch, machine())
    assert undo(capsys).startswith("nothing to undo: no backup of web is known. With backup=True, the next rebuild")
    assert document(capsys)["machines"][0]["backups"] == []


@pytest.mark.usefixtures("account")
def test_outputs_that_are_secret_are_not_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """They are not decrypted, so nothing is known of them."""
    secret = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:x"}
    stack(tmp_path, monkeypatch, machine(backups=secret, lastRebuild=secret, imageId=secret))
    assert "Of web the backups are secret in the stack's state, and were not read." in undo(capsys)


def test_an_instance_that_is_gone_gets_nothing_back(
    account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its backup stays, but no line for it helps."""
    image_id = account.backup()
    account.sim.delete_instance(BATCH)
    stack(tmp_path, monkeypatch, machine(image_id))
    text = undo(capsys)
    assert "the account does not show the instance, so nothing can be restored on it" in text
    assert "image_id=" not in text


@pytest.mark.usefixtures("account")
def test_a_stack_that_cannot_be_read_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On standard error."""
    stack(tmp_path, monkeypatch, error="no stack selected")
    assert main(["undo"]) == 1
    shown = capsys.readouterr()
    assert (shown.out, shown.err.count("\n")) == ("", 1)
    assert "the stack cannot be read: no stack selected. Run this in the folder of the project" in shown.err


@pytest.mark.parametrize("columns", [40, 80])
def test_no_terminal_breaks_an_id_or_a_line_to_copy(
    account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    """Everything else fits."""
    image_id = account.backup()
    stack(tmp_path, monkeypatch, machine(image_id))
    code, text = in_terminal(columns, "undo")
    lines = COLOUR.sub("", text).splitlines()
    assert code == 0
    assert f"      pulumi config set imageId {image_id}" in lines
    assert max(len(line) for line in lines if image_id not in line) <= columns


def test_help_teaches(capsys: pytest.CaptureFixture[str]) -> None:
    """What it needs, that it changes nothing, and examples."""
    with pytest.raises(SystemExit):
        main(["undo", "--help"])
    text = capsys.readouterr().out
    assert all(words in text for words in ("Nothing is changed.", "Examples:", "zec-pulumi undo web-1 --stack prod"))
