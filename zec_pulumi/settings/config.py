"""Settings: where each comes from, and the order of the sources.

For the endpoint and the time-out: stack config ``zenlayercloud:*``, then ``ZENLAYERCLOUD_*``, then
``ZENLAYER_ENDPOINT``, then the default. For credentials see :mod:`zec_pulumi.settings.credential_sources`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from zec_pulumi.api.endpoint import DEFAULT_DOMAIN, Endpoint
from zec_pulumi.api.errors import ConfigurationError
from zec_pulumi.api.timeouts import Timeouts
from zec_pulumi.settings.credential_sources import FoundCredentials, find_credentials
from zec_pulumi.settings.options import Options, resolve_options, seconds_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from typing import Literal

    from zec_pulumi.api.credentials import Credentials
    from zec_pulumi.settings.credentials_file import SettingsWarning
    from zec_pulumi.settings.options import Lookup

P = ParamSpec("P")
T = TypeVar("T")

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


@dataclass(frozen=True)
class FoundSettings:
    """Each setting, or why it cannot be used; ``origins`` as in :class:`Settings`."""

    credentials: FoundCredentials | ConfigurationError
    endpoint: Endpoint | ConfigurationError
    timeouts: Timeouts | ConfigurationError
    options: Options | ConfigurationError
    origins: Mapping[str, str]


def find_settings(stack_config: Mapping[str, str], environ: Mapping[str, str], home: Path) -> FoundSettings:
    """Look for all settings, whatever is wrong with some; nothing is read but the arguments and files in ``home``.

    Args:
        stack_config: Stack configuration by full key, e.g. ``zec:pollInterval``.
        environ: The process's environment.
        home: The user's home directory, where ``.zenlayer`` may be.
    """
    stack = stack_config.get
    origins: dict[str, str] = {}
    credentials = _value_or_error(find_credentials, stack, environ, home)
    if isinstance(credentials, FoundCredentials):
        origins["credentials"] = credentials.origin
    return FoundSettings(
        credentials,
        _value_or_error(_endpoint, stack, environ, origins),
        _value_or_error(_timeouts, stack, environ, origins),
        _value_or_error(_options, stack_config, origins),
        origins,
    )


def resolve(stack_config: Mapping[str, str], environ: Mapping[str, str], home: Path) -> Settings:
    """Collect the settings; the arguments are those of :func:`find_settings`.

    Raises:
        MissingCredentialsError: There are none.
        ConfigurationError: A value is wrong; the text names the setting and never quotes its value. Wrong gate
            settings close the gates instead.
    """
    found = find_settings(stack_config, environ, home)
    credentials = _value(found.credentials)
    return Settings(
        credentials.credentials,
        _value(found.endpoint),
        _value(found.timeouts),
        _value(found.options),
        found.origins,
        credentials.warnings,
    )


def _value_or_error(find: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | ConfigurationError:
    try:
        return find(*args, **kwargs)
    except ConfigurationError as error:
        return error


def _value(found: T | ConfigurationError) -> T:
    if isinstance(found, ConfigurationError):
        raise found
    return found


def resolve_endpoint(stack_config: Mapping[str, str], environ: Mapping[str, str]) -> Endpoint:
    """Return where the API is; needs no credentials.

    Raises:
        ConfigurationError: A value is wrong.
    """
    return _endpoint(stack_config.get, environ, {})


def _endpoint(stack: Lookup, environ: Mapping[str, str], origins: dict[str, str]) -> Endpoint:
    domain, origins["domain"] = _first(
        (stack, "zenlayercloud:domain"),
        (environ.get, "ZENLAYERCLOUD_DOMAIN"),
        (environ.get, "ZENLAYER_ENDPOINT"),
    )
    text, origins["scheme"] = _first((stack, "zenlayercloud:scheme"), (environ.get, "ZENLAYERCLOUD_SCHEME"))
    scheme: Literal["https", "http"] = "http" if (text or "").lower() == "http" else "https"
    wrong = [] if (text or scheme).lower() == scheme else [f"{origins['scheme']} must be HTTPS or HTTP"]
    try:
        endpoint = Endpoint(domain or DEFAULT_DOMAIN, scheme)
    except ConfigurationError as error:
        wrong.append(f"{origins['domain']}, {origins['scheme']}: {error}")
    if wrong:
        raise ConfigurationError("; ".join(wrong))
    return endpoint


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
