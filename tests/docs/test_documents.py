"""The documents name what exists, all of it, and lead somewhere."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from typing import TYPE_CHECKING

import pytest

import reference
import zec_pulumi
from checkout import left_behind
from driver import ROOT
from zec_pulumi.api.codes import Code
from zec_pulumi.program.fleet import Fleet
from zec_pulumi.program.inputs import INPUTS

if TYPE_CHECKING:
    from pathlib import Path

SETTINGS = (ROOT / "docs" / "configuration.md").read_text("utf-8")
ERRORS = (ROOT / "docs" / "errors.md").read_text("utf-8")
STATE = (ROOT / "docs" / "recorded-state.md").read_text("utf-8")
FOUND = (page for pattern in ("*.md", "docs/**/*.md", "examples/**/*.md") for page in ROOT.glob(pattern))
PAGES = sorted(page for page in FOUND if not left_behind(page))
SOURCES = "\n".join(path.read_text("utf-8") for path in (ROOT / "zec_pulumi").rglob("*.py"))
INPUT_NAMES = {spec.name for spec in INPUTS}
PROGRAMS = sorted(file for file in (ROOT / "examples").glob("*/__main__.py") if not left_behind(file))
IDS = [str(page.relative_to(ROOT)) for page in PAGES]

HEADING = re.compile(r"^#+ (.+)$", flags=re.MULTILINE)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
PYTHON = re.compile(r"^ *```python\n(.*?)^ *```$", flags=re.MULTILINE | re.DOTALL)


def anchors(page: Path) -> set[str]:
    """Return the anchors that a Markdown renderer makes of the page's headings."""
    titles = HEADING.findall(page.read_text("utf-8"))
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def section(text: str, title: str) -> str:
    """Return the text of one section, subsections included."""
    level = re.search(rf"^(#+) {re.escape(title)}$", text, flags=re.MULTILINE)
    assert level, f"no section {title}"
    rest = text[level.end() :]
    following = re.search(rf"^#{{1,{len(level[1])}}} ", rest, flags=re.MULTILINE)
    return rest[: following.start()] if following else rest


def first_column(text: str, header: str) -> set[str]:
    """Return the names in the first column of the table that begins with ``header``."""
    table = text[text.index(f"| {header} |") :].split("\n\n", 1)[0].splitlines()[2:]
    return {name for row in table for name in re.findall(r"`(\w+)`", row.split("|")[1])}


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    """Files exist, and anchors are headings of their pages."""
    for link in LINK.findall(page.read_text("utf-8")):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_every_python_block_compiles(page: Path) -> None:
    """No page teaches what Python does not understand."""
    for block in PYTHON.findall(page.read_text("utf-8")):
        ast.parse(textwrap.dedent(block))


@pytest.mark.parametrize("file", [*PAGES, *PROGRAMS], ids=[*IDS, *(file.parent.name for file in PROGRAMS)])
def test_every_program_to_copy_refuses_to_wipe_the_machine_that_it_meets(file: Path) -> None:
    """Each whole program, in a page or an example, says `adopt="only"` for what it declares."""
    text = file.read_text("utf-8")
    programs = [text] if file.suffix == ".py" else PYTHON.findall(text)
    for program in programs:
        for call in (node for node in ast.walk(ast.parse(textwrap.dedent(program))) if isinstance(node, ast.Call)):
            if ast.unparse(call.func).rpartition(".")[2] in ("InstanceOsImage", "Fleet"):
                assert "adopt='only'" in {ast.unparse(keyword) for keyword in call.keywords}, ast.unparse(call)


def test_the_reference_of_inputs_is_current() -> None:
    """``make reference`` writes it."""
    assert reference.PAGE.read_text("utf-8") == reference.render(), "run `make reference`"


def test_the_page_about_fleets_has_every_input_and_no_other() -> None:
    """The table has what only a fleet takes; the rest is in the reference."""
    page = (ROOT / "docs" / "fleet.md").read_text("utf-8")
    parameters = set(inspect.signature(Fleet.__init__).parameters)
    assert first_column(page, "fleet's input") == parameters - INPUT_NAMES - {"self", "resource_name", "opts"}
    assert first_column(page, "output") == {"instances", "summary"}


def test_the_page_about_the_state_has_every_key_that_the_reference_has_not() -> None:
    """What only this package and the SDK read."""
    for key in ("applied", "attempt", "__provider"):
        assert f"`{key}`" in STATE


def test_the_page_about_settings_names_those_that_exist_and_all_of_them() -> None:
    """Keys of the stack's configuration and environment variables."""
    named = re.compile(r"\b(?:zec|zenlayercloud):[a-z]\w+|\bZENLAYER(?:CLOUD)?_[A-Z_]+\b")
    known = set(re.findall(r'"((?:zec|zenlayercloud):\w+|ZENLAYER(?:CLOUD)?_[A-Z_]+)"', SOURCES))
    assert set(named.findall(SETTINGS)) == known


def test_every_code_of_reset_instance_has_a_section_and_no_other_has() -> None:
    """The page and the list of codes agree; the list begins with those of ResetInstance."""
    codes = [code.value for code in Code]
    last = codes.index("UNSUPPORTED_OPERATION_INSTANCE_STATUS")
    titles = HEADING.findall(section(ERRORS, "Refused by ResetInstance"))
    assert titles == codes[: last + 1]


def test_every_section_about_a_code_says_when_it_is_found() -> None:
    """In preview, after the power-off, or both."""
    for title in HEADING.findall(section(ERRORS, "Refused by ResetInstance")):
        text = section(ERRORS, title).lower()
        assert "*preview*" in text or "*after the power-off*" in text, title


def test_the_changelog_has_what_is_unreleased_and_then_each_release() -> None:
    """`make release` cuts it; the newest release is at most the version of this checkout."""
    here: str = zec_pulumi.__version__
    titles = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text("utf-8"), flags=re.MULTILINE)
    assert titles[0] == "Unreleased"
    released = [re.fullmatch(r"(\d+\.\d+\.\d+) - \d{4}-\d{2}-\d{2}", title) for title in titles[1:]]
    versions = [tuple(map(int, found[1].split("."))) for found in released if found]
    assert len(versions) == len(titles) - 1
    assert versions == sorted(set(versions), reverse=True)
    assert all(version <= tuple(map(int, here.split("."))) for version in versions)


def test_make_targets_in_the_documents_exist() -> None:
    """`make` does what the pages say."""
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for page in PAGES:
        for target in re.findall(r"^\$ make (\S+)", page.read_text("utf-8"), flags=re.MULTILINE):
            assert f"\n{target}:" in makefile, target
