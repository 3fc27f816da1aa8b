"""`zec-pulumi` as a process: what holds for every subcommand."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from zec_pulumi import __version__
from zec_pulumi.cli.main import main
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


@pytest.mark.parametrize(
    "arguments",
    [
        ["doctor"],
        *(
            pytest.param(other, marks=pytest.mark.slow)  # the first begins to write before all is known
            for other in (*SUBCOMMANDS, ["--help"], ["attempts", "--help"], ["completion", "bash"])
        ),
    ],
)
def test_a_reader_that_ends_early_is_no_error(environ: dict[str, str], arguments: list[str]) -> None:
    """The exit status is that of a reader who reads on."""
    whole = subprocess.run([*COMMAND, *arguments], env=environ, capture_output=True, check=False)
    with subprocess.Popen([*COMMAND, *arguments], env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as ended:
        assert ended.stdout is not None
        assert ended.stderr is not None
        ended.stdout.close()
        assert ended.stderr.read() == b""
    assert ended.returncode == whole.returncode


@pytest.mark.parametrize(
    ("encoding", "arrow"), [("ascii", "->"), ("latin-1", "->"), ("utf-8", "→")], ids=["ascii", "latin-1", "utf-8"]
)
@pytest.mark.parametrize("arguments", SUBCOMMANDS)
def test_no_encoding_of_the_terminal_ends_it(
    environ: dict[str, str], encoding: str, arrow: str, arguments: list[str]
) -> None:
    """What the encoding lacks is written otherwise. A comment in Markdown goes elsewhere and is always UTF-8."""
    environ = {**environ, "PYTHONIOENCODING": encoding}
    ended = subprocess.run([*COMMAND, *arguments], env=environ, capture_output=True, check=False)
    assert ended.stderr == b""
    markdown = "markdown" in arguments
    assert ("→" if markdown else arrow) in ended.stdout.decode("utf-8" if markdown else encoding)


def test_what_no_sentence_of_ours_has_is_an_escape(environ: dict[str, str]) -> None:
    """A name in another script can still be told from others, in the command's complaints, too."""
    for arguments, stream in ((["report", "機.json"], "stderr"), (["report", "機"], "stderr")):
        ended = subprocess.run(
            [*COMMAND, *arguments], env={**environ, "PYTHONIOENCODING": "ascii"}, capture_output=True, check=False
        )
        assert b"\\u6a5f" in getattr(ended, stream)


def test_what_the_journal_holds_cannot_control_the_terminal(environ: dict[str, str]) -> None:
    """An attempt stays one block of lines, too."""
    ended = subprocess.run([*COMMAND, "attempts"], env=environ, capture_output=True, text=True, check=True)
    assert 'causes    imageId "\\u001b[2J a" → "b\\nc"\n' in ended.stdout


@pytest.mark.parametrize(
    "streams", [">&- 2>&- <&-", *(pytest.param(one, marks=pytest.mark.slow) for one in (">&-", "2>&-", "<&-"))]
)
def test_streams_that_are_closed_change_nothing_but_what_is_shown(environ: dict[str, str], streams: str) -> None:
    """As under some schedulers."""
    for arguments, status in ((["report", str(PREVIEW)], 2), (["report", "-"], 1), (["attempts"], 0)):
        script = f'exec "$@" {streams}'
        if "<" not in streams:
            script += " < /dev/null"
        ended = subprocess.run(
            ["sh", "-c", script, "sh", *COMMAND, *arguments], env=environ, capture_output=True, check=False
        )
        assert (ended.returncode, b"Traceback" in ended.stderr) == (status, False)


def test_a_report_that_cannot_be_written_is_no_good_report(environ: dict[str, str], tmp_path: Path) -> None:
    """As on a full disk; here no file may become longer than nothing."""
    script = f'ulimit -f 0; exec "$@" > {tmp_path}/report'
    arguments = ["sh", "-c", script, "sh", *COMMAND, "report", str(PREVIEW), "--fail-on", "never"]
    environ = {name: value for name, value in environ.items() if not name.startswith("COV")}  # it writes a file, too
    ended = subprocess.run(arguments, env=environ, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (1, "zec-pulumi: the output cannot be written: File too large\n")


def test_a_reader_of_errors_that_ends_early_is_no_error(environ: dict[str, str]) -> None:
    with subprocess.Popen([*COMMAND, "report", "none.json"], env=environ, stderr=subprocess.PIPE) as ended:
        assert ended.stderr is not None
        ended.stderr.close()
    assert ended.returncode == 1


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (["repotr"], "; did you mean report?\n"),
        (["instnaces"], "; did you mean instances?\n"),
        (["attempts", "clsoe"], "; did you mean close?\n"),
        (["report", "-", "--format", "md"], "'json')\n"),
        (["report", "-", "--format", "markdwon"], "; did you mean markdown?\n"),
    ],
)
def test_a_typing_error_is_status_1_and_names_what_was_meant(
    arguments: list[str], meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where anything is close."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 1
    assert capsys.readouterr().err.replace("markdown, json)", "'json')").endswith(meant)


def test_ctrl_c_ends_without_a_traceback(environ: dict[str, str], tmp_path: Path) -> None:
    """With the status that shells know."""
    os.mkfifo(tmp_path / "preview.json")
    arguments = [*COMMAND, "report", str(tmp_path / "preview.json")]
    with (
        subprocess.Popen(arguments, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as ended,
        (tmp_path / "preview.json").open("wb"),  # opens once the command reads
    ):
        ended.send_signal(signal.SIGINT)
        shown = ended.communicate(timeout=30)
    assert (ended.returncode, *shown) == (130, b"", b"")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_can_complete_it(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Subcommands, options and choices stand in the script."""
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert all(word in script for word in ("doctor", "fail-on", "unapproved", "rebuild-seconds"))


def test_bash_understands_the_script(capsys: pytest.CaptureFixture[str]) -> None:
    main(["completion", "bash"])
    script = capsys.readouterr().out
    asked = "\nCOMP_WORDS=(zec-pulumi do); COMP_CWORD=1; _shtab_zec_pulumi; echo ${COMPREPLY[@]}"
    answer = subprocess.run(["bash", "-c", script + asked], capture_output=True, text=True, check=True)
    assert answer.stdout == "doctor\n"


def test_without_the_extra_completion_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "shtab", None)
    assert main(["completion", "bash"]) == 1
    assert "pip install 'zec_pulumi[cli]'" in capsys.readouterr().err
