"""What a program knows of the engine's places: how many operations run at a time, and who may want one of them."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

_DECLARED: WeakKeyDictionary[asyncio.AbstractEventLoop, int] = WeakKeyDictionary()
"""How many machines each program has declared so far; a program has an event loop of its own."""


def read() -> int | None:
    """Return how many operations the engine runs at a time, None where the SDK does not tell.

    It is ``--parallel``, else ``PULUMI_PARALLEL``, else the engine's default; the language host hands it on.
    """
    with contextlib.suppress(Exception):
        from pulumi.runtime.settings import SETTINGS  # noqa: PLC0415 guarded as well

        if SETTINGS.parallel is not None:
            return max(1, int(SETTINGS.parallel))
    return None


def declare(*, waits: bool) -> Callable[[], Coroutine[None, None, dict[str, int] | None]]:
    """Count a machine of this program; return what tells ``check`` of it when the SDK sends its inputs.

    By then a program has declared all machines that do not hang on an output. ``waits`` says that it is rebuilt after
    another machine. None is told where the SDK or the loop does not allow it.
    """
    places, loop = read(), None
    with contextlib.suppress(RuntimeError):
        loop = asyncio.get_running_loop()
        _DECLARED[loop] = _DECLARED.get(loop, 0) + 1

    async def demand() -> dict[str, int] | None:
        if places is None or loop is None:
            return None
        return {"places": places, "machines": _DECLARED[loop], "waits": waits}

    return demand
