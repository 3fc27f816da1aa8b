"""What the ``resource`` blocks of a configuration say about who owns the operating system; pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from zec_pulumi.terraform.instance import RESOURCE_TYPE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

REINSTALLING = ("image_id", "key_id", "password", "time_zone", "disable_qga_agent")
"""What a rebuild sets, and the provider therefore must ignore. Source: its Update, 0.2.28."""

ALL = frozenset({"*"})
"""``ignore_changes = all``."""


@dataclass(frozen=True)
class Block:
    """One ``resource`` block, with what override files change in it.

    Attributes:
        name: The name after the resource's type.
        file: The file it stands in, without folder.
        ignored: The attributes of ``ignore_changes``, :data:`ALL` for all of them; None without ``ignore_changes``.
        has_lifecycle: Whether there is a ``lifecycle`` block at all.
        runs: Whether it sets ``running_flag``.
    """

    name: str
    file: str
    ignored: frozenset[str] | None
    has_lifecycle: bool
    runs: bool

    def ignores(self, attribute: str) -> bool:
        """Return whether Terraform leaves the attribute alone, whatever the machine has."""
        return self.ignored is not None and (self.ignored == ALL or attribute in self.ignored)

    def ignores_tag(self, key: str) -> bool:
        """Return whether Terraform leaves a tag alone that its configuration does not name.

        Without that it takes the tag off, also where the configuration has no ``tags`` at all.
        """
        one = re.compile(rf'tags(?:\.{re.escape(key)}|\[\s*"{re.escape(key)}"\s*\])')
        return self.ignores("tags") or any(map(one.fullmatch, self.ignored or ()))

    def missing(self) -> list[str]:
        """Return what a rebuild sets and Terraform does not ignore, in the order of the documents."""
        return [attribute for attribute in REINSTALLING if not self.ignores(attribute)]


def read(document: Any, file: str) -> Iterator[Block]:
    """Yield the blocks of ZEC instances in a file that was parsed; JSON and the native syntax alike.

    Both may write a block as an object or as a list of objects, at every level.
    """
    for root in _objects(document):
        for types in _objects(root.get("resource")):
            for named in _objects(types.get(RESOURCE_TYPE)):
                for name, bodies in named.items():
                    yield from (_block(name, body, file) for body in _objects(bodies))


def merged(base: Block, override: Block) -> Block:
    """Return a block with what an override file says about it: argument by argument, as Terraform merges."""
    return replace(
        base,
        ignored=base.ignored if override.ignored is None else override.ignored,
        has_lifecycle=base.has_lifecycle or override.has_lifecycle,
        runs=base.runs or override.runs,
    )


def _block(name: str, body: Mapping[str, Any], file: str) -> Block:
    lifecycles = list(_objects(body.get("lifecycle")))
    said = [one["ignore_changes"] for one in lifecycles if one.get("ignore_changes") is not None]
    ignored = _ignored(said[0]) if said else None
    return Block(name, file, ignored, bool(lifecycles), body.get("running_flag") is not None)


def _ignored(value: Any) -> frozenset[str]:
    if isinstance(value, list):
        return frozenset(map(_attribute, value))
    return ALL if _attribute(value) == "all" else frozenset()


def _attribute(text: Any) -> str:
    """Return an attribute's name as Terraform means it; older configurations put it in quotes or in a template."""
    return str(text).removeprefix("${").removesuffix("}").strip('" ')


def _objects(value: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, list):
        for item in value:
            yield from _objects(item)
    elif isinstance(value, dict):
        yield value
