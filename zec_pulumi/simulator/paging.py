"""Pages of a list. Source: DescribeInstances and its siblings, zec 2025-09-01."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from pydantic import Field

from zec_pulumi.simulator.action_call import ActionParameters

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ItemT = TypeVar("ItemT")

MAX_IDS = 100
MAX_PAGE_SIZE = 1000

Ids = Annotated[list[str], Field(max_length=MAX_IDS)]
SomeIds = Annotated[list[str], Field(min_length=1, max_length=MAX_IDS)]


class Paged(ActionParameters):
    """The paging parameters that lists share."""

    page_size: Annotated[int, Field(ge=1, le=MAX_PAGE_SIZE)] = 20
    page_num: Annotated[int, Field(ge=1)] = 1


def page(request: Paged, items: Sequence[ItemT], render: Callable[[ItemT], dict[str, Any]]) -> dict[str, Any]:
    """Return the requested page of ``items``, each rendered, and how many there are in all."""
    begin = (request.page_num - 1) * request.page_size
    return {
        "totalCount": len(items),
        "dataSet": [render(item) for item in items[begin : begin + request.page_size]],
    }


def contains(text: str, part: str | None) -> bool:
    """Whether a fuzzy name filter (None: no filter) matches, whatever the case."""
    return part is None or part.casefold() in text.casefold()
