"""The page about the architecture has every room, and names only files that exist."""

from __future__ import annotations

import re

import pytest

from driver import ROOT

PACKAGE = ROOT / "zec_pulumi"
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text("utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
ROOMS = ARCHITECTURE.split("\n## The rooms\n")[1].split("\n## ")[0]
WALK = ARCHITECTURE.split("<!-- walk: make walk -->")[1].split("<!-- walk ends -->")[0]
NAME = re.compile(r"`([\w./-]+(?:\.\w+|/))`")
SUFFIXES = (".go", ".json", ".md", ".py", ".toml", ".txt", "/")


def first_cells(text: str) -> list[str]:
    """Return the first cell of each row of the tables in ``text``."""
    return [line.split("|")[1].strip() for line in text.splitlines() if line.startswith("|")][2:]


def missing(text: str) -> list[str]:
    """Return the files and folders that ``text`` names and that do not exist, here or in the package."""
    names = [name for name in NAME.findall(text) if name.endswith(SUFFIXES)]
    return [name for name in names if not (ROOT / name).exists() and not (PACKAGE / name).exists()]


def test_every_room_is_in_the_list() -> None:
    """Folders and modules of the package, and no other."""
    modules = {path.name for path in PACKAGE.glob("*.py")}
    folders = {f"{path.parent.name}/" for path in PACKAGE.glob("*/__init__.py")}
    assert {name for cell in first_cells(ROOMS) for name in NAME.findall(cell)} == modules | folders


def test_the_walk_names_files_that_exist() -> None:
    """``make walk`` writes it again."""
    files = [name for cell in first_cells(WALK) for name in NAME.findall(cell)]
    assert files
    assert [file for file in files if not (PACKAGE / file).is_file()] == [], "run `make walk`"


@pytest.mark.parametrize("page", [ARCHITECTURE, CONTRIBUTING], ids=["architecture", "contributing"])
def test_the_pages_for_developers_name_files_that_exist(page: str) -> None:
    """A file that is moved or deleted is moved or deleted on the pages, too."""
    assert missing(page) == []


def test_a_constant_is_where_the_page_says() -> None:
    """Whoever looks for a guess finds it."""
    rows = re.findall(r"^\| ([^|]+) in `([\w/.]+)` \|", ARCHITECTURE, flags=re.MULTILINE)
    assert rows
    for constants, file in rows:
        source = (PACKAGE / file).read_text("utf-8")
        for name in re.findall(r"`(\w+)`", constants):
            assert re.search(rf"^(?:class )?{name}\b", source, flags=re.MULTILINE), f"{name} in {file}"
