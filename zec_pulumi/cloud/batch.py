"""Reads that many resources ask for at the same time, made together: up to a hundred ids in one request."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from zec_pulumi.time.clock import Clock

MOST = 100
"""Ids in one request at most. Source: DescribeInstances and DescribeInstancesStatus, ``instanceIds``."""

GATHER_SECONDS = 0.05
"""How long a read waits for others to join it, where others are at work at all; and again while more of them come."""

GATHERINGS = 5
"""How often it waits so at most."""

T = TypeVar("T")


def nobody_else() -> bool:
    """Say that there is nobody to wait for."""
    return False


class Ask(Generic[T]):
    """One id that somebody waits for; ``due`` is the time from which on it may be read, on the batch's clock."""

    def __init__(self, id_: str, due: float) -> None:
        self.id = id_
        self.due = due
        self.answered = False
        self.value: T | None = None
        self.error: Exception | None = None


class Batch(Generic[T]):
    """Answers each id from a request that began after it was due; thread-safe, the longest due first.

    There is no thread for it: one of those that ask reads for all that are due, while the others wait or still sleep.

    Args:
        read: Reads up to :data:`MOST` ids at once; an id that does not exist is missing from its answer, or an error.
        clock: Time.
        crowded: Whether others are at work in this process, whose reads may be worth waiting for.
        blaming_one: Errors of a request that one of its ids may have caused: the others are read again without it.
    """

    def __init__(
        self,
        read: Callable[[Sequence[str]], Mapping[str, T]],
        clock: Clock,
        crowded: Callable[[], bool] = nobody_else,
        blaming_one: tuple[type[Exception], ...] = (),
    ) -> None:
        self._read = read
        self._clock = clock
        self._crowded = crowded
        self._blaming_one = blaming_one
        self._waiting: dict[Ask[T], None] = {}
        self._leading = False
        self._changed = threading.Condition()

    def get(self, id_: str) -> T | None:
        """Return what the service says of ``id_`` now, None when it shows nothing for it.

        Raises:
            ZecError: it could not be read; what only one id of a request causes reaches only who asked for it.
        """
        with self.asking(id_) as ask:
            return self.answer(ask)

    @contextlib.contextmanager
    def asking(self, id_: str, after: float = 0.0) -> Iterator[Ask[T]]:
        """Ask for ``id_`` in so many seconds: whoever reads from then on reads it as well; :meth:`answer` has it."""
        ask: Ask[T] = Ask(id_, self._clock.monotonic() + after)
        with self._changed:
            self._waiting[ask] = None
        try:
            yield ask
        finally:
            with self._changed:
                self._waiting.pop(ask, None)

    def answer(self, ask: Ask[T]) -> T | None:
        """Return the answer to what was asked, which is due now at the latest; see :meth:`get`."""
        ask.due = min(ask.due, self._clock.monotonic())
        while not ask.answered:
            if self._take_the_lead(ask):
                self._lead()
        if ask.error is not None:
            raise ask.error
        return ask.value

    def _take_the_lead(self, ask: Ask[T]) -> bool:
        """Wait for the answer, or for nobody to lead while no request has it; return whether this thread is to lead."""
        with self._changed:
            self._changed.wait_for(lambda: ask.answered or (ask in self._waiting and not self._leading))
            if ask.answered:
                return False
            self._leading = True
            return True

    def _lead(self) -> None:
        asks: list[Ask[T]] = []
        try:
            self._gather()
            asks = self._take()
            if len(asks) == MOST:
                # Nobody can join this request any more, so the next one need not wait for its answer.
                self._step_down()
            self._answer(asks)
        finally:
            if len(asks) < MOST:
                self._step_down()
            with self._changed:
                self._changed.notify_all()

    def _gather(self) -> None:
        """Wait for others to join, as long as they come."""
        before = -1
        for _ in range(GATHERINGS if self._crowded() else 0):
            due = len(self._due())
            if due == before or due >= MOST:
                return
            before = due
            self._clock.sleep(GATHER_SECONDS)

    def _take(self) -> list[Ask[T]]:
        with self._changed:
            asks = self._due()[:MOST]
            for ask in asks:
                del self._waiting[ask]
            return asks

    def _due(self) -> list[Ask[T]]:
        now = self._clock.monotonic()
        with self._changed:
            return sorted((ask for ask in self._waiting if ask.due <= now), key=lambda ask: ask.due)

    def _step_down(self) -> None:
        with self._changed:
            self._leading = False
            self._changed.notify_all()

    def _answer(self, asks: list[Ask[T]]) -> None:
        try:
            found = self._read(list(dict.fromkeys(ask.id for ask in asks)))
        except self._blaming_one as error:
            # The others' answers must not depend on it.
            half = len(asks) // 2
            if half:
                self._answer(asks[:half])
                self._answer(asks[half:])
            else:
                _settle(asks, error)
        except Exception as error:  # noqa: BLE001 whoever waits must get an answer, and raises it
            _settle(asks, error)
        else:
            for ask in asks:
                ask.value = found.get(ask.id)
            _settle(asks, None)


def _settle(asks: Sequence[Ask[T]], error: Exception | None) -> None:
    for ask in asks:
        ask.error = error
        ask.answered = True
