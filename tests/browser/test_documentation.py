"""The documentation site in a real browser: its pictures, its search, a phone, and nothing from elsewhere."""

from __future__ import annotations

import json
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from driver import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from selenium.webdriver import Chrome
    from selenium.webdriver.remote.webelement import WebElement

pytestmark = pytest.mark.slow

SITE = ROOT / ".cache" / "docs"
PHONE, DESKTOP = (400, 800), (1280, 1000)


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and logs nothing."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """The address of the site."""
    assert (SITE / "index.html").exists(), "no site: run make docs"
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(SITE)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def pages() -> list[str]:
    """Return the paths of all pages."""
    return [str(page.relative_to(SITE)) for page in sorted(SITE.rglob("*.html")) if page.parent.name != "_static"]


def drawn(page: str) -> int:
    """Return how many pictures the Markdown of a page has."""
    source = (ROOT / page).with_suffix(".md")
    return source.read_text("utf-8").count("\n```mermaid\n") if source.exists() else 0


def pictures(browser: Chrome) -> list[WebElement]:
    """Return the drawn pictures of the page that is shown."""
    return browser.find_elements(By.CSS_SELECTOR, "pre.mermaid > svg")


def requested(browser: Chrome) -> set[str]:
    """Return the addresses that the browser has asked since the last call."""
    entries = cast("list[dict[str, str]]", browser.get_log("performance"))  # type: ignore[no-untyped-call] # selenium
    events = [json.loads(entry["message"])["message"] for entry in entries]
    return {event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"}


def test_every_picture_is_drawn(chromium: Chrome, site: str) -> None:
    """A mistake in one is a bomb with the words *Syntax error*."""
    with_pictures = {page: drawn(page) for page in pages() if drawn(page)}
    assert with_pictures
    for page, number in with_pictures.items():
        chromium.get(f"{site}/{page}")
        WebDriverWait(chromium, 30).until(partial(has_pictures, number=number))
        for picture in pictures(chromium):
            assert picture.get_attribute("aria-roledescription") != "error", page
            assert picture.size["height"] > 0, page


def has_pictures(browser: Chrome, number: int) -> bool:
    """Return whether the page shows so many."""
    return len(pictures(browser)) == number


def test_words_before_a_colon_are_not_taken_for_a_type() -> None:
    """The Python page has the sentences of the docstrings as they are written, and types from annotations alone."""
    page = (SITE / "docs" / "python.html").read_text("utf-8")
    assert "The backups that are kept, oldest first: " in page
    assert ">Type<" not in page


def test_no_page_is_wider_than_a_phone(chromium: Chrome, site: str) -> None:
    """Wide tables and long lines scroll in themselves."""
    chromium.set_window_size(*PHONE)
    wide = []
    for page in pages():
        chromium.get(f"{site}/{page}")
        if chromium.execute_script("return document.documentElement.scrollWidth > window.innerWidth"):
            wide.append(page)
    chromium.set_window_size(*DESKTOP)
    assert wide == []


def test_search_finds_a_page(chromium: Chrome, site: str) -> None:
    """It runs in the browser."""
    chromium.get(f"{site}/search.html?q=REINSTALL_FAILED")
    WebDriverWait(chromium, 30).until(found_the_errors)


def found_the_errors(browser: Chrome) -> bool:
    """Return whether the page about errors is among the results."""
    found = browser.find_elements(By.CSS_SELECTOR, "#search-results a")
    return any("docs/errors.html" in (link.get_attribute("href") or "") for link in found)


def test_nothing_is_loaded_from_elsewhere(chromium: Chrome, site: str) -> None:
    """No font, no script and no picture: the site works without the internet."""
    requested(chromium)
    for page in pages():
        chromium.get(f"{site}/{page}")
    urls = {url for url in requested(chromium) if urlsplit(url).scheme in ("http", "https")}
    assert urls
    assert {url for url in urls if not url.startswith(site)} == set()
