"""What the worst names become where people and pipelines read them: docs/reliability.md shows it as it is here."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from markdown_it import MarkdownIt

from driver import ROOT
from programs import preview
from tests.support.programs import JAMMY, NOBLE
from tests.support.world import World
from zec_pulumi.cli import layout
from zec_pulumi.cli.report import markdown, read, report_of, terminal

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = (ROOT / "docs" / "reliability.md").read_text("utf-8")
WORST = "web\x1b[2J\r\n::add-mask::1\n##[add-mask]2 \u202egnp.exe <{%reset%}> [a](https://example.org) <b>`|"
"""Clears a screen, breaks lines, commands two pipelines, turns text round, and writes Markdown, HTML and colours."""

DANGEROUS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]|^ *::|##\[", re.MULTILINE)


@pytest.fixture(scope="module")
def shown() -> Iterator[dict[str, str]]:
    """Preview the rebuild of a machine of that name; return what is shown where."""
    with World("DEPLOYING", Counter()) as world:
        stack = world.stacks[0]
        world.by_hand(instanceName=WORST)
        assert stack.up({"imageId": JAMMY}).end == "succeeded"
        outcome = stack.preview({"imageId": NOBLE})
        report = report_of(read(preview.document(stack, {"imageId": NOBLE}, outcome, {}, "")))
        yield {
            "row": next(line for line in outcome.lines if "will be wiped" in line),
            "terminal and log": "\n".join(layout.plain(terminal.render(report, 100))),
            "comment": markdown.render(report),
        }


@pytest.mark.parametrize("where", ["row", "terminal and log", "comment"])
def test_nothing_in_a_name_commands_anything(shown: dict[str, str], where: str) -> None:
    """The name is still there, to be recognised."""
    assert "web" in shown[where]
    assert not DANGEROUS.search(shown[where])


def test_no_name_begins_a_colour_of_the_engines(shown: dict[str, str]) -> None:
    """It would hide the rest of the row."""
    assert "<{%" not in shown["row"]


def test_no_name_becomes_a_link_or_html_in_a_comment(shown: dict[str, str]) -> None:
    """As a Markdown parser of others reads it."""
    tokens = [token for block in MarkdownIt().parse(shown["comment"]) for token in block.children or ()]
    html = "".join(token.content for token in tokens if token.type == "html_inline")
    assert set(re.findall(r"<\w+", html)) <= {"<code", "<br"}
    assert not [token for token in tokens if token.type == "link_open"]


def test_the_page_shows_what_they_become(shown: dict[str, str]) -> None:
    """Word for word."""
    for text in (shown["row"], *lines_with_name(shown["terminal and log"]), *lines_with_name(shown["comment"])):
        assert text in PAGE, text


def lines_with_name(text: str) -> list[str]:
    """Return the lines that show the name, which no other line is part of."""
    return [line.strip() for line in text.splitlines() if re.search(r"gnp\.exe|example\.org", line)]
