"""Strikes from inside the simulator: while a request is there, before its answer leaves."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from typing import TYPE_CHECKING, Any

import psutil

from driver import WEB_1
from kill_cells import Kill
from kill_disks import Disks
from zec_pulumi.simulator.actions import ACTIONS
from zec_pulumi.simulator.effects import Drop, Trickle
from zec_pulumi.simulator.faults import Faults

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from kill_cells import Request
    from zec_pulumi.simulator import Simulator
    from zec_pulumi.simulator.effects import Effect

TICK_SECONDS = 0.1
"""Simulated time moves by requests alone, so that a slow machine changes nothing."""

LONG_SECONDS = 3600.0
DEATH_SECONDS = 20.0
BYTE_SECONDS = 0.2


class Trap(Faults):
    """The simulator's faults, with one more: the first request that fits is not answered, and the victim dies before.

    Runs in the simulator's thread, which holds the cloud's lock.
    """

    def __init__(self, folder: Path, request: Request | None, kill: Kill | None) -> None:
        super().__init__({name for _, _, name in ACTIONS})
        self.sprung = False
        self.struck = threading.Event()
        self.disks = Disks(folder)
        self._folder = folder
        self._request = request
        self._kill = kill
        self._due = False
        self._resets = 0

    def set(self, simulator: Simulator) -> None:
        """Take the place of the simulator's faults."""
        self._cloud = simulator._cloud  # noqa: SLF001 the product has no such hook, and needs none
        self._cloud.faults = self

    def match(self, action: str, instance_ids: Collection[str], now: float) -> Sequence[Effect]:
        """Return the effects for one request; time passes."""
        self._cloud.clock.advance(TICK_SECONDS)
        effects = super().match(action, instance_ids, now)
        self.disks.look(self._cloud)
        request = self._request
        if self.sprung or request is None or action != request.action or request.status not in (None, self._status()):
            return effects
        if self._resets < request.resets:
            return effects
        self.sprung = True
        if request.carried_out:
            self._due = True
        else:
            self._strike()
        if self._kill is Kill.TRICKLE:
            return [*effects, Trickle(type="trickle", seconds=BYTE_SECONDS)]
        return [*effects, Drop(type="drop", carried_out=request.carried_out)]

    def observe(self, entry: dict[str, Any]) -> None:
        """Strike when the request was carried out, before anything is answered."""
        self.disks.accepted(self._cloud, entry)
        self._resets += entry["action"] == "ResetInstance"
        if self._due and self._request:
            self._due = False
            self._strike()
            if self._request.done:
                self._cloud.clock.advance(LONG_SECONDS)

    def _strike(self) -> None:
        strike(self._folder, self._kill)
        self.struck.set()

    def _status(self) -> str:
        instance = self._cloud.instance(WEB_1)
        return instance.status if instance else ""


def strike(folder: Path, kill: Kill | None) -> None:
    """Kill the plugin or the engine of a stack's folder and wait for its death; without an answer alone nobody dies."""
    if kill in (None, Kill.DROP, Kill.TRICKLE):
        return
    victims = engines(folder) if kill is Kill.ENGINE else plugins(folder)
    assert victims, "nobody to kill"
    for pid in victims:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, kill.signal)
    if kill is Kill.TERM:  # it ends its operation, and the engine ends it
        return
    until = time.monotonic() + DEATH_SECONDS
    while set(victims) & {*engines(folder), *plugins(folder)}:
        assert time.monotonic() < until, "the victim lives on"
        time.sleep(0.005)


def plugins(folder: Path) -> list[int]:
    """Return the living plugin processes of a stack's folder, found by the home that its commands run with."""
    return [pid for pid, name, command in _processes(folder) if "pulumi.dynamic" in command and name != "sh"]


def engines(folder: Path) -> list[int]:
    """Return its living engines."""
    return [pid for pid, name, _ in _processes(folder) if name == "pulumi"]


def end_all(folder: Path) -> None:
    """End what is left of a stack's folder: an engine that was killed cannot end its language host."""
    for pid, _, _ in _processes(folder):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _processes(folder: Path) -> list[tuple[int, str, list[str]]]:
    """Return id, name and command of every living process of a stack's folder."""
    home = str(folder / "home" / ".pulumi")
    # One that is dead and not waited for yet has no environment any more; another user's shows none.
    return [
        (process.pid, process.info["name"] or "", process.info["cmdline"] or [])
        for process in psutil.process_iter(["name", "cmdline", "environ"])
        if (process.info["environ"] or {}).get("PULUMI_HOME") == home
    ]
