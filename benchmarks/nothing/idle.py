"""A dynamic provider that does nothing, in a module of its own: the state then holds its name and not its code."""

from typing import Any

from pulumi.dynamic import CreateResult, DiffResult, ResourceProvider, UpdateResult


class IdleProvider(ResourceProvider):
    """Says that all was done."""

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Do nothing."""
        return CreateResult(props["instance_id"], props)

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        """Another image is an update."""
        return DiffResult(changes=olds.get("image_id") != news.get("image_id"))

    def update(self, _id: str, _olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        """Do nothing."""
        return UpdateResult(news)
