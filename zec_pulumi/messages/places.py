"""What the stack's row says of rebuilds that wait for one of the engine's places. Pure functions."""

from __future__ import annotations

from zec_pulumi.messages.durations import at_each

REBUILDS = "rebuilds: "
"""How the line begins."""


def limited(places: int) -> str:
    """Return what limits: the engine, with so many places."""
    return f"the engine runs {places} {'operation' if places == 1 else 'operations'} at a time"


def setting(places: int | str) -> str:
    """Return the one setting that changes it, for so many places."""
    return f"PULUMI_PARALLEL={places} or --parallel {places}"


def planned(
    rebuilds: int, at_once: int, places: int, waves: int, recorded: float | None, *, undecided: bool = False
) -> str:
    """Return the line of a preview.

    Args:
        rebuilds: How many are planned.
        at_once: How many of them the program lets run at the same time.
        places: How many operations the engine runs at a time.
        waves: How many rebuilds follow each other.
        recorded: How long the rebuilds took that are recorded, seconds; None when none is.
        undecided: Whether there may be more rebuilds.
    """
    number = f"at least {rebuilds}" if undecided else f"{rebuilds}"
    effect = "runs all at once" if at_once == rebuilds else f"runs {at_once} at a time, as many as the program allows"
    time = at_each(waves, recorded)
    return f"{REBUILDS}{number} planned, {limited(places)}: {time}; {setting(places=at_once)} {effect}"


def waiting(rebuilds: int, places: int) -> str:
    """Return the line of ``up``, which knows only the rebuilds that the engine has come to."""
    return f"{REBUILDS}at least {rebuilds} planned, {limited(places)}; {setting('N')} changes that"
