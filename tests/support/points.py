"""Places in a plugin's work where something can happen to it: a kill, Ctrl-C, the engine's death, somebody else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class PluginKilledError(KeyboardInterrupt):
    """SIGKILL, in process: a KeyboardInterrupt passes every handler of the package, as the real one would."""


@dataclass
class Disturbance:
    """``what`` happens at the ``nth`` point whose name begins with ``where``."""

    where: str
    nth: int
    what: Callable[[], None]

    def is_due(self, name: str) -> bool:
        """Count the point; return whether it is the one."""
        if name.startswith(self.where):
            self.nth -= 1
            return self.nth <= 0
        return False


class Points:
    """Counts the points that are passed; at most one disturbance is armed, and a step of the wall clock beside it."""

    def __init__(self) -> None:
        self.armed: Disturbance | None = None
        self.step: Disturbance | None = None
        self.happened = 0

    def passed(self, name: str) -> None:
        """Let happen what is armed for this point."""
        step, armed = self.step, self.armed
        if step is not None and step.is_due(name):
            self.step = None
            step.what()
        if armed is not None and armed.is_due(name):
            self.armed = None
            self.happened += 1
            armed.what()


def kill() -> None:
    """End the plugin here."""
    raise PluginKilledError
