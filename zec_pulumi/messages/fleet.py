"""What a fleet's own row says: its plan, and how far it is. Pure functions."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from zec_pulumi.planning.plan import Kind

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from zec_pulumi.program.rollout import Rollout

ASSUMED_SECONDS = 300.0
"""How long a rebuild is taken to last where none is recorded."""

FLEET = "fleet: "
"""How the line about a fleet's plan begins."""

_NAMED = 3
_MINUTE, _HOUR = 60, 3600


@dataclass(frozen=True)
class Outlook:
    """What is planned for one machine.

    ``closed`` says that a gate refuses it, ``undecided`` that only ``up`` will know, ``took`` how many seconds its last
    rebuild lasted, None when none is recorded.
    """

    kind: Kind
    undecided: bool = False
    closed: bool = False
    took: float | None = None

    @property
    def takes_time(self) -> bool:
        """Whether the machine is unavailable for the time of a rebuild."""
        return self.kind in (Kind.REBUILD, Kind.JOIN)


def plan(rollout: Rollout, outlooks: Mapping[str, Outlook]) -> str | None:
    """Return the line about all machines of a fleet together; None when nothing is to be done to any."""
    kinds = Counter(_word(one) for one in outlooks.values())
    if set(kinds) <= {"unchanged"}:
        return None
    wiped = sum(one.kind is Kind.REBUILD for one in outlooks.values())
    closed = sum(one.closed for one in outlooks.values())
    counts = [f"{wiped or 'none'} of {len(outlooks)} instances will be wiped"]
    counts += [f"gates refuse {closed} of them"] if closed else []
    counts += [f"{number} {word}" for word, number in sorted(kinds.items()) if word != "wiped"]
    busy = [name for name in rollout.order if outlooks[name].takes_time]
    parts = [", ".join(counts), _order(rollout, busy), _time(rollout, busy, outlooks) if busy else ""]
    return f"{FLEET}{'; '.join(part for part in parts if part)}"


def progress(rebuilt: int, busy: int, running: int, failed: int, seconds_left: float) -> str:
    """Return the line about a fleet that is being rebuilt: ``busy`` machines in all, some of them done."""
    left = f", about {roughly(seconds_left)} left" if seconds_left > 0 else ""
    return f"rebuilt {rebuilt}/{busy}, {running} running, {failed} failed{left}"


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


def _word(one: Outlook) -> str:
    if one.kind is Kind.REBUILD:
        return "wiped"
    if one.undecided:
        return "undecided"
    words = {Kind.ADOPT: "adopted", Kind.JOIN: "joined", Kind.CHANGE: "changed in place", Kind.NONE: "unchanged"}
    return words[one.kind]


def _order(rollout: Rollout, busy: Collection[str]) -> str:
    """Return who comes first and how many at once the others are; nothing for one machine that is no canary."""
    canaries = [name for name in rollout.canaries if name in busy]
    others = len(busy) - len(canaries)
    _, waves = rollout.waves(busy)
    told = []
    if canaries:
        noun = "canary" if len(canaries) == 1 else "canaries"
        few = len(canaries) <= _NAMED
        told.append(f"{noun} {', '.join(canaries)} first" if few else f"{len(canaries)} {noun} first")
    if waves > 1 and rollout.at_once > 1:
        told.append(f"{waves} waves of {rollout.at_once}")
    elif others > 1:
        told.append(f"{others} {'at once' if waves == 1 else 'one after the other'}")
    elif others and canaries:
        told.append("1 other")
    return ", then ".join(told)


def _time(rollout: Rollout, busy: Collection[str], outlooks: Mapping[str, Outlook]) -> str:
    known = typical(one.took for one in outlooks.values())
    each = ASSUMED_SECONDS if known is None else known
    total = rollout.seconds(dict.fromkeys(busy, each))
    origin = "assumed, as none is recorded" if known is None else "the median of those recorded"
    return f"about {roughly(total)} at {roughly(each)} a rebuild ({origin})"
