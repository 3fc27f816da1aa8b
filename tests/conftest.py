"""For all tests."""

from __future__ import annotations

import signal


def pytest_configure() -> None:
    """Let Ctrl-C through to the programs that tests start.

    A shell starts background jobs with SIGINT ignored, and every program below inherits that. The engine ends its
    plugins with SIGINT and waits five seconds for those that ignore it.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
