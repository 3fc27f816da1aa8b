"""`zec-pulumi` as a person runs it, in a terminal."""

from __future__ import annotations

import os
import subprocess
import sys

COMMAND = [sys.executable, "-c", "import sys; from zec_pulumi.cli.main import main; sys.exit(main())"]


def in_terminal(columns: int, *arguments: str, typed: str = "", **variables: str) -> tuple[int, str]:
    """Run a command in a terminal of so many columns; return its exit status and what the terminal shows."""
    master, slave = os.openpty()
    environ = {**os.environ, "TERM": "xterm", "COLUMNS": str(columns), **variables}
    with subprocess.Popen([*COMMAND, *arguments], env=environ, stdin=slave, stdout=slave, stderr=slave) as process:
        os.close(slave)
        os.write(master, typed.encode())
        text = b""
        while True:
            try:
                read = os.read(master, 65536)
            except OSError:  # Linux says so when the other end is closed
                break
            if not read:
                break
            text += read
    os.close(master)
    return process.returncode, text.decode().replace("\r\n", "\n")
