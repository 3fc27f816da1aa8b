"""The engine's calls.

The class is pickled by reference into every stack's state: its module path and name are a contract for ever. It
holds nothing, and imports the working parts only when the engine calls, so that programs, which load this module to
describe their resources, start fast.
"""

from __future__ import annotations

import importlib
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


class InstanceOsImageProvider(ResourceProvider):
    """Stateless provider of :class:`zec_pulumi.InstanceOsImage`."""

    serialize_as_secret_always = False

    def configure(self, req: ConfigureRequest) -> None:
        """Take the stack's configuration and make the plugin process ready; called once per process."""
        _part("session").configure(req.config.get)
        _part("engine").prepare()

    def check(self, olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Validate inputs; for a resource the stack does not hold, also say what ``up`` will do."""
        result: CheckResult = _part("preview").check(olds, news)
        return result

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        """Compare what is recorded with what is wanted, and say what ``up`` will do to the machine."""
        result: DiffResult = _part("preview").diff(olds, news)
        return result

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Adopt the machine or rebuild it."""
        result: CreateResult = _part("apply").create(props)
        return result

    def update(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        """Rebuild, join, adopt or change in place, as the plan says."""
        result: UpdateResult = _part("apply").update(olds, news)
        return result

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """Refresh the record from the machine."""
        result: ReadResult = _part("refresh").read(id_, props)
        return result

    def delete(self, id_: str, _props: dict[str, Any]) -> None:
        """Forget. The machine is never touched, whatever the reason for the delete."""
        call = _part("engine").current_call("Delete")
        _part("session").forget(id_, call.urn)
        call.info(f"forgotten: instance {id_} is left as it is")


def _part(name: str) -> Any:
    return importlib.import_module(f"zec_pulumi.{name}")
