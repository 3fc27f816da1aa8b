"""Random histories: a hypothesis state machine over a world. Each step is a command of a user, or a misfortune."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

from hypothesis import seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from tests.histories import misfortunes
from tests.histories.steps import Steps
from tests.support import programs
from tests.support.points import Disturbance, kill
from tests.support.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.stack import Stack

TALLY: Counter[str] = Counter()
"""What all histories of this process did: for the report."""

STACKS = st.sampled_from([0, 0, 0, 1])
PROGRAMS = st.one_of(st.none(), programs.programs())
CHANGES = st.one_of(programs.programs(), programs.programs(), st.none())
STEPS = 12
"""How many steps a history has at most."""

PLACES = st.sampled_from(misfortunes.PLACES)
FEW_FAULTS = st.lists(misfortunes.faults(), max_size=1)


class Histories(RuleBasedStateMachine):
    """Two stacks with one instance, and everything that can happen to them."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World("DEPLOYING", TALLY)
        self.steps = Steps(self.world)

    @initialize(
        transition=st.sampled_from(["DEPLOYING", "REBUILDING"]),
        one_runner=st.booleans(),
        steps=st.one_of(st.none(), st.integers(0, 999)),
        backup=st.sampled_from([False, False, False, True]),
    )
    def begin(self, transition: Any, one_runner: bool, steps: int | None, backup: bool) -> None:  # noqa: FBT001 hypothesis gives it by name
        """Make the world, with a recorded stack."""
        self.world.close()
        self.world = World(transition, TALLY, one_runner=one_runner, steps=steps)
        self.world.open()
        self.steps = Steps(self.world)
        for stack in self.world.stacks:
            stack.settings = {"zec:backup": "true"} if backup else {}
        TALLY["histories"] += 1
        self.steps.up(self._stack(0), {"imageId": programs.JAMMY})

    def teardown(self) -> None:
        """Close the world, after everything has come to rest."""
        try:
            if self.world.opened:
                self.steps.come_to_rest()
        finally:
            self.world.close()

    @rule(stack=STACKS, program=PROGRAMS)
    def up(self, stack: int, program: dict[str, Any] | None) -> None:
        """Run up, undisturbed but for the faults that are still in force."""
        self.steps.up(self._stack(stack), program)

    @rule(stack=STACKS, change=programs.single_changes())
    def up_with_one_change(self, stack: int, change: dict[str, Any]) -> None:
        """Run up with the last program, but for one input: so a person mends it after a run that did not end well."""
        chosen = self._stack(stack)
        program = {name: value for name, value in {**chosen.program, **change}.items() if value is not None}
        self.steps.up(chosen, program)

    @rule(
        stack=STACKS,
        program=CHANGES,
        faults=st.lists(misfortunes.faults(), min_size=1, max_size=3),
        timeout=st.sampled_from([None, 20, 60]),
    )
    def up_with_faults(
        self, stack: int, program: dict[str, Any] | None, faults: list[dict[str, Any]], timeout: int | None
    ) -> None:
        """Run up while requests go wrong."""
        with self.steps.faults(faults):
            self.steps.up(self._stack(stack), program, timeout=timeout)

    @rule(stack=STACKS, program=CHANGES, where=PLACES, nth=st.integers(1, 4), faults=FEW_FAULTS)
    def up_killed(
        self, stack: int, program: dict[str, Any] | None, where: str, nth: int, faults: list[dict[str, Any]]
    ) -> None:
        """Run up, and the plugin is killed."""
        self._disturbed(stack, program, faults, Disturbance(where, nth, kill))

    @rule(
        stack=STACKS,
        program=CHANGES,
        where=PLACES,
        nth=st.integers(1, 6),
        halt=st.sampled_from(["cancelled", "gone", 3.0, 20.0, 90.0]),
        faults=FEW_FAULTS,
    )
    def up_halted(
        self,
        stack: int,
        program: dict[str, Any] | None,
        where: str,
        nth: int,
        halt: str | float,
        faults: list[dict[str, Any]],
    ) -> None:
        """Run up, and the user stops it, or the engine dies, or is silent for some seconds."""
        chosen = self._stack(stack)
        if isinstance(halt, float):
            what = partial(chosen.engine_is_silent, halt)
        else:
            what = partial(chosen.engine_dies if halt == "gone" else chosen.told_to_stop)
        self._disturbed(stack, program, faults, Disturbance(where, nth, what))

    @rule(
        stack=STACKS,
        program=CHANGES,
        where=PLACES,
        nth=st.integers(1, 6),
        seconds=st.sampled_from([5.0, 45.0, 400.0, 4000.0]),
        timeout=st.sampled_from([None, 60, 300]),
    )
    def up_held_back(
        self, stack: int, program: dict[str, Any] | None, where: str, nth: int, seconds: float, timeout: int | None
    ) -> None:
        """Run up, and the turn of a request comes late, or after the deadline."""
        disturbance = Disturbance(where, nth, partial(self.steps.late_turn, seconds))
        self._disturbed(stack, program, [], disturbance, timeout=timeout)

    @rule(
        stack=STACKS,
        program=CHANGES,
        where=PLACES,
        nth=st.integers(1, 6),
        what=st.sampled_from(
            [
                *("off", "on", "foreign", "other", "untag", "terraform"),
                *("full", "short", "torn", "trickle", "rehearsal", "rehearsal", "image gone", "quota"),
            ]
        ),
    )
    def up_interfered(self, stack: int, program: dict[str, Any] | None, where: str, nth: int, what: str) -> None:
        """Run up, and in the middle somebody else acts on the machine or rehearses, or disk or network fail."""
        self._disturbed(stack, program, [], Disturbance(where, nth, self.steps.happening(self._stack(stack), what)))

    @rule(
        stack=STACKS,
        program=PROGRAMS,
        disturbance=st.one_of(st.none(), st.builds(Disturbance, PLACES, st.integers(1, 4), st.just(kill))),
    )
    def rehearse(self, stack: int, program: dict[str, Any] | None, disturbance: Disturbance | None) -> None:
        """Try a program out on another cloud with the same home, where the plugin may be killed."""
        self.steps.rehearse(self._stack(stack), program, disturbance)

    @rule(stack=STACKS, program=PROGRAMS, unknown=programs.unknown())
    def up_as_previewed(self, stack: int, program: dict[str, Any] | None, unknown: list[str]) -> None:
        """Preview without knowing some inputs, then do it: no wipe that the preview did not show."""
        self.steps.up_as_previewed(self._stack(stack), program, unknown)

    @rule(stack=STACKS, faults=st.lists(misfortunes.faults(), max_size=1))
    def refresh(self, stack: int, faults: list[dict[str, Any]]) -> None:
        """Refresh, perhaps through faults."""
        with self.steps.faults(faults):
            self.steps.refresh(self._stack(stack))

    @rule(
        stack=STACKS,
        what=st.sampled_from(
            [
                *("destroy", "rename", "released", "fresh runner", "fresh runner", "answer"),
                *("untag", "terraform", "old tags", "tidy images"),
            ]
        ),
    )
    def seldom(self, stack: int, what: str) -> None:
        """Destroy, rename, lose machine, journal or tags, or answer truthfully what an up has asked."""
        chosen = self._stack(stack)
        steps: dict[str, Callable[[Stack], None]] = {
            "destroy": self.steps.destroy,
            "rename": self.steps.rename,
            "released": lambda _: self.steps.released(),
            "fresh runner": self.world.lose_journal,
            "answer": self.steps.answer,
            "untag": lambda _: self.steps.untag(),
            "terraform": lambda _: self.steps.terraform(old=False),
            "tidy images": lambda _: self.steps.images_tidied(),
            "old tags": lambda _: self.steps.terraform(old=True),
        }
        steps[what](chosen)

    @rule(change=st.sampled_from(misfortunes.BY_HAND))
    def drift(self, change: dict[str, Any]) -> None:
        """Somebody changes the machine at the console."""
        self.world.by_hand(**change)

    @rule(stack=STACKS, program=PROGRAMS)
    def wrong_credentials(self, stack: int, program: dict[str, Any] | None) -> None:
        """The credentials were rotated, and this run does not know."""
        self.steps.wrong_credentials(self._stack(stack), program)

    @rule(seconds=st.sampled_from([30.0, 300.0, 86400.0]), jump=st.sampled_from([0.0, 0.0, 3600.0, -3600.0]))
    def time_passes(self, seconds: float, jump: float) -> None:
        """Time passes on every cloud, and the wall clock is set."""
        for world in self.world.worlds:
            world.cloud.clock.advance(seconds)
            world.clock.set_wall(jump)

    def _disturbed(
        self,
        stack: int,
        program: dict[str, Any] | None,
        faults: list[dict[str, Any]],
        disturbance: Disturbance,
        *,
        timeout: float | None = None,
    ) -> None:
        with self.steps.faults(faults), self.steps.armed(disturbance):
            self.steps.up(self._stack(stack), program, timeout=timeout)

    def _stack(self, number: int) -> Stack:
        return self.world.stacks[number]


class Unseen(Histories):
    """The same with a seed, which hypothesis keeps on the class."""


def play(number: int, new_seed: int | None = None) -> None:
    """Play that many histories: always the same ones, or those of a seed."""
    TALLY.clear()
    chosen = settings(settings.get_profile("fixed"), max_examples=number, stateful_step_count=STEPS)
    machines = Histories if new_seed is None else seed(new_seed)(Unseen)
    try:
        run_state_machine_as_test(machines, settings=chosen)
    finally:
        print("\n" + "\n".join(f"{what}: {count}" for what, count in sorted(TALLY.items())))  # noqa: T201 the report
