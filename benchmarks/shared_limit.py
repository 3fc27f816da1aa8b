"""What a rate limit means that many runners share: a simulation with the pace of the package, without a network.

Each runner is a process with a part of the machines, and knows nothing of the others: the only word between them is the
service's 429. A machine takes two mutations and two waits; a runner reads the statuses of a hundred machines at a time.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from benchmarks.result import Result
from zec_pulumi.api.rate_limit import Pace
from zec_pulumi.cloud.coalescer import MAX_IDS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MACHINES = 10_000
POLL_SECONDS = (5.0, 30.0)
PER_SECOND = (10, 50)
RUNNERS = (1, 10, 100)
STOP_SECONDS = 20.0
REBUILD_SECONDS = 300.0
RETRY_AFTER_SECONDS = 1.0
HOUR = 3600.0


@dataclass
class Outcome:
    """Seconds until the last machine was rebuilt, requests that were sent, and those that were refused."""

    seconds: float
    sent: int
    refused: int


@dataclass
class _Limit:
    """Takes so many requests in any second, whoever sends them."""

    per_second: int
    sent: int = 0
    refused: int = 0
    _taken: deque[float] = field(default_factory=deque)

    def takes(self, now: float) -> bool:
        self.sent += 1
        while self._taken and now - self._taken[0] >= 1.0:
            self._taken.popleft()
        if len(self._taken) >= self.per_second:
            self.refused += 1
            return False
        self._taken.append(now)
        return True


class _Runner:
    """One process: machines that are to be stopped, to be reset, or waited for."""

    def __init__(self, machines: int) -> None:
        self.pace = Pace()
        self.to_stop, self.to_reset, self.done = machines, 0, 0
        self.machines = machines
        self.stopping: deque[float] = deque()
        self.rebuilding: deque[float] = deque()
        self.mutation_due = False
        self.reads = 0

    def poll(self, now: float) -> int:
        """Take note of what has ended; return how many reads that took."""
        waited = len(self.stopping) + len(self.rebuilding)
        while self.stopping and self.stopping[0] <= now:
            self.stopping.popleft()
            self.to_reset += 1
        while self.rebuilding and self.rebuilding[0] <= now:
            self.rebuilding.popleft()
            self.done += 1
        return math.ceil(waited / MAX_IDS)

    def mutated(self, now: float) -> None:
        """One mutation was taken: those machines first that are powered off already."""
        if self.to_reset:
            self.to_reset -= 1
            self.rebuilding.append(now + REBUILD_SECONDS)
        else:
            self.to_stop -= 1
            self.stopping.append(now + STOP_SECONDS)


class _Simulation:
    """The events of all runners, in the order of their times."""

    def __init__(self, machines: int, runners: int, limit_per_second: int, poll_seconds: float) -> None:
        self.poll_seconds = poll_seconds
        self.limit = _Limit(limit_per_second)
        self._order = itertools.count()
        self._events: list[tuple[float, int, _Runner, str]] = []
        for number in range(runners):
            # Runners do not start in the same instant.
            self._schedule(number * poll_seconds / runners, _Runner(machines // runners), "poll")

    def run(self) -> float:
        """Return when the last event was."""
        now = 0.0
        while self._events:
            now, _, runner, what = heapq.heappop(self._events)
            if what == "poll":
                self._poll(now, runner)
            elif runner.pace.next_time(priority=what == "read") > now:
                self._wait(runner, what)
            else:
                self._send(now, runner, what)
            if not runner.mutation_due and (runner.to_reset or runner.to_stop):
                runner.mutation_due = True
                self._schedule(max(now, runner.pace.next_time()), runner, "mutation")
        return now

    def _poll(self, now: float, runner: _Runner) -> None:
        runner.reads = runner.poll(now)
        for _ in range(runner.reads):
            self._schedule(now, runner, "read")
        if not runner.reads:
            self._schedule(now + self.poll_seconds, runner, "poll")

    def _send(self, now: float, runner: _Runner, what: str) -> None:
        runner.pace.on_sent(now, priority=what == "read")
        if not self.limit.takes(now):
            runner.pace.on_rejected(now, RETRY_AFTER_SECONDS)
            self._wait(runner, what)
            return
        runner.pace.on_accepted(now)
        if what == "mutation":
            runner.mutated(now)
            runner.mutation_due = False
            return
        runner.reads -= 1
        if not runner.reads and runner.done < runner.machines:
            self._schedule(now + self.poll_seconds, runner, "poll")

    def _wait(self, runner: _Runner, what: str) -> None:
        self._schedule(runner.pace.next_time(priority=what == "read"), runner, what)

    def _schedule(self, at: float, runner: _Runner, what: str) -> None:
        heapq.heappush(self._events, (at, next(self._order), runner, what))


def simulate(machines: int, runners: int, limit_per_second: int, poll_seconds: float) -> Outcome:
    """Rebuild so many machines, spread evenly over so many runners, under one limit."""
    simulation = _Simulation(machines, runners, limit_per_second, poll_seconds)
    seconds = simulation.run()
    return Outcome(seconds, simulation.limit.sent, simulation.limit.refused)


def shared_limit(_engine: Path) -> Iterator[Result]:
    """Simulate every combination of limit, runners and poll interval."""
    for limit_per_second, runners, poll_seconds in itertools.product(PER_SECOND, RUNNERS, POLL_SECONDS):
        outcome = simulate(MACHINES, runners, limit_per_second, poll_seconds)
        least = (2 * MACHINES / limit_per_second + REBUILD_SECONDS + STOP_SECONDS) / HOUR
        runner = "runner" if runners == 1 else "runners"
        what = (
            f"{MACHINES:,} machines, {runners} {runner}, {limit_per_second} requests/s, polls every {poll_seconds:g} s"
        )
        told = f"{outcome.seconds / HOUR:.2f} h, {outcome.refused / outcome.sent:.1%} refused"
        yield Result(what, f"{told}; the mutations and one rebuild: {least:.2f} h")
