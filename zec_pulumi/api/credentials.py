"""The two ways to prove who is calling. Neither shows its secret in ``repr``."""

from __future__ import annotations

from dataclasses import dataclass, field

from zec_pulumi.api.errors import ConfigurationError


@dataclass(frozen=True)
class AccessKey:
    """An access key pair; requests are signed with it (ZC2-HMAC-SHA256).

    Surrounding white space is dropped, as the official SDKs do.

    Raises:
        ConfigurationError: A part is empty, or the id cannot stand in an HTTP header.
    """

    access_key_id: str
    access_key_password: str = field(repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "access_key_id", _header_text(self.access_key_id, "access key id"))
        object.__setattr__(self, "access_key_password", _text(self.access_key_password, "access key password"))

    @property
    def secret(self) -> str:
        """The part that no message may repeat."""
        return self.access_key_password


@dataclass(frozen=True)
class BearerToken:
    """A personal access token, sent as it is.

    Surrounding white space is dropped.

    Raises:
        ConfigurationError: It is empty or cannot stand in an HTTP header.
    """

    token: str = field(repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "token", _header_text(self.token, "token"))

    @property
    def secret(self) -> str:
        """The part that no message may repeat."""
        return self.token


Credentials = AccessKey | BearerToken


def _text(value: str, name: str) -> str:
    stripped = value.strip()
    if not stripped:
        raise ConfigurationError(f"the {name} is empty")
    return stripped


def _header_text(value: str, name: str) -> str:
    stripped = _text(value, name)
    if not all("!" <= character <= "~" for character in stripped):
        raise ConfigurationError(f"the {name} holds white space or characters other than ASCII; copy it again")
    return stripped
