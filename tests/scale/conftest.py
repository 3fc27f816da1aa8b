"""A PostgreSQL server of the system's own packages, for one test run."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

DEBIAN = Path("/usr/lib/postgresql")
ACCOUNT = "postgres"
USER, DATABASE = "pulumi", "pulumi"
SECONDS = 60


class Server:
    """A running server; ``url`` is what the engine gets."""

    def __init__(self, programs: Path, port: int) -> None:
        self._programs = programs
        self._port = port
        self.url = f"postgres://{USER}@127.0.0.1:{port}/{DATABASE}?sslmode=disable"

    def ask(self, query: str, database: str = DATABASE) -> list[str]:
        """Return the answer's lines."""
        command = [self._programs / "psql", "-h", "127.0.0.1", "-p", str(self._port), "-U", USER, "-d", database]
        return run([*map(str, command), "-At", "-c", query]).splitlines()


def run(command: list[str]) -> str:
    """Run a program of the server's to its end; return what it printed."""
    # A server that is started keeps these streams: a pipe would be waited for until it ends.
    with tempfile.TemporaryFile("w+") as printed:
        ran = subprocess.run(command, stdout=printed, stderr=printed, check=False, timeout=SECONDS, cwd="/")
        printed.seek(0)
        text = printed.read()
    assert ran.returncode == 0, f"{command}: {text}"
    return text


def programs() -> Path:
    """Return the folder of the server's programs."""
    on_path = shutil.which("pg_ctl")
    found = [Path(on_path).resolve()] if on_path else sorted(DEBIAN.glob("*/bin/pg_ctl"))
    assert found, "no PostgreSQL server: install Debian's package postgresql, or put pg_ctl on PATH"
    return found[-1].parent


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A server with an empty database. It refuses to run as root, and then runs as its package's own account."""
    folder = programs()
    as_root = os.geteuid() == 0
    unprivileged = ["runuser", "-u", ACCOUNT, "--"] if as_root else []
    # Not below pytest's own folder, which the server's account may not enter.
    data = Path(tempfile.mkdtemp(prefix="zec-postgres-"))
    control = [*unprivileged, str(folder / "pg_ctl"), "-D", str(data), "-w"]
    try:
        if as_root:
            shutil.chown(data, ACCOUNT)
        run([*unprivileged, str(folder / "initdb"), "-D", str(data), "-U", USER, "-A", "trust", "--no-sync"])
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        settings = f"-p {port} -h 127.0.0.1 -k {data}"
        run([*control, "-l", str(data / "log"), "-o", settings, "start"])
        try:
            server = Server(folder, port)
            server.ask(f"create database {DATABASE}", "postgres")
            yield server
        finally:
            run([*control, "-m", "immediate", "stop"])
    finally:
        shutil.rmtree(data)
