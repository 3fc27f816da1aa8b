"""The state of the simulated cloud, and how it is read from a seed file."""

from __future__ import annotations

import json
import secrets
from importlib import resources
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, ValidationError
from pydantic.alias_generators import to_camel

from zec_pulumi.simulator.clock import timestamp
from zec_pulumi.simulator.documents import read_document
from zec_pulumi.simulator.models import Credential, Image, KeyPair, Machine, Name, SeedModel, Tag, Zone

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from pathlib import Path


_REINSTALLING = {"DEPLOYING", "REBUILDING"}


class SetupError(ValueError):
    """A seed, a fault rule or a change by an administrator that cannot be: says where and why."""


class Seed(SeedModel):
    """A whole cloud, as a seed file describes it."""

    credentials: Annotated[list[Credential], Field(min_length=1)]
    tokens: Annotated[list[Name], Field(min_length=1)]
    clock_skew_seconds: float = 0.0
    time_zones: list[str]
    zones: list[Zone]
    images: list[Image]
    key_pairs: list[KeyPair] = Field(default_factory=list)
    instances: list[Machine] = Field(default_factory=list)
    tags: list[Tag] = Field(default_factory=list)

    def findings(self) -> Iterator[str]:
        """Say, each with its path, what in it contradicts something else in it."""
        yield from _twice("zones", "zoneId", (zone.zone_id for zone in self.zones))
        yield from _twice("images", "imageId", (image.image_id for image in self.images))
        yield from _twice("keyPairs", "keyId", (key.key_id for key in self.key_pairs))
        yield from _twice("instances", "instanceId", (instance.instance_id for instance in self.instances))
        world = World(self, now=0.0)
        for number, instance in enumerate(self.instances):
            yield from (f"instances.{number}.{finding}" for finding in world.findings(instance))


class World:
    """Zones, images, key pairs and instances, each by its id and in the order of the seed.

    Args:
        seed: What exists at the beginning; it is not modified.
        now: Simulated time from which the seed's pending changes count.
    """

    def __init__(self, seed: Seed, *, now: float) -> None:
        self.seed = seed
        self.time_zones = list(seed.time_zones)
        self.zones = {zone.zone_id: zone for zone in seed.zones}
        self.images = {image.image_id: image.model_copy(deep=True) for image in seed.images}
        # An instance keeps its image when that is deleted.
        self.deleted_images: dict[str, Image] = {}
        self.key_pairs = {key.key_id: key for key in seed.key_pairs}
        self.instances = {item.instance_id: item.model_copy(deep=True) for item in seed.instances}
        # Deleting a key pair does not take it from the instances that have it.
        self.deleted_keys: set[str] = set()
        self.made = 0
        self.resource_groups = {
            **{image.resource_group_id: image.resource_group_name for image in seed.images},
            **{instance.resource_group_id: instance.resource_group_name for instance in seed.instances},
        }
        # The tags of the account, bound or not, and when each was created.
        self.tags: dict[Tag, str] = {}
        self.keep_tags([*seed.tags, *self._bound_tags()], now)
        changing: list[Machine | Image] = [*self.instances.values(), *self.images.values()]
        for one in changing:
            if one.pending is not None:
                one.pending.since = now

    def next_number(self) -> int:
        """Return 1, 2, 3 … for what a client creates: ids that are the same in every run and never used twice."""
        self.made += 1
        return self.made

    def keep_tags(self, tags: Iterable[Tag], now: float) -> None:
        """Add to the tags of the account those that it does not have."""
        for tag in tags:
            self.tags.setdefault(tag, timestamp(now))

    def bind(self, resource: Machine | Image, tags: list[Tag], now: float) -> None:
        """Let a resource have these tags and no other; those that are new become tags of the account."""
        resource.tags = tags
        self.keep_tags(tags, now)

    def restore_tags(self, tags: dict[Tag, str], now: float) -> None:
        """Go on with these tags of the account, and those that something has."""
        self.tags = tags
        self.keep_tags(self._bound_tags(), now)

    def _bound_tags(self) -> list[Tag]:
        tagged: list[Machine | Image] = [*self.images.values(), *self.instances.values()]
        return [tag for one in tagged for tag in one.tags]

    def image_in_zone(self, image_id: str, zone_id: str) -> Image | None:
        """Return the image if instances of ``zone_id`` can use it, else None."""
        image = self.images.get(image_id)
        return image if image is not None and self.offers(image, zone_id) else None

    def image_of(self, instance: Machine) -> Image:
        """Return the image that an instance was installed with, be it deleted since."""
        return self.images.get(instance.image_id) or self.deleted_images[instance.image_id]

    def offers(self, image: Image, zone_id: str) -> bool:
        """Whether the zone offers the image: custom images by region, public ones by zone."""
        if image.is_custom:
            return self.zones[zone_id].region_id in image.region_id_list
        return image.zone_ids is None or zone_id in image.zone_ids

    def check(self, instance: Machine) -> None:
        """Raise :class:`SetupError` when the instance names something that does not exist."""
        found = "; ".join(self.findings(instance))
        if found:
            raise SetupError(f"instance {instance.instance_id}: {found}")

    def findings(self, instance: Machine) -> Iterator[str]:
        """Say, each with its path, what the instance names that does not exist."""
        named: list[tuple[str, str | None, Collection[str | None]]] = [
            ("zoneId", instance.zone_id, self.zones.keys()),
            ("imageId", instance.image_id, {*self.images, *self.deleted_images}),
            ("timeZone", instance.time_zone, self.time_zones),
            ("keyId", instance.key_id, {None, *self.key_pairs, *self.deleted_keys}),
        ]
        for name, value, known in named:
            if value not in known:
                yield f"{name}: {name} {value} does not exist"
        if instance.pending is not None:
            after = instance.pending.becomes or instance.status
            try:
                later = _changed(instance, {"status": after, **instance.pending.changes})
            except SetupError as error:
                yield f"pending.changes: {error}"
            else:
                yield from (f"pending.changes.{finding}" for finding in self.findings(later))

    def patch(self, instance_id: str, fields: dict[str, Any], *, now: float) -> Machine:
        """Set fields of an instance as somebody at the console would; a change under way is dropped.

        An image, or the status of a reinstall, means that the disk was written anew: it gets another identity.

        Raises:
            KeyError: No such instance.
            SetupError: A field that does not exist, a value that cannot be, or the id itself.
        """
        current = self.instances[instance_id]
        changes = {to_camel(name): value for name, value in fields.items()}
        if changes.get("instanceId", instance_id) != instance_id:
            raise SetupError("instanceId: an instance keeps its id")
        if "imageId" in changes or changes.get("status") in _REINSTALLING:
            image = self.images.get(str(changes.get("imageId")))
            changes = {"diskIdentity": (image and image.disk_identity) or f"console-{secrets.token_hex(4)}", **changes}
        changed = _changed(current, changes)
        self.check(changed)
        if changed.pending is not None:
            changed.pending.since = now
        self.instances[instance_id] = changed
        self.keep_tags(changed.tags, now)
        return changed


