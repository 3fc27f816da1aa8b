"""What a fleet's own row says: its plan, and how far it is. Pure functions."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zec_pulumi.messages import places
from zec_pulumi.messages.durations import at_each, roughly, typical
from zec_pulumi.planning.plan import Kind

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from zec_pulumi.program.rollout import Rollout

FLEET = "fleet: "
"""How the line about a fleet's plan begins."""

_NAMED = 3


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
    parts = [", ".join(counts), _order(rollout, busy), _limited(rollout, busy), _time(rollout, busy, outlooks)]
    return f"{FLEET}{'; '.join(part for part in parts if part)}"


def progress(rebuilt: int, busy: int, running: int, failed: int, seconds_left: float) -> str:
    """Return the line about a fleet that is being rebuilt: ``busy`` machines in all, some of them done.

    The engine cuts rows off at the terminal's width, so what is read most comes first.
    """
    left = f"about {roughly(seconds_left)} left, " if seconds_left > 0 else ""
    return f"{left}rebuilt {rebuilt}/{busy}, {running} running, {failed} failed"


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
    size = rollout.at_once if rollout.places is None else min(rollout.at_once, rollout.places)
    why = "" if rollout.short_of_places(busy) else " (max_unavailable)"
    told = []
    if canaries:
        noun = "canary" if len(canaries) == 1 else "canaries"
        few = len(canaries) <= _NAMED
        told.append(f"{noun} {', '.join(canaries)} first" if few else f"{len(canaries)} {noun} first")
    if waves > 1 and size > 1:
        told.append(f"{waves} waves of {size}{why}")
    elif others > 1:
        told.append(f"{others} at once" if waves == 1 else f"{others} one after the other{why}")
    elif others and canaries:
        told.append("1 other")
    return ", then ".join(told)


def _limited(rollout: Rollout, busy: Collection[str]) -> str:
    """Return that the engine has fewer places than ``max_unavailable`` allows rebuilds, and what changes that."""
    if rollout.places is None or not rollout.short_of_places(busy):
        return ""
    allowed = rollout.width(busy)
    engine = places.limited(rollout.places)
    return f"{engine}, max_unavailable allows {allowed}: {places.setting(allowed)} runs as many"


def _time(rollout: Rollout, busy: Collection[str], outlooks: Mapping[str, Outlook]) -> str:
    recorded = typical(one.took for one in outlooks.values())
    return at_each(sum(rollout.waves(busy)), recorded) if busy else ""
