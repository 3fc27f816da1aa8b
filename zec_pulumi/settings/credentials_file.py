"""Reads the ``zeno`` CLI's profiles: ``~/.zenlayer/credentials.json`` and ``config.json``."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from zec_pulumi.api.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

DEFAULT_PROFILE = "default"


class SettingsWarning(NamedTuple):
    """What is wrong with a setting that works nonetheless, and what to do about it."""

    text: str
    fix: str


@dataclass(frozen=True)
class Profile:
    """One profile; ``fields`` are its texts by name, as the CLI wrote them."""

    name: str
    path: Path
    fields: Mapping[str, str] = field(repr=False)
    warnings: tuple[SettingsWarning, ...] = ()


def read_profile(home: Path, wanted: str) -> Profile | None:
    """Return the wanted profile, or None if there is no file, or no profile and ``wanted`` is empty.

    Args:
        home: The user's home directory.
        wanted: A profile's name; empty: the CLI's current one, else ``default``.

    Raises:
        ConfigurationError: A file cannot be read, or does not have the wanted profile.
    """
    path = home / ".zenlayer" / "credentials.json"
    profiles = _read_object(path)
    name = wanted or _current_profile(home) or DEFAULT_PROFILE
    values = profiles.get(name)
    if isinstance(values, dict):
        texts = {key: value for key, value in values.items() if isinstance(value, str)}
        return Profile(name, path, texts, _warnings(path))
    if wanted:
        raise ConfigurationError(f"ZENLAYER_PROFILE asks for a profile that {path} does not have")
    return None


def _current_profile(home: Path) -> str:
    name = _read_object(home / ".zenlayer" / "config.json").get("current_profile")
    return name if isinstance(name, str) else ""


def _read_object(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError):
        value = None
    # Raised out here: a JSON error, as context, would hold the file's whole text.
    if not isinstance(value, dict):
        raise ConfigurationError(f"{path} cannot be read as a JSON object")
    return value


def _warnings(path: Path) -> tuple[SettingsWarning, ...]:
    mode = path.stat().st_mode
    if os.name != "posix" or not mode & (stat.S_IRGRP | stat.S_IROTH):
        return ()
    text = f"{path} holds credentials and can be read by other users"
    return (SettingsWarning(text, f"run `chmod 600 {path}`"),)
