"""The page at ``/``, as far as no browser is needed; tests/browser looks at it in one."""

from __future__ import annotations

import re
from typing import Any

import pytest

FILES = ["", "_simulator/page.css", "_simulator/page.js"]


def get(api: Any, path: str) -> Any:
    answer = api.session.get(f"{api.sim.url}/{path}", timeout=10)
    assert answer.status_code == 200
    return answer


def test_the_page_is_small_and_whole(api: Any) -> None:
    """Three files from here, less than 40 KiB together, and no other address anywhere in them."""
    answers = [get(api, path) for path in FILES]

    assert [answer.headers["content-type"].partition(";")[0] for answer in answers] == [
        "text/html",
        "text/css",
        "text/javascript",
    ]
    assert sum(len(answer.content) for answer in answers) < 40 * 1024
    assert not any(re.search(r"https?:|//[a-z]|url\(|@import", answer.text) for answer in answers[:2])
    assert not re.search(r"https?:|import\b", answers[2].text)
    named = re.findall(r'(?:href|src)="([^"#][^"]*)"', answers[0].text)
    assert named == ["data:,", "/_simulator/page.css", "/_simulator/page.js"]


@pytest.mark.parametrize("path", FILES)
def test_nothing_that_is_not_ours_runs_in_it(api: Any, path: str) -> None:
    """No inline script, no other address, no frame around it, and no guessing of types."""
    headers = get(api, path).headers

    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"


def test_its_script_makes_no_markup_of_what_it_reads(api: Any) -> None:
    """Names of machines are hostile input."""
    script = get(api, "_simulator/page.js").text

    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function", script)


def test_every_control_has_a_name(api: Any) -> None:
    """A field stands in a label or has one, and a button says what it does."""
    page = get(api, "").text

    labelled = set(re.findall(r'<label for="(\w+)"', page))
    inside = "".join(re.findall(r"<label>.*?</label>", page, flags=re.DOTALL))
    for tag in re.findall(r"<(?:input|select|textarea)\b[^>]*>", page):
        assert tag in inside or re.search(r'id="([\w-]+)"', tag)[1] in labelled  # type: ignore[index]
    assert all(text.strip() for text in re.findall(r"<button[^>]*>(.*?)</button>", page))


def test_its_script_uses_only_elements_that_exist(api: Any) -> None:
    """A misspelt id would stop it."""
    page, script = get(api, "").text, get(api, "_simulator/page.js").text

    ids = set(re.findall(r'\bid="([\w-]+)"', page))
    assert set(re.findall(r'byId\("([\w-]+)"\)', script)) <= ids
    assert {f"{log}-{part}" for log in ("ledger", "requests") for part in ("rows", "count", "folded")} <= ids
