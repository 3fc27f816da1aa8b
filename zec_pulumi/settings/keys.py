"""The names of the settings in a stack's configuration, and what a misspelt one may have meant."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

OWN = "zec:"
ZENLAYER = "zenlayercloud:"

OWN_KEYS = tuple(
    OWN + name
    for name in (
        "pollInterval",
        "allowRebuild",
        "allowedCauses",
        "requireApproval",
        "approvedRebuilds",
        "markAttempts",
        "requireMarker",
        "backup",
        "closeAttempt",
        "token",
    )
)
"""Every setting of this package."""

ZENLAYER_KEYS = tuple(
    ZENLAYER + name for name in ("accessKeyId", "accessKeyPassword", "domain", "scheme", "clientTimeout")
)
"""The settings that are shared with Zenlayer's Terraform provider, which has no others."""


def unknown(keys: Iterable[str], prefix: str, known: tuple[str, ...]) -> list[str]:
    """Return the keys under ``prefix``, in whatever case, that are none of ``known``, sorted."""
    return sorted(key for key in keys if key.lower().startswith(prefix) and key not in known)


def meant(key: str, known: tuple[str, ...]) -> str | None:
    """Return the known key that ``key`` resembles, None when it resembles none."""
    by_name = {_name(one): one for one in known}
    found = difflib.get_close_matches(_name(key), by_name, n=1)
    return by_name[found[0]] if found else None


def _name(key: str) -> str:
    return key.partition(":")[2].lower()
