"""What the API says now: reads shared by all resources of a process, so that none is paid for twice."""

from __future__ import annotations

import difflib
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from zec_pulumi.api import Image, Instance, InvalidRequestError, NotFoundError
from zec_pulumi.cloud.batch import Batch, nobody_else

if TYPE_CHECKING:
    from collections.abc import Callable

    from zec_pulumi.api import Client
    from zec_pulumi.time.clock import Clock

CATALOG_SECONDS = 60.0
"""How long images, key pairs and time zones are taken as read; they change rarely, and the API checks again."""

BY_ID = 3
"""How many instances a preview reads one by one before it reads whole pages."""

BLAMING_ONE = (NotFoundError, InvalidRequestError)
"""What the API answers for all ids of a request when it does not know one of them."""

T = TypeVar("T")


def _is(shown: str | None, name: str) -> bool:
    return shown is not None and shown.strip().casefold() == name.strip().casefold()


@dataclass(frozen=True)
class _Held:
    at: float
    value: Any


class CloudReader:
    """Reads of one process, thread-safe. What instances refer to is held for a minute.

    Every method raises :class:`zec_pulumi.api.ZecError` when the API cannot be read.
    """

    def __init__(self, client: Client, clock: Clock, crowded: Callable[[], bool] = nobody_else) -> None:
        self._client = client
        self._clock = clock
        self._instances = Batch(client.instances_by_id, clock, crowded, BLAMING_ONE)
        self._held: dict[tuple[str, ...], _Held] = {}
        self._reading: dict[tuple[str, ...], threading.Lock] = {}
        self._seen: dict[str, _Held] = {}
        self._asked: set[str] = set()
        self._zones: set[str] = set()
        self._listed: set[str] = set()
        self._lock = threading.Lock()

    def instance(self, instance_id: str, after: float = 0.0) -> Instance | None:
        """Return the instance as it is in so many seconds, read with all that are asked for until then.

        None when it is gone: the API says so, or shows nothing for the id twice.
        """
        for pause in (after, 0.0):
            with self._instances.asking(instance_id, pause) as ask:
                if pause:
                    self._clock.sleep(pause)
                try:
                    found = self._instances.answer(ask)
                except NotFoundError:
                    return None
            if found is not None:
                return found
        return None

    def instance_cached(self, instance_id: str) -> Instance | None:
        """Return the instance as it was at most a minute ago, for previews; None when it is gone.

        The engine asks for one resource after the other: the first few are read by id, then whole pages of their zones
        answer for the rest. A stack of one machine in an account of thousands so never lists the account.
        """
        with self._lock:
            known = self._seen.get(instance_id)
            zones = None if len(self._asked) < BY_ID else sorted(self._zones - self._listed)
            self._asked.add(instance_id)
        if known is not None and self._clock.monotonic() - known.at <= CATALOG_SECONDS:
            seen: Instance = known.value
            return seen
        for zone_id in zones or ():
            self._list(zone_id)
            if instance_id in self._seen:
                return self.instance_cached(instance_id)
        found = self.instance(instance_id)
        if found is not None and found.zone_id:
            with self._lock:
                self._zones.add(found.zone_id)
                self._seen[instance_id] = _Held(self._clock.monotonic(), found)
        return found

    def _list(self, zone_id: str) -> None:
        """Read all instances of a zone."""
        now = self._clock.monotonic()
        instances = self._client.describe_all_instances(zone_id=zone_id)
        with self._lock:
            self._seen.update((item.instance_id, _Held(now, item)) for item in instances)
            self._listed.add(zone_id)

    def image(self, zone_id: str, image_id: str) -> Image | None:
        """Return an image of the zone, or one of the account's own, which may be of other regions."""
        found = self._zone_images(zone_id).get(image_id)
        return found or self._own_images(image_id).get(image_id)

    def similar_images(self, zone_id: str, image_id: str) -> list[str]:
        """Return up to three image ids of the zone that look like ``image_id``."""
        return difflib.get_close_matches(image_id, list(self._zone_images(zone_id)), n=3, cutoff=0.5)

    def images_named(self, zone_id: str, name: str) -> list[str]:
        """Return the ids of the images of that name, in whatever case: of the zone, and the account's own."""
        own = self._hold(("all own images",), self._client.describe_custom_images)
        images = [*self._zone_images(zone_id).values(), *own]
        return sorted({image.image_id for image in images if _is(image.image_name, name)})

    def key_pairs_named(self, name: str) -> list[str]:
        """Return the ids of the key pairs of that name, in whatever case."""
        pairs = self._hold(("all keys",), self._client.describe_key_pairs)
        return sorted(pair.key_id for pair in pairs if _is(pair.key_name, name))

    def instances_named(self, name: str) -> list[str]:
        """Return the ids of the instances of that name, in whatever case, on the first page of the account's."""
        page = self._hold(("first page of instances",), self._client.describe_instances)
        return sorted(item.instance_id for item in page.items if _is(item.instance_name, name))

    def region(self, zone_id: str) -> str | None:
        """Return the region of a zone, None when the API does not say."""
        zones = self._hold(("zones",), lambda: {zone.zone_id: zone.region_id for zone in self._client.describe_zones()})
        return zones.get(zone_id)

    def key_pair_exists(self, key_id: str) -> bool:
        """Whether the account has the key pair."""
        return key_id in self._hold(
            ("key", key_id),
            lambda: {pair.key_id for pair in self._client.describe_key_pairs(key_ids=[key_id])},
        )

    def time_zones(self) -> frozenset[str]:
        """Return the names of all time zones an instance can have."""
        return self._hold(("time zones",), lambda: frozenset(self._client.describe_time_zones()))

    def _zone_images(self, zone_id: str) -> dict[str, Image]:
        return self._hold(
            ("images", zone_id),
            lambda: {image.image_id: image for image in self._client.describe_images(zone_id)},
        )

    def _own_images(self, image_id: str) -> dict[str, Image]:
        return self._hold(
            ("own images", image_id),
            lambda: {image.image_id: image for image in self._client.describe_custom_images(image_ids=[image_id])},
        )

    def _hold(self, key: tuple[str, ...], read: Callable[[], T]) -> T:
        with self._lock:
            reading = self._reading.setdefault(key, threading.Lock())
        # A hundred resources want the same list at the same moment: one reads it, the others have it then.
        with reading:
            held, now = self._held.get(key), self._clock.monotonic()
            if held is None or now - held.at > CATALOG_SECONDS:
                held = self._held[key] = _Held(now, read())
        value: T = held.value
        return value
