"""Recorded previews of the real engine, previews made up, and the command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from zec_pulumi.cli.main import main
from zec_pulumi.cli.report import read, report_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from zec_pulumi.cli.report import Report

RECORDED = Path(__file__).parent / "recorded"
URN = "urn:pulumi:prod::shop::pulumi-python:dynamic/zec:InstanceOsImage"


class Ended(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def recorded() -> Callable[[str], Report]:
    """The report of a recorded preview, by name."""
    return lambda name: report_of(read((RECORDED / f"{name}.json").read_bytes()))


@pytest.fixture
def report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    """Run the command: on a recorded preview by name, or on content."""

    def run(preview: str | bytes, *arguments: str) -> Ended:
        path = RECORDED / f"{preview}.json" if isinstance(preview, str) else tmp_path / "preview.json"
        if isinstance(preview, bytes):
            path.write_bytes(preview)
        code = main(["report", str(path), *arguments])
        return Ended(code, *capsys.readouterr())

    return run


@pytest.fixture
def preview() -> Callable[..., bytes]:
    """Make up a preview: lines by resource name, with the severity in front; ``step`` changes what the step holds."""

    def make(lines: dict[str, list[str]], *, op: str = "update", config: Any = None, **step: Any) -> bytes:
        states = {"oldState": {"id": "i-1"}, "newState": {}, **step}
        document = {
            "config": config or {},
            "steps": [{"op": op, "urn": f"{URN}::{name}", **states} for name in lines],
            "diagnostics": [
                {"urn": f"{URN}::{name}", "message": f"{text}\n", "severity": text.split(":")[0]}
                for name, texts in lines.items()
                for text in texts
            ],
            "changeSummary": {op: len(lines)},
        }
        return json.dumps(document).encode()

    return make
