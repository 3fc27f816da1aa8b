"""Prints the walk of one ``create`` that rebuilds: every file of the package that it passes through, in order.

One instance in the simulated cloud is rebuilt in this process, from the provider's ``create`` to the last read, while
every call of a function is recorded. ``docs/architecture.md`` holds what this prints; ``make walk`` updates it.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support.cloud import CloudClock
from zec_pulumi.api import BearerToken, Client, Endpoint
from zec_pulumi.cloud.poller import StatusPoller
from zec_pulumi.cloud.reader import CloudReader
from zec_pulumi.engine import PLUGIN
from zec_pulumi.engine.connection import EngineConnection
from zec_pulumi.journal.journal import Journal
from zec_pulumi.operations import apply  # noqa: F401 loading is no part of the walk
from zec_pulumi.operations.context import CloudConnection, Process
from zec_pulumi.provider import InstanceOsImageProvider
from zec_pulumi.settings.options import Options
from zec_pulumi.simulator import Simulator

if TYPE_CHECKING:
    from types import FrameType

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "zec_pulumi"
PAGE = ROOT / "docs" / "architecture.md"
BEGIN, END = "<!-- walk: make walk -->", "<!-- walk ends -->"
WEB = "1272168087751233112"
NOT_OURS = ("simulator/",)
LEAVES = ("time/", "errors.py", "progress.py")
"""Passed through at every step; the table leaves them out."""


class _Engine:
    """An engine that is there and shows nothing."""

    def Log(self, *_: object, **__: object) -> None:  # noqa: N802 the stub's name for it
        """Drop the line."""

    GetRootResource = Log


@dataclass
class Walk:
    """What was passed through.

    ``functions`` are the functions by file that another file called, in the order of the first call; ``crossings``
    counts the calls that cross a file; ``returns`` are the files that a file which they called has called back.
    """

    functions: dict[str, list[str]] = field(default_factory=dict)
    crossings: int = 0
    calls: Counter[str] = field(default_factory=Counter)
    returns: set[tuple[str, str]] = field(default_factory=set)

    def record(self, frame: FrameType, event: str, _argument: Any) -> None:
        """Record a call; a hook for ``sys.setprofile``."""
        if event != "call":
            return
        file, stack = _file(frame), _stack(frame)
        if file is None:
            return
        self.calls[file] += 1
        caller = stack[0] if stack else ""
        name = str(getattr(frame.f_code, "co_qualname", frame.f_code.co_name))  # Python 3.10 has no qualified one
        if caller == file:
            return
        self.crossings += 1
        names = self.functions.setdefault(file, [])
        if name not in names and not name.startswith("<"):
            names.append(name)
        if file in stack:
            self.returns.add((caller, file))

    @property
    def files(self) -> list[str]:
        """The files in the order of their first call."""
        return list(self.functions)


def walk() -> Walk:
    """Rebuild one instance of a simulated cloud and return what was passed through."""
    recorded = Walk()
    with Simulator(clock="manual") as simulator, tempfile.TemporaryDirectory() as home:
        clock = CloudClock(simulator)
        client = Client(BearerToken(simulator.token), Endpoint(simulator.host, "http"), clock=clock)
        reader = CloudReader(client, clock)
        connection = CloudConnection(client, reader, StatusPoller(client, reader, clock, 5.0))
        PLUGIN.connection = EngineConnection(_Engine)
        PLUGIN.process = Process(Journal(Path(home), clock), clock, connection, Options())
        PLUGIN.process.checked.add("", dry_run=False, settings="{}", secrets=frozenset())
        provider = InstanceOsImageProvider()
        sys.setprofile(recorded.record)
        try:
            provider.create({"instanceId": WEB, "imageId": "ubuntu2404_20240712"})
        finally:
            sys.setprofile(None)
        client.close()
    return recorded


def render(found: Walk) -> str:
    """Return the walk as Markdown."""
    shown = [file for file in found.files if not file.startswith(LEAVES)]
    rows = [f"| `{file}` | {', '.join(f'`{name}`' for name in found.functions[file][:6])} |" for file in shown]
    rooms = Counter(file.partition("/")[0] for file in shown)
    counts = ", ".join(f"{number} in `{room}`" for room, number in rooms.most_common() if number > 1)
    returns = ", ".join(f"`{caller}` calls back `{file}`" for caller, file in sorted(found.returns)) or "none"
    return "\n".join(
        [
            "| file | functions that another file calls |",
            "|---|---|",
            *rows,
            "",
            f"{len(shown)} files ({counts}), besides the leaves `time/`, `errors.py` and `progress.py`.",
            f"{found.crossings} calls cross a file. Calls back into a file that is waiting: {returns}.",
        ]
    )


def _file(frame: FrameType) -> str | None:
    path = Path(frame.f_code.co_filename)
    if not path.is_relative_to(PACKAGE):
        return None
    name = path.relative_to(PACKAGE).as_posix()
    return None if name.startswith(NOT_OURS) else name


def _stack(frame: FrameType) -> list[str]:
    """Return the files of the package on the stack, the nearest caller first, without repeats side by side."""
    files: list[str] = []
    caller = frame.f_back
    while caller is not None:
        file = _file(caller)
        if file is not None and (not files or files[-1] != file):
            files.append(file)
        caller = caller.f_back
    return files


def main() -> int:
    """Print the walk, or with ``--write`` put it into the page."""
    text = render(walk())
    if "--write" not in sys.argv:
        print(text)
        return 0
    page = PAGE.read_text("utf-8")
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
