"""The shell of somebody who copies the blocks of a page, one after the other, with an empty home."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path

import engine
from driver import ROOT

BLOCK = re.compile(
    r"(?:^`(?P<file>[\w.]+)`:\n\n)?^(?P<indent> *)```(?P<language>\S*)\n(?P<text>.*?)^ *```$",
    flags=re.MULTILINE | re.DOTALL,
)
FENCE = re.compile(r"^[> ]*```", flags=re.MULTILINE)
SHOWN = ("text", "console", "py", "yml", "json", "hcl", "mermaid", "{toctree}", "{eval-rst}")
"""Languages of blocks that are read only: output, a session with it, and parts of files."""

ELSEWHERE = {"make demo": "tests/engine/test_demo.py", "make test": "this very run"}
"""What the pages tell to run, and what runs it here."""

PLAYGROUND = "make playground"
"""Stays in a terminal of its own; what it prints is pasted into the reader's. A question of ``up`` is answered yes."""

PRELUDE = """\
set -eu
playground() {
    setsid make playground > "$HOME/playground.log" 2>&1 &
    trap "kill -TERM -- -$!; wait $! || true" EXIT
    until grep -q 'Ctrl-C ends' "$HOME/playground.log"; do kill -0 $! && sleep 0.1; done
    eval "$(grep -E '^(export|cd) ' "$HOME/playground.log")"
}
"""


@dataclass(frozen=True)
class Block:
    """A fenced block of a page; ``file`` is the name that the line above gives it, if it does."""

    page: str
    line: int
    language: str
    text: str
    file: str | None

    @property
    def is_step(self) -> bool:
        """Whether it is one of the steps of its page: commands, or a file of the name that stands above it."""
        return self.language == "sh" or self.file is not None

    @property
    def is_program(self) -> bool:
        """Whether it is a whole program by itself."""
        return self.language == "python" and self.file is None

    @property
    def place(self) -> str:
        """Where it is, for people."""
        return f"{self.page}:{self.line}"


def blocks(page: Path) -> list[Block]:
    """Return the blocks of a page in their order."""
    text = page.read_text("utf-8")
    name = str(page.relative_to(ROOT))
    return [
        Block(
            name,
            text.count("\n", 0, found.start("language")) + 1,
            found["language"],
            textwrap.dedent(found["text"]),
            found["file"],
        )
        for found in BLOCK.finditer(text)
    ]


def script(to_run: list[Block], files: Path) -> str:
    """Return a script for bash that does what a reader does with the blocks; copies of files go through ``files``."""
    lines = [PRELUDE]
    for number, block in enumerate(to_run):
        lines.append(f"echo '+ {block.place}'")
        if block.file:
            (files / str(number)).write_text(block.text, "utf-8")
            lines.append(f"cp '{files / str(number)}' '{block.file}'")
        elif block.language == "sh":
            lines += map(_command, block.text.splitlines())
    return "\n".join(lines)


def _command(line: str) -> str:
    if line in ELSEWHERE:
        return f"{line} --dry-run > /dev/null"
    answered = {"pulumi up": "pulumi up --yes", PLAYGROUND: "playground"}
    return answered.get(line, line)


def run(text: str, home: Path) -> subprocess.CompletedProcess[str]:
    """Run a script in the checkout, with an empty ``home`` and nothing of this process's environment."""
    found = engine.find()
    assert found is not None, "no Pulumi engine: run make engine"
    folders = (Path(sys.executable).parent, engine.with_language_host(found, ROOT / ".cache" / "engine"))
    home.mkdir(exist_ok=True)
    bash = shutil.which("bash")
    assert bash is not None
    return subprocess.run(
        [bash, "-c", text],
        cwd=ROOT,
        env={
            "HOME": str(home),
            "PATH": os.pathsep.join((*map(str, folders), os.environ["PATH"])),
            "TMPDIR": str(home),
            "LANG": "C.UTF-8",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=300,
    )
