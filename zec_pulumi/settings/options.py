"""This package's own settings, stack configuration ``zec:*``. They are known without credentials."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from zec_pulumi.api.errors import ConfigurationError
from zec_pulumi.planning import approval
from zec_pulumi.planning.causes import CAUSES, RESTORE
from zec_pulumi.planning.gates import GateSettings, Missing, UnknownSetting, WrongSetting
from zec_pulumi.settings import keys

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Lookup = Callable[[str], str | None]

DEFAULT_POLL_INTERVAL = 5.0
MAX_POLL_INTERVAL = 600.0

_CLOSED = re.compile(r"(?P<attempt>[0-9a-f]{8}[0-9a-f-]{0,28})=(?P<word>rebuilt|not-rebuilt)")
_TRUTH = {"true": True, "false": False}
_MASK = "[secret]"
"""What the engine shows in place of a secret value, also inside an approval token."""


@dataclass(frozen=True)
class Options:
    """This package's own settings.

    Attributes:
        poll_interval: Seconds between two polls of the instances that are waited for (``zec:pollInterval``).
        gates: What refuses planned rebuilds.
    """

    poll_interval: float = DEFAULT_POLL_INTERVAL
    gates: GateSettings = field(default_factory=GateSettings)


def texts(values: Mapping[str, object]) -> dict[str, str]:
    """Return configuration values as text: JSON for what is none, empty for what is not known yet."""
    return {key: value if isinstance(value, str) else _as_json(value) for key, value in values.items()}


def _as_json(value: object) -> str:
    try:
        return json.dumps(value)
    except (TypeError, ValueError, RecursionError):
        return ""


def resolve_options(stack: Mapping[str, str]) -> Options:
    """Read the settings from the stack's configuration by full key.

    Raises:
        ConfigurationError: the poll interval is wrong. Wrong gate settings close the gates instead.
    """
    interval = stack.get("zec:pollInterval")
    return Options(
        poll_interval=DEFAULT_POLL_INTERVAL
        if interval is None
        else seconds_of(interval, "zec:pollInterval", MAX_POLL_INTERVAL),
        gates=resolve_gates(stack),
    )


def resolve_gates(stack: Mapping[str, str]) -> GateSettings:
    """Read the gates from the stack's configuration; what cannot be used is part of the answer and closes them."""
    reader = _Reader(stack)
    return GateSettings(
        allow_rebuild=reader.flag("zec:allowRebuild", default=True),
        allowed_causes=reader.causes("zec:allowedCauses"),
        require_approval=reader.flag("zec:requireApproval", default=False),
        approved_rebuilds=reader.tokens("zec:approvedRebuilds"),
        mark_attempts=reader.flag("zec:markAttempts", default=True),
        require_marker=reader.flag("zec:requireMarker", default=False),
        backup=reader.flag("zec:backup", default=False),
        closed_attempts=reader.closed("zec:closeAttempt"),
        unknown=tuple(
            UnknownSetting(key, keys.meant(key, keys.OWN_KEYS)) for key in keys.unknown(stack, keys.OWN, keys.OWN_KEYS)
        ),
        wrong=tuple(reader.wrong),
    )


def gates_from_program(settings: str | None) -> GateSettings:
    """Read the gates from what the program sends: the stack's ``zec:`` configuration as a JSON object by full key."""
    if settings is None:
        return GateSettings(missing=Missing.NOT_SENT)
    try:
        values = json.loads(settings)
    except (ValueError, RecursionError):
        values = None
    return resolve_gates(texts(values)) if isinstance(values, dict) else GateSettings(missing=Missing.UNREADABLE)


class _Reader:
    """Reads gate settings; ``wrong`` collects those whose value cannot be used."""

    def __init__(self, stack: Mapping[str, str]) -> None:
        self._stack = stack
        self.wrong: list[WrongSetting] = []

    def flag(self, key: str, *, default: bool) -> bool:
        text = self._stack.get(key)
        if text is None:
            return default
        if text.strip().lower() not in _TRUTH:
            self.wrong.append(WrongSetting(key, "must be true or false"))
        return _TRUTH.get(text.strip().lower(), default)

    def causes(self, key: str) -> frozenset[str] | None:
        found, text = self._items(key), self._stack.get(key)
        strange = sorted((found or frozenset()) - CAUSES - {RESTORE})
        if strange or (text is not None and not text.strip()):
            found_instead = f"holds {strange[0]!r}, which is no cause of a rebuild" if strange else "is empty"
            names = ", ".join(sorted(CAUSES | {RESTORE}))
            self.wrong.append(WrongSetting(key, f"{found_instead}; it may name {names}, and [] allows none"))
        return found

    def tokens(self, key: str) -> frozenset[str]:
        found = self._items(key) or frozenset()
        wrong = sorted(text for text in found if approval.malformed(text))
        if wrong:
            must = f"holds {wrong[0]!r}, which is not an approval token; copy it whole from the preview,"
            self.wrong.append(WrongSetting(key, f"{must} STACK/INSTANCE/DIGEST"))
        return found

    def closed(self, key: str) -> frozenset[tuple[str, bool]]:
        found = self._items(key) or frozenset()
        read = {text: _CLOSED.fullmatch(text) for text in found}
        wrong = sorted(text for text, match in read.items() if match is None)
        if wrong:
            must = f"holds {wrong[0]!r}; it must be the id of an attempt and a word of yours,"
            self.wrong.append(WrongSetting(key, f"{must} ATTEMPT=rebuilt or ATTEMPT=not-rebuilt"))
        return frozenset((match["attempt"], match["word"] == "rebuilt") for match in read.values() if match)

    def _items(self, key: str) -> frozenset[str] | None:
        """Return a list, written as JSON (``pulumi config set --path``) or with commas or spaces; None when not set."""
        text = self._stack.get(key)
        if text is None:
            return None
        if not text.lstrip().startswith("[") or text.lstrip().startswith(_MASK):
            return frozenset(text.replace(",", " ").split())
        try:
            items = json.loads(text)
        except (ValueError, RecursionError):
            items = [None]
        if not all(isinstance(item, str) for item in items):
            self.wrong.append(WrongSetting(key, "must be a JSON list of strings, or items with commas between"))
            return frozenset()
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
