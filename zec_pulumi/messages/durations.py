"""How long rebuilds take, as precisely as an estimate may be. Pure functions."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

ASSUMED_SECONDS = 300.0
"""How long a rebuild is taken to last where none is recorded."""

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def typical(durations: Iterable[float | None]) -> float | None:
    """Return the median of the ``durations`` that are known, None when none is; seconds."""
    known = [seconds for seconds in durations if seconds is not None]
    return median(known) if known else None


def roughly(seconds: float) -> str:
    """Return a duration as precisely as an estimate may be: ``40 s``, ``14 min``, ``4 h 10 min``."""
    if seconds < _MINUTE:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / _MINUTE)
    if seconds < _HOUR:
        return f"{minutes} min"
    hours, rest = divmod(minutes, _MINUTE)
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def age(seconds: float) -> str:
    """Return how long ago something was: ``40 s``, ``14 min``, ``4 h 10 min``, ``12 days``."""
    return roughly(seconds) if seconds < 2 * _DAY else f"{int(seconds // _DAY)} days"


def at_each(waves: int, recorded: float | None) -> str:
    """Return how long ``waves`` rebuilds take one after the other; ``recorded`` is how long one does, if known."""
    each = ASSUMED_SECONDS if recorded is None else recorded
    origin = "assumed, as none is recorded" if recorded is None else "the median of those recorded"
    return f"about {roughly(waves * each)} at {roughly(each)} a rebuild ({origin})"
