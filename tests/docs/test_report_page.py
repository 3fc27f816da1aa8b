"""The page of the report shows real previews, and what the report makes of them now."""

from __future__ import annotations

import pytest

import report_page
from zec_pulumi.cli.report import read, report_of

PAGE = report_page.PAGE.read_text("utf-8")


def test_the_page_shows_what_the_report_makes_of_the_previews() -> None:
    """When it does not: `tools/report_page.py --record` makes previews and page anew."""
    assert report_page.page(PAGE) == PAGE


@pytest.mark.parametrize("name", report_page.PREVIEWS)
def test_every_preview_is_on_the_page_and_is_read_in_full(name: str) -> None:
    """A line in words of yesterday would be a failure of the report."""
    assert f"<!-- preview {name} -->" in PAGE
    assert report_of(read((report_page.RECORDED / f"{name}.json").read_bytes())).failures == ()
