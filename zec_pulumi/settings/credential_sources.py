"""Where credentials may come from, in this order; the first source that has any supplies all of it.

1. stack config ``zenlayercloud:accessKeyId`` and ``zenlayercloud:accessKeyPassword``, or ``zec:token``
2. ``ZENLAYERCLOUD_ACCESS_KEY_ID`` and ``ZENLAYERCLOUD_ACCESS_KEY_PASSWORD`` (the Terraform provider's)
3. ``ZENLAYER_TOKEN``, or ``ZENLAYER_ACCESS_KEY_ID`` and ``ZENLAYER_ACCESS_KEY_SECRET`` (the CLI's)
4. a profile of ``~/.zenlayer/credentials.json`` (the CLI's): ``ZENLAYER_PROFILE``, else the CLI's current
   one, else ``default``

Half a key pair is an error: its other half is never taken from somewhere else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from zec_pulumi.api.credentials import AccessKey, BearerToken, Credentials
from zec_pulumi.api.errors import ConfigurationError, MissingCredentialsError
from zec_pulumi.settings.credentials_file import SettingsWarning, read_profile

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from zec_pulumi.settings.options import Lookup

_NONE_FOUND = (
    "no Zenlayer credentials: set ZENLAYERCLOUD_ACCESS_KEY_ID and ZENLAYERCLOUD_ACCESS_KEY_PASSWORD; or "
    "ZENLAYER_TOKEN; or ZENLAYER_ACCESS_KEY_ID and ZENLAYER_ACCESS_KEY_SECRET; or a profile in "
    "~/.zenlayer/credentials.json (ZENLAYER_PROFILE); or, encrypted in the stack's config, "
    "zenlayercloud:accessKeyId and zenlayercloud:accessKeyPassword, or zec:token "
    "(`pulumi config set --secret zec:token`)"
)


@dataclass(frozen=True)
class FoundCredentials:
    """A credential, the names of the settings it came from, and what to warn of."""

    credentials: Credentials
    origin: str
    warnings: tuple[SettingsWarning, ...] = ()


@dataclass(frozen=True)
class _Source:
    """The names a source uses, and how to look one up."""

    lookup: Lookup
    key_id: str
    key_secret: str
    token: str | None
    token_wins: bool = False
    place: str = ""

    def find(self) -> FoundCredentials | None:
        """Return what this source supplies; None if it has nothing at all."""
        token = self._value(self.token) if self.token else ""
        key_id, secret = self._value(self.key_id), self._value(self.key_secret)
        if token and (key_id or secret) and not self.token_wins:
            raise ConfigurationError(
                f"{self._name(self.token)} and {self._name(self.key_id if key_id else self.key_secret)} "
                "are both set: remove one of them"
            )
        if token:
            return FoundCredentials(BearerToken(token), self._name(self.token))
        if key_id and secret:
            origin = f"{self.key_id} and {self._name(self.key_secret)}"
            return FoundCredentials(AccessKey(key_id, secret), origin)
        if key_id or secret:
            present, missing = self.key_id, self.key_secret
            if secret:
                present, missing = missing, present
            raise ConfigurationError(
                f"{self._name(missing)} is not set, but {self._name(present)} is: set both or neither"
            )
        return None

    def _value(self, name: str) -> str:
        return (self.lookup(name) or "").strip()

    def _name(self, name: str | None) -> str:
        return f"{name}{self.place}"


def find_credentials(stack: Lookup, environ: Mapping[str, str], home: Path) -> FoundCredentials:
    """Return the credentials of the first source that has any.

    Raises:
        MissingCredentialsError: None has.
        ConfigurationError: A source has half a key pair, a contradiction, or an unreadable file.
    """
    found = (
        _Source(stack, "zenlayercloud:accessKeyId", "zenlayercloud:accessKeyPassword", "zec:token").find()
        or _Source(environ.get, "ZENLAYERCLOUD_ACCESS_KEY_ID", "ZENLAYERCLOUD_ACCESS_KEY_PASSWORD", None).find()
        or _Source(
            environ.get,
            "ZENLAYER_ACCESS_KEY_ID",
            "ZENLAYER_ACCESS_KEY_SECRET",
            "ZENLAYER_TOKEN",
            token_wins=True,
        ).find()
        or _from_file(environ, home)
    )
    if found is None:
        raise MissingCredentialsError(_NONE_FOUND)
    return found


def _from_file(environ: Mapping[str, str], home: Path) -> FoundCredentials | None:
    profile = read_profile(home, environ.get("ZENLAYER_PROFILE", "").strip())
    if profile is None:
        return None
    place = f" in profile {profile.name} of {profile.path}"
    source = _Source(profile.fields.get, "access_key_id", "access_key_secret", "token", token_wins=True, place=place)
    found = source.find()
    return None if found is None else FoundCredentials(found.credentials, found.origin, profile.warnings)