def load_seed(source: str | Path | dict[str, Any] | None) -> Seed:
    """Read a seed: a JSON or YAML file, its content already parsed, or None for the world in this package.

    Raises:
        SetupError: The file cannot be read, or describes a cloud that cannot be.
    """
    try:
        given = default_world() if source is None else source
        seed = Seed.model_validate(given if isinstance(given, dict) else read_document(given))
    except ValidationError as error:
        raise SetupError(f"the seed is not usable: {explain(error)}") from None
    except (OSError, ValueError, RuntimeError) as error:
        raise SetupError(f"the seed cannot be read: {error}") from None
    found = "; ".join(seed.findings())
    if found:
        raise SetupError(f"the seed is not usable: {found}")
    return seed


def default_world() -> dict[str, Any]:
    """Return the world of this package as JSON, to be changed and passed as a seed."""
    text = (resources.files("zec_pulumi.simulator") / "seed" / "world.json").read_text("utf-8")
    world: dict[str, Any] = json.loads(text)
    return world


def explain(error: ValidationError, whole: str = "seed") -> str:
    """Return every finding as ``path: what is wrong``, without quoting values; the whole itself has no path."""
    findings = error.errors(include_url=False, include_input=False)
    return "; ".join(f"{'.'.join(map(str, item['loc'])) or whole}: {item['msg']}" for item in findings)


def _changed(instance: Machine, changes: dict[str, Any]) -> Machine:
    """Return a validated copy with ``changes`` (names as in the API); what was pending is dropped."""
    try:
        return Machine.model_validate({**instance.model_dump(by_alias=True), "pending": None, **changes})
    except ValidationError as error:
        raise SetupError(f"instance {instance.instance_id}: {explain(error)}") from None


def _twice(where: str, what: str, ids: Iterable[str]) -> Iterator[str]:
    seen: set[str] = set()
    for number, value in enumerate(ids):
        if value in seen:
            yield f"{where}.{number}.{what}: {what} {value} is there twice"
        seen.add(value)
