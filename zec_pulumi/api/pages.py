"""Lists that come page by page. The last step of the border, see ``answer.py``: rows that contradict each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from zec_pulumi.api.models import Item, Page

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from zec_pulumi.api.envelope import Result

LISTINGS = 3
"""How often a list is read that changes while its pages are read."""

LIST_SECONDS = 300.0
"""How long all pages of a list may take together."""

M = TypeVar("M", bound=Item)


def page_of(result: Result, model: type[M], asked: Collection[str] | None = None) -> Page[M]:
    """Return the page that an answer holds; ``asked`` are the ids that were asked for, None for all.

    Raises:
        AnswerLostError: it counts rows that it does not show, or shows what it does not count or nobody asked for.
    """
    items, total = result.models("dataSet", model), result.count("totalCount")
    if asked is not None and not {item.id for item in items} <= {*asked}:
        raise result.malformed("dataSet, which shows what was not asked for")
    complete = asked is not None
    if len(items) > total or (total and not items) or (complete and len(items) < total):
        raise result.malformed(f"totalCount, which is {total} and does not fit {len(items)} rows")
    return Page(total, items)


def all_pages(read: Callable[[int], Page[M]]) -> list[M] | None:
    """Return the items of all pages, as many as the first one counts; ``read`` reads a page, from 1.

    None when the list changed while it was read, :data:`LISTINGS` times: it grew or shrank, or an item moved to
    another page. As each page shows something new, there are no more pages than items.
    """
    return next((found for _ in range(LISTINGS) if (found := _one_pass(read)) is not None), None)


def _one_pass(read: Callable[[int], Page[M]]) -> list[M] | None:
    found: dict[str, M] = {}
    total, number = 1, 0
    while len(found) < total:
        number += 1
        page = read(number)
        total = page.total_count if number == 1 else total
        expected = len(found) + len(page.items)
        found.update((item.id, item) for item in page.items)
        if page.total_count != total or not len(found) == expected <= total:
            return None
    return list(found.values())
