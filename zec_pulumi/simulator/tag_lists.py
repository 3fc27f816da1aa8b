"""Tags as parameters of requests. Source: ModifyResourceTags, zrm 2025-10-14, and the filters of DescribeInstances."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from zec_pulumi.simulator.action_call import ActionParameters
from zec_pulumi.simulator.envelope import RefusedError
from zec_pulumi.simulator.models import Tag

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

MAX_TAGS = 20
MAX_TAG_TEXT = 64

TagText = Annotated[str, Field(min_length=1, max_length=MAX_TAG_TEXT)]
TagKeys = Annotated[list[TagText], Field(max_length=MAX_TAGS)]


class GivenTag(ActionParameters):
    """A key and its value, each of 1 to 64 characters."""

    key: TagText
    value: TagText

    def tag(self) -> Tag:
        """Return it as it is kept."""
        return Tag(key=self.key, value=self.value)


GivenTags = Annotated[list[GivenTag], Field(max_length=MAX_TAGS)]
SomeTags = Annotated[list[GivenTag], Field(min_length=1, max_length=MAX_TAGS)]


class TagAssociation(ActionParameters):
    """The tags that something is created with."""

    tags: GivenTags = Field(default_factory=list)

    def kept(self) -> list[Tag]:
        """Return them as they are kept. Raises RefusedError when a key is there twice."""
        check_keys_unique([given.key for given in self.tags])
        return [given.tag() for given in self.tags]


def check_keys_unique(keys: Sequence[str]) -> None:
    """Refuse a key that is there twice. The code is this simulator's choice."""
    if len(set(keys)) < len(keys):
        raise RefusedError(400, "INVALID_PARAMETER_VALUE", "A tag key is there twice.")


def has_tags(present: Collection[Tag], *, keys: Collection[str] | None, tags: Collection[GivenTag] | None) -> bool:
    """Whether ``present`` has every key and every tag of a filter; None and nothing filter nothing."""
    values = {tag.key: tag.value for tag in present}
    return all(key in values for key in keys or ()) and all(values.get(tag.key) == tag.value for tag in tags or ())
