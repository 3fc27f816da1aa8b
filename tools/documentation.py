"""Build the documentation site into .cache/docs without a warning, and check it: ``make docs``.

Every link and anchor within the site leads somewhere, and no page loads anything from elsewhere. Links to other sites
are not followed.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).parents[1]
SITE = ROOT / ".cache" / "docs"
LOADED = {"img": "src", "script": "src", "source": "src", "iframe": "src", "link": "href"}
"""Elements that a browser loads by itself, and the attribute that says from where."""


class Page(HTMLParser):
    """What a page has and wants: its anchors, its links, and what it loads."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.file = file
        self.anchors: set[str] = set()
        self.links: set[str] = set()
        self.loads: set[str] = set()
        self.feed(file.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect the attributes that matter."""
        given = {name: value for name, value in attrs if value is not None}
        self.anchors.update(given[name] for name in ("id", "name") if name in given)
        if tag == "a" and "href" in given:
            self.links.add(given["href"])
        if tag in LOADED and LOADED[tag] in given:
            self.loads.add(given[LOADED[tag]])


def main() -> int:
    """Build and check; 1 when something is wrong."""
    shutil.rmtree(SITE, ignore_errors=True)  # else pages that did not change keep their warnings to themselves
    command = [sys.executable, "-m", "sphinx", "--quiet", "--fail-on-warning", "--keep-going", "--jobs", "auto"]
    ran = subprocess.run([*command, "-c", ROOT / "docs" / "site", ROOT, SITE], check=False)
    if ran.returncode:
        return 1
    pages = {file: Page(file) for file in SITE.rglob("*.html")}
    wrong = sorted(problem for page in pages.values() for problem in problems(page, pages))
    if wrong:
        print("\n".join(wrong), file=sys.stderr)
        return 1
    links = sum(len(page.links | page.loads) for page in pages.values())
    print(f"docs: {len(pages)} pages with {links} links. To read them:")
    print(f"  python3 -m http.server --bind 127.0.0.1 --directory {SITE.relative_to(ROOT)} 8000")
    return 0


def problems(page: Page, pages: dict[Path, Page]) -> list[str]:
    """Say which links of a page lead nowhere, and what it loads from elsewhere."""
    where = page.file.relative_to(SITE)
    elsewhere = [f"{where} loads {url}" for url in page.loads if urlsplit(url).scheme or url.startswith("//")]
    nowhere = [
        f"{where} leads nowhere: {url}" for url in page.links | page.loads if not leads_somewhere(url, page, pages)
    ]
    return elsewhere + nowhere


def leads_somewhere(url: str, page: Page, pages: dict[Path, Page]) -> bool:
    """Return whether a link within the site has its target; one to another site counts as such."""
    parts = urlsplit(url)
    if parts.scheme or parts.netloc:
        return True
    target = (page.file.parent / unquote(parts.path)).resolve() if parts.path else page.file
    if target not in pages:
        return target.is_file() and not parts.fragment
    return not parts.fragment or unquote(parts.fragment) in pages[target].anchors


if __name__ == "__main__":
    sys.exit(main())
