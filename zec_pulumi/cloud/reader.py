"""What the API says now: reads shared by all resources of a process, so that none is paid for twice."""

from __future__ import annotations

import copy
import difflib
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from zec_pulumi.api import Image, Instance, NotFoundError
from zec_pulumi.cloud.coalescer import RequestCoalescer, never_contended, says_gone
from zec_pulumi.errors import DeadlineError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from zec_pulumi.api import Client
    from zec_pulumi.time.clock import Clock
    from zec_pulumi.time.deadline import Deadline

CATALOG_SECONDS = 60.0
"""How long images, key pairs and time zones are taken as read; they change rarely, and the API checks again."""

BY_ID = 3
"""How many instances a preview reads one by one before it reads whole pages."""

_CHECK_SECONDS = 0.5
"""How often a caller that waits for another one's read checks its deadline, in real seconds."""

T = TypeVar("T")


def _is(shown: str | None, name: str) -> bool:
    return shown is not None and shown.strip().casefold() == name.strip().casefold()


@dataclass(frozen=True)
class _Held:
    at: float
    value: Any


class CloudReader:
    """Reads of one process, thread-safe. What instances refer to is held for a minute.

    Every method raises :class:`zec_pulumi.api.ZecError` when the API cannot be read, and of a reader :meth:`within` a
    deadline :class:`zec_pulumi.errors.DeadlineError` once that has passed.
    """

    def __init__(self, client: Client, clock: Clock, is_contended: Callable[[], bool] = never_contended) -> None:
        self._client = client
        self._clock = clock
        self._deadline: Deadline | None = None
        self._instances = RequestCoalescer(client.instances_by_id, clock, is_contended)
        self._images = RequestCoalescer(client.custom_image_statuses, clock, is_contended)
        self._held: dict[tuple[str, ...], _Held] = {}
        self._reading: dict[tuple[str, ...], threading.Lock] = {}
        self._asked: set[str] = set()
        self._zones: set[str] = set()
        self._lock = threading.Lock()

    def within(self, deadline: Deadline) -> CloudReader:
        """Return this reader bounded by ``deadline``; it shares all that was read with this one."""
        bounded = copy.copy(self)
        bounded._client = self._client.within(deadline)  # noqa: SLF001 a copy of this very object
        bounded._deadline = deadline  # noqa: SLF001 as above
        return bounded

    def instance(self, instance_id: str, after: float = 0.0) -> Instance | None:
        """Wait ``after`` seconds, then read the instance in one batch with everything else requested by then.

        None when it is gone: the API says so, or shows nothing for the id twice.
        """
        for pause in (after, 0.0):
            with self._instances.request(instance_id, pause) as request:
                if pause:
                    self._clock.sleep(pause)
                try:
                    found = self._instances.answer(request, self._deadline)
                except NotFoundError as error:
                    if says_gone(error):
                        return None
                    raise
            if found is not None:
                return found
        return None

    def instance_cached(self, instance_id: str) -> Instance | None:
        """Return the instance as it was at most a minute ago, for previews; None when it is gone.

        The engine asks for one resource after the other: the first few are read by id, then whole pages of their zones
        answer for the rest. A stack of one machine in an account of thousands so never lists the account.
        """
        key = ("instance", instance_id)
        with self._lock:
            zones = sorted(self._zones) if len(self._asked) >= BY_ID else []
            self._asked.add(instance_id)
        for zone_id in zones if not self._is_fresh(self._held.get(key)) else ():
            found = self._zone_instances(zone_id).get(instance_id)
            if found is not None:
                return found
        found = self._hold(key, lambda: self.instance(instance_id))
        if found is not None and found.zone_id:
            with self._lock:
                self._zones.add(found.zone_id)
        return found

    def tags(self, instance_id: str) -> dict[str, str]:
        """Return an instance's tags as their own service shows them."""
        return self._client.describe_resource_tags(instance_id)

    def image(self, zone_id: str, image_id: str) -> Image | None:
        """Return an image of the zone, or one of the account's own, which may be of other regions."""
        found = self._zone_images(zone_id).get(image_id)
        return found or self._own_images(image_id).get(image_id)

    def image_of(self, live: Instance) -> Image | None:
        """Return the image that an instance runs, as :meth:`image` does; None where the API does not say which."""
        return self.image(live.zone_id or "", live.image_id) if live.image_id else None

    def similar_images(self, zone_id: str, image_id: str) -> list[str]:
        """Return up to three image ids of the zone that look like ``image_id``."""
        return difflib.get_close_matches(image_id, list(self._zone_images(zone_id)), n=3, cutoff=0.5)

    def own_images(self) -> list[Image]:
        """Return the account's own images in all zones."""
        return self._hold(("all own images",), self._client.describe_custom_images)

    def own_image_ids(self, image_ids: Sequence[str]) -> frozenset[str]:
        """Return those of the account's own images that exist."""
        return frozenset(image_id for image_id in image_ids if self._images.get(image_id, self._deadline))

    def images_named(self, zone_id: str, name: str) -> list[str]:
        """Return the ids of the images of that name, in whatever case: of the zone, and the account's own."""
        images = [*self._zone_images(zone_id).values(), *self.own_images()]
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

    def _zone_instances(self, zone_id: str) -> dict[str, Instance]:
        return self._hold(
            ("instances", zone_id),
            lambda: {item.instance_id: item for item in self._client.describe_all_instances(zone_id=zone_id)},
        )

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
        while not reading.acquire(timeout=_CHECK_SECONDS):
            if self._deadline is not None and self._deadline.expired:
                raise DeadlineError("the time was up before the API was read", None)
        try:
            held = self._held.get(key)
            if held is None or not self._is_fresh(held):
                value = read()
                # Stamped when it arrives: a read that takes a minute must not be stale at once.
                held = self._held[key] = _Held(self._clock.monotonic(), value)
            found: T = held.value
            return found
        finally:
            reading.release()

    def _is_fresh(self, held: _Held | None) -> bool:
        return held is not None and self._clock.monotonic() - held.at <= CATALOG_SECONDS
