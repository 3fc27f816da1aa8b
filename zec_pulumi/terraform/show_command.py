"""Runs ``terraform show -json`` (or ``tofu``) in a folder, so that every backend works."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

from zec_pulumi.terraform.errors import TerraformError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

COMMANDS = ("terraform", "tofu")
SECONDS = 300.0
_DECORATION = re.compile(r"\x1b\[[0-9;]*m|[│╷╵]")


def find(environ: Mapping[str, str]) -> str | None:
    """Return the path of the command that is used: ``terraform``, else ``tofu``; None without either."""
    path = environ.get("PATH")
    return next((found for name in COMMANDS if (found := shutil.which(name, path=path))), None)


def show(folder: Path, environ: Mapping[str, str]) -> str:
    """Return the state of the configuration in ``folder`` as JSON. It holds secrets: never print it.

    Raises:
        TerraformError: No command is on PATH, it failed, or it took longer than 5 minutes.
    """
    command = find(environ)
    if command is None:
        raise TerraformError(
            f"the state of {folder} needs `terraform` or `tofu`, and neither is on PATH",
            "install one, or give the path of a state file",
        )
    name = os.path.basename(command)  # noqa: PTH119  # `which` returns text
    try:
        ran = subprocess.run(  # noqa: S603  # no shell, fixed arguments
            [command, "show", "-json", "-no-color"],
            cwd=folder,
            env=dict(environ),
            capture_output=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=SECONDS,
        )
    except subprocess.TimeoutExpired:
        # Its own text would hold the output, which holds secrets.
        raise TerraformError(
            f"`{name} show -json` in {folder} took longer than {SECONDS:.0f} s",
            "check that its backend can be reached",
        ) from None
    except OSError as error:
        raise TerraformError(
            f"`{name} show -json` in {folder} could not be started: {error.strerror}",
            f"check that {command} is a program for this machine",
        ) from None
    if ran.returncode:
        raise TerraformError(
            f"`{name} show -json` in {folder} failed with status {ran.returncode}: {_reason(ran.stderr)}",
            f"if the folder is new here, run `{name} init` in it, which installs the providers that reading needs",
        )
    return ran.stdout.decode("utf-8", "replace")


def _reason(stderr: bytes) -> str:
    """Return the first paragraphs of an error as one line; Terraform's errors quote the configuration at most."""
    lines = (_DECORATION.sub("", line).strip() for line in stderr.decode("utf-8", "replace").splitlines())
    text = " ".join(line for line in lines if line)
    _, mark, error = text.partition("Error: ")
    return (error if mark else text)[:500] or "it gave no reason"
