"""What ``make demo`` runs: the main job on the real engine, against a simulated cloud. See ``demo_story.py``."""

from __future__ import annotations

import argparse
import sys

from interrupts import INTERRUPTED, end_by_exception


def main() -> int:
    """Tell the story; 0, 1 when a step failed, 130 when the user interrupted it. Nothing is left running."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--step", action="store_true", help="wait for Enter after each step")
    wait = parser.parse_args().step
    end_by_exception()
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


if __name__ == "__main__":
    sys.exit(main())
