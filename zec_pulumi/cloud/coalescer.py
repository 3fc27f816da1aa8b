"""Coalesces lookups by id: what many resources ask for at the same time is read in one request."""

from __future__ import annotations

import contextlib
import threading
from http import HTTPStatus
from typing import TYPE_CHECKING, Generic, TypeVar

from zec_pulumi.api import ApiError, Code, InstanceStateError, InvalidRequestError, NotFoundError, ZecError
from zec_pulumi.errors import DeadlineError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from zec_pulumi.time.clock import Clock
    from zec_pulumi.time.deadline import Deadline

MAX_IDS = 100
"""Ids in one request at most. Source: DescribeInstances and DescribeInstancesStatus, ``instanceIds``."""

GATHER_SECONDS = 0.05
"""How long the first caller waits for more ids before it sends, while other operations run."""

GATHERINGS = 5
"""How often it waits so at most, as long as new ids arrive."""

_CHECK_SECONDS = 0.5
"""How often a caller that waits for another one's request checks its deadline, in real seconds."""

_GONE = (Code.INVALID_INSTANCE_NOT_FOUND, Code.OPERATION_FAILED_RESOURCE_NOT_FOUND)

T = TypeVar("T")


def never_contended() -> bool:
    """Say that no other operation runs in this process."""
    return False


def names_instance(error: ZecError) -> bool:
    """Whether the API refuses a read because of one of its ids, and not as a whole."""
    refused = isinstance(error, NotFoundError | InstanceStateError | InvalidRequestError)
    return refused and isinstance(error, ApiError) and ("INSTANCE" in error.code or "RESOURCE" in error.code)


def says_gone(error: ApiError) -> bool:
    """Whether the API itself says that the one instance that was asked for does not exist.

    Only its documented codes do, in a whole error of its own: whatever stands in front of it may lack a resource, too.
    """
    refused = HTTPStatus.BAD_REQUEST <= error.http_status < HTTPStatus.INTERNAL_SERVER_ERROR
    return refused and bool(error.request_id) and error.code in _GONE


class Request(Generic[T]):
    """One id that somebody waits for; ``due`` is the time from which on it may be read, on the coalescer's clock."""

    def __init__(self, id_: str, due: float) -> None:
        self.id = id_
        self.due = due
        self.answered = False
        self.value: T | None = None
        self.error: Exception | None = None


class RequestCoalescer(Generic[T]):
    """Coalesces lookups into requests of up to 100 ids. Thread-safe; oldest request first.

    A caller never receives data that was read before its request was due. There is no background thread: the first
    waiting caller sends the request for everyone, and waits no longer than its own deadline allows.

    Args:
        read: Reads up to :data:`MAX_IDS` ids within a deadline; an id that does not exist is missing from its answer.
        clock: Time.
        is_contended: Whether other operations run in this process, whose lookups may be worth waiting for.
    """

    def __init__(
        self,
        read: Callable[[Sequence[str], Deadline | None], Mapping[str, T]],
        clock: Clock,
        is_contended: Callable[[], bool] = never_contended,
    ) -> None:
        self._read = read
        self._clock = clock
        self._is_contended = is_contended
        self._waiting: dict[Request[T], None] = {}
        self._flushing = False
        self._changed = threading.Condition()

    def get(self, id_: str, deadline: Deadline | None = None) -> T | None:
        """Return what the service says of ``id_`` now; raises as :meth:`answer`."""
        with self.request(id_) as request:
            return self.answer(request, deadline)

    @contextlib.contextmanager
    def request(self, id_: str, after: float = 0.0) -> Iterator[Request[T]]:
        """Announce that ``id_`` is wanted in ``after`` seconds: whoever reads from then on reads it as well."""
        request: Request[T] = Request(id_, self._clock.monotonic() + after)
        with self._changed:
            self._waiting[request] = None
        try:
            yield request
        finally:
            with self._changed:
                self._waiting.pop(request, None)

    def answer(self, request: Request[T], deadline: Deadline | None = None) -> T | None:
        """Return what the service says of a request, which is due now at the latest; None when it shows nothing.

        Raises:
            DeadlineError: the deadline passed first.
            ZecError: it could not be read; what only one id of a request causes reaches only who asked for it.
        """
        request.due = min(request.due, self._clock.monotonic())
        while not request.answered:
            if deadline is not None and deadline.expired:
                raise DeadlineError(f"the time was up before {request.id} was read", None)
            if self._must_flush(request):
                self._flush(deadline)
        if request.error is not None:
            raise request.error
        return request.value

    def _must_flush(self, request: Request[T]) -> bool:
        """Wait a moment for the answer; return whether this thread must send the next request."""
        with self._changed:
            free = self._changed.wait_for(
                lambda: request.answered or (request in self._waiting and not self._flushing), _CHECK_SECONDS
            )
            if request.answered or not free:
                return False
            self._flushing = True
            return True

    def _flush(self, deadline: Deadline | None) -> None:
        requests: list[Request[T]] = []
        try:
            self._gather()
            requests = self._take()
            if len(requests) == MAX_IDS:
                # Nobody can join this request any more, so the next one need not wait for its answer.
                self._end_flush()
            self._answer(requests, deadline)
        finally:
            if len(requests) < MAX_IDS:
                self._end_flush()
            with self._changed:
                # Whatever ended this early, the others must not wait for it.
                self._waiting.update(dict.fromkeys(request for request in requests if not request.answered))
                self._changed.notify_all()

    def _gather(self) -> None:
        """Wait for others to join, as long as they come."""
        before = -1
        for _ in range(GATHERINGS if self._is_contended() else 0):
            due = len(self._due())
            if due == before or due >= MAX_IDS:
                return
            before = due
            self._clock.sleep(GATHER_SECONDS)

    def _take(self) -> list[Request[T]]:
        with self._changed:
            requests = self._due()[:MAX_IDS]
            for request in requests:
                del self._waiting[request]
            return requests

    def _due(self) -> list[Request[T]]:
        now = self._clock.monotonic()
        with self._changed:
            return sorted((r for r in self._waiting if r.due <= now), key=lambda r: r.due)

    def _end_flush(self) -> None:
        with self._changed:
            self._flushing = False
            self._changed.notify_all()

    def _answer(self, requests: list[Request[T]], deadline: Deadline | None) -> None:
        """Read and settle ``requests``; those of others stay unanswered when only this caller's time was too short."""
        try:
            found = self._read(list(dict.fromkeys(request.id for request in requests)), deadline)
        except Exception as error:  # noqa: BLE001 whoever waits must get an answer, and raises it
            half = len(requests) // 2
            if deadline is not None and deadline.expired:
                return
            if half and isinstance(error, ZecError) and names_instance(error):
                self._answer(requests[:half], deadline)
                self._answer(requests[half:], deadline)
            else:
                _settle(requests, error)
        else:
            for request in requests:
                request.value = found.get(request.id)
            _settle(requests, None)


def _settle(requests: Sequence[Request[T]], error: Exception | None) -> None:
    for request in requests:
        request.error = error
        request.answered = True
