"""``zec-pulumi images``, ``keys`` and ``instances``: the ids to write into a program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zec_pulumi.api import Code, NotFoundError, ZecError
from zec_pulumi.cli import layout
from zec_pulumi.cli.access import CREDENTIALS, client_from_environment
from zec_pulumi.cli.layout import Column
from zec_pulumi.cli.output import write_error, write_json, write_lines
from zec_pulumi.cli.parser import add_command

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence

    from zec_pulumi.api import Client, Image, Instance, KeyPair
    from zec_pulumi.cli.parser import Commands

    Listing = Callable[[Client, argparse.Namespace], Sequence[Image] | Sequence[Instance] | Sequence[KeyPair]]

AVAILABLE = "AVAILABLE"

_IMAGES = """\
Images that an instance in a zone can have: what to write as image_id.

Only images in the state AVAILABLE are listed, unless you ask for all.
"""

_IMAGES_EXAMPLES = """\
Examples:

  zec-pulumi images                                       # which zones there are
  zec-pulumi images --zone asia-east-1a                   # the zone of an instance: zec-pulumi instances
  zec-pulumi images --zone asia-east-1a --name ubuntu     # part of the id or name
  zec-pulumi images --zone asia-east-1a --os-type windows
  zec-pulumi images --zone asia-east-1a --all-states --json | jq -r '.[].image_id'
"""

_KEYS = "SSH key pairs of the account: what to write as key_id.\n"

_KEYS_EXAMPLES = """\
Examples:

  zec-pulumi keys
  zec-pulumi keys --json | jq -r '.[] | select(.key_name == "ops").key_id'
"""

_INSTANCES = "Instances of the account: what to write as instance_id, always as a string in quotes.\n"

_INSTANCES_EXAMPLES = """\
Examples:

  zec-pulumi instances
  zec-pulumi instances --zone asia-east-1a --status RUNNING
  zec-pulumi instances --name web                             # part of the id or name
  zec-pulumi instances --image ubuntu2204_20240712            # who still runs it
  zec-pulumi instances --json | jq -r '.[].instance_id'
"""


def add_parser(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the three subcommands to the root parser."""
    images = _add(commands, "images", "list the images of a zone", _IMAGES, _IMAGES_EXAMPLES)
    images.add_argument("--zone", metavar="ZONE", help="id of the zone; without it, the zones are named")
    images.add_argument("--name", metavar="TEXT", default="", help="only those with TEXT in their id or name")
    images.add_argument("--os-type", metavar="TYPE", help="only those of the type, such as linux or windows")
    images.add_argument("--all-states", action="store_true", help="those that cannot be used now, too")
    images.set_defaults(run=_run, listing=_list_images)
    keys = _add(commands, "keys", "list the SSH key pairs", _KEYS, _KEYS_EXAMPLES)
    keys.set_defaults(run=_run, listing=_list_keys)
    instances = _add(commands, "instances", "list the instances", _INSTANCES, _INSTANCES_EXAMPLES)
    instances.add_argument("--zone", metavar="ZONE", help="only those in the zone")
    instances.add_argument("--name", metavar="TEXT", default="", help="only those with TEXT in their id or name")
    instances.add_argument("--status", metavar="STATUS", help="only those in the status, such as RUNNING")
    instances.add_argument("--image", metavar="ID", help="only those that run the image")
    instances.set_defaults(run=_run, listing=_list_instances)


def _add(
    commands: Commands[argparse.ArgumentParser], name: str, summary: str, text: str, examples: str
) -> argparse.ArgumentParser:
    parser = add_command(commands, name, summary=summary, description=f"{text}\n{CREDENTIALS}", epilog=examples)
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.set_defaults(command=name)
    return parser


def _run(arguments: argparse.Namespace) -> int:
    listing: Listing = arguments.listing
    try:
        with client_from_environment() as client:
            found = listing(client, arguments)
    except ZecError as error:
        write_error(f"zec-pulumi {arguments.command}: {error}")
        return 1
    if arguments.json:
        write_json([item.model_dump(mode="json") for item in found])
    elif not found:
        write_lines([f"no {arguments.command}"])
    else:
        columns, row = _LAYOUTS[arguments.command]
        layout.show(layout.table(columns, [row(item) for item in found]))
    return 0


def _list_images(client: Client, arguments: argparse.Namespace) -> list[Image]:
    wrong = "images are those of a zone, so give --zone"
    try:
        found = client.describe_images(arguments.zone) if arguments.zone else None
    except NotFoundError as error:
        if error.code != Code.INVALID_ZONE_NOT_FOUND:
            raise
        found, wrong = None, f"there is no zone {arguments.zone}"
    if found is None:
        zones = ", ".join(sorted(zone.zone_id for zone in client.describe_zones()))
        raise ZecError(f"{wrong}; the zones are {zones}")
    return [image for image in found if _is_asked_for(image, arguments)]


def _is_asked_for(image: Image, arguments: argparse.Namespace) -> bool:
    return (
        (arguments.all_states or image.image_status == AVAILABLE)
        and _contains(arguments.name, image.image_id, image.image_name)
        and _is(arguments.os_type, image.os_type)
    )


def _list_keys(client: Client, _: argparse.Namespace) -> list[KeyPair]:
    return client.describe_key_pairs()


def _list_instances(client: Client, arguments: argparse.Namespace) -> list[Instance]:
    return [
        instance
        for instance in client.describe_all_instances(zone_id=arguments.zone)
        if _contains(arguments.name, instance.instance_id, instance.instance_name)
        and _is(arguments.status, instance.status)
        and (arguments.image is None or instance.image_id == arguments.image)
    ]


def _contains(text: str, *values: str | None) -> bool:
    return any(text.casefold() in (value or "").casefold() for value in values)


def _is(wanted: str | None, value: str | None) -> bool:
    return wanted is None or wanted.casefold() == (value or "").casefold()


def _image_row(image: Image) -> list[str]:
    least = "" if image.min_disk_size_gib is None else f"{image.min_disk_size_gib} GiB"
    return [image.image_id, image.image_name or "", image.os_type or "", image.image_status or "", least]


def _key_row(key: KeyPair) -> list[str]:
    return [key.key_id, key.key_name or ""]


def _instance_row(instance: Instance) -> list[str]:
    facts = (instance.instance_name, instance.status, instance.zone_id, instance.image_id, instance.key_id)
    return [instance.instance_id, *(fact or "" for fact in facts)]


_LAYOUTS: dict[str, tuple[tuple[Column, ...], Callable[..., list[str]]]] = {
    "images": (
        (Column("image id", whole=True), Column("name"), Column("os type"), Column("status"), Column("smallest disk")),
        _image_row,
    ),
    "keys": ((Column("key id", whole=True), Column("name")), _key_row),
    "instances": (
        (
            Column("instance id", whole=True),
            Column("name"),
            Column("status", whole=True),
            Column("zone", whole=True),
            Column("image", whole=True),
            Column("key", whole=True),
        ),
        _instance_row,
    ),
}
