"""Measure what docs/benchmarks.md promises; `make bench` runs all of it, about half an hour on a machine at rest.

Each section measures its ratios side by side and prints rows of one Markdown table, with machine and date above it. The
engine is the real one and the cloud the simulator, so counts of API calls are exact everywhere; times are worth
something only on a machine at rest. Nothing here is a test; docs/benchmarks.md keeps the results of the last release.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[1] / "tools"))

import engine
from benchmarks import at_once, backups, detection, limited, previews, shared_limit, single
from benchmarks.result import HEAD, where_and_when
from driver import ROOT, let_interrupts_through

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.result import Result


class Section(NamedTuple):
    """A part that can be run by itself: what measures it, and what it tells."""

    run: Callable[[Path], Iterator[Result]]
    about: str


SECTIONS = {
    "imports": Section(single.imports, "what a program pays for importing the package"),
    "one": Section(single.one_rebuild, "one machine: API calls of preview and up, and how late success is told"),
    "long": Section(single.long_rebuild, "one rebuild of five minutes: its API calls; takes no time"),
    "marker": Section(single.marked_rebuild, "one rebuild with the tag on the instance and without; takes no time"),
    "report": Section(single.large_report, "zec-pulumi report on a preview of 1000 rebuilds"),
    "previews": Section(previews.previews, "preview and refresh of 1, 100, 500 and 1000 machines"),
    "largest": Section(previews.largest, "the API calls of a preview of 5000 machines; takes no engine"),
    "checks": Section(previews.live_checks, "a preview of 500 machines with and without live checks, slow answers"),
    "at-once": Section(
        at_once.at_once, "100 machines by default and all at once, against the cloud and an idle engine"
    ),
    "backups": Section(backups.backups, "a fleet of 100 with a backup of each, against one backup and one rebuild"),
    "textbook": Section(at_once.textbook_provider, "the same 100 with the textbook provider; about ten minutes"),
    "growth": Section(at_once.growth, "100 and 1000 machines in one stack: reads, memory, CPU time"),
    "engine": Section(at_once.engine_alone, "the engine's own time, and 1000 rebuilds saved as usual; many minutes"),
    "waiting": Section(at_once.waiting, "memory while 500 rebuilds wait at the same time"),
    "lag": Section(detection.lag, "from the end of a rebuild in the cloud until it is told"),
    "limited": Section(limited.limited, "1000 machines on a cloud that takes 10 requests a second"),
    "shared-limit": Section(shared_limit.shared_limit, "one limit for many runners, 10,000 machines; calculated"),
}


def arguments() -> argparse.Namespace:
    """Return what the command line asks for."""
    listed = "\n".join(f"  {name:13} {section.about}" for name, section in SECTIONS.items())
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog=f"sections, in the order in which they run:\n{listed}\n\nfor example:\n"
        "  .venv/bin/python benchmarks/run.py                  all\n"
        "  .venv/bin/python benchmarks/run.py at-once growth   two of them, about six minutes",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("sections", nargs="*", metavar="SECTION", help="run these only (default: all)")
    asked = parser.parse_args()
    unknown = [name for name in asked.sections if name not in SECTIONS]
    if unknown:
        parser.error(f"no section {', '.join(unknown)}; there are {', '.join(SECTIONS)}")
    return asked


def main() -> None:
    """Run the sections that are asked for and print the table, each row as soon as it is known."""
    asked = arguments().sections or list(SECTIONS)
    let_interrupts_through()
    folder = engine.find()
    if folder is None:
        sys.exit("no Pulumi engine: run make engine")
    folder = engine.with_language_host(folder, ROOT / ".cache" / "engine")
    print(f"{where_and_when()}\n")
    print(HEAD, flush=True)
    for name, section in SECTIONS.items():
        if name in asked:
            for result in section.run(folder):
                print(result, flush=True)


if __name__ == "__main__":
    main()
