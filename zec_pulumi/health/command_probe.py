"""Runs a health gate's command: bounded in time and memory, without a shell, in an environment of few variables."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
from typing import TYPE_CHECKING

from zec_pulumi.health.network_probes import NotHealthyError
from zec_pulumi.text import printable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from zec_pulumi.api import Instance
    from zec_pulumi.health.probe_deadline import ProbeDeadline

KEPT_BYTES = 4096
"""How much of the end of the output is kept; the rest is read and dropped."""

LINE_LENGTH = 200
"""How much of the last line is shown."""

PASSED = ("PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "TZ", "LANG", "LANGUAGE", "SSH_AUTH_SOCK")
"""The environment variables that every command gets, with those that begin with ``LC_``."""

_CHUNK = 64 * 1024
_LAST_CHUNKS = 16


def environment(
    inherited: Mapping[str, str], live: Instance, address: str | None, named: Sequence[str] = ()
) -> dict[str, str]:
    """Return what the command sees: the instance's variables, and what is :data:`PASSED` or ``named``."""
    wanted = {*PASSED, *named}
    kept = {name: value for name, value in inherited.items() if name in wanted or name.startswith("LC_")}
    return {
        **kept,
        "ZEC_INSTANCE_ID": live.instance_id,
        "ZEC_PUBLIC_IP_ADDRESSES": ",".join(live.public_ip_addresses),
        "ZEC_PRIVATE_IP_ADDRESSES": ",".join(live.private_ip_addresses),
        "ZEC_ADDRESS": address or "",
    }


def run(arguments: Sequence[str], variables: Mapping[str, str], deadline: ProbeDeadline) -> None:
    """Run the command to its end, or kill it with its process group.

    Raises:
        NotHealthyError: it could not be started, took too long and was killed, or its exit status is not 0; the text
            has its last line of output.
        StoppedError: as :meth:`ProbeDeadline.check`; it was killed.
    """
    try:
        process = subprocess.Popen(  # noqa: S603 the user's own command, given as a list
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=variables,
        )
    except OSError as error:
        raise NotHealthyError(f"could not be started: {(error.strerror or str(error)).lower()}") from error
    output = _Output(process)
    try:
        while process.poll() is None:
            deadline.check()
            output.take(deadline.slice)
        output.take_rest()
    except TimeoutError:
        raise NotHealthyError(f"took too long and was killed{output.last_line()}") from None
    finally:
        _end(process)
    if process.returncode:
        raise NotHealthyError(f"{_ending(process.returncode)}{output.last_line()}")


class _Output:
    """The output of a running command, of which the end is kept."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._pipe = process.stdout.fileno() if process.stdout else -1
        self._tail = b""
        self._open = True
        os.set_blocking(self._pipe, False)

    def take(self, seconds: float) -> None:
        """Wait for ``seconds`` at most for output, or for the end, and keep the end of what came."""
        if not self._open:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(seconds)
            return
        poll = select.poll()
        poll.register(self._pipe, select.POLLIN)
        if poll.poll(seconds * 1000):
            self._read()

    def take_rest(self) -> None:
        """Keep the rest of the output, bounded: a process left in the background may write on and on."""
        for _ in range(_LAST_CHUNKS):
            if not self._read():
                return

    def last_line(self) -> str:
        """Return the last line that is not empty as ``: text``, on one line and cut; nothing when there is none."""
        lines = [line.strip() for line in self._tail.decode(errors="replace").splitlines() if line.strip()]
        if not lines:
            return ""
        text = printable(lines[-1])
        return f": {text if len(text) <= LINE_LENGTH else text[:LINE_LENGTH] + '…'}"

    def _read(self) -> bool:
        try:
            chunk = os.read(self._pipe, _CHUNK)
        except BlockingIOError:
            return False
        self._open = bool(chunk)
        self._tail = (self._tail + chunk)[-KEPT_BYTES:]
        return self._open


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill the process group if the command still runs, and close its output."""
    # Once it has ended, another process may have its number.
    if process.poll() is None:
        with contextlib.suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if process.stdout:
        process.stdout.close()


def _ending(code: int) -> str:
    return f"exit status {code}" if code > 0 else f"ended by signal {-code}"
