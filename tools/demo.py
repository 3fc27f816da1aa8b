"""What ``make demo`` runs: the main job on the real engine, against a simulated cloud. See ``demo_story.py``."""

from __future__ import annotations

import argparse
import signal
import sys
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from types import FrameType

INTERRUPTED = 130
ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main() -> int:
    """Tell the story; 0, 1 when a step failed, 130 when the user interrupted it. Nothing is left running."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--step", action="store_true", help="wait for Enter after each step")
    wait = parser.parse_args().step
    for number in ENDING_SIGNALS:
        signal.signal(number, _interrupt)
    try:
        from demo_story import tell  # noqa: PLC0415 an interrupt while this loads shall end in one line, too

        failure = tell(wait=wait)
    except KeyboardInterrupt:
        print("\ndemo: interrupted; nothing is left running", file=sys.stderr)
        return INTERRUPTED
    if failure is not None:
        print(f"\ndemo: {failure}", file=sys.stderr)
        return 1
    return 0


def _interrupt(_: int, __: FrameType | None) -> NoReturn:
    for number in ENDING_SIGNALS:  # a second one must not interrupt the tidying up
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
