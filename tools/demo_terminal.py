"""A terminal of its own for a command of the demo, shown on the user's."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sys
import termios
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

SHOW_CURSOR = b"\x1b[?25h"
_SIZE_BYTES = 8


@contextlib.contextmanager
def new_terminal() -> Iterator[tuple[int, int]]:
    """Yield our end and the command's end of a terminal as wide and high as the user's.

    The caller closes the command's end once the command has it, else the copying never ends.
    """
    ours, theirs = os.openpty()
    try:
        size = fcntl.ioctl(sys.stdout.fileno(), termios.TIOCGWINSZ, bytes(_SIZE_BYTES))
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, size)
        yield ours, theirs
    finally:
        os.close(ours)
        # The engine hides the cursor while it draws, and may have been killed then.
        _show(SHOW_CURSOR)


def copy_output(ours: int) -> None:
    """Show on the user's terminal what is written to the other end, until nobody has that any more."""
    # Linux reports the end as an input/output error, macOS as an empty read.
    with contextlib.suppress(OSError):
        while chunk := os.read(ours, 65536):
            _show(chunk)


def _show(chunk: bytes) -> None:
    sys.stdout.buffer.write(chunk)
    sys.stdout.buffer.flush()
