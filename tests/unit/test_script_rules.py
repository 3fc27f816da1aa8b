"""Scripts that cannot run, as people write them, and those that can."""

from __future__ import annotations

import base64
import gzip
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

import pytest

from zec_pulumi.messages import scripts
from zec_pulumi.messages.parse import Word, parse
from zec_pulumi.planning.script_rules import ScriptProblem, script_problem

SHELL = b"#!/bin/sh\necho ready\n"
POWERSHELL = b"<powershell>\nGet-Date\n</powershell>\n"


def mime() -> bytes:
    message = MIMEMultipart()
    message.attach(MIMEText(SHELL.decode(), "x-shellscript"))
    return message.as_bytes()


RUNS = [
    b"",
    SHELL,
    b"#!/bin/sh",
    b"#! /usr/bin/env python3\nprint()\n",
    b"#!/bin/bash -ex\r0\n",
    b"#!/bin/sh\nprintf 'a\\r\\n'\r\n",
    b"#cloud-config\npackages: [nginx]\n",
    b"#cloud-config\r\npackages: [nginx]\r\n",
    b"\n#cloud-config\npackages: [nginx]\n",
    b"#cloud-config-archive\n- x\n",
    b"#include\nhttps://example.com/x\n",
    b"#include-once\nhttps://example.com/x\n",
    b"#cloud-boothook\n#!/bin/sh\n",
    b"## template: jinja\n#cloud-config\n",
    b"#part-handler\n",
    b"Content-Type: multipart/mixed; boundary=x\n",
    b"From nobody Wed Nov 25 00:00:00 2026\nContent-Type: multipart/mixed; boundary=x\n",
    gzip.compress(SHELL, mtime=0),
    gzip.compress(mime()),
    mime(),
]


@pytest.mark.parametrize("script", RUNS)
@pytest.mark.parametrize("os_type", ["linux", "bsd", None])
def test_what_cloud_init_runs_is_fine(script: bytes, os_type: str | None) -> None:
    """No warning where nothing is wrong."""
    assert script_problem(script, os_type, encoded=False) is None


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        (base64.b64encode(SHELL), ScriptProblem.BASE64),
        (base64.encodebytes(SHELL * 9), ScriptProblem.BASE64),
        (base64.b64encode(gzip.compress(SHELL, mtime=0)), ScriptProblem.BASE64),
        (base64.b64encode(b"#cloud-config\n"), ScriptProblem.BASE64),
        (base64.b64encode(mime()), ScriptProblem.BASE64),
        (b"\xef\xbb\xbf" + SHELL, ScriptProblem.BYTE_ORDER_MARK),
        (b"\xef\xbb\xbf#cloud-config\n", ScriptProblem.BYTE_ORDER_MARK),
        (SHELL.decode().encode("utf-16"), ScriptProblem.UTF_16),
        (SHELL.decode().encode("utf-16-le"), ScriptProblem.UTF_16),
        (SHELL.decode().encode("utf-16-be"), ScriptProblem.UTF_16),
        (b"#!/bin/sh\necho a\0b\n", ScriptProblem.NUL),
        (b"#cloud-config\na: \0\n", ScriptProblem.NUL),
        (b"\n" + SHELL, ScriptProblem.BLANK_FIRST),
        (b"    #!/bin/sh\n    echo\n", ScriptProblem.BLANK_FIRST),
        (b"\r\n" + SHELL, ScriptProblem.BLANK_FIRST),
        (SHELL.replace(b"\n", b"\r\n"), ScriptProblem.CRLF),
        (b"#!/bin/sh\r\necho\n", ScriptProblem.CRLF),
        (b"#!/bin/sh -e\r\n", ScriptProblem.CRLF),
        (b"#!bash\n", ScriptProblem.INTERPRETER),
        (b"#! sh\n", ScriptProblem.INTERPRETER),
        (b"#!\n/bin/sh\n", ScriptProblem.INTERPRETER),
        (b"#!./run\n", ScriptProblem.INTERPRETER),
        (POWERSHELL, ScriptProblem.WINDOWS),
        (b"rem cmd\r\ndir\r\n", ScriptProblem.WINDOWS),
        (b"#ps1_sysnative\n", ScriptProblem.WINDOWS),
        (b"#ps1\n", ScriptProblem.WINDOWS),
        (b"<script>dir</script>", ScriptProblem.WINDOWS),
        (b"echo ready\n", ScriptProblem.NO_HEAD),
        (b"# cloud-config\npackages: []\n", ScriptProblem.NO_HEAD),
        (b"packages:\n- nginx\n", ScriptProblem.NO_HEAD),
        (b"# a comment\n#!/bin/sh\n", ScriptProblem.NO_HEAD),
        (b"setup.sh", ScriptProblem.NO_HEAD),
        (b"   ", ScriptProblem.NO_HEAD),
        (b"\x7fELF\x02\x01", ScriptProblem.NO_HEAD),
    ],
)
def test_what_does_not_run_is_named(script: bytes, problem: ScriptProblem) -> None:
    """One reason, the one to mend first."""
    assert script_problem(script, "linux", encoded=False) is problem


def test_base64_twice_is_told_from_base64_as_text() -> None:
    """By the input that it came in."""
    assert script_problem(base64.b64encode(SHELL), "linux", encoded=True) is ScriptProblem.BASE64_TWICE


@pytest.mark.parametrize(
    "script", [POWERSHELL, b"rem cmd\r\ndir\r\n", b"#ps1_sysnative\n", b"#!/bin/sh\r\n", b"#cloud-config\r\n"]
)
def test_what_cloudbase_init_runs_is_fine_on_windows(script: bytes) -> None:
    """Its line ends are CRLF."""
    assert script_problem(script, "windows", encoded=False) is None


def test_windows_scripts_have_a_head_as_well() -> None:
    """A script without one runs nowhere."""
    assert script_problem(b"Get-Date\r\n", "windows", encoded=False) is ScriptProblem.NO_HEAD


@pytest.mark.parametrize("problem", ScriptProblem)
def test_every_problem_has_a_sentence_that_is_a_note(problem: ScriptProblem) -> None:
    """A warning beside the line about the wipe, one line long."""
    text = scripts.warning(problem)
    assert parse(text).word is Word.NOTE
    assert text.isprintable()
