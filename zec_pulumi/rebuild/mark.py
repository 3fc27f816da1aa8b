"""Writes the marker on an instance. Each phase is written once at most; without it a rebuild goes on as before."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from zec_pulumi.errors import DeadlineError, StoppedError, ZecError
from zec_pulumi.journal.marker import KEY, Marker, Phase, find, parse
from zec_pulumi.messages import recovery as recovery_messages
from zec_pulumi.rebuild.send import send

if TYPE_CHECKING:
    from zec_pulumi.journal.marker import Found
    from zec_pulumi.rebuild.operation import Operation


def read_marker(op: Operation, instance_id: str) -> Found:
    """Return the marker as the tags' own service shows it. One request; raises ZecError when that fails."""
    return find(op.client.describe_resource_tags(instance_id))


@dataclass
class Mark:
    """The marker of one attempt, as one operation writes it.

    Args:
        op: The operation; its deadline and its engine bound every write.
        instance_id: Whose marker it is.
        attempt_id: The attempt's whole id.
        marker: What it says at first, or what the instance has already.
        replaced: The marker that the instance had before.
        previous: The attempt id of the last recorded rebuild.
        on_instance: Whether the instance has ``marker`` already: an earlier run wrote it.
        on_begin: What is written when the rebuild is seen to begin: DONE where nothing is to be told after that.
    """

    op: Operation
    instance_id: str
    attempt_id: str
    marker: Marker
    replaced: Found = None
    previous: str | None = None
    on_instance: bool = False
    on_begin: Phase = Phase.ACCEPTED
    _old: list[str] = field(default_factory=list, init=False)
    _told: set[str] = field(default_factory=set, init=False)
    _tidied: bool = field(default=False, init=False)
    failure: ZecError | None = field(default=None, init=False)
    """Why the first phase could not be written; then no other one is tried."""
    _left: Marker | None = field(default=None, init=False)
    """The marker of an earlier run, which may have left more values of its attempt in the account's tags."""

    def __post_init__(self) -> None:
        found = self.marker if self.on_instance else self.replaced
        if not isinstance(found, Marker) or found.resource != self.marker.resource:
            return
        if found.is_open or not found.is_attempt(self.previous):
            self._left = found

    def begun(self) -> None:
        """Write that the attempt is about to be sent."""
        if self._is_first("begun"):
            self.failure = self._write(Phase.BEGUN)

    def accepted(self) -> None:
        """Write that it was accepted and seen to begin. The machine takes much longer than the requests of this."""
        if self._is_first("accepted"):
            self._follow(self.on_begin)
            if self.marker.phase is Phase.DONE:
                self._tidy()

    def done(self) -> None:
        """Write that the instance was verified, where that is not there yet, and remove our older values."""
        if self._is_first("done"):
            self._follow(Phase.DONE)
            self._tidy()

    def withdraw(self) -> None:
        """Put back what the instance had before an attempt that surely wiped nothing."""
        if not self.on_instance:
            return
        put_back, take_off = ({KEY: self.replaced.value}, []) if self.replaced else ({}, [KEY])
        try:
            send(self.op, self.op.client.modify_resource_tags, self.instance_id, put_back, take_off)
        except ZecError:
            return
        self.on_instance = False
        self._remove_from_list([*self._old, self.marker.value])

    def _is_first(self, moment: str) -> bool:
        """Whether the moment has not been told of before."""
        first = moment not in self._told
        self._told.add(moment)
        return first

    def _follow(self, phase: Phase) -> None:
        if self.on_instance and self.marker.phase is not phase:
            self._write(phase)

    def _tidy(self) -> None:
        """Remove our older values from the account's tags."""
        if self.on_instance and not self._tidied:
            self._tidied = True
            replaced = [self.replaced.value] if isinstance(self.replaced, Marker) else []
            self._remove_from_list([*replaced, *self._old, *self._left_behind()])

    def _write(self, phase: Phase) -> ZecError | None:
        """Write a phase; return why it is not there."""
        new = replace(self.marker, phase=phase, at=self.op.clock.now())
        try:
            send(self.op, self.op.client.modify_resource_tags, self.instance_id, {KEY: new.value})
        except ZecError as error:
            if not (error.may_have_been_carried_out and self._shows(new)):
                return error
        if self.on_instance:
            self._old.append(self.marker.value)
        self.marker, self.on_instance = new, True
        return None

    def _shows(self, marker: Marker) -> bool:
        """Whether a marker whose answer was lost is there."""
        try:
            return read_marker(self.op, self.instance_id) == parse(marker.value)
        except ZecError:
            return False

    def _left_behind(self) -> list[str]:
        """Return the values of ours that an earlier run left in the account's tags, and that nothing has any more."""
        if self._left is None:
            return []
        try:
            tags = self.op.client.describe_tags(KEY)
        except ZecError:
            return []
        return [tag.value for tag in tags if tag.key == KEY and tag.bind_resource_count == 0 and self._wrote(tag.value)]

    def _wrote(self, value: str) -> bool:
        """Whether this attempt, the one of the earlier run, or the recorded one of this resource wrote the value."""
        found = parse(value)
        if not isinstance(found, Marker) or found.resource != self.marker.resource:
            return False
        ours = (self.attempt_id, self.previous, self._left.attempt if self._left else None)
        return any(found.is_attempt(attempt_id) for attempt_id in ours)

    def _remove_from_list(self, values: list[str]) -> None:
        self._old, values = [], list(dict.fromkeys(values))
        if values:
            # A list of tags that is longer than it need be harms nobody.
            with contextlib.suppress(ZecError):
                send(self.op, self.op.client.delete_tags, KEY, values)


def warning(mark: Mark | None) -> str | None:
    """Return what to warn of when the marker could not be written; an operation that ends says so itself."""
    failed = mark.failure if mark else None
    if mark is None or failed is None or ends_operation(failed):
        return None
    return recovery_messages.not_marked(mark.instance_id, failed)


def refusal(mark: Mark | None, needed_by: str | None) -> ZecError | None:
    """Return why nothing may be wiped: the marker could not be written that the setting ``needed_by`` needs."""
    failed = mark.failure if mark else None
    if failed is None or needed_by is None:
        return None
    return failed if ends_operation(failed) else ZecError(recovery_messages.marker_needed(failed, needed_by))


def ends_operation(error: ZecError) -> bool:
    """Whether it is no failure of the marker: the engine or the time has ended the whole operation."""
    return isinstance(error, (StoppedError, DeadlineError))
