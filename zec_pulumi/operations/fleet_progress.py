"""How far each fleet of this process is, as its machines report it; shown on the fleet's row."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from zec_pulumi.messages import durations
from zec_pulumi.messages import fleet as fleet_sentences
from zec_pulumi.planning.plan import Kind
from zec_pulumi.program import urns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from zec_pulumi.messages.fleet import Outlook
    from zec_pulumi.program.rollout import Rollout
    from zec_pulumi.progress import Row
    from zec_pulumi.time.clock import Clock


@dataclass
class _FleetState:
    """One fleet: its row, its order, and its machines by name.

    ``begun`` is when each machine that is being rebuilt began, on the monotonic clock; ``took`` are the seconds of
    those that are done.
    """

    row: Row
    rollout: Rollout
    outlooks: dict[str, Outlook] = field(default_factory=dict)
    begun: dict[str, float] = field(default_factory=dict)
    took: dict[str, float] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)

    @property
    def busy(self) -> list[str]:
        """The machines that are to be rebuilt."""
        return [name for name, outlook in self.outlooks.items() if outlook.takes_time]

    def line(self, now: float) -> str:
        """Return how far it is at ``now``."""
        known = durations.typical(self.took.values())
        known = known or durations.typical(outlook.took for outlook in self.outlooks.values())
        each = known or durations.ASSUMED_SECONDS
        running = {name: max(0.0, each - (now - begun)) for name, begun in self.begun.items()}
        # After a failure the engine starts nothing new.
        waiting = [] if self.failed else [name for name in self.busy if name not in {*self.took, *running}]
        left = self.rollout.seconds({**dict.fromkeys(waiting, each), **running})
        return fleet_sentences.progress(len(self.took), len(self.busy), len(running), len(self.failed), left)


class FleetBoard:
    """The fleets of one operation, thread-safe. Machines are known by their URNs."""

    def __init__(self, clock: Clock, *, ticking: Callable[[], bool]) -> None:
        self._clock = clock
        self._ticking = ticking
        self._fleets: dict[str, _FleetState] = {}
        self._members: dict[str, tuple[_FleetState, str]] = {}
        self._lock = threading.Lock()

    def announce(self, urn: str, row: Row, rollout: Rollout) -> None:
        """Take note of the fleet ``urn`` before its machines come."""
        fleet = _FleetState(row, rollout)
        with self._lock:
            self._fleets[urn] = fleet
            self._members.update({urns.member_urn(urn, name): (fleet, name) for name in rollout.order})

    def planned(self, urn: str, outlook: Outlook) -> None:
        """Take note of what is planned for a machine; with the last of a fleet, its row says the plan."""
        with self._lock:
            fleet, name = self._members.get(urn, (None, ""))
            if fleet is None:
                return
            fleet.outlooks[name] = outlook
            complete = len(fleet.outlooks) == len(fleet.rollout.order)
            line = fleet_sentences.plan(fleet.rollout, fleet.outlooks) if complete else None
            wiped = any(one.kind is Kind.REBUILD for one in fleet.outlooks.values())
        if line:
            (fleet.row.warn if wiped else fleet.row.info)(line)

    def has(self, urn: str) -> bool:
        """Whether a machine is one of a fleet's."""
        return urn in self._members

    def short_of_places(self) -> bool:
        """Whether a fleet may run more rebuilds than the engine has places; its row says so."""
        with self._lock:
            return any(fleet.rollout.short_of_places(fleet.busy) for fleet in self._fleets.values())

    def demand(self) -> tuple[int, int]:
        """Return how many rebuilds all fleets together let run at once, and how many at most follow each other."""
        with self._lock:
            busy = [(fleet.rollout, fleet.busy) for fleet in self._fleets.values()]
        width = sum(rollout.width(names) for rollout, names in busy)
        return width, max((sum(rollout.waves(names)) for rollout, names in busy), default=0)

    @contextlib.contextmanager
    def working(self, urn: str) -> Iterator[None]:
        """Show on the fleet's row that a machine of it is being worked on, and how that ended."""
        with self._lock:
            fleet, name = self._members.get(urn, (None, ""))
            if fleet and name in fleet.busy:
                fleet.begun[name] = self._clock.monotonic()
            else:
                fleet = None
        if fleet is None:
            yield
            return
        if self._ticking():  # in a pipe each line stays, so there only the ends are worth one
            self._show(fleet)
        try:
            yield
        except BaseException:
            with self._lock:
                del fleet.begun[name]
                fleet.failed.add(name)
            raise
        else:
            with self._lock:
                fleet.took[name] = self._clock.monotonic() - fleet.begun.pop(name)
        finally:
            self._show(fleet)

    def _show(self, fleet: _FleetState) -> None:
        with self._lock:
            line = fleet.line(self._clock.monotonic())
        fleet.row.progress(line)
