"""Assertions about the ledger; a failure shows the entries that are there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from zec_pulumi.simulator.controls import Controls

_REBUILDS = {"ResetInstance", "ResetInstances"}


def assert_mutations(simulator: Controls, instance_id: str, *actions: str) -> None:
    """Assert that exactly these actions were carried out on an instance, in this order."""
    __tracebackhide__ = True
    done = _of(simulator, {instance_id})
    if tuple(entry["action"] for entry in done) != actions:
        raise _failure(f"{_name(simulator, instance_id)}: expected {_listed(actions)}, but the ledger has", done)


def assert_untouched(simulator: Controls, *instance_ids: str) -> None:
    """Assert that nothing was carried out on these instances; without any: nothing at all."""
    __tracebackhide__ = True
    done = _of(simulator, set(instance_ids)) if instance_ids else simulator.ledger()
    if done:
        named = ", ".join(_name(simulator, instance_id) for instance_id in instance_ids) or "the cloud"
        raise _failure(f"{named}: expected to be untouched, but the ledger has", done)


def assert_rebuilt(simulator: Controls, instance_id: str, *, image_id: str | None = None, times: int = 1) -> None:
    """Assert that an instance was reinstalled so often, and runs now, on ``image_id`` if one is given."""
    __tracebackhide__ = True
    name, done = _name(simulator, instance_id), _of(simulator, {instance_id})
    found = sum(entry["action"] in _REBUILDS for entry in done)
    if found != times:
        raise _failure(f"{name}: expected {_times(times)}, found {_times(found)}; the ledger has", done)
    machine = _running(simulator, instance_id, done)
    if image_id not in {None, machine["imageId"]}:
        raise _failure(f"{name}: runs {machine['imageId']} and not {image_id}; the ledger has", done)


def assert_restored(simulator: Controls, instance_id: str, disk_identity: str) -> None:
    """Assert that an instance runs, and that its boot disk holds what had this ``diskIdentity``: nothing fresh."""
    __tracebackhide__ = True
    done = _of(simulator, {instance_id})
    found = _running(simulator, instance_id, done)["diskIdentity"]
    if found != disk_identity:
        name = _name(simulator, instance_id)
        raise _failure(f"{name}: its disk holds {found} and not {disk_identity}; the ledger has", done)


def _running(simulator: Controls, instance_id: str, done: list[dict[str, Any]]) -> dict[str, Any]:
    __tracebackhide__ = True
    machine = simulator.instance(instance_id)
    if machine["status"] != "RUNNING":
        name = _name(simulator, instance_id)
        raise _failure(f"{name}: is {machine['status']} and not RUNNING; the ledger has", done)
    return machine


def _of(simulator: Controls, instance_ids: set[str]) -> list[dict[str, Any]]:
    return [entry for entry in simulator.ledger() if entry["instanceId"] in instance_ids]


def _name(simulator: Controls, instance_id: str) -> str:
    try:
        return f"{simulator.instance(instance_id)['instanceName']} ({instance_id})"
    except KeyError:
        return f"{instance_id} (gone)"


def _times(number: int) -> str:
    return f"{number} rebuild{'' if number == 1 else 's'}"


def _listed(actions: Iterable[str]) -> str:
    return ", ".join(actions) or "nothing"


def _failure(sentence: str, entries: list[dict[str, Any]]) -> AssertionError:
    lines = [
        f"  {entry['sequence']:>4} {entry['action']} {entry['instanceId'] or '-'} {entry['parameters'] or ''}".rstrip()
        for entry in entries
    ]
    return AssertionError("\n".join([f"{sentence}:", *(lines or ["  no entry"])]))
