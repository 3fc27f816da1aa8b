"""`zec-pulumi` as a process: what holds for every subcommand."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from zec_pulumi import __version__
from zec_pulumi.journal.journal import Journal
from zec_pulumi.planning.causes import Cause
from zec_pulumi.time.clock import SystemClock

COMMAND = [sys.executable, "-m", "zec_pulumi"]
PREVIEW = Path(__file__).parents[1] / "report" / "recorded" / "ungated.json"
SUBCOMMANDS = [["attempts"], ["report", str(PREVIEW)], ["report", str(PREVIEW), "--format", "markdown"]]


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """The environment of a user with one open attempt."""
    journal = Journal(tmp_path / "zec_pulumi", SystemClock())
    journal.intend("a1", "i-1", "urn:pulumi:dev::p::t::web", (Cause("imageId", "\x1b[2J a", "b\nc"),), None)
    return {
        **os.environ,
        "PULUMI_HOME": str(tmp_path),
        "ZENLAYERCLOUD_SCHEME": "no network",
    }


def test_it_says_its_version(environ: dict[str, str]) -> None:
    ended = subprocess.run([*COMMAND, "--version"], env=environ, capture_output=True, text=True, check=True)
    assert ended.stdout == f"zec-pulumi {__version__}\n"


@pytest.mark.parametrize("arguments", [*SUBCOMMANDS, ["doctor"], ["--help"], ["attempts", "--help"]])
def test_a_reader_that_ends_early_is_no_error(environ: dict[str, str], arguments: list[str]) -> None:
    """The exit status is that of a reader who reads on."""
    whole = subprocess.run([*COMMAND, *arguments], env=environ, capture_output=True, check=False)
    with subprocess.Popen([*COMMAND, *arguments], env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as ended:
        assert ended.stdout is not None
        assert ended.stderr is not None
        ended.stdout.close()
        assert ended.stderr.read() == b""
    assert ended.returncode == whole.returncode


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
@pytest.mark.parametrize("arguments", SUBCOMMANDS)
def test_no_encoding_of_the_terminal_ends_it(environ: dict[str, str], encoding: str, arguments: list[str]) -> None:
    """What the encoding lacks is written as an escape."""
    environ = {**environ, "PYTHONIOENCODING": encoding}
    ended = subprocess.run([*COMMAND, *arguments], env=environ, capture_output=True, check=False)
    assert ended.stderr == b""
    text = ended.stdout.decode(encoding)
    assert ("→" if encoding == "utf-8" else "\\u2192") in text


def test_what_the_journal_holds_cannot_control_the_terminal(environ: dict[str, str]) -> None:
    """An attempt stays one block of lines, too."""
    ended = subprocess.run([*COMMAND, "attempts"], env=environ, capture_output=True, text=True, check=True)
    assert 'causes    imageId "\\u001b[2J a" → "b\\nc"\n' in ended.stdout
