"""States as Terraform 1.11 writes them, and a folder whose `terraform` says what a test wants."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

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
