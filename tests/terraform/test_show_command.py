"""How running `terraform` or `tofu` in a folder fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from zec_pulumi import terraform
from zec_pulumi.terraform import show_command as command_module

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# As Terraform 1.11.4 prints it: colours, although -no-color is given.
NO_PROVIDER = """cat >&2 <<'END'
\x1b[31m╷\x1b[0m\x1b[0m
\x1b[31m│\x1b[0m \x1b[0m\x1b[1m\x1b[31mError: \x1b[0m\x1b[0m\x1b[1mFailed to load plugin schemas\x1b[0m
\x1b[31m│\x1b[0m \x1b[0m
\x1b[31m│\x1b[0m \x1b[0munavailable provider "registry.terraform.io/zenlayer/zenlayercloud"..
\x1b[31m╵\x1b[0m\x1b[0m
END
exit 1"""


def refusal(folder: Path) -> str:
    """Return the sentence that a folder is refused with."""
    with pytest.raises(terraform.TerraformError) as refused:
        terraform.instances(folder)
    return str(refused.value)


@pytest.mark.usefixtures("command")
def test_neither_command_is_on_path(tmp_path: Path) -> None:
    """The sentence says what to install, or to give instead."""
    assert "needs `terraform` or `tofu`, and neither is on PATH" in refusal(tmp_path)


def test_a_missing_provider_names_init(tmp_path: Path, command: Callable[[str, str], None]) -> None:
    """What the command said becomes one line, and the remedy follows."""
    command("terraform", f"PATH=/usr/bin:/bin\n{NO_PROVIDER}")
    text = refusal(tmp_path)
    assert 'status 1: Failed to load plugin schemas unavailable provider "registry.terraform.io/zenlayer' in text
    assert "run `terraform init` in it" in text
    assert "\n" not in text
    assert "\x1b" not in text


def test_terraform_goes_before_tofu(tmp_path: Path, command: Callable[[str, str], None]) -> None:
    """With both on PATH there is one answer to which one runs."""
    command("terraform", "exit 3")
    command("tofu", "exit 4")
    assert "`terraform show -json`" in refusal(tmp_path)


def test_tofu_runs_where_terraform_is_absent(tmp_path: Path, command: Callable[[str, str], None]) -> None:
    """A failure without a reason says so."""
    command("tofu", "exit 4")
    assert "`tofu show -json`" in refusal(tmp_path)
    assert "failed with status 4: it gave no reason" in refusal(tmp_path)


def test_the_command_runs_in_the_folder_and_asks_nothing(tmp_path: Path, command: Callable[[str, str], None]) -> None:
    """A question would wait for ever in a pipeline: its input is at an end."""
    command("terraform", 'read answer; echo "Error: $PWD $* <$answer>" >&2; exit 1')
    assert f"status 1: {tmp_path} show -json -no-color <>" in refusal(tmp_path)


@pytest.mark.parametrize(
    ("output", "sentence"),
    [("", "is empty"), ('{"format_version":"1.0"}', "is an empty state"), ("Warning", "is neither a Terraform state")],
)
def test_an_answer_without_a_state_is_refused(
    tmp_path: Path, command: Callable[[str, str], None], output: str, sentence: str
) -> None:
    """What Terraform answers in a folder without a state, and what is no answer."""
    command("terraform", f"echo '{output}'")
    assert f"the state of {tmp_path} {sentence}" in refusal(tmp_path)


def test_a_command_that_hangs_is_given_up(
    tmp_path: Path, command: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error does not hold what it had printed, because that may be secret."""
    monkeypatch.setattr(command_module, "SECONDS", 0.3)
    command("terraform", "echo Never-Copied-1; exec /bin/sleep 20")
    text = refusal(tmp_path)
    assert "took longer than" in text
    assert "Never-Copied-1" not in text


def test_a_command_that_cannot_be_started(tmp_path: Path, command: Callable[[str, str], None]) -> None:
    """A binary for another machine, say."""
    command("terraform", "")
    (tmp_path / "bin" / "terraform").write_bytes(b"\x7fELF nothing")
    assert "`terraform show -json` in" in refusal(tmp_path)
    assert "could not be started: Exec format error" in refusal(tmp_path)
