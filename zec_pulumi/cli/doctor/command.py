"""``zec-pulumi doctor``: the subcommand."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from zec_pulumi.cli.doctor import (
    attempts,
    backend,
    backups,
    connectivity,
    engine,
    permissions,
    python,
    report,
    settings,
    stack,
    terraform,
)
from zec_pulumi.cli.doctor.finding import Finding, problem, warning
from zec_pulumi.cli.doctor.project import Project, ProjectError, find_project
from zec_pulumi.cli.parser import add_command
from zec_pulumi.journal import journal
from zec_pulumi.settings.options import resolve_gates
from zec_pulumi.time.clock import Clock, SystemClock

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping

    from zec_pulumi.cli.parser import Commands

_DESCRIPTION = """\
Check everything that `pulumi up` needs, and say how to fix what is wrong.

Whether Pulumi is logged in and has the stack's passphrase, settings and where each came from,
whether the API answers and accepts the credentials, this machine's clock, the Pulumi engine, the
Python that the engine will start and whether that one can import the provider, the journal of
rebuilds, and backups that the stack does not record. Nothing is changed, in the cloud or here, and
no secret is shown. Run it in the project's folder, in the shell that runs `pulumi up`.

With --terraform it also finds the instances that Terraform (or OpenTofu) and this stack would
both reinstall, and the lines that Terraform's configuration lacks. It runs `terraform show -json`
in that folder, so `terraform init` must have been run there, and reads the *.tf files with
python-hcl2, which the package's extra `terraform` brings.
"""

_EPILOG = """\
Each line is `ok`, a `warning` or a `problem`, the last two with their fix. The exit status is 1
if there is a problem, else 0.

Examples:

  zec-pulumi doctor                      # the stack that is selected in this folder
  zec-pulumi doctor --stack prod
  zec-pulumi doctor --stack prod --terraform ../network
  zec-pulumi doctor --json | jq -r '.findings[] | select(.level == "problem").fix'
"""


def add_parser(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add this subcommand to the root parser."""
    parser = add_command(
        commands, "doctor", summary="check the set-up and say how to fix it", description=_DESCRIPTION, epilog=_EPILOG
    )
    parser.add_argument("--stack", metavar="NAME", help="stack whose configuration applies (the selected one)")
    parser.add_argument(
        "--terraform", metavar="DIR", type=Path, help="compare with the Terraform configuration and state in DIR"
    )
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Examine this machine and report. Returns the exit status."""
    findings = examine(
        arguments.stack, os.environ, Path.home(), Path.cwd(), SystemClock(), terraform_folder=arguments.terraform
    )
    (report.show_json if arguments.json else report.show_text)(findings)
    return 0 if report.healthy(findings) else 1


def examine(
    stack_name: str | None,
    environ: Mapping[str, str],
    home: Path,
    folder: Path,
    clock: Clock,
    *,
    terraform_folder: Path | None = None,
) -> list[Finding]:
    """Return all findings, in the order in which things depend on each other.

    Args:
        stack_name: The stack whose configuration applies; None: the selected one, in a project's folder.
        environ: The environment that ``pulumi up`` would run in.
        home: The user's home directory.
        folder: Where ``pulumi up`` would be run.
        clock: The machine's clock.
        terraform_folder: A Terraform configuration to compare the stack with.
    """
    project, findings = _project(folder)
    logged_in = backend.check(environ, folder)
    no_backend = any(finding.level == "problem" for finding in logged_in)
    config, more = stack.without_backend() if no_backend else stack.read(stack_name, project, environ, folder)
    configured = settings.check(config, environ, home)
    compare = None
    if not no_backend and (project or stack_name):
        compare = partial(backups.check, stack=stack_name, environ=environ, folder=folder, clock=clock)
    return [
        *findings,
        *logged_in,
        *more,
        *backend.check_passphrase(stack_name, project, environ, folder),
        *configured.findings,
        *_cloud(configured, clock, compare),
        *engine.check(environ, folder),
        *python.check(project, environ, folder),
        *attempts.check(journal.home(environ, home)),
        *(
            terraform.check(
                terraform_folder, stack_name, environ, folder, marks=resolve_gates(config.values).mark_attempts
            )
            if terraform_folder
            else []
        ),
    ]


def _project(folder: Path) -> tuple[Project | None, list[Finding]]:
    try:
        return find_project(folder), []
    except ProjectError as error:
        return None, [problem("project", str(error), "correct the file")]


def _cloud(
    configured: settings.CheckedSettings, clock: Clock, compare: Callable[[settings.Access], list[Finding]] | None
) -> list[Finding]:
    """Return what the API says; ``compare`` compares it with the stack, None where there is none."""
    if configured.access is None:
        return [_not_checked("a setting is wrong", "correct it and run again")]
    answered, findings = connectivity.check(configured.access, clock)
    if not answered:
        return findings
    if not configured.usable:
        fix = "correct the credentials first; those that are secret in the stack are tried by `pulumi preview`"
        return [*findings, _not_checked("there are no credentials to ask with", fix)]
    permitted = permissions.check(configured.access, clock)
    accepted = any(finding.check == permissions.AUTHENTICATION and finding.level == "ok" for finding in permitted)
    return [*findings, *permitted, *(compare(configured.access) if compare and accepted else [])]


def _not_checked(reason: str, fix: str) -> Finding:
    return warning("permissions", f"not checked: {reason}", fix)
