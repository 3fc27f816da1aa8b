"""Selects instances and log entries for an administrator, so that the page shows ten thousand quickly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import ConfigDict, Field, ValidationError

from zec_pulumi.simulator.models import SeedModel
from zec_pulumi.simulator.world import SetupError, explain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from typing_extensions import Self

    from zec_pulumi.simulator.models import Machine


class _Query(SeedModel):
    """A query string; numbers are text in it."""

    model_config = ConfigDict(strict=False)

    @classmethod
    def read(cls, query: Mapping[str, str]) -> Self:
        """Read a query. Raises SetupError."""
        try:
            return cls.model_validate(dict(query))
        except ValidationError as error:
            raise SetupError(explain(error)) from None


class LogQuery(_Query):
    """``after`` a sequence number, and of these the newest ``limit``."""

    after: Annotated[int, Field(ge=0)] = 0
    limit: Annotated[int, Field(ge=0)] | None = None


class InstanceQuery(_Query):
    """Instances whose name, id, image or address contains ``search``, in a ``status``; at most ``limit``.

    With a limit those that change come first.
    """

    search: str = ""
    status: str = ""
    limit: Annotated[int, Field(ge=0)] | None = None


@dataclass(frozen=True)
class Selection:
    """Some of what there is, and how many there are in all."""

    items: Sequence[Any]
    total: int


def find(instances: Sequence[Machine], listing: InstanceQuery) -> Selection:
    """Return the instances that the query names."""
    wanted = listing.search.casefold()
    found = [
        item
        for item in instances
        if listing.status in {"", item.status} and (not wanted or any(wanted in text for text in _texts(item)))
    ]
    if listing.limit is None or len(found) <= listing.limit:
        return Selection(found, len(found))
    changing = [item for item in found if item.pending is not None][: listing.limit]
    resting = (item for item in found if item.pending is None)
    return Selection([*changing, *(item for item, _ in zip(resting, range(listing.limit - len(changing))))], len(found))  # noqa: B905 -- the shorter decides


def _texts(item: Machine) -> list[str]:
    texts = (item.instance_name, item.instance_id, item.image_id, *item.public_ip_addresses, *item.private_ip_addresses)
    return [text.casefold() for text in texts]
