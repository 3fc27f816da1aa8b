"""Which settings apply, and where each came from. Never the value of a credential."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from zec_pulumi.api import AccessKey, ConfigurationError, Endpoint, MissingCredentialsError, Timeouts
from zec_pulumi.cli.doctor.finding import Finding, ok, problem, warning
from zec_pulumi.messages.quoting import quoted_id
from zec_pulumi.messages.settings import did_you_mean, unknown_shared_key
from zec_pulumi.settings import keys
from zec_pulumi.settings.config import find_settings
from zec_pulumi.settings.credential_sources import FoundCredentials
from zec_pulumi.settings.options import Options, resolve_gates

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from zec_pulumi.api import Credentials
    from zec_pulumi.cli.doctor.stack import StackConfig
    from zec_pulumi.planning.gates import GateSettings
    from zec_pulumi.settings.config import FoundSettings

CREDENTIALS = ("zenlayercloud:accessKeyId", "zenlayercloud:accessKeyPassword", "zec:token")

_PLACEHOLDER = "none"
_CORRECT_IT = "correct the setting that is named"
_SET_THEM = (
    "set ZENLAYERCLOUD_ACCESS_KEY_ID and ZENLAYERCLOUD_ACCESS_KEY_PASSWORD, or ZENLAYER_TOKEN;"
    " where else they may be: docs/configuration.md"
)


@dataclass(frozen=True)
class Access:
    """What the API is asked with."""

    credentials: Credentials
    endpoint: Endpoint
    timeouts: Timeouts


@dataclass(frozen=True)
class CheckedSettings:
    """The settings and the findings about them.

    Attributes:
        access: None when a setting is wrong without which nothing can be asked.
        usable: Whether the credentials are real; else placeholders stand for them.
        findings: At least one for each setting.
    """

    access: Access | None
    usable: bool
    findings: list[Finding]


def check(stack: StackConfig, environ: Mapping[str, str], home: Path) -> CheckedSettings:
    """Collect the settings as the provider does, with placeholders for what is secret in the stack."""
    secret = {key: _PLACEHOLDER for key in CREDENTIALS if key in stack.secret}
    found = find_settings({**stack.values, **secret}, environ, home)
    hidden = [key for key in secret if key in found.origins.get("credentials", "")]
    wrong = [one for one in (found.endpoint, found.timeouts, found.options) if isinstance(one, ConfigurationError)]
    findings = [
        *(_unread(key) for key in sorted(stack.secret & set(keys.OWN_KEYS + keys.ZENLAYER_KEYS) - {*CREDENTIALS})),
        *_names(stack),
        *_credentials(found.credentials, hidden),
        *(problem("settings", str(error), _CORRECT_IT) for error in wrong),
        *_others(found, resolve_gates(stack.values)),
    ]
    access, usable = None, isinstance(found.credentials, FoundCredentials) and not hidden
    if isinstance(found.endpoint, Endpoint) and isinstance(found.timeouts, Timeouts):
        access = Access(_credentials_to_ask_with(found.credentials, hidden), found.endpoint, found.timeouts)
    return CheckedSettings(access, usable, findings)


def _credentials_to_ask_with(found: FoundCredentials | ConfigurationError, hidden: list[str]) -> Credentials:
    """Return the credentials to ask with; half a placeholder would be a failed signature of a real key."""
    if isinstance(found, ConfigurationError) or (hidden and isinstance(found.credentials, AccessKey)):
        return AccessKey(_PLACEHOLDER, _PLACEHOLDER)
    return found.credentials


def _credentials(found: FoundCredentials | ConfigurationError, hidden: list[str]) -> list[Finding]:
    if isinstance(found, MissingCredentialsError):
        return [problem("credentials", "none are found", _SET_THEM)]
    if isinstance(found, ConfigurationError):
        return [problem("settings", str(found), _CORRECT_IT)]
    kind = "access key" if isinstance(found.credentials, AccessKey) else "token"
    unread = ", secret in the stack's configuration and not read here" if hidden else ""
    return [
        ok("credentials", f"{kind} from {found.origin}{unread}"),
        *(warning("credentials", one.text, one.fix) for one in found.warnings),
    ]


def _unread(key: str) -> Finding:
    return warning(
        "settings", f"{key} is secret and was not read; its default is shown here", f"set {key} without --secret"
    )


def _names(stack: StackConfig) -> list[Finding]:
    """Return what is wrong with the names of settings, and with gates that are closed by a value of no use."""
    names = {**stack.values, **dict.fromkeys(stack.secret, "")}
    gates = resolve_gates(stack.values)
    return [
        *(_unknown(key) for key in keys.unknown(names, keys.OWN, keys.OWN_KEYS)),
        *(
            problem("settings", f"{one.key} {one.must}; every rebuild is refused", f"correct {one.key}, or take it out")
            for one in gates.wrong_together
        ),
        *(
            warning("settings", unknown_shared_key(key), f"correct the key, or run `pulumi config rm {quoted_id(key)}`")
            for key in keys.unknown(names, keys.ZENLAYER, keys.ZENLAYER_KEYS)
        ),
    ]


def _unknown(key: str) -> Finding:
    meant = did_you_mean(keys.meant(key, keys.OWN_KEYS))
    text = f"{quoted_id(key)} is no setting of zec_pulumi{meant}; every rebuild is refused"
    return problem("settings", text, f"correct the key, or run `pulumi config rm {quoted_id(key)}`")


def _others(found: FoundSettings, gates: GateSettings) -> Iterator[Finding]:
    """Yield the settings that can be used. Of gates that cannot the value is shown, and a finding stands above."""
    origins = found.origins
    if isinstance(found.endpoint, Endpoint):
        sources = " and ".join(dict.fromkeys((origins["scheme"], origins["domain"])))
        yield ok("endpoint", f"{found.endpoint.base_url} ({sources})")
    if isinstance(found.timeouts, Timeouts):
        yield ok("time-out", f"{found.timeouts.read:g} s ({origins['clientTimeout']})")
    values = {
        "allowRebuild": str(gates.allow_rebuild).lower(),
        "allowedCauses": "all" if gates.allowed_causes is None else ", ".join(sorted(gates.allowed_causes)) or "none",
        "requireApproval": str(gates.require_approval).lower(),
        "approvedRebuilds": f"{len(gates.approved_rebuilds) or 'none'}",
    }
    if isinstance(found.options, Options):
        values = {"pollInterval": f"{found.options.poll_interval:g} s", **values}
    yield from (ok(f"zec:{key}", f"{value} ({_origin(origins[key])})") for key, value in values.items())


def _origin(name: str) -> str:
    return name if name == "default" else "stack config"
