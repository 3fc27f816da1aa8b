"""Whether rebuilds of this command wait for one of the engine's places; said once, on the stack's row."""

from __future__ import annotations

import contextlib
import math
import threading
from typing import TYPE_CHECKING

from pydantic import Field, ValidationError

from zec_pulumi.messages import places as sentences
from zec_pulumi.messages.durations import typical
from zec_pulumi.planning.inputs import Model

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zec_pulumi.messages.fleet import Outlook
    from zec_pulumi.operations.fleet_progress import FleetBoard
    from zec_pulumi.progress import Row


class _Demand(Model):
    """What the program tells: the engine's places, its own machines, and whether this one is rebuilt after another."""

    places: int = Field(ge=1)
    machines: int
    waits: bool


class Places:
    """The engine's places and who wants them, of one command. Thread-safe.

    A preview knows all rebuilds once every machine that the program declares is assessed. ``up`` assesses a machine
    only when the engine comes to it, so it knows those that run and the one that waits.

    Machines of fleets are left to ``fleets`` where a fleet's own row says the same.
    """

    def __init__(self, fleets: FleetBoard) -> None:
        self._fleets = fleets
        self._places: int | None = None
        self._machines = 0
        self._waits: set[str] = set()
        self._outlooks: dict[str, Outlook] = {}
        self._open: set[str] = set()
        self._said = False
        self._lock = threading.Lock()

    def declare(self, urn: str, demand: object) -> None:
        """Take note of what the program says of a machine. Without that no line is shown, and nothing fails."""
        try:
            declared = _Demand.model_validate(demand)
        except ValidationError:
            return
        with self._lock:
            self._places = declared.places
            self._machines = max(self._machines, declared.machines)
            if declared.waits:
                self._waits.add(urn)

    def previewed(self, urn: str, outlook: Outlook, row: Row) -> None:
        """Take note of a machine that a preview has assessed; with the last one ``row``, the stack's, says the plan."""
        with self._lock:
            self._outlooks[urn] = outlook
            line = self._plan() if not self._said and len(self._outlooks) >= self._machines else None
            self._said |= line is not None
        if line:
            row.info(line)

    def planned(self, urn: str, outlook: Outlook, row: Row) -> None:
        """Take note of a machine that ``up`` has come to; with the first that finds no place ``row`` says so."""
        with self._lock:
            if self._places is None or not outlook.takes_time:
                return
            self._outlooks[urn] = outlook
            self._open.add(urn)
            if self._said or len(self._open) <= self._places:
                return
            self._said = True
            line = sentences.waiting(len(self._outlooks), self._places)
        if not self._fleets.short_of_places():
            row.progress(line)

    @contextlib.contextmanager
    def working(self, urn: str) -> Iterator[None]:
        """Free the machine's place at the end."""
        try:
            yield
        finally:
            with self._lock:
                self._open.discard(urn)

    def _plan(self) -> str | None:
        """Return the line about all machines together; None when each rebuild finds a place."""
        if self._places is None or self._fleets.short_of_places():
            return None
        rebuilds = [urn for urn, one in self._outlooks.items() if one.takes_time]
        width, waves = self._fleets.demand()
        at_once = width + sum(not self._fleets.has(urn) and urn not in self._waits for urn in rebuilds)
        if at_once <= self._places:
            return None
        return sentences.planned(
            len(rebuilds),
            at_once,
            self._places,
            max(waves, math.ceil(len(rebuilds) / self._places)),
            typical(one.took for one in self._outlooks.values()),
            undecided=any(one.undecided and not one.takes_time for one in self._outlooks.values()),
        )
