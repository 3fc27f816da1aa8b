"""The benchmarks' command, and what the pages quote of the part of them that is calculated."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from driver import ROOT

RUN = [sys.executable, str(ROOT / "benchmarks" / "run.py")]
SCALE = (ROOT / "docs" / "scale.md").read_text("utf-8")
ROW = re.compile(
    r"10,000 machines, (\d+) runners?, (\d+) requests/s, polls every (\d+) s \| ([\d.]+) h, ([\d.]+)% refused"
)


def test_the_help_names_every_section() -> None:
    """And an example."""
    told = subprocess.check_output([*RUN, "--help"], text=True)
    for section in (
        "imports",
        "at-once",
        "backups",
        "textbook",
        "growth",
        "waiting",
        "lag",
        "limited",
        "previews",
        "largest",
        "marker",
        "shared-limit",
    ):
        assert re.search(rf"^  {section} ", told, flags=re.MULTILINE), section
    assert "benchmarks/run.py at-once growth" in told


def test_an_unknown_section_is_refused_before_anything_runs() -> None:
    """With the names of those there are."""
    ran = subprocess.run([*RUN, "growht"], capture_output=True, text=True, check=False)
    assert ran.returncode == 2
    assert "no section growht; there are imports, one," in ran.stderr
    assert ran.stdout == ""


@pytest.mark.engine
def test_the_page_about_scale_quotes_what_is_calculated() -> None:
    """It is the same on every machine, so the figures of the page are those of this code."""
    rows = ROW.findall(subprocess.check_output([*RUN, "shared-limit"], text=True))
    hours = {(runners, limit, poll): told for runners, limit, poll, told, _ in rows}
    refused = {(runners, limit): 0.0 for runners, limit, *_ in rows}
    for runners, limit, _, _, share in rows:
        refused[runners, limit] = max(refused[runners, limit], float(share))
    assert len(rows) == 12
    lines = {"1": "one runner", "10": "ten runners", "100": "a hundred runners"}
    for runners, name in lines.items():
        (line,) = [line for line in SCALE.splitlines() if line.startswith(f"| {name}")]
        cells = [cell.strip() for cell in line.split("|")[2:-1]]
        expected = []
        for limit in ("10", "50"):
            expected.append(f"{hours[runners, limit, '5']} / {hours[runners, limit, '30']} h")
            expected.append(f"{refused[runners, limit]:.1f} %")
        assert cells == expected, line
