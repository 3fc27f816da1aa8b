"""This package's own settings, stack configuration ``zec:*``. They are known without credentials."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from zec_pulumi.api.errors import ConfigurationError
from zec_pulumi.planning import approval
from zec_pulumi.planning.causes import CAUSES
from zec_pulumi.planning.gates import GateSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    Lookup = Callable[[str], str | None]

DEFAULT_POLL_INTERVAL = 5.0
MAX_POLL_INTERVAL = 600.0

_TRUTH = {"true": True, "false": False}


@dataclass(frozen=True)
class Options:
    """This package's own settings.

    Attributes:
        poll_interval: Seconds between two polls of the instances that are waited for (``zec:pollInterval``).
        gates: What refuses planned rebuilds.
    """

    poll_interval: float = DEFAULT_POLL_INTERVAL
    gates: GateSettings = field(default_factory=GateSettings)


def resolve_options(stack: Lookup) -> Options:
    """Read the settings from the stack's configuration.

    Raises:
        ConfigurationError: a value is wrong; the text names its key and what it may be.
    """
    interval = stack("zec:pollInterval")
    causes = _items(stack, "zec:allowedCauses")
    unknown = sorted((causes or frozenset()) - CAUSES)
    if unknown:
        raise ConfigurationError(
            f"zec:allowedCauses: {', '.join(unknown)} is no cause of a rebuild; it may name {', '.join(sorted(CAUSES))}"
        )
    tokens = _items(stack, "zec:approvedRebuilds") or frozenset()
    wrong = sorted(text for text in tokens if approval.malformed(text))
    if wrong:
        raise ConfigurationError(
            f"zec:approvedRebuilds: {wrong[0]!r} is not an approval token; copy it whole from the preview,"
            " STACK/INSTANCE/DIGEST"
        )
    return Options(
        poll_interval=DEFAULT_POLL_INTERVAL
        if interval is None
        else seconds_of(interval, "zec:pollInterval", MAX_POLL_INTERVAL),
        gates=GateSettings(
            allow_rebuild=_flag(stack, "zec:allowRebuild", default=True),
            allowed_causes=causes,
            require_approval=_flag(stack, "zec:requireApproval", default=False),
            approved_rebuilds=tokens,
        ),
    )


def _flag(stack: Lookup, key: str, *, default: bool) -> bool:
    text = (stack(key) or "").strip().lower()
    if not text:
        return default
    if text not in _TRUTH:
        raise ConfigurationError(f"{key} must be true or false")
    return _TRUTH[text]


def _items(stack: Lookup, key: str) -> frozenset[str] | None:
    """Return a list, written as JSON (``pulumi config set --path``) or with commas or spaces; None when not set."""
    text = stack(key)
    if text is None:
        return None
    if text.lstrip().startswith("["):
        try:
            items = json.loads(text)
        except ValueError as error:
            raise ConfigurationError(f"{key} must be a JSON list of strings, or items with commas between") from error
    else:
        items = text.replace(",", " ").split()
    if not all(isinstance(item, str) for item in items):
        raise ConfigurationError(f"{key} must be a JSON list of strings, or items with commas between")
    return frozenset(item.strip() for item in items)


def seconds_of(text: str, name: str, maximum: float) -> float:
    """Return the number of seconds that a setting says.

    Raises:
        ConfigurationError: ``text`` is no number above 0 and up to ``maximum``; the error names the setting.
    """
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    # Also refuses "nan", for which every comparison is false.
    if not 0 < value <= maximum:
        raise ConfigurationError(f"{name} must be a number of seconds above 0 and at most {maximum:g}")
    return value
