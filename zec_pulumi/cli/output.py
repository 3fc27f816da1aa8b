"""Where every subcommand writes. No text may crash the command or control the terminal."""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING

from zec_pulumi.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console


def prepare() -> None:
    r"""Let characters that the terminal's encoding lacks be written as escapes, such as ``\\u2192``."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def write(text: str) -> None:
    """Write ``text``, which must be safe to show, to standard output at once.

    A reader that ends early (``| head``) is no error: the rest is dropped, and the exit status stays the command's.
    """
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        # The interpreter flushes once more when it ends, and would complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def write_lines(lines: Iterable[str]) -> None:
    """Write each of ``lines`` to standard output as one line, made printable."""
    write("".join(f"{printable(line)}\n" for line in lines))


def write_error(line: str) -> None:
    """Write ``line`` to standard error as one line, made printable."""
    sys.stderr.write(f"{printable(line)}\n")


def console() -> Console | None:
    """Return the terminal that standard output is; None for a pipe or a file, or without the package ``rich``."""
    if not sys.stdout.isatty():
        return None
    try:
        from rich.console import Console  # noqa: PLC0415 an extra: everything works without it
    except ModuleNotFoundError:
        return None
    return Console(highlight=False, emoji=False, markup=False)
