"""States as Terraform 1.11 writes them; a `terraform` that says what a test wants; and the real commands."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from terraform_driver import COMMANDS, Folder
from zec_pulumi.simulator import Simulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

STATES = Path(__file__).parent / "states"


@pytest.fixture(params=["state-v4.json", "show.json"])
def path(request: pytest.FixtureRequest) -> Path:
    """Return the same five machines in both formats, in turn; one of them is deposed."""
    return STATES / str(request.param)


@pytest.fixture
def state() -> dict[str, Any]:
    """Return the state file, to be changed."""
    document: dict[str, Any] = json.loads((STATES / "state-v4.json").read_text("utf-8"))
    return document


@pytest.fixture
def shown() -> dict[str, Any]:
    """Return the output of `show -json`, to be changed."""
    document: dict[str, Any] = json.loads((STATES / "show.json").read_text("utf-8"))
    return document


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Put a command on an otherwise empty PATH, by its name and shell script."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def put(name: str, script: str) -> None:
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)

    return put


@pytest.fixture
def cloud() -> Iterator[Simulator]:
    """A cloud whose machines are REBUILDING while they are: the provider waits for no other word."""
    with Simulator(rebuild_seconds=0.4, stop_seconds=0.2, transition="REBUILDING") as simulator:
        yield simulator


@pytest.fixture(params=COMMANDS)
def folder(request: pytest.FixtureRequest, tmp_path: Path, cloud: Simulator, monkeypatch: pytest.MonkeyPatch) -> Folder:
    """An empty folder for a configuration, with each of the real commands in turn."""
    made = Folder(tmp_path / "network", str(request.param), cloud)
    made.path.mkdir()
    made.set_up()
    # For `terraform.instances`, which runs what is on PATH.
    for key in [key for key in os.environ if key.startswith("TF_")]:
        monkeypatch.delenv(key)
    for key, value in made.environ.items():
        monkeypatch.setenv(key, value)
    return made
