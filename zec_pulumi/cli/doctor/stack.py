"""The stack's configuration, as `pulumi config` shows it: secrets are known to be there and are not read."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from zec_pulumi.cli.doctor.finding import Finding, ok, problem, warning
from zec_pulumi.cli.process import run

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from zec_pulumi.cli.doctor.project import Project

CHECK = "stack config"
OURS = ("zec:", "zenlayercloud:")
SECRETS = ("zenlayercloud:accessKeyPassword", "zec:token")


@dataclass(frozen=True)
class StackConfig:
    """The keys of this package: those with a value, and those that are encrypted."""

    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    secret: frozenset[str] = frozenset()


def without_backend() -> tuple[StackConfig, list[Finding]]:
    """Return what is known of a stack's configuration without a backend."""
    return StackConfig(), [warning(CHECK, "not read: Pulumi is not logged in", "log in first, see backend above")]


def read(
    stack: str | None, project: Project | None, environ: Mapping[str, str], folder: Path
) -> tuple[StackConfig, list[Finding]]:
    """Read the configuration of a stack, None for the selected one."""
    if project is None and stack is None:
        return StackConfig(), [ok(CHECK, "not read: no Pulumi.yaml in this folder or above it")]
    program = shutil.which("pulumi", path=environ.get("PATH"))
    if program is None:
        return StackConfig(), [warning(CHECK, "not read: there is no pulumi on PATH", "install it, see engine below")]
    named = ["--stack", stack] if stack else []
    ran = run([program, "config", "--json", "--non-interactive", "--color", "never", *named], environ, folder)
    if not ran.succeeded:
        fix = "name a stack with --stack, in the project's folder; `pulumi stack ls` lists them"
        return StackConfig(), [(problem if stack else warning)(CHECK, f"not read: {ran.reason}", fix)]
    config = _parse(ran.output)
    if config is None:
        return StackConfig(), [warning(CHECK, "not read: `pulumi config --json` did not print JSON", "update pulumi")]
    keys = sorted({*config.values, *config.secret})
    seen = ", ".join(f"{key} (secret)" if key in config.secret else key for key in keys)
    return config, [
        ok(CHECK, f"{stack or 'the selected stack'} sets {seen or 'nothing of this package'}"),
        *_plain_secrets(config),
    ]


def _parse(text: str) -> StackConfig | None:
    try:
        shown: Any = json.loads(text)
    except ValueError:
        return None
    if not isinstance(shown, dict):
        return None
    ours = {key: entry for key, entry in shown.items() if key.lower().startswith(OURS) and isinstance(entry, dict)}
    values = {key: str(entry["value"]) for key, entry in ours.items() if "value" in entry and not entry.get("secret")}
    return StackConfig(values, frozenset(ours.keys() - values.keys()))


def _plain_secrets(config: StackConfig) -> list[Finding]:
    return [
        warning(
            CHECK,
            f"{key} stands unencrypted in the stack's configuration",
            f"run `pulumi config set --secret {key}`, and replace the key if the file was ever shared",
        )
        for key in SECRETS
        if key in config.values
    ]
