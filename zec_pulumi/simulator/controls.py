"""What a test does with a simulator besides sending requests: read its state, move its clock, change it, reset it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zec_pulumi.simulator.world import load_seed

if TYPE_CHECKING:
    from pathlib import Path

    from zec_pulumi.simulator.cloud import Cloud


class Controls:
    """The controls of a simulator, the same as those over HTTP."""

    _cloud: Cloud

    @property
    def access_key_id(self) -> str:
        """The first access key id of the seed."""
        return self._cloud.seed.credentials[0].access_key_id

    @property
    def access_key_password(self) -> str:
        """The password that belongs to :attr:`access_key_id`."""
        return self._cloud.seed.credentials[0].access_key_password

    @property
    def token(self) -> str:
        """The first bearer token of the seed."""
        return self._cloud.seed.tokens[0]

    @property
    def seed(self) -> dict[str, Any]:
        """The cloud that it began with, as JSON: a copy, to be changed and passed to :meth:`reset`."""
        with self._cloud.lock:
            return self._cloud.seed.model_dump(by_alias=True)

    def ledger(self) -> list[dict[str, Any]]:
        """Return every accepted mutation, oldest first, secrets masked."""
        with self._cloud.lock:
            return self._cloud.ledger.entries()

    def requests(self) -> list[dict[str, Any]]:
        """Return every API request, oldest first, refused ones included."""
        with self._cloud.lock:
            return self._cloud.requests.entries()

    def instances(self) -> list[dict[str, Any]]:
        """Return every instance as an administrator sees it."""
        with self._cloud.lock:
            return [instance.model_dump(by_alias=True) for instance in self._cloud.instances()]

    def instance(self, instance_id: str) -> dict[str, Any]:
        """Return one instance. Raises KeyError when there is none."""
        with self._cloud.lock:
            instance = self._cloud.instance(instance_id)
            if instance is None:
                raise KeyError(instance_id)
            return instance.model_dump(by_alias=True)

    def tags(self) -> list[tuple[str, str]]:
        """Return the tags of the account, key and value, bound or not, in the order they were created."""
        with self._cloud.lock:
            return [(tag.key, tag.value) for tag in self._cloud.world.tags]

    def images(self) -> list[dict[str, Any]]:
        """Return every image as an administrator sees it."""
        with self._cloud.lock:
            return [image.model_dump(by_alias=True) for image in self._cloud.images()]

    def patch_instance(self, instance_id: str, **fields: Any) -> dict[str, Any]:
        """Set fields (``image_id`` or ``imageId``) behind the API's back; a change under way is dropped.

        Raises:
            KeyError: No such instance.
            SetupError: A field or value that cannot be.
        """
        with self._cloud.transaction():
            return self._cloud.patch(instance_id, fields).model_dump(by_alias=True)

    def delete_instance(self, instance_id: str) -> None:
        """Remove an instance, as if it had been released. Raises KeyError when there is none."""
        with self._cloud.transaction():
            self._cloud.delete(instance_id)

    def advance(self, seconds: float) -> float:
        """Move simulated time forward and return it."""
        with self._cloud.transaction():
            return self._cloud.clock.advance(seconds)

    def settle(self) -> float:
        """Move simulated time to the end of the last change under way, and return the time.

        A change that never ends stays under way.
        """
        with self._cloud.transaction():
            self._cloud.settle()
            return self._cloud.clock.now()

    def now(self) -> float:
        """Return simulated time, seconds since the Unix epoch."""
        with self._cloud.lock:
            return self._cloud.clock.now()

    def add_fault(self, **rule: Any) -> None:
        """Append a fault rule, for example ``add_fault(action="*", nth=1, effect={"type": "drop"})``.

        Raises:
            SetupError: A rule that cannot be.
        """
        with self._cloud.transaction():
            self._cloud.faults.add(rule)

    def faults(self) -> list[dict[str, Any]]:
        """Return the fault rules in force, each with its ``number`` and how often it has ``happened``."""
        with self._cloud.lock:
            return self._cloud.faults.rules()

    def clear_faults(self) -> None:
        """Remove every fault rule."""
        with self._cloud.transaction():
            self._cloud.faults.clear()

    def reset(self, seed: str | Path | dict[str, Any] | None = None) -> None:
        """Return to the seed: world, clock, ledger, requests and faults.

        Args:
            seed: Begin with this cloud instead, and return to it from now on.

        Raises:
            SetupError: The seed is not usable; nothing has changed.
        """
        new = None if seed is None else load_seed(seed)
        with self._cloud.transaction():
            self._cloud.reset(new)
