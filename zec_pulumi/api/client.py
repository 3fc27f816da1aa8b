"""The API's actions as methods."""

from __future__ import annotations

import copy
import random
import threading
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar

from zec_pulumi.api.caller import Caller
from zec_pulumi.api.endpoint import Endpoint
from zec_pulumi.api.errors import AnswerLostError
from zec_pulumi.api.models import AccountTag, Image, Instance, InstanceStatus, Item, KeyPair, Page, Tag, Zone
from zec_pulumi.api.pages import LIST_SECONDS, all_pages, page_of
from zec_pulumi.api.rate_limit import RateLimiter
from zec_pulumi.api.retry import RetryPolicy
from zec_pulumi.api.timeouts import Timeouts
from zec_pulumi.api.transport import HTTPTransport
from zec_pulumi.time.clock import Clock, SystemClock
from zec_pulumi.time.deadline import Deadline

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from typing_extensions import Self

    from zec_pulumi.api.credentials import Credentials
    from zec_pulumi.api.exchange import Transport
    from zec_pulumi.api.reset_request import ResetInstanceRequest

MAX_PAGE_SIZE = 1000
MAX_IDS = 100

M = TypeVar("M", bound=Item)


class Client:
    """A thread-safe client of the ZEC API with one pool of connections.

    A read is tried again until it succeeds, is refused, or the time of the :class:`RetryPolicy` has passed. A mutation
    is sent once and never again. Where its answer is lost, the error's ``may_have_been_carried_out`` says so.

    Reads obey the rate limit by themselves. A caller that sends many mutations sends each inside :meth:`slot`.

    Every method raises :class:`zec_pulumi.api.ApiError` when the API refuses or fails, and
    :class:`zec_pulumi.api.TransportError` when there is no usable answer. Of a client :meth:`within` a deadline, every
    method raises :class:`zec_pulumi.errors.DeadlineError` once that has passed: nothing was sent.

    Use it as a context manager, or call :meth:`close`.

    Args:
        credentials: Who asks.
        endpoint: Where the API is.
        timeouts: Limits of one attempt.
        retry: When and how long a read is tried again.
        clock: Time; its sleep may end early once ``cancelled`` is set.
        transport: What carries the requests; HTTP unless given.
        cancelled: Once it is set, a read ends within a second. A mutation's answer is still waited for.
        random_fraction: Returns a number in [0, 1); spreads clients that failed together.
    """

    def __init__(
        self,
        credentials: Credentials,
        endpoint: Endpoint | None = None,
        *,
        timeouts: Timeouts | None = None,
        retry: RetryPolicy | None = None,
        clock: Clock | None = None,
        transport: Transport | None = None,
        cancelled: threading.Event | None = None,
        random_fraction: Callable[[], float] = random.random,
    ) -> None:
        clock, endpoint, cancelled = clock or SystemClock(), endpoint or Endpoint(), cancelled or threading.Event()
        self.limiter = RateLimiter(clock, cancelled)
        self._call = Caller(
            transport or HTTPTransport(credentials, endpoint, clock, cancelled),
            credentials,
            endpoint,
            timeouts or Timeouts(),
            retry or RetryPolicy(),
            clock,
            self.limiter,
            random_fraction,
            cancelled,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._call.transport.close()

    def within(self, deadline: Deadline) -> Client:
        """Return this client bounded by ``deadline``: after it nothing is sent, and nothing waits past it.

        It shares connections and rate limit with this one.
        """
        bounded = copy.copy(self)
        bounded._call = replace(self._call, deadline=deadline)  # noqa: SLF001 a copy of this very object
        return bounded

    def slot(self) -> AbstractContextManager[None]:
        """Wait for the rate limit's slot of a mutation; send it inside. Raises as :meth:`RateLimiter.slot`."""
        return self.limiter.slot(self._call.deadline)

    def describe_instances(
        self,
        *,
        instance_ids: Sequence[str] | None = None,
        zone_id: str | None = None,
        page_size: int = MAX_PAGE_SIZE,
        page_number: int = 1,
    ) -> Page[Instance]:
        """Return one page of instances; an unknown id is missing from it, or an error (undocumented).

        An empty ``instance_ids`` is an empty page, not all instances. At most 100 ids, 1000 a page.
        Source: DescribeInstances, zec 2025-09-01.
        """
        if instance_ids is not None and not instance_ids:
            return Page(0, ())
        body = {
            "instanceIds": _checked(instance_ids) if instance_ids else None,
            "zoneId": zone_id,
            "pageSize": page_size,
            "pageNum": page_number,
        }
        return self._page("DescribeInstances", body, Instance, asked=instance_ids)

    def describe_all_instances(self, *, zone_id: str | None = None, tag_key: str | None = None) -> list[Instance]:
        """Return the instances of the account, of one zone, or those with a tag of that key (all pages).

        Source: DescribeInstances, zec 2025-09-01.
        """
        keys = None if tag_key is None else [tag_key]
        return self._all("DescribeInstances", {"zoneId": zone_id, "tagKeys": keys}, Instance)

    def instances_by_id(self, instance_ids: Sequence[str], deadline: Deadline | None = None) -> dict[str, Instance]:
        """Return up to 100 instances by id; those that the API does not show are missing. DescribeInstances.

        ``deadline`` bounds it as :meth:`within` does.
        """
        client = self if deadline is None else self.within(deadline)
        return {item.instance_id: item for item in client.describe_instances(instance_ids=instance_ids).items}

    def describe_instances_status(
        self, instance_ids: Sequence[str], deadline: Deadline | None = None, *, once: bool = False
    ) -> dict[str, str]:
        """Return the status of each instance that exists, by id; one request per 100 ids.

        ``deadline`` bounds it as :meth:`within` does; ``once``: it is tried once only.
        Source: DescribeInstancesStatus, zec 2025-09-01.
        """
        client = self if deadline is None else self.within(deadline)
        statuses: dict[str, str] = {}
        for start in range(0, len(instance_ids), MAX_IDS):
            ids = list(instance_ids[start : start + MAX_IDS])
            # Without a page size the API would answer 20 of the 100.
            body = {"instanceIds": ids, "pageSize": MAX_IDS, "pageNum": 1}
            page = client._page("DescribeInstancesStatus", body, InstanceStatus, asked=ids, once=once)  # noqa: SLF001 this very class
            statuses.update((row.instance_id, row.status) for row in page.items)
        return statuses

    def stop_instances(self, instance_ids: Sequence[str], *, force_shutdown: bool) -> list[str]:
        """Ask instances to power off and return the ids that **failed**, although the answer is HTTP 200.

        Source: StopInstances, zec 2025-09-01; without forceShutdown the API forces.
        """
        body = {"instanceIds": _checked(instance_ids), "forceShutdown": force_shutdown}
        return self._call.mutate("StopInstances", body).failed_ids()

    def start_instances(self, instance_ids: Sequence[str]) -> list[str]:
        """Ask instances to power on and return the ids that **failed**, although the answer is HTTP 200.

        Source: StartInstances, zec 2025-09-01.
        """
        body = {"instanceIds": _checked(instance_ids)}
        return self._call.mutate("StartInstances", body).failed_ids()

    def reset_instance(self, request: ResetInstanceRequest) -> str:
        """Wipe the boot disk and install an image; returns the request id once the API has accepted it.

        Source: ResetInstance, zec 2025-09-01.
        """
        return self._call.mutate("ResetInstance", request.to_body(), secrets=request.secrets()).request_id

    def reset_instance_password(self, instance_id: str, password: str) -> str:
        """Set the administrator's password of a running instance with agent; returns the request id.

        Source: ResetInstancePassword, zec 2025-09-01.
        """
        body = {"instanceId": instance_id, "password": password}
        return self._call.mutate("ResetInstancePassword", body, secrets=(password,)).request_id

    def modify_instances_attribute(self, instance_ids: Sequence[str], *, instance_name: str) -> str:
        """Rename instances; returns the request id.

        Source: ModifyInstancesAttribute, zec 2025-09-01.
        """
        body = {"instanceIds": _checked(instance_ids), "instanceName": instance_name}
        return self._call.mutate("ModifyInstancesAttribute", body).request_id

    def modify_resource_tags(self, resource_id: str, tags: Mapping[str, str], delete: Sequence[str] = ()) -> str:
        """Set tags of one resource, take off those of the keys in ``delete``, leave the others; returns the request id.

        Source: ModifyResourceTags, zrm 2025-10-14.
        """
        pairs = [{"key": key, "value": value} for key, value in tags.items()]
        body = {"resourceUuid": resource_id, "replaceTags": pairs, "deleteTagKeys": list(delete)}
        return self._call.mutate("ModifyResourceTags", body, service="zrm").request_id

    def describe_resource_tags(self, resource_id: str) -> dict[str, str]:
        """Return the tags of one resource.

        Source: DescribeResourceTags, zrm 2025-10-14; its English page spells the parameter ``resourceUuids``.
        """
        body = {"resourceUuid": resource_id, "resourceUuids": [resource_id]}
        found = self._call.read("DescribeResourceTags", body, service="zrm").models("dataSet", Tag)
        return {tag.key: tag.value for tag in found}

    def describe_tags(self, key: str) -> list[AccountTag]:
        """Return the tags of the account with ``key`` (all pages), also those that nothing has any more.

        Source: DescribeTags, zrm 2025-10-14.
        """
        return self._all("DescribeTags", {"tagKeys": [key]}, AccountTag, service="zrm")

    def delete_tags(self, key: str, values: Sequence[str]) -> str:
        """Delete tags of the account, all with ``key``, that nothing has any more; returns the request id.

        Source: DeleteTags, zrm 2025-10-14.
        """
        body = {"tags": [{"key": key, "value": value} for value in values]}
        return self._call.mutate("DeleteTags", body, service="zrm").request_id

    def describe_images(self, zone_id: str) -> list[Image]:
        """Return the images of a zone (all pages).

        Source: DescribeImages, zec 2025-09-01.
        """
        return self._all("DescribeImages", {"zoneId": zone_id}, Image)

    def describe_custom_images(
        self, *, image_ids: Sequence[str] | None = None, tag_keys: Sequence[str] | None = None
    ) -> list[Image]:
        """Return the account's own images in all zones (all pages), or those of ``image_ids`` or with a tag's key.

        Source: DescribeCustomImages, zec 2025-09-01.
        """
        body = {"imageIds": _listed(image_ids), "tagKeys": _listed(tag_keys)}
        return self._all("DescribeCustomImages", body, Image, asked=image_ids)

    def custom_image_statuses(
        self, image_ids: Sequence[str], deadline: Deadline | None = None, *, once: bool = False
    ) -> dict[str, str]:
        """Return the status of each of up to 100 own images that exists, by id; one request.

        ``deadline`` bounds it as :meth:`within` does; ``once``: it is tried once only.
        Source: DescribeCustomImages, zec 2025-09-01.
        """
        client = self if deadline is None else self.within(deadline)
        body = {"imageIds": _checked(image_ids, "image"), "pageSize": MAX_IDS, "pageNum": 1}
        page = client._page("DescribeCustomImages", body, Image, asked=image_ids, once=once)  # noqa: SLF001 this very class
        return {image.image_id: image.image_status or "UNKNOWN" for image in page.items}

    def create_image(self, instance_id: str, image_name: str, tags: Mapping[str, str]) -> str:
        """Have an image made of a STOPPED instance's boot disk; returns its id. It is there once it is AVAILABLE.

        Source: CreateImage, zec 2025-09-01.
        """
        pairs = [{"key": key, "value": value} for key, value in tags.items()]
        body = {"instanceId": instance_id, "imageName": image_name, "tags": {"tags": pairs}}
        return self._call.mutate("CreateImage", body).id("imageId")

    def delete_images(self, image_ids: Sequence[str]) -> list[str]:
        """Delete images of the account and return the ids that could **not** be deleted, although it answers HTTP 200.

        Source: DeleteImages, zec 2025-09-01.
        """
        return self._call.mutate("DeleteImages", {"imageIds": _checked(image_ids, "image")}).failed_ids("imageIds")

    def describe_key_pairs(self, *, key_ids: Sequence[str] | None = None) -> list[KeyPair]:
        """Return the account's key pairs (all pages), or those of ``key_ids``.

        Source: DescribeKeyPairs, ccs 2025-09-01.
        """
        return self._all("DescribeKeyPairs", {"keyIds": _listed(key_ids)}, KeyPair, asked=key_ids, service="ccs")

    def describe_time_zones(self) -> list[str]:
        """Return the names of all time zones an instance can have.

        Source: DescribeTimeZones, zec 2025-09-01.
        """
        return self._call.read("DescribeTimeZones", {}).texts("timeZones")

    def describe_zones(self) -> list[Zone]:
        """Return all zones.

        Source: DescribeZones, zec 2025-09-01.
        """
        return list(self._call.read("DescribeZones", {}).models("zoneSet", Zone))

    def _page(
        self,
        action: str,
        body: Mapping[str, Any],
        model: type[M],
        *,
        asked: Sequence[str] | None = None,
        service: str = "zec",
        once: bool = False,
    ) -> Page[M]:
        return page_of(self._call.read(action, body, service=service, once=once), model, asked)

    def _all(
        self,
        action: str,
        body: Mapping[str, Any],
        model: type[M],
        *,
        asked: Sequence[str] | None = None,
        service: str = "zec",
    ) -> list[M]:
        if asked is not None and not asked:  # an empty filter would list everything
            return []
        bounded = self.within((self._call.deadline or Deadline(self._call.clock, LIST_SECONDS)).within(LIST_SECONDS))

        def read(number: int) -> Page[M]:
            paged = {**body, "pageSize": MAX_PAGE_SIZE, "pageNum": number}
            return bounded._page(action, paged, model, asked=asked, service=service)  # noqa: SLF001 this very class

        found = all_pages(read)
        if found is None:
            summary = f"the list that {action} reads changed whenever its pages were read"
            raise AnswerLostError(
                summary,
                next_step="run again",
                action=action,
                host=self._call.endpoint.domain,
                http_status=HTTPStatus.OK,
            )
        return found


def _checked(ids: Sequence[str], what: str = "instance") -> list[str]:
    if not 1 <= len(ids) <= MAX_IDS:
        raise ValueError(f"between 1 and {MAX_IDS} {what} ids are needed, not {len(ids)}")
    return list(ids)


def _listed(ids: Sequence[str] | None) -> list[str] | None:
    return None if ids is None else list(ids)
