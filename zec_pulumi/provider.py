"""The engine's calls.

The class is pickled by reference into every stack's state: its module path and name are a contract for ever. It
holds nothing, and imports the working parts only when the engine calls, so that programs, which load this module to
describe their resources, start fast.
"""

from __future__ import annotations

import importlib
import threading
from typing import Any

from pulumi.dynamic import (
    CheckResult,
    ConfigureRequest,
    CreateResult,
    DiffResult,
    ReadResult,
    ResourceProvider,
    UpdateResult,
)

_configuring = threading.Lock()
_configured = threading.Event()


def configure_once(req: ConfigureRequest) -> None:
    """Take the stack's configuration and make the plugin process ready.

    The engine configures each provider class of a process, all of them alike: the first time counts.
    """
    with _configuring:
        if not _configured.is_set():
            part("operations.context").configure(req.config.get)
            part("engine").prepare()
            _configured.set()


def part(name: str) -> Any:
    """Return a working part of this package, imported when it is needed."""
    return importlib.import_module(f"zec_pulumi.{name}")


class InstanceOsImageProvider(ResourceProvider):
    """Stateless provider of :class:`zec_pulumi.InstanceOsImage`."""

    serialize_as_secret_always = False

    def configure(self, req: ConfigureRequest) -> None:
        """Take the stack's configuration and make the plugin process ready, if that has not been done."""
        configure_once(req)

    def check(self, olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Validate inputs; for a resource the stack does not hold, also say what ``up`` will do."""
        result: CheckResult = part("operations.preview").check(olds, news)
        return result

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        """Compare what is recorded with what is wanted, and say what ``up`` will do to the machine."""
        result: DiffResult = part("operations.preview").diff(olds, news)
        return result

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Adopt the machine or rebuild it."""
        result: CreateResult = part("operations.apply").create(props)
        return result

    def update(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        """Rebuild, join, adopt or change in place, as the plan says."""
        result: UpdateResult = part("operations.apply").update(olds, news)
        return result

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """Refresh the record from the machine."""
        urn = part("engine").current_call("Read").urn
        result: ReadResult = part("operations.read").read(id_, props)
        part("operations.refreshed").note(urn, result.outs if result.id else {})
        return result

    def delete(self, id_: str, _props: dict[str, Any]) -> None:
        """Forget. The machine is never touched, whatever the reason for the delete."""
        call = part("engine").current_call("Delete")
        part("operations.context").forget(id_, call.urn)
        call.info(f"forgotten: instance {id_} is left as it is")
