"""Checks one Terraform ``resource`` block whose instances the stack rebuilds, too; pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from zec_pulumi.cli.doctor.finding import Finding, ok, problem, warning
from zec_pulumi.journal.marker import KEY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zec_pulumi.cli.stack_machines import StackMachine
    from zec_pulumi.terraform.blocks import Block

CHECK = "terraform"
NAMED = 3
"""How many instances of a block are named in a sentence; one block can make hundreds."""

_LIFECYCLE_JSON = '"lifecycle":'


@dataclass(frozen=True)
class Shared:
    """A block and the instances that it shares with the stack.

    Attributes:
        address: Its address, without any index.
        file: Where it stands, for the user.
        fetched: Whether that file is only a copy that ``init`` fetched.
        owners: The ``InstanceOsImage`` of each, by instance id.
        marks: Whether rebuilds of the stack write markers.
    """

    address: str
    file: str
    fetched: bool
    owners: Mapping[str, StackMachine]
    marks: bool


def check_block(shared: Shared, block: Block) -> Iterator[Finding]:
    """Yield the findings about the block: what it must ignore and does not, or one ``ok``."""
    missing = block.missing()
    some = _some(shared.owners)
    if missing:
        text = f"{shared.address} and InstanceOsImage both reinstall {some}: Terraform does not ignore"
        yield problem(CHECK, f"{text} {', '.join(missing)}", _lines(shared, block, missing))
    else:
        yield ok(CHECK, f"{shared.address} ignores what InstanceOsImage sets on {some}")
    if shared.marks and not block.ignores_tag(KEY):
        text = f"{shared.address} owns all tags of {some}: an apply takes off {KEY}, which tells of a killed rebuild"
        yield warning(CHECK, text, _too(shared, block, f'tags["{KEY}"]'))
    if any(owner.names_it for owner in shared.owners.values()) and not block.ignores("instance_name"):
        text = f"{shared.address} and the Pulumi program both name {some}"
        fix = f"leave instance_name out of the program, or {_too(shared, block, 'instance_name')}"
        yield warning(CHECK, text, fix)
    if block.runs and not block.ignores("running_flag"):
        text = f"{shared.address} sets running_flag: an apply during a rebuild can power {some} on or off"
        fix = f"take running_flag out of it, or {_too(shared, block, 'running_flag')}"
        yield warning(CHECK, text, fix)


def _too(shared: Shared, block: Block, attribute: str) -> str:
    """Return where to add one more attribute; the problem before it may have named the place."""
    if block.missing():
        return f"add `{attribute}` to ignore_changes, too"
    return _lines(shared, block, [attribute])


def _lines(shared: Shared, block: Block, attributes: list[str]) -> str:
    """Return which line to add and where, in the syntax of that file."""
    is_json = shared.file.endswith(".json")
    names = ", ".join(map(json.dumps, attributes) if is_json else attributes)
    where = f'resource "{block.name}" in {shared.file}'
    if shared.fetched:
        where = f"{where}, at the source of the module, because this file is a copy that init fetched"
    if block.ignored is not None:
        return f"add `{names}` to ignore_changes of {where}"
    line = f'"ignore_changes": [{names}]' if is_json else f"ignore_changes = [{names}]"
    if block.has_lifecycle:
        return f"add `{line}` to lifecycle of {where}"
    return f"add `{_LIFECYCLE_JSON if is_json else 'lifecycle'} {{ {line} }}` to {where}"


def _some(owners: Mapping[str, StackMachine]) -> str:
    named = ", ".join(f"{id_} ({owner.name})" for id_, owner in islice(owners.items(), NAMED))
    rest = len(owners) - NAMED
    return f"{named} and {rest} more" if rest > 0 else named
