"""The navigation of the documentation site has every page once, and only pages that exist."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from checkout import left_behind
from driver import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

INDEX = ROOT / "docs" / "index.md"
TREE = re.compile(r"^```\{toctree\}\n(.*?)^```$", flags=re.MULTILINE | re.DOTALL)
ENTRY = re.compile(r"^.+ <(.+)>$", flags=re.MULTILINE)


def entries() -> list[str]:
    """Return what the sidebar leads to, in its order, as paths from the root."""
    targets = [target for tree in TREE.findall(INDEX.read_text("utf-8")) for target in ENTRY.findall(tree)]
    return [str((INDEX.parent / target).resolve().relative_to(ROOT)) for target in targets]


def pages() -> Iterator[str]:
    """Every page that people read, as a path from the root."""
    for pattern in ("*.md", "docs/*.md", "examples/README.md", "examples/*/README.md"):
        for page in ROOT.glob(pattern):
            if page != INDEX and not left_behind(page):
                yield str(page.relative_to(ROOT))


def test_every_page_is_in_the_navigation() -> None:
    """A new page is added to `docs/index.md`, below the task that it helps with."""
    assert sorted(set(pages()) - set(entries())) == []


def test_the_navigation_leads_to_pages_only_once_each() -> None:
    """A page has one place."""
    assert sorted(set(entries()) - set(pages())) == []
    assert [page for page, times in Counter(entries()).items() if times > 1] == []


def test_every_part_of_the_navigation_names_a_task() -> None:
    """Each has a caption, and every line of it is one that is read above."""
    for tree in TREE.findall(INDEX.read_text("utf-8")):
        options, _, lines = tree.partition("\n\n")
        assert ":caption: " in options
        assert len(ENTRY.findall(lines)) == len(lines.splitlines())
