"""The markers on the instances of an account, for ``zec-pulumi attempts``: reads all, and closes one."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from zec_pulumi.api import Client, ZecError
from zec_pulumi.journal.clouds import host_of
from zec_pulumi.journal.marker import KEY, Marker, Phase, find
from zec_pulumi.planning.status import is_transitional, shown
from zec_pulumi.settings.config import resolve
from zec_pulumi.time.clock import SystemClock
from zec_pulumi.time.deadline import Deadline

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zec_pulumi.api import Instance
    from zec_pulumi.journal.journal import Event

_SECONDS = 30.0
"""How long reading all markers, or closing one, may take."""


@dataclass(frozen=True)
class Marked:
    """An instance with a marker, at an endpoint."""

    endpoint: str
    instance_id: str
    status: str | None
    marker: Marker

    @property
    def is_open(self) -> bool:
        """Whether something is still to come of the attempt, as tag and status say."""
        return self.marker.read_on(self.status).is_open


class MarkerNotClosedError(ZecError):
    """The marker stays as it is, and so must the journal: the text says why."""


@contextlib.contextmanager
def account() -> Iterator[tuple[Client, str]]:
    """Return a client of the account that the environment or the credentials file names, and its endpoint.

    Raises:
        ZecError: there are no credentials, or a setting is wrong.
    """
    settings = resolve({}, os.environ, Path.home())
    with Client(settings.credentials, settings.endpoint, timeouts=settings.timeouts) as client:
        yield client.within(Deadline(SystemClock(), _SECONDS)), host_of(settings.endpoint)


def read_all() -> tuple[Marked, ...]:
    """Return the instances of the account that have a marker. Blocks for 30 seconds at most.

    Raises:
        ZecError: they cannot be read; the text says why.
    """
    with account() as (client, endpoint):
        instances = client.describe_all_instances(tag_key=KEY)
    if any(instance.tags is None for instance in instances):
        raise ZecError("the API shows instances without their tags")
    found = ((instance, find(instance.tags or {})) for instance in instances)
    return tuple(
        Marked(endpoint, instance.instance_id, instance.status, marker)
        for instance, marker in found
        if isinstance(marker, Marker)
    )


def refusal(marked: Marked, word: Event) -> str | None:
    """Return why nobody may close the attempt of a marker with that word, None when one may."""
    if marked.marker.phase is Phase.DONE and word == "closed-not-rebuilt":
        return f"the tag {KEY} of instance {marked.instance_id} says that the rebuild was seen to begin"
    if (marked.marker.is_open or is_changed(marked.marker, word)) and is_transitional(marked.status):
        return f"instance {marked.instance_id} is {shown(marked.status)}: wait until that has ended"
    return None


def is_changed(marker: Marker, word: Event) -> bool:
    """Whether a marker does not say yet what the person says; the next up verifies what was accepted."""
    if marker.phase is Phase.DONE:
        return word == "forgotten"
    return marker.is_open and marker.phase is not _phase_of(word)


def close(marked: Marked, word: Event) -> None:
    """Write a person's word into a marker that says something else, and read it back. Blocks for 30 seconds at most.

    A machine that was rebuilt is for the next run to verify. Else the tag stays, and says that nothing comes of it.

    Raises:
        MarkerNotClosedError: the instance or its marker is another one by now.
        ZecError: it cannot be read or written.
    """
    with account() as (client, endpoint):
        now = _read(client, endpoint, client.instances_by_id([marked.instance_id]).get(marked.instance_id))
        if now is None or now.marker.attempt != marked.marker.attempt:
            raise MarkerNotClosedError(f"the tag {KEY} of instance {marked.instance_id} names it no longer")
        why = refusal(now, word)
        if why:
            raise MarkerNotClosedError(why)
        if not is_changed(now.marker, word):
            return
        new = replace(now.marker, phase=_phase_of(word), at=SystemClock().now())
        try:
            client.modify_resource_tags(marked.instance_id, {KEY: new.value})
        except ZecError as error:
            if not error.may_have_been_carried_out:
                raise
        if client.describe_resource_tags(marked.instance_id).get(KEY) != new.value:
            raise ZecError(f"the tag {KEY} of instance {marked.instance_id} was not written")
        with contextlib.suppress(ZecError):
            client.delete_tags(KEY, [now.marker.value])


def _phase_of(word: Event) -> Phase:
    return Phase.ACCEPTED if word == "closed-rebuilt" else Phase.CLOSED


def _read(client: Client, endpoint: str, instance: Instance | None) -> Marked | None:
    """Return an instance with its marker as the tags' own service shows it."""
    if instance is None:
        return None
    marker = find(client.describe_resource_tags(instance.instance_id))
    return Marked(endpoint, instance.instance_id, instance.status, marker) if isinstance(marker, Marker) else None
