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

from demo_terminal import copy_output, new_terminal

if TYPE_CHECKING:
    from collections.abc import Iterator

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

    def run(self, *arguments: str) -> None:
        """Run one command; its output goes where this process's goes, with live rows if that is a terminal.

        Raises:
            StepFailedError: It ended with another exit code than 0.
        """
        sys.stdout.flush()
        code = self._run_live(*arguments) if sys.stdout.isatty() else self._run_plain(*arguments)
        if code != 0:
            raise StepFailedError(f"`pulumi {' '.join(arguments)}` ended with exit code {code}")

    def _run_plain(self, *arguments: str) -> int:
        process = self._start("--non-interactive", *arguments, streams=(subprocess.DEVNULL, None))
        with _killed_when_interrupted(process):
            return process.wait()

    def _run_live(self, *arguments: str) -> int:
        # A terminal of its own: on the user's the engine would take Ctrl-C for itself and let the rebuild end first.
        with new_terminal() as (ours, theirs):
            process = self._start(*arguments, streams=(theirs, theirs))
            os.close(theirs)
            with _killed_when_interrupted(process):
                copy_output(ours)
                return process.wait()

    def _start(self, *arguments: str, streams: tuple[int, int | None]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [str(self.engine / "pulumi"), *arguments],
            cwd=self.folder / "project",
            env=self._environment(),
            stdin=streams[0],
            stdout=streams[1],
            stderr=streams[1],
            start_new_session=True,  # by which _kill_session finds the plugins, too
        )

    def _environment(self) -> dict[str, str]:
        inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
        # The python3 beside this interpreter runs the program and the provider.
        folders = (str(Path(sys.executable).parent), str(self.engine), os.environ.get("PATH", os.defpath))
        return {
            **inherited,
            "PATH": os.pathsep.join(folders),
            "HOME": str(self.folder / "home"),
            "PULUMI_HOME": str(self.folder / "home" / ".pulumi"),
            "PULUMI_BACKEND_URL": f"file://{self.folder / 'backend'}",
            "PULUMI_CONFIG_PASSPHRASE": "demo",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            **self.cloud.environment(),
        }


@contextlib.contextmanager
def _killed_when_interrupted(process: subprocess.Popen[bytes]) -> Iterator[None]:
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
