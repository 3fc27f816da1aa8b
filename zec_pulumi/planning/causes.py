"""Why a rebuild happens, as data: one form for plans, attempts, states and journals.

Older releases recorded a cause as a sentence. Those sentences are read here, and nowhere else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

READABLE = ("imageId", "keyId", "timezone", "enableAgent", "instanceName")
"""Triggers that the API shows, so that the machine itself tells whether they are as wanted."""

CAUSES = frozenset({*READABLE, "userData", "rebuildToken", "password", "adopt"})
"""Every trigger that a cause of this release can name."""

RESTORE = "restore"
"""What ``zec:allowedCauses`` may name besides: an image that is a backup of the machine."""

Change = Literal["given", "changed", "taken out"]
"""What happened to an input whose values may not be shown."""


@dataclass(frozen=True)
class Cause:
    """One thing that a rebuild changes, from what is on the machine to what will be.

    ``old`` and ``new`` are given for values that may be shown, ids and names only; a login key that is taken off has no
    ``new``. For other inputs ``change`` says what the program did. ``drift`` means that the program did not change: the
    machine was changed outside Pulumi, and goes back to ``new``. ``beside`` means that no rebuild happens for this: it
    is changed by one that another cause asks for.
    The trigger ``adopt`` stands for ``adopt="never"``. A recorded cause that cannot be read has its whole text as its
    trigger, which is then none of ``CAUSES``.
    """

    trigger: str
    old: str | None = None
    new: str | None = None
    drift: bool = False
    change: Change = "changed"
    beside: bool = field(default=False, compare=False)

    @property
    def readable(self) -> bool:
        """Whether the machine shows what a rebuild for this cause puts on it."""
        return self.trigger in READABLE and self.new is not None

    @property
    def hidden(self) -> bool:
        """Whether the API shows the trigger, and its values are kept from this record of the cause."""
        return self.trigger in READABLE and self.old is None and self.new is None


def hide_values(causes: Iterable[Cause], secret: Collection[str] | None) -> tuple[Cause, ...]:
    """Return the causes without the values of secret inputs; of all inputs where it is not known which are secret."""
    return tuple(
        replace(cause, old=None, new=None) if secret is None or cause.trigger in secret else cause for cause in causes
    )


def all_readable(causes: Iterable[Cause]) -> bool:
    """Whether the machine shows everything that a rebuild for ``causes`` changes."""
    return all(cause.readable for cause in causes)


def dump_causes(causes: Iterable[Cause]) -> list[dict[str, Any]]:
    """Return the causes as states and journals keep them; what is not given is left out."""
    return [
        {"trigger": cause.trigger}
        | {key: value for key, value in (("old", cause.old), ("new", cause.new)) if value is not None}
        | ({"drift": True} if cause.drift else {})
        | ({"change": cause.change} if cause.change != "changed" else {})
        | ({"beside": True} if cause.beside else {})
        for cause in causes
    ]


def load_causes(recorded: object) -> tuple[Cause, ...]:
    """Return the recorded causes, whatever release recorded them; what cannot be read is never readable."""
    return tuple(map(_cause, recorded if isinstance(recorded, (list, tuple)) else [recorded]))


def as_text(value: object) -> str | None:
    """Return an input's value as causes and notes hold it: ``on`` and ``off`` for flags, None for nothing."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value) if value else None


_CHANGES = (None, *get_args(Change))
_TRIGGER = rf"(?P<trigger>{'|'.join(sorted(CAUSES - {'adopt'}))})"
# A value that holds an arrow of its own could be divided at the wrong one.
_VALUE = r"(?:(?! → ).)+"
_SENTENCES = (
    re.compile(rf"{_TRIGGER} changed"),
    re.compile(r'(?P<trigger>adopt) is "never"'),
    re.compile(
        rf"{_TRIGGER} (?P<drift>was changed outside Pulumi): (?P<new>{_VALUE}) → (?P<old>{_VALUE}), and goes back"
    ),
    re.compile(rf"{_TRIGGER} (?P<old>{_VALUE}) → (?P<new>{_VALUE})"),
)


def _cause(recorded: object) -> Cause:
    if isinstance(recorded, Cause):
        return recorded
    if isinstance(recorded, dict) and _well_formed(recorded):
        return Cause(**{key: value for key, value in recorded.items() if value is not None})
    return _from_sentence(recorded) if isinstance(recorded, str) else Cause(str(recorded))


def _well_formed(recorded: dict[Any, Any]) -> bool:
    old, new = recorded.get("old"), recorded.get("new")
    texts = [recorded.get("trigger"), *(value for value in (old, new) if value is not None)]
    # A key that a later release may write could change what the others mean.
    known = recorded.keys() <= {"trigger", "old", "new", "drift", "change", "beside"}
    flags = all(isinstance(recorded.get(name, False), bool) for name in ("drift", "beside"))
    return known and flags and all(isinstance(text, str) for text in texts) and recorded.get("change") in _CHANGES


def _from_sentence(text: str) -> Cause:
    """Return the cause that an older release wrote as a sentence."""
    for sentence in _SENTENCES:
        found = sentence.fullmatch(text)
        if found:
            parts = found.groupdict()
            old = None if parts.get("old") == "none" else parts.get("old")
            return Cause(parts["trigger"], old, parts.get("new"), drift=parts.get("drift") is not None)
    return Cause(text)
