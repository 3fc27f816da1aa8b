"""What is said of settings that nobody knows."""

from __future__ import annotations

from zec_pulumi.messages.quoting import quoted_id
from zec_pulumi.settings import keys


def did_you_mean(meant: str | None) -> str:
    """Return the question after the name of an unknown setting; empty when it resembles none."""
    return f" (did you mean {meant}?)" if meant else ""


def unknown_shared_key(key: str) -> str:
    """Return what to say of an unknown key that Zenlayer's Terraform provider would share."""
    meant = did_you_mean(keys.meant(key, keys.ZENLAYER_KEYS))
    return f"{quoted_id(key)} is no setting and has no effect{meant}"
