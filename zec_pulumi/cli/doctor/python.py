"""The Python that the engine will start for the provider, and what it can import.

It need not be the one this command runs in. Source: the engine's launcher ``pulumi-resource-pulumi-python``, which
takes the option ``virtualenv`` of Pulumi.yaml (handed over as PULUMI_RUNTIME_VIRTUALENV, and before one that the user
set), then what the option ``toolchain`` implies, then PULUMI_PYTHON_CMD, then the ``python3`` on PATH.
"""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from zec_pulumi import __version__
from zec_pulumi.cli.doctor.finding import Finding, ok, problem, version_of, warning
from zec_pulumi.cli.process import run

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zec_pulumi.cli.doctor.project import Project

OLDEST_SDK = (3, 259)

_QUESTION = """\
import sys
if sys.version_info < (3, 10):
    sys.exit("Python %d.%d is older than 3.10" % sys.version_info[:2])
import json
from importlib.metadata import version
import pulumi.dynamic
import zec_pulumi.provider
print(json.dumps({"sdk": version("pulumi"), "package": zec_pulumi.__version__}))
"""


@dataclass(frozen=True)
class Interpreter:
    """The Python that the engine starts, and why. ``environment`` is the virtual environment it is in, if any."""

    command: str
    why: str
    environment: Path | None = None


def check(project: Project | None, environ: Mapping[str, str], folder: Path) -> list[Finding]:
    """Find the Python and let it import the provider, in the folder where the engine would start it."""
    if project is not None and project.runtime != "python":
        text = f"{project.file} says runtime {project.runtime}; dynamic providers in Python need a Python program"
        return [problem("python", text, "use a project with `runtime: python`")]
    folder = project.program if project else folder
    interpreter = find_interpreter(project, environ, folder)
    command = shutil.which(interpreter.command, path=environ.get("PATH"))
    if command is None:
        return [_missing(interpreter)]
    # The launcher drops it for a virtual environment.
    seen = {key: value for key, value in environ.items() if key != "PYTHONHOME" or interpreter.environment is None}
    ran = run([command, "-c", _QUESTION], seen, folder)
    found = ok("python", f"the engine will start {command} ({interpreter.why})")
    if not ran.succeeded:
        return [found, problem("provider", f"{command} cannot import it: {ran.reason}", _install(command))]
    answer = _parse_versions(ran.output)
    if answer is None:
        text = f"{command} did not answer what it was asked"
        return [found, problem("provider", text, "look at what its start-up files (sitecustomize) print")]
    return [found, *_versions(command, answer)]


def find_interpreter(project: Project | None, environ: Mapping[str, str], folder: Path) -> Interpreter:
    """Return the Python that the engine starts for a program in ``folder``."""
    options = project.options if project else {}
    where = project.file.name if project else "Pulumi.yaml"
    environment, why = options.get("virtualenv", ""), f"option virtualenv of {where}"
    if not environment:
        environment, why = environ.get("PULUMI_RUNTIME_VIRTUALENV", ""), "PULUMI_RUNTIME_VIRTUALENV"
    toolchain = options.get("toolchain") or environ.get("PULUMI_RUNTIME_TOOLCHAIN")
    if not environment and toolchain in {"uv", "poetry"}:
        why = f"toolchain {toolchain}"
        environment = ".venv" if toolchain == "uv" else _poetry(environ, folder)
    if environment:
        path = folder / environment
        return Interpreter(str(path / "bin" / "python"), f"{why}: {environment}", path)
    if environ.get("PULUMI_PYTHON_CMD"):
        return Interpreter(environ["PULUMI_PYTHON_CMD"], "PULUMI_PYTHON_CMD")
    return Interpreter("python3", "python3 on PATH" if project else "python3 on PATH, without a Pulumi.yaml here")


def _poetry(environ: Mapping[str, str], folder: Path) -> str:
    return run(["poetry", "env", "info", "--path"], environ, folder).output.strip()


def _parse_versions(output: str) -> tuple[str, str] | None:
    """Return the versions of package and SDK from the last line that was printed."""
    try:
        answer = json.loads(output.strip().rpartition("\n")[2])
        return answer["package"], answer["sdk"]
    except (ValueError, TypeError, KeyError):
        return None


def _missing(interpreter: Interpreter) -> Finding:
    if interpreter.environment is None:
        text = f"the engine will start {interpreter.command} ({interpreter.why}), which is not there"
        return problem("python", text, "install Python 3.10 or newer, or set PULUMI_PYTHON_CMD to one")
    text = f"{interpreter.environment} ({interpreter.why}) is not a virtual environment"
    fix = f"create it with `python3 -m venv {interpreter.environment}` and install the package there"
    return problem("python", f"{text}; the path is relative to the program's folder", fix)


def _install(command: str) -> str:
    fix = f"install it there with `{command} -m pip install /path/to/checkout`"
    if Path(command).is_relative_to(sys.prefix):
        return fix
    return f"{fix}, or use {sys.prefix}, where it is: activate that, or name it as option virtualenv in Pulumi.yaml"


def _versions(command: str, answer: tuple[str, str]) -> list[Finding]:
    package, sdk = answer
    findings = [ok("provider", f"zec_pulumi {package} can be imported")]
    if package != __version__:
        text = f"{command} has zec_pulumi {package}, this command is of {__version__}"
        findings = [warning("provider", text, "install the same version in both")]
    if version_of(sdk) < OLDEST_SDK:
        fix = f"run `{command} -m pip install 'pulumi>=3.259,<4'`"
        return [*findings, problem("sdk", f"Pulumi SDK {sdk} is too old; 3.259 is the oldest that is supported", fix)]
    return [*findings, ok("sdk", f"Pulumi SDK {sdk}")]
