"""Reads that many resources ask for at the same time, made together: up to a hundred ids in one request."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Generic, TypeVar

from zec_pulumi.api import InvalidRequestError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from zec_pulumi.clock import Clock

MOST = 100
"""Ids in one request at most. Source: DescribeInstances and DescribeInstancesStatus, ``instanceIds``."""

GATHER_SECONDS = 0.05
"""How long a read waits for others to join it, where others are at work at all."""

T = TypeVar("T")


def nobody_else() -> bool:
    """Say that there is nobody to wait for."""
    return False


class _Ask(Generic[T]):
    """One id that somebody waits for."""

    def __init__(self, id_: str) -> None:
        self.id = id_
        self.answered = False
        self.value: T | None = None
        self.error: Exception | None = None


class Batch(Generic[T]):
    """Answers each id from a request that began after it was asked for; thread-safe, first come, first served.

    There is no thread for it: one of those that ask reads for all, while the others wait.

    Args:
        read: Reads up to :data:`MOST` ids at once; an id that does not exist is missing from its answer, or an error.
        clock: Time.
        crowded: Whether others are at work in this process, whose reads may be worth waiting for.
    """

    def __init__(
        self,
        read: Callable[[Sequence[str]], Mapping[str, T]],
        clock: Clock,
        crowded: Callable[[], bool] = nobody_else,
    ) -> None:
        self._read = read
        self._clock = clock
        self._crowded = crowded
        self._waiting: list[_Ask[T]] = []
        self._reading = False
        self._changed = threading.Condition()

    def get(self, id_: str) -> T | None:
        """Return what the service says of ``id_`` now, None when it shows nothing for it.

        Raises:
            ZecError: it could not be read; what only one id of a request causes reaches only who asked for it.
        """
        ask: _Ask[T] = _Ask(id_)
        with self._changed:
            self._waiting.append(ask)
        while not ask.answered:
            if self._take_the_lead(ask):
                self._read_for_all()
        if ask.error is not None:
            raise ask.error
        return ask.value

    def _take_the_lead(self, ask: _Ask[T]) -> bool:
        """Wait for the answer, or for nobody to be reading; return whether it is now on this thread to read."""
        with self._changed:
            self._changed.wait_for(lambda: ask.answered or not self._reading)
            if ask.answered:
                return False
            self._reading = True
            return True

    def _read_for_all(self) -> None:
        try:
            if self._crowded():
                self._clock.sleep(GATHER_SECONDS)
            with self._changed:
                asks, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
            self._answer(asks)
        finally:
            with self._changed:
                self._reading = False
                self._changed.notify_all()

    def _answer(self, asks: list[_Ask[T]]) -> None:
        try:
            found = self._read(list(dict.fromkeys(ask.id for ask in asks)))
        except (NotFoundError, InvalidRequestError) as error:
            # One id may be to blame: the others' answers must not depend on it.
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


def _settle(asks: Sequence[_Ask[T]], error: Exception | None) -> None:
    for ask in asks:
        ask.error = error
        ask.answered = True
