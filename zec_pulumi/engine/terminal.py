"""Whether a person watches the engine's display."""

from __future__ import annotations

import contextlib
import functools
import os
from pathlib import Path

_LINES_THAT_STAY = (b"--non-interactive", b"--diff")
"""Options by which the engine prints a line for each message, on a terminal too."""


@functools.cache
def is_interactive() -> bool:
    """Whether rows are redrawn: then progress may tick, else only phases are worth a line each.

    The engine does not tell. On Linux its standard output does; elsewhere a controlling terminal is the best hint.
    """
    if os.environ.get("CI"):
        return False
    if not Path("/proc/self").exists():
        with contextlib.suppress(OSError), Path("/dev/tty").open("rb"):
            return True
        return False
    with contextlib.suppress(OSError, ValueError, IndexError):
        pid = os.getppid()
        while pid > 1:
            process = Path(f"/proc/{pid}")
            if (process / "comm").read_text().strip() == "pulumi":
                output = str((process / "fd" / "1").readlink())
                arguments = (process / "cmdline").read_bytes().split(b"\0")
                terminal = output.startswith("/dev/") and output != "/dev/null"
                return terminal and not any(argument.partition(b"=")[0] in _LINES_THAT_STAY for argument in arguments)
            pid = int((process / "stat").read_text().rpartition(")")[2].split()[1])
    return False
