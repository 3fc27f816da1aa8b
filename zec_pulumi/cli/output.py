"""Where every subcommand writes. No text may crash the command, control the terminal or command a pipeline."""

from __future__ import annotations

import codecs
import contextlib
import io
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from zec_pulumi.text import REPLACEMENT, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_INSTEAD = {"→": "->", "…": "...", REPLACEMENT: "?"}
"""How our own sentences are written where the terminal's encoding lacks a character; others become escapes."""


def prepare() -> None:
    """Let text be written that the terminal's encoding lacks, and where there is no stream at all (``>&-``)."""
    codecs.register_error("zec_pulumi", _replacement)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w"))  # noqa: SIM115 as long as the process lives
        if isinstance(getattr(sys, name), io.TextIOWrapper):
            getattr(sys, name).reconfigure(errors="zec_pulumi")


def write(text: str, *, encoding: str | None = None) -> None:
    """Write ``text``, which must be safe to show, to standard output at once; in ``encoding``, else in the terminal's.

    A reader that ends early (``| head``) is no error: the rest is dropped, and the exit status stays the command's.

    Raises:
        OSError: it cannot be written: the disk is full, for example.
    """
    with _reader_may_end(sys.stdout) as stream:
        if encoding is None:
            stream.write(text)
        else:
            stream.buffer.write(text.encode(encoding))


def write_json(value: Any) -> None:
    """Write ``value`` as JSON in ASCII."""
    # "##[" stands inside of strings only, where the escape means the same.
    write(json.dumps(value, indent=2).replace("##", "#\\u0023") + "\n")


def write_lines(lines: Iterable[str]) -> None:
    """Write each of ``lines`` to standard output as one line, made printable."""
    write("".join(f"{printable(line)}\n" for line in lines))


def write_error(line: str) -> None:
    """Write ``line`` to standard error as one line, made printable."""
    with _reader_may_end(sys.stderr) as stream:
        stream.write(f"{printable(line)}\n")


@contextlib.contextmanager
def _reader_may_end(stream: TextIO) -> Iterator[TextIO]:
    try:
        yield stream
        stream.flush()
    except OSError as error:
        # The interpreter flushes once more when it ends, and would complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        if not isinstance(error, BrokenPipeError):
            raise


def _replacement(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lost = error.object[error.start : error.end]
    return "".join(_INSTEAD.get(c) or c.encode("ascii", "backslashreplace").decode() for c in lost), error.end
