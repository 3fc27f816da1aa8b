"""Ctrl-C, a closed terminal and a plain kill end a command in the same way: by an exception, so that it tidies up."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from types import FrameType

INTERRUPTED = 130
ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def end_by_exception() -> None:
    """Let each of the signals that end a command raise KeyboardInterrupt, once."""
    for number in ENDING_SIGNALS:
        signal.signal(number, _interrupt)


def _interrupt(_: int, __: FrameType | None) -> NoReturn:
    for number in ENDING_SIGNALS:  # a second one must not interrupt the tidying up
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt
