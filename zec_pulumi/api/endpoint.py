"""Where the API is."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from zec_pulumi.api.errors import ConfigurationError

DEFAULT_DOMAIN = "console.zenlayer.com"


@dataclass(frozen=True)
class Endpoint:
    """Scheme and ``host[:port]`` of the API.

    Plain http would show credentials and passwords to the network, so it is for loopback hosts only.

    Raises:
        ConfigurationError: The domain is not a bare ``host[:port]``, or http is asked for elsewhere.
    """

    domain: str = DEFAULT_DOMAIN
    scheme: Literal["https", "http"] = "https"

    def __post_init__(self) -> None:
        if not _is_bare_host(self.domain):
            raise ConfigurationError("the API's domain must be host or host:port, without scheme or path")
        if self.scheme not in {"https", "http"}:
            raise ConfigurationError("the API's scheme must be https or http")
        if self.scheme == "http" and not self.is_loopback:
            raise ConfigurationError(f"plain http is refused for {self.domain}: use https; http is for loopback only")

    @property
    def is_loopback(self) -> bool:
        """Whether the host is this very machine."""
        name = urlsplit(f"//{self.domain}").hostname or ""
        try:
            return ipaddress.ip_address(name).is_loopback
        except ValueError:
            return name == "localhost"

    @property
    def base_url(self) -> str:
        """The URL of the host, as it is shown to users."""
        return f"{self.scheme}://{self.domain}"

    def url(self, service: str) -> str:
        """Return the URL that takes every action of ``service``."""
        return f"{self.base_url}/api/v2/{service}"


def _is_bare_host(domain: str) -> bool:
    try:
        parts = urlsplit(f"//{domain}")
        port = parts.port
    except ValueError:
        return False
    allowed = domain.isascii() and not any(c.isspace() or c in "/?#@\\" for c in domain)
    return bool(parts.hostname) and allowed and port != 0
