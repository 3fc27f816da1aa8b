"""Whether a first-boot script can run. A pure function of its bytes; it never refuses, as images may do as they like.

Source: "User data formats" of cloud-init 24.1 and "Userdata" of cloudbase-init 1.1, which run it.
"""

from __future__ import annotations

import base64
import binascii
import re
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class ScriptProblem(Enum):
    """Why a script does not run as it is meant."""

    BASE64 = "Base64 as text"
    BASE64_TWICE = "Base64 twice"
    BYTE_ORDER_MARK = "byte order mark"
    UTF_16 = "UTF-16"
    NUL = "NUL bytes"
    BLANK_FIRST = "blank before #!"
    CRLF = "CRLF after #!"
    INTERPRETER = "no absolute interpreter"
    WINDOWS = "a Windows script for another system"
    NO_HEAD = "no known head"


_GZIP = b"\x1f\x8b"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff", b"#\0", b"\0#")
_SHEBANG = b"#!"
_CLOUD_INIT = (
    b"#cloud-config",
    b"#cloud-boothook",
    b"#include",
    b"#part-handler",
    b"#upstart-job",
    b"## template: jinja",
)
_WINDOWS = (b"<powershell>", b"<script>", b"#ps1", b"rem cmd")
_MIME = re.compile(
    rb"(?:from [^\n]*\n)?(?:mime-version|content-[a-z-]+|subject|from|to|date|number-attachments):", re.IGNORECASE
)
_HEADS = (_GZIP, _SHEBANG, *_CLOUD_INIT, *_WINDOWS)


def script_problem(script: bytes, os_type: str | None, *, encoded: bool) -> ScriptProblem | None:
    """Return the first reason why a script does not run as it is meant, None when none is known.

    Args:
        script: What the machine gets.
        os_type: The type of the system that will run, as the API names it (``linux``, ``windows``); None if not known.
        encoded: Whether the program gave it as Base64.
    """
    return next(_problems(script, os_type, encoded=encoded), None)


def _problems(script: bytes, os_type: str | None, *, encoded: bool) -> Iterator[ScriptProblem]:
    start = script.lstrip()
    if not script or script.startswith(_GZIP):
        return
    if script.startswith(_UTF_16):
        yield ScriptProblem.UTF_16
    if script.startswith(_BYTE_ORDER_MARK):
        yield ScriptProblem.BYTE_ORDER_MARK
    if _is_base64(start):
        yield ScriptProblem.BASE64_TWICE if encoded else ScriptProblem.BASE64
    if not _has_head(start):
        yield ScriptProblem.NO_HEAD
    if start.lower().startswith(_WINDOWS) and os_type not in (None, "windows"):
        yield ScriptProblem.WINDOWS
    if b"\0" in script and not _MIME.match(start):
        yield ScriptProblem.NUL
    if start.startswith(_SHEBANG) and os_type != "windows":
        yield from _of_shebang(script, start)


def _of_shebang(script: bytes, start: bytes) -> Iterator[ScriptProblem]:
    """Yield what keeps the kernel from running the file: it reads the first line as it stands."""
    line = start.partition(b"\n")[0]
    if script != start:
        yield ScriptProblem.BLANK_FIRST
    if not line.removeprefix(_SHEBANG).lstrip(b" \t").startswith(b"/"):
        yield ScriptProblem.INTERPRETER
    if line.endswith(b"\r"):
        yield ScriptProblem.CRLF


def _has_head(start: bytes) -> bool:
    return start.lower().startswith(_HEADS) or _MIME.match(start) is not None


def _is_base64(text: bytes) -> bool:
    """Whether the text is Base64 of something that could run."""
    try:
        decoded = base64.b64decode(b"".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return False
    return _has_head(decoded.lstrip()) or decoded.startswith((_BYTE_ORDER_MARK, *_UTF_16[:2]))
