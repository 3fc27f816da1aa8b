"""Runs the commands of a page in one shell, in the order in which they stand, as a reader who copies them does."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from checkout import copy_example
from driver import ROOT, SDKS, of_machines
from tests.support import readers

if TYPE_CHECKING:
    from pathlib import Path

SECONDS = 120.0
MARK = "--- end of command"
STACK = re.compile(r"^(pulumi stack init (\S+))")
PACE = r'printf "config:\n  zec:pollInterval: 0.1\n" >> Pulumi.\2.yaml'
LEDGER = 'curl -s "http://$ZENLAYERCLOUD_DOMAIN/_simulator/ledger" > "$HOME/ledger.json"'


@dataclass(frozen=True)
class Command:
    """One command of a page, and the lines that the page shows of its output."""

    line: str
    shown: tuple[str, ...]

    @property
    def fails(self) -> bool:
        """Whether the page shows an error. `pulumi preview` ends with 0 even then."""
        return " up " in self.line and any("error:" in line for line in self.shown)


@dataclass(frozen=True)
class Done:
    """What came of a page: the output of each command, and what the cloud accepted of machines."""

    outputs: list[tuple[Command, int, str]]
    ledger: list[dict[str, Any]]

    @property
    def actions(self) -> list[str]:
        """The accepted mutations, in order, each with the end of the instance's id; images are of none."""
        return [f"{entry['action']} {(entry['instanceId'] or '')[-2:]}".rstrip() for entry in self.ledger]


def commands(page: Path) -> list[Command]:
    """Return the commands of a page, with what the text block after them shows of the last one's output."""
    found: list[Command] = []
    for block in readers.blocks(page):
        lines = block.text.splitlines()
        if block.is_step:
            found += [Command(line, ()) for line in lines]
        elif block.language == "text":
            found[-1] = Command(found[-1].line, (*found[-1].shown, *lines))
    return found


def checkout(folder: Path, name: str, engine: Path) -> Path:
    """Make a checkout of one example, with the environment and the engine of this one; return it."""
    copy_example(name, folder / "examples" / name)
    shutil.copy(ROOT / "examples" / "simulated.sh", folder / "examples")
    (folder / ".venv").symlink_to(SDKS["newest"].parent)
    (folder / ".cache").mkdir()
    (folder / ".cache" / "engine").symlink_to(engine)
    (folder / "home").mkdir()
    return folder


def run(folder: Path, page: Path, **environment: str) -> Done:
    """Run the commands of a page in a checkout, from an empty home; a stack waits in the pace of tests."""
    told = commands(page)
    lines = []
    for command in told:
        if command.line.startswith("kill "):
            lines.append(LEDGER)
        lines += [STACK.sub(rf"\1 && {PACE}", command.line), f'status=$?; echo; echo "{MARK} $status"']
    ran = subprocess.run(
        ["bash", "--noprofile", "--norc", "-c", "\n".join(lines)],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder / "home"), "LANG": "C.UTF-8", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    parts = re.split(rf"^{MARK} (\d+)$", ran.stdout, flags=re.MULTILINE)
    assert len(parts) == 2 * len(told) + 1, ran.stdout
    outputs = list(zip(told, map(int, parts[1::2]), parts[::2], strict=False))
    return Done(outputs, of_machines(json.loads((folder / "home" / "ledger.json").read_text())))


def plain(text: str) -> str:
    """Return a text without durations and line breaks, to compare what is shown with what was printed."""
    return " ".join(re.sub(r"\(\d[\d.]*s\)|(?<=rebuilt in )\d+s", "", text).split())
