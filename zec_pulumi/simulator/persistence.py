"""Writes the changes of a cloud into its state file, and restores a cloud from one.

Not written, because it follows from the rest: a change whose time has come. Instances are settled by the clock when
they are read, so a rebuild goes on, or has ended meanwhile.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from zec_pulumi.simulator.clock import ClockState
from zec_pulumi.simulator.models import Image, KeyPair, Machine, Tag
from zec_pulumi.simulator.statefile import Commit, StateFile
from zec_pulumi.simulator.world import Seed, SetupError, load_seed

if TYPE_CHECKING:
    from pathlib import Path

    from zec_pulumi.simulator.cloud import Cloud

_KEY_PAIRS = TypeAdapter(list[KeyPair])
_IMAGES = TypeAdapter(list[Image])


class Persistence:
    """A state file and the cloud that it keeps. ``seed`` is what that cloud begins with.

    Args:
        path: The file; a new one is created.
        wanted: The seed to begin with; an existing file must have begun with the same.

    Raises:
        SetupError: The file or the seed cannot be used.
    """

    def __init__(self, path: str | Path, wanted: Seed | None = None) -> None:
        self.closed = False
        self._file = StateFile(path)
        try:
            self.seed = (wanted or load_seed(None)) if self._file.is_new else _saved_seed(self._file, wanted)
        except SetupError:
            self._file.close()
            raise

    def attach(self, cloud: Cloud) -> None:
        """Put the content of the file into a cloud made of :attr:`seed`, and write from now on what changes there."""
        self._cloud = cloud
        self._generation = -1
        self._documents: dict[str, Any] = {}
        if not self._file.is_new:
            try:
                _restore(self._file, cloud)
            except SetupError:
                self._file.close()
                raise
            self._generation = cloud.generation
            self._documents = {**_versions(cloud), "clock": None}
        self._ledger = len(cloud.ledger)
        self._requests = len(cloud.requests)
        cloud.commit = self._commit
        self._commit()

    def close(self) -> None:
        """Write what is left and close the file; the cloud can be read and changed, but nothing is kept any more."""
        if self.closed:
            return
        self.closed = True
        try:
            with self._cloud.lock:
                self._commit()
        finally:
            self._cloud.commit = lambda: None
            self._file.close()

    def _commit(self) -> None:
        """Write what has changed. What cannot be written stays due, and the caller must not acknowledge it."""
        cloud = self._cloud
        everything = cloud.generation != self._generation
        ledger = cloud.ledger.entries(after=0 if everything else self._ledger)
        requests = cloud.requests.entries(after=0 if everything else self._requests)
        versions = _versions(cloud)
        documents = [name for name in versions if everything or versions[name] != self._documents[name]]
        if not (documents or ledger or requests or cloud.touched):
            return
        # In this order new instances are listed after a restart.
        touched = list(dict.fromkeys([entry["instanceId"] for entry in ledger] + sorted(cloud.touched)))
        machines = cloud.world.instances
        present = machines if everything else {name: machines[name] for name in touched if name in machines}
        self._file.write(
            Commit(
                everything=everything,
                durable=bool(ledger or cloud.touched or everything),
                documents={name: _document(cloud, name) for name in documents},
                instances={name: machine.model_dump_json(by_alias=True) for name, machine in present.items()},
                gone=set() if everything else {name for name in touched if name is not None} - present.keys(),
                ledger=ledger,
                requests=requests,
            )
        )
        self._generation, self._documents = cloud.generation, versions
        self._ledger, self._requests = len(cloud.ledger), len(cloud.requests)
        cloud.touched.clear()


def _saved_seed(file: StateFile, wanted: Seed | None) -> Seed:
    try:
        saved = load_seed(file.document("seed"))
    except (KeyError, ValueError) as error:
        raise _damaged(file) from error
    if wanted is not None and wanted != saved:
        raise SetupError(f"{file.path} began with another seed: leave the seed out, or use another state file")
    return saved


def _restore(file: StateFile, cloud: Cloud) -> None:
    try:
        account = file.document("account")
        world = cloud.world
        world.key_pairs = {key.key_id: key for key in _KEY_PAIRS.validate_python(account["keyPairs"])}
        world.deleted_keys = set(account["deletedKeys"])
        world.made = account["made"]
        # Files of before have no images but those of the seed, and no tags but those that instances have.
        if "images" in account:
            world.images = {one.image_id: one for one in _IMAGES.validate_python(account["images"])}
            world.deleted_images = {one.image_id: one for one in _IMAGES.validate_python(account["deletedImages"])}
        world.instances = {one.instance_id: one for one in map(Machine.model_validate_json, file.instances())}
        for machine in world.instances.values():
            world.check(machine)
        tags = {Tag(key=one["key"], value=one["value"]): one["createdDate"] for one in account.get("tags", [])}
        cloud.ledger.restore(file.ledger())
        cloud.requests.restore(file.requests())
        cloud.faults.restore(file.document("faults"))
        seen = [entry["at"] for log in (cloud.ledger, cloud.requests) for entry in log.entries(limit=1)]
        cloud.clock.resume(ClockState(**file.document("clock")), not_before=max(seen, default=0.0))
        world.restore_tags(tags, cloud.clock.now())
        cloud.forget_reads()
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged(file) from error


def _damaged(file: StateFile) -> SetupError:
    return SetupError(f"{file.path} is damaged: what stands in it cannot be")


def _versions(cloud: Cloud) -> dict[str, Any]:
    """Return for each document something cheap that changes with it."""
    return {
        "seed": cloud.generation,
        "clock": cloud.clock.state(),
        "account": (cloud.world.made, cloud.ledger.account_entries, len(cloud.world.tags)),
        "faults": cloud.faults.revision,
    }


def _document(cloud: Cloud, name: str) -> Any:
    match name:
        case "seed":
            return cloud.seed.model_dump(by_alias=True)
        case "clock":
            return dataclasses.asdict(cloud.clock.state())
        case "faults":
            return cloud.faults.saved()
        case _:
            world = cloud.world
            return {
                "keyPairs": [key.model_dump(by_alias=True) for key in world.key_pairs.values()],
                "deletedKeys": sorted(world.deleted_keys),
                "made": world.made,
                "images": [image.model_dump(by_alias=True) for image in world.images.values()],
                "deletedImages": [image.model_dump(by_alias=True) for image in world.deleted_images.values()],
                "tags": [
                    {"key": tag.key, "value": tag.value, "createdDate": created} for tag, created in world.tags.items()
                ],
            }
