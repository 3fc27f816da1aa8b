"""Settings: where each comes from, and the order of the sources.

For the endpoint and the time-out: stack config ``zenlayercloud:*``, then ``ZENLAYERCLOUD_*``, then
``ZENLAYER_ENDPOINT``, then the default. For credentials see :mod:`zec_pulumi.settings.credential_sources`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from zec_pulumi.api.endpoint import DEFAULT_DOMAIN, Endpoint
from zec_pulumi.api.errors import ConfigurationError
from zec_pulumi.api.timeouts import Timeouts
from zec_pulumi.settings.credential_sources import find_credentials
from zec_pulumi.settings.options import Options, resolve_options, seconds_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Literal

    from zec_pulumi.api.credentials import Credentials
    from zec_pulumi.settings.credentials_file import SettingsWarning
    from zec_pulumi.settings.options import Lookup

MAX_CLIENT_TIMEOUT = 3600.0


@dataclass(frozen=True)
class Settings:
    """Everything that is configured; ``repr`` shows no secret.

    Attributes:
        credentials: One whole credential, of one source.
        endpoint: Where the API is.
        timeouts: Limits of one request.
        options: This package's own settings.
        origins: Where each setting came from, by name: ``credentials``, ``domain``, ``scheme``,
            ``clientTimeout``, and the ``zec:`` keys of :class:`Options`.
        warnings: What is wrong with a setting that works nonetheless.
    """

    credentials: Credentials
    endpoint: Endpoint
    timeouts: Timeouts
    options: Options
    origins: Mapping[str, str]
    warnings: tuple[SettingsWarning, ...]


def resolve(stack_config: Mapping[str, str], environ: Mapping[str, str], home: Path) -> Settings:
    """Collect the settings; nothing is read but the arguments and files in ``home``.

    Args:
        stack_config: Stack configuration by full key, e.g. ``zec:pollInterval``.
        environ: The process's environment.
        home: The user's home directory, where ``.zenlayer`` may be.

    Raises:
        MissingCredentialsError: There are none.
        ConfigurationError: A value is wrong; the text names the setting and never quotes its value. Wrong gate
            settings close the gates instead.
    """
    stack = stack_config.get
    found = find_credentials(stack, environ, home)
    origins = {"credentials": found.origin}
    endpoint = _endpoint(stack, environ, origins)
    timeouts = _timeouts(stack, environ, origins)
    options = _options(stack_config, origins)
    return Settings(found.credentials, endpoint, timeouts, options, origins, found.warnings)


def _endpoint(stack: Lookup, environ: Mapping[str, str], origins: dict[str, str]) -> Endpoint:
    domain, origins["domain"] = _first(
        (stack, "zenlayercloud:domain"),
        (environ.get, "ZENLAYERCLOUD_DOMAIN"),
        (environ.get, "ZENLAYER_ENDPOINT"),
    )
    text, origins["scheme"] = _first((stack, "zenlayercloud:scheme"), (environ.get, "ZENLAYERCLOUD_SCHEME"))
    scheme: Literal["https", "http"]
    if (text or "HTTPS").lower() == "https":
        scheme = "https"
    elif (text or "").lower() == "http":
        scheme = "http"
    else:
        raise ConfigurationError(f"{origins['scheme']} must be HTTPS or HTTP")
    wrong: str
    try:
        return Endpoint(domain or DEFAULT_DOMAIN, scheme)
    except ConfigurationError as error:
        wrong = f"{origins['domain']}, {origins['scheme']}: {error}"
    raise ConfigurationError(wrong)


def _timeouts(stack: Lookup, environ: Mapping[str, str], origins: dict[str, str]) -> Timeouts:
    text, origin = _first((stack, "zenlayercloud:clientTimeout"), (environ.get, "ZENLAYERCLOUD_CLIENT_TIMEOUT"))
    origins["clientTimeout"] = origin
    return Timeouts() if text is None else Timeouts(read=seconds_of(text, origin, MAX_CLIENT_TIMEOUT))


def _options(stack: Mapping[str, str], origins: dict[str, str]) -> Options:
    for key in ("pollInterval", "allowRebuild", "allowedCauses", "requireApproval", "approvedRebuilds"):
        _, origins[key] = _first((stack.get, f"zec:{key}"))
    return resolve_options(stack)


def _first(*sources: tuple[Lookup, str]) -> tuple[str | None, str]:
    """Return the first value that is set and not blank, with the name of its source."""
    for lookup, name in sources:
        value = (lookup(name) or "").strip()
        if value:
            return value, name
    return None, "default"
