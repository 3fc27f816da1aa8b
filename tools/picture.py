"""What ``make picture`` runs: the wipe warning of a preview, recorded in a terminal, as the README's picture.

The real engine previews another image for a machine of the simulated cloud. Its last frame becomes an SVG.
"""

from __future__ import annotations

import contextlib
import fcntl
import html
import io
import os
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

from demo_pulumi import StepFailedError
from demo_stage import scratch_folder, with_stack
from zec_pulumi.simulator import Simulator

if TYPE_CHECKING:
    from demo_pulumi import Pulumi

PICTURE = Path(__file__).parents[1] / "docs" / "wipe-warning.svg"
COLUMNS, ROWS = 100, 40
CHANGE = ("config", "set", "imageId", "ubuntu2404_20240712")
PIECE = re.compile(r"\x1b\[[?\d;]*[A-Za-z]|[\r\n]|[^\x1b\r\n]+")
COLOUR = re.compile(r"\x1b\[[\d;]*m")
UP = re.compile(r"\x1b\[(\d+)A")
# Neither a font nor anything else is loaded from elsewhere; each line has its length, whatever font there is.
SVG = """\
<svg xmlns="http://www.w3.org/2000/svg" class="rich-terminal" viewBox="0 0 {width} {height}" role="img">
<title>pulumi preview warns that a boot disk will be wiped</title>
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", "Liberation Mono", monospace;
  font-size: {char_height}px; line-height: {line_height}px; }}
{styles}
</style>
<defs>
{lines}
</defs>
<rect fill="#272822" x="1" y="1" width="{width}" height="{height}" rx="8" />
<g transform="translate({terminal_x}, 12)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def main() -> int:
    """Write the picture; 1 with a sentence when the engine cannot be run."""
    try:
        recorded = record()
    except StepFailedError as error:
        print(f"picture: {error}", file=sys.stderr)
        return 1
    PICTURE.write_text(svg(recorded), "utf-8")
    print(f"picture: {PICTURE} is written; look at it in a browser")
    return 0


def record() -> str:
    """Return what a user types and sees, with the engine's colours, up to the end of the diagnostics.

    Raises:
        StepFailedError: The engine cannot be run, or a command of it failed.
    """
    with scratch_folder("zec-picture-") as folder, Simulator() as cloud:
        commands = with_stack("dev", folder, cloud)
        for arguments in (("up", "--yes", "--skip-preview"), CHANGE):
            list(commands.run(*arguments))
        shown = last_frame(in_terminal(commands, "preview"))
    typed = [f"\x1b[1m$ pulumi {' '.join(arguments)}\x1b[0m" for arguments in (CHANGE, ("preview",))]
    ends = next(number for number, line in enumerate(shown) if COLOUR.sub("", line) == "Outputs:")
    return "\n".join([*typed, *shown[:ends]]).rstrip()


def in_terminal(commands: Pulumi, *arguments: str) -> str:
    """Run a command in a terminal of its own and return all that it writes there."""
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    written = bytearray()
    with subprocess.Popen(
        [commands.engine / "pulumi", *arguments],
        cwd=commands.folder / "project",
        env={**commands.environment(), "TERM": "xterm-256color"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        # Linux reports the end as an input/output error, macOS as an empty read.
        with contextlib.suppress(OSError):
            while chunk := os.read(ours, 65536):
                written += chunk
    os.close(ours)
    if process.returncode:
        raise StepFailedError(f"`pulumi {' '.join(arguments)}` ended with exit code {process.returncode}")
    return written.decode()


def last_frame(written: str) -> list[str]:
    """Return the lines that a terminal shows in the end, with their colours.

    The engine draws whole lines from the left, goes up to the first one, and draws them again.
    """
    lines: list[str] = [""]
    row, fresh = 0, True
    for piece in PIECE.findall(written):
        if piece == "\n":
            row, fresh = row + 1, True
            lines += [""] * (row + 1 - len(lines))
        elif piece == "\r":
            fresh = True
        elif found := UP.fullmatch(piece):
            row = max(0, row - int(found[1]))
        elif not piece.startswith("\x1b") or COLOUR.fullmatch(piece):
            lines[row] = piece if fresh else lines[row] + piece
            fresh = False
        elif piece == "\x1b[K" and fresh:
            lines[row] = ""
    return lines


def svg(recorded: str) -> str:
    """Return the picture of a recording."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text.from_ansi(recorded))
    drawn = console.export_svg(theme=MONOKAI, code_format=SVG, unique_id="wipe")
    return "".join(f"{line.rstrip()}\n" for line in drawn.splitlines())


def letters(picture: str) -> str:
    """Return what a picture or a recording says, without spaces: a picture has them only where a line is not broken."""
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", picture)
    plain = html.unescape("".join(texts)) if texts else COLOUR.sub("", picture)
    return "".join(plain.split())


if __name__ == "__main__":
    sys.exit(main())
