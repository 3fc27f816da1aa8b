"""`zec-pulumi report` as a pipeline calls it."""

from __future__ import annotations

import io
import json
import stat
import sys
from typing import TYPE_CHECKING, Any

import pytest

from zec_pulumi.cli.main import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

URN = "urn:pulumi:prod::shop::pulumi-python:dynamic/zec:InstanceOsImage::web"


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("nothing", (0, 0, 0)),
        ("ungated", (0, 2, 2)),
        ("gated", (0, 2, 2)),
        ("one_approved", (0, 2, 2)),
        ("all_approved", (0, 0, 2)),
        ("refused", (0, 2, 2)),
        ("record_only", (0, 0, 0)),
        ("drift_unrefreshed", (0, 0, 0)),
        ("drift", (0, 2, 2)),
        ("undecided_new", (0, 2, 2)),
        ("no_credentials", (0, 2, 2)),
        ("wrong_input", (1, 1, 1)),
        ("program_failed", (1, 1, 1)),
    ],
)
def test_the_exit_status_of_real_previews(report: Callable[..., Any], name: str, codes: tuple[int, ...]) -> None:
    """For --fail-on never, unapproved and any."""
    assert tuple(report(name, "--fail-on", choice).code for choice in ("never", "unapproved", "any")) == codes


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not one whole JSON document"),
        (b"error: no stack selected", "not one whole JSON document"),
        (b'{"steps": [{"op": "upd', "not one whole JSON document"),
        (b'{"sequence": 0}\n{"sequence": 1}', "PULUMI_ENABLE_STREAMING_JSON_PREVIEW"),
        (b"\xff\xfe\x00", "not one whole JSON document"),
        (b"[]", "not a preview of this engine (the document"),
        (b"null", "not a preview of this engine"),
        (b"{}", "neither steps nor diagnostics"),
        (b'{"name": "x", "version": 3}', "neither steps nor diagnostics"),
        (b'{"steps": [{"op": "same"}]}', "steps.0.urn"),
        (b'{"steps": [{"op": "same", "urn": "web"}]}', "'web' is no URN"),
        (b'{"diagnostics": [{"message": "x"}], "changeSummary": {"same": 1}}', "diagnostics.0.severity"),
        (json.dumps({"steps": [{"op": "wipe", "urn": URN}]}).encode(), "does not know: wipe"),
        (b'{"changeSummary": {"wipe": 1}}', "an operation that this version of zec-pulumi does not know: wipe"),
        (b'{"diagnostics": [{"message": "x", "severity": "fatal"}]}', "a severity that this version of zec-pulumi"),
    ],
)
@pytest.mark.parametrize("form", ["terminal", "json"])
def test_what_is_no_preview_is_one_clear_error(
    report: Callable[..., Any], content: bytes, message: str, form: str
) -> None:
    """Exit 1 whatever --fail-on says, nothing printed as a report, nothing guessed."""
    ended = report(content, "--format", form, "--fail-on", "never")
    assert (ended.code, ended.out) == (1, "")
    assert message in ended.err
    assert ended.err.count("\n") == 1


def test_a_file_that_is_not_there_is_one_clear_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(tmp_path / "none.json")]) == 1
    assert "none.json: No such file" in capsys.readouterr().err


@pytest.mark.parametrize("choice", ["never", "unapproved", "any"])
def test_the_status_of_a_preview_that_failed_fails_the_report(report: Callable[..., Any], choice: str) -> None:
    """What failed may not stand in the preview: a policy that is violated does not."""
    ended = report("nothing", "--preview-status", "255", "--fail-on", choice)
    assert ended.code == 1
    assert "pulumi preview ended with status 255" in ended.out


def test_the_status_of_a_preview_that_succeeded_says_nothing_about_wipes(report: Callable[..., Any]) -> None:
    """A closed gate is 0 there and 2 here."""
    assert report("gated", "--preview-status", "0").code == 2


def test_a_preview_that_runs_here_has_its_own_status(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "--stack", "prod", "--preview-status", "0"]) == 1
    assert "--preview-status goes with FILE only" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["-", "--stack", "prod"],
        ["-", "--fail-on", "sometimes"],
        ["-", "--format", "pdf"],
        ["-", "--no-such-option"],
    ],
)
def test_wrong_usage_is_no_verdict(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """2 would say that a machine is wiped."""
    with pytest.raises(SystemExit) as ended:
        main(["report", *arguments])
    assert ended.value.code == 1
    assert "usage: zec-pulumi" in capsys.readouterr().err


def test_help_teaches(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit statuses and examples."""
    with pytest.raises(SystemExit):
        main(["report", "--help"])
    text = capsys.readouterr().out
    assert all(part in text for part in ("Exit status:", "Examples:", "--fail-on", "comment.md"))


def test_standard_input_is_read(
    preview: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With `-`, as at the end of a pipe."""
    made = preview({"web": ["info: adopt: already runs a; nothing is wiped"]})
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(made)))
    assert main(["report", "-"]) == 0
    assert "shop/prod: no boot disk is wiped" in capsys.readouterr().out


def test_piped_output_has_no_colour(report: Callable[..., Any]) -> None:
    """Only a terminal gets some."""
    assert "\x1b" not in report("gated").out


def test_what_failed_elsewhere_is_on_standard_error(report: Callable[..., Any]) -> None:
    """Where pulumi preview itself would have shown it; never in the report."""
    ended = report("program_failed", "--format", "markdown")
    assert "cannot log in with Hidden-value2" in ended.err
    assert "[!CAUTION]" in ended.out


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, int], Path]:
    """A pulumi that prints what it is given and ends as told."""

    def make(output: str, code: int) -> Path:
        program = tmp_path / "pulumi"
        (tmp_path / "output").write_text(output)
        program.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/arguments\ncat {tmp_path}/output\nexit {code}\n')
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
        return tmp_path

    return make


def test_it_runs_the_preview_itself(engine: Callable[[str, int], Path], preview: Callable[..., bytes]) -> None:
    """For the stack that is named, and only a preview."""
    folder = engine(preview({"web": ["info: adopt: already runs a; nothing is wiped"]}).decode(), 0)
    assert main(["report", "--stack", "prod", "--cwd", str(folder)]) == 0
    assert (folder / "arguments").read_text() == "preview --json --non-interactive --stack=prod\n"


def test_an_engine_that_fails_is_never_a_good_report(
    engine: Callable[[str, int], Path], preview: Callable[..., bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    """Even if what it printed looks whole."""
    engine(preview({"web": ["info: adopt: already runs a; nothing is wiped"]}).decode(), 255)
    assert main(["report", "--stack", "prod"]) == 1
    assert "pulumi preview ended with status 255" in capsys.readouterr().out
    engine("", 6)
    assert main(["report", "--stack", "prod"]) == 1
    assert "ended with status 6 and printed no preview" in capsys.readouterr().err


def test_without_an_engine_it_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("PATH", "")
    assert main(["report", "--stack", "prod"]) == 1
    assert "no pulumi on PATH" in capsys.readouterr().err
