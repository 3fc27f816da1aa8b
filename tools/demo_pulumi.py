"""Runs plain ``pulumi`` commands for the demo, apart from everything of the user's."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from zec_pulumi.simulator import Simulator

INHERITED = ("TERM", "COLORTERM", "NO_COLOR", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR")
"""All that a command gets of the user's environment beside PATH: no PULUMI_*, no credentials, no CI."""


class StepFailedError(Exception):
    """A command of the demo did not do what its step says."""


@dataclass(frozen=True)
class Pulumi:
    """The engine, a project in ``folder / "project"``, and everything it writes in ``folder``.

    Attributes:
        engine: Folder of the engine, with a language host for Python.
        folder: Temporary folder of the demo; holds ``project``, ``home`` and ``backend``.
        cloud: The cloud that the project's credentials lead to.
    """

    engine: Path
    folder: Path
    cloud: Simulator

    def run(self, *arguments: str) -> Generator[str]:
        """Run one command and yield the lines of its output as they come, without colours.

        Who closes the generator early kills the command.

        Raises:
            StepFailedError: It ended with another exit code than 0; the message has all of its output.
        """
        process = subprocess.Popen(
            [str(self.engine / "pulumi"), "--non-interactive", "--color", "never", *arguments],
            cwd=self.folder / "project",
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            start_new_session=True,  # by which _kill_session finds the plugins, too
        )
        output = []
        with process, _killed_when_interrupted(process):
            for line in process.stdout or ():
                output.append(line)
                yield line.rstrip()
            code = process.wait()
        if code != 0:
            raise StepFailedError(f"`pulumi {' '.join(arguments)}` ended with exit code {code}:\n{''.join(output)}")

    def environment(self) -> dict[str, str]:
        """Return the environment of a command: none of the user's settings, and the cloud's address."""
        inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
        return {
            **inherited,
            "PATH": os.pathsep.join((*map(str, self.commands()), os.environ.get("PATH", os.defpath))),
            "HOME": str(self.folder / "home"),
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            **self.variables(),
        }

    def commands(self) -> tuple[Path, Path]:
        """Return the folders that come first on PATH: the python3 there runs the program and the provider."""
        return Path(sys.executable).parent, self.engine

    def variables(self) -> dict[str, str]:
        """Return what leads any shell's ``pulumi`` to the stack and the cloud: login, passphrase and credentials."""
        return {
            "PULUMI_HOME": str(self.folder / "home" / ".pulumi"),
            "PULUMI_BACKEND_URL": f"file://{self.folder / 'backend'}",
            "PULUMI_CONFIG_PASSPHRASE": "demo",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            **self.cloud.environment(),
        }


@contextlib.contextmanager
def _killed_when_interrupted(process: subprocess.Popen[str]) -> Iterator[None]:
    try:
        yield
    except BaseException:
        _kill_session(process.pid)
        process.wait()
        raise


def _kill_session(session: int) -> None:
    """Kill every process of a session: the engine and its plugins, which have process groups of their own."""
    while alive := _alive_in(session):
        for pid in alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _alive_in(session: int) -> list[int]:
    listed = subprocess.check_output(["ps", "-A", "-o", "pid=,stat="], text=True)
    found = []
    for pid, state in map(str.split, listed.splitlines()):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if not state.startswith("Z") and os.getsid(int(pid)) == session:
                found.append(int(pid))
    return found
