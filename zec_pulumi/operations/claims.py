"""Who declares which instance: one machine has one operating system, so one resource of a stack."""

from __future__ import annotations

import threading

from zec_pulumi.program import urns


class Claims:
    """The instances that resources of one operation declare, by id; thread-safe."""

    def __init__(self) -> None:
        self._holders: dict[str, str] = {}
        self._lock = threading.Lock()

    def claim(self, instance_id: str, urn: str) -> str | None:
        """Declare the instance for a resource; return why it cannot be, None when it can.

        A resource may be checked twice. The instance that it had before is of no account: what counts is what each
        says now, so two resources may exchange their instances.
        """
        with self._lock:
            holder = self._holders.setdefault(instance_id, urn) if urn else urn
        if holder == urn:
            return None
        one, other = urns.name_of(holder), urns.name_of(urn)
        if one == other:
            one, other = holder, urn
        return (
            f"instance_id: instance {instance_id} is declared twice in this stack, by {one} and by {other}; a machine"
            " has one operating system, so take one of them out"
        )


claims = Claims()
"""Those of this process, which serves one operation of the engine."""
