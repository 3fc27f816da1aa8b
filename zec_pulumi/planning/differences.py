"""What a rebuild changes on the machine, whoever made the difference: told from the machine, not from the record."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from zec_pulumi.planning.causes import Cause, as_text
from zec_pulumi.program.inputs import camel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zec_pulumi.api import Instance
    from zec_pulumi.planning.inputs import Recorded, Wanted


@dataclass(frozen=True)
class Settings:
    """What the API shows of a machine, and a rebuild sets. None is nothing, or nothing that is shown."""

    image_id: str | None
    key_id: str | None
    timezone: str | None
    enable_agent: bool
    instance_name: str | None


def settings_now(live: Instance) -> Settings:
    """Return what the machine has; an agent that the API does not show counts as off."""
    return Settings(live.image_id, live.key_id, live.time_zone, bool(live.enable_agent), live.instance_name)


def shown_by(live: Instance) -> dict[str, str | None]:
    """Return what the API shows of a machine, by trigger and in the form of causes."""
    now = settings_now(live)
    return {camel(field.name): as_text(getattr(now, field.name)) for field in fields(Settings)}


def settings_after(wanted: Wanted, live: Instance) -> Settings:
    """Return what the machine has after a rebuild: what the program gives, and else what it has now.

    An image that takes no login keeps its own; such a machine shows no key.
    """
    now = settings_now(live)
    return Settings(
        image_id=wanted.image_id or now.image_id,
        key_id=None if wanted.password is not None else wanted.key_id or now.key_id,
        timezone=wanted.timezone or now.timezone,
        enable_agent=now.enable_agent if wanted.enable_agent is None else wanted.enable_agent,
        instance_name=wanted.instance_name or now.instance_name,
    )


def differences(wanted: Wanted, recorded: Recorded | None, live: Instance) -> Iterator[Cause]:
    """Yield everything that a rebuild of ``live`` changes on it, as far as the API shows it.

    Where the program asks for what is recorded, somebody else has changed the machine. ``recorded`` is None for a
    resource that the stack does not hold.
    """
    now, after = settings_now(live), settings_after(wanted, live)
    for field in fields(Settings):
        old, new = getattr(now, field.name), getattr(after, field.name)
        if new != old:
            drift = recorded is not None and _asks_for_the_recorded(field.name, wanted, recorded)
            yield Cause(camel(field.name), as_text(old), as_text(new), drift=drift)


def _asks_for_the_recorded(name: str, wanted: Wanted, recorded: Recorded) -> bool:
    if name == "key_id" and wanted.password is not None:  # it is the password that takes the key off
        name = "password"
    return bool(getattr(wanted, name) == getattr(recorded, name))
