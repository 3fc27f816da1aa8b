"""Lists of many pages, and rows that contradict each other."""

from __future__ import annotations

from typing import Any

import pytest

from zec_pulumi.api import AnswerLostError, KeyPair, Page
from zec_pulumi.api.envelope import Result
from zec_pulumi.api.pages import LISTINGS, all_pages, page_of


def answer(total: Any, *ids: str) -> Result:
    return Result("DescribeKeyPairs", "h", "T1", {"totalCount": total, "dataSet": [{"keyId": id_} for id_ in ids]})


class Pages:
    """Answers pages as a script says; ``read`` counts the requests."""

    def __init__(self, *script: tuple[int, str]) -> None:
        self._script = script
        self.requests = 0

    def read(self, number: int) -> Page[KeyPair]:
        total, ids = self._script[min(number, len(self._script)) - 1]
        self.requests += 1
        return page_of(answer(total, *ids), KeyPair)


@pytest.mark.parametrize("ids", [(), ("a",), ("a", "b")])
def test_a_page_shows_what_was_asked_for(ids: tuple[str, ...]) -> None:
    assert [pair.key_id for pair in page_of(answer(len(ids), *ids), KeyPair, ["a", "b"]).items] == list(ids)


@pytest.mark.parametrize(
    ("total", "ids", "asked"),
    [
        (1, (), ["a"]),
        (2, ("a",), ["a", "b"]),
        (0, ("a",), ["a"]),
        (1, ("c",), ["a"]),
        (2, ("a", "c"), ["a"]),
        (2, ("a", "a"), ["a"]),
        (1, (), None),
        (1, ("a", "b"), None),
        (2, ("a", "a"), None),
    ],
)
def test_a_page_that_contradicts_itself_is_malformed(total: int, ids: tuple[str, ...], asked: list[str] | None) -> None:
    with pytest.raises(AnswerLostError, match="unexpected form"):
        page_of(answer(total, *ids), KeyPair, asked)


def test_all_pages_are_read_whatever_their_size() -> None:
    pages = Pages((5, "ab"), (5, "c"), (5, "de"))

    assert [pair.key_id for pair in all_pages(pages.read) or ()] == list("abcde")
    assert pages.requests == 3


@pytest.mark.parametrize(
    "script",
    [
        [(3, "ab"), (4, "cd")],
        [(3, "ab"), (2, "c")],
        [(3, "ab"), (3, "bc")],
        [(3, "ab"), (3, "ab")],
        [(3, "ab"), (3, "cd")],
        [(1_000_000, "ab")],
    ],
    ids=["grows", "shrinks", "moves", "repeats", "shows more than it counts", "never ends"],
)
def test_a_list_that_changes_while_it_is_read_is_read_again_and_then_given_up(script: list[tuple[int, str]]) -> None:
    pages = Pages(*script)

    assert all_pages(pages.read) is None
    assert pages.requests == 2 * LISTINGS


def test_a_list_that_has_come_to_rest_is_whole() -> None:
    changing = iter([(3, "ab"), (3, "bc"), (3, "ab"), (3, "c")])

    def read(_: int) -> Page[KeyPair]:
        total, ids = next(changing)
        return page_of(answer(total, *ids), KeyPair)

    assert [pair.key_id for pair in all_pages(read) or ()] == list("abc")
