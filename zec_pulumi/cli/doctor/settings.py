"""Which settings apply, and where each came from. Never the value of a credential."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from zec_pulumi.api import AccessKey, ConfigurationError, MissingCredentialsError
from zec_pulumi.cli.doctor.finding import Finding, ok, problem, warning
from zec_pulumi.messages.quoting import quoted_id
from zec_pulumi.messages.settings import did_you_mean, unknown_shared_key
from zec_pulumi.settings import keys
from zec_pulumi.settings.config import Settings, resolve
from zec_pulumi.settings.options import resolve_gates

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from zec_pulumi.cli.doctor.stack import StackConfig

CREDENTIALS = ("zenlayercloud:accessKeyId", "zenlayercloud:accessKeyPassword", "zec:token")

_PLACEHOLDER = "none"
_NOBODY = {"zenlayercloud:accessKeyId": _PLACEHOLDER, "zenlayercloud:accessKeyPassword": _PLACEHOLDER}
_CORRECT_IT = "correct the setting that is named"
_SET_THEM = (
    "set ZENLAYERCLOUD_ACCESS_KEY_ID and ZENLAYERCLOUD_ACCESS_KEY_PASSWORD, or ZENLAYER_TOKEN;"
    " where else they may be: README, Configuration"
)


@dataclass(frozen=True)
class CheckedSettings:
    """The settings and the findings about them.

    Attributes:
        settings: None when a setting other than the credentials is wrong.
        usable: Whether the credentials are real; else placeholders stand for them.
        findings: One for each setting.
    """

    settings: Settings | None
    usable: bool
    findings: list[Finding]


def check(stack: StackConfig, environ: Mapping[str, str], home: Path) -> CheckedSettings:
    """Collect the settings as the provider does, with placeholders for what is secret in the stack."""
    secret = {key: _PLACEHOLDER for key in CREDENTIALS if key in stack.secret}
    findings = [_unread(key) for key in sorted(stack.secret & set(keys.OWN_KEYS + keys.ZENLAYER_KEYS) - {*CREDENTIALS})]
    findings += _named(stack)
    try:
        settings = resolve({**stack.values, **secret}, environ, home)
    except ConfigurationError as error:
        findings.append(_credentials_problem(error))
        return _without_credentials(stack, environ, home, findings, cause=error)
    hidden = [key for key in secret if key in settings.origins["credentials"]]
    findings.append(_credentials(settings, hidden))
    findings.extend(warning("credentials", found.text, found.fix) for found in settings.warnings)
    if hidden and isinstance(settings.credentials, AccessKey):
        # Otherwise the API would see failed signatures of a real key.
        settings = replace(settings, credentials=AccessKey(_PLACEHOLDER, _PLACEHOLDER))
    return CheckedSettings(settings, not hidden, [*findings, *_others(settings)])


def _without_credentials(
    stack: StackConfig, environ: Mapping[str, str], home: Path, findings: list[Finding], cause: ConfigurationError
) -> CheckedSettings:
    """Check the other settings, with a placeholder for the key."""
    rest = {key: value for key, value in stack.values.items() if key not in CREDENTIALS}
    try:
        settings = resolve({**rest, **_NOBODY}, environ, home)
    except ConfigurationError as error:
        if str(error) != str(cause):
            findings.append(problem("settings", str(error), _CORRECT_IT))
        return CheckedSettings(None, usable=False, findings=findings)
    return CheckedSettings(settings, usable=False, findings=[*findings, *_others(settings)])


def _credentials_problem(error: ConfigurationError) -> Finding:
    if isinstance(error, MissingCredentialsError):
        return problem("credentials", "none are found", _SET_THEM)
    return problem("settings", str(error), _CORRECT_IT)


def _credentials(settings: Settings, hidden: list[str]) -> Finding:
    kind = "access key" if isinstance(settings.credentials, AccessKey) else "token"
    text = f"{kind} from {settings.origins['credentials']}"
    return ok("credentials", f"{text}, secret in the stack's configuration and not read here" if hidden else text)


def _unread(key: str) -> Finding:
    return warning(
        "settings", f"{key} is secret and was not read; its default is shown here", f"set {key} without --secret"
    )


def _named(stack: StackConfig) -> list[Finding]:
    """Return what is wrong with the names of settings, and with gates that are closed by a value of no use."""
    names = {**stack.values, **dict.fromkeys(stack.secret, "")}
    gates = resolve_gates(stack.values)
    return [
        *(_unknown(key) for key in keys.unknown(names, keys.OWN, keys.OWN_KEYS)),
        *(
            problem("settings", f"{one.key} {one.must}; every rebuild is refused", f"correct {one.key}, or take it out")
            for one in gates.wrong
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


def _others(settings: Settings) -> list[Finding]:
    origins, options, gates = settings.origins, settings.options, settings.options.gates
    sources = " and ".join(dict.fromkeys((origins["scheme"], origins["domain"])))
    values = {
        "pollInterval": f"{options.poll_interval:g} s",
        "allowRebuild": str(gates.allow_rebuild).lower(),
        "allowedCauses": "all" if gates.allowed_causes is None else ", ".join(sorted(gates.allowed_causes)) or "none",
        "requireApproval": str(gates.require_approval).lower(),
        "approvedRebuilds": f"{len(gates.approved_rebuilds) or 'none'}",
    }
    return [
        ok("endpoint", f"{settings.endpoint.base_url} ({sources})"),
        ok("time-out", f"{settings.timeouts.read:g} s ({origins['clientTimeout']})"),
        *(ok(f"zec:{key}", f"{value} ({_origin(origins[key])})") for key, value in values.items()),
    ]


def _origin(name: str) -> str:
    return name if name == "default" else "stack config"
